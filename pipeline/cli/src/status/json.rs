//! How far a run is, for programs.

use super::text::state;
use crate::log::rfc3339;
use serde_json::{Value, json};
use tokenmill_engine::run::{FailedTask, PhaseStatus};

/// Failures of a phase that are listed; `n_failed` counts all.
const LISTED: usize = 1_000;

/// One document: the run and its phases.
pub fn status(run: &str, phases: &[PhaseStatus]) -> Value {
    let is_finished = phases.iter().all(|phase| phase.is_finished);
    json!({"run": run, "finished": is_finished, "phases": phases.iter().map(phase).collect::<Vec<_>>()})
}

fn phase(phase: &PhaseStatus) -> Value {
    let rate = phase.rate.as_ref();
    json!({
        "name": phase.name,
        "folder": phase.folder,
        "state": state(phase),
        "n_tasks": phase.n_tasks,
        "n_done": phase.n_done,
        "n_failed": phase.failed.len(),
        "bytes": phase.n_tasks.map(|_| phase.bytes),
        "bytes_done": phase.bytes_done,
        "tasks_per_second": rate.map(|rate| rate.tasks_per_second),
        "bytes_per_second": rate.map(|rate| rate.bytes_per_second),
        "seconds_left": rate.map(|rate| rate.seconds_left),
        "waiting": phase.waiting,
        "failed": phase.failed.iter().take(LISTED).map(failure).collect::<Vec<_>>(),
    })
}

fn failure(FailedTask { index, attempt }: &FailedTask) -> Value {
    json!({
        "index": index,
        "task": attempt.task,
        "label": attempt.label,
        "error": attempt.error,
        "transient": attempt.transient,
        "host": attempt.host,
        "n_attempts": attempt.n_attempts,
        "ended": rfc3339((attempt.ended() * 1_000.0) as u64),
    })
}
