//! Runs plans: here and now, or one task at a time for somebody else's scheduler.

mod advance;
mod attempt;
mod commits;
mod limits;
mod local;
mod one;
mod rate;
mod status;
mod watch;

pub use advance::{Standing, advance, begin, missing};
pub use attempt::{ATTEMPTS, Attempt, Ended};
pub use limits::{Limits, Need};
pub use local::{Options, PhaseReport, run, run_first};
pub use one::{finish_phase, run_task};
pub use rate::Rate;
pub use status::{FailedTask, PhaseStatus, Watcher, status};
pub use watch::Watch;

use commits::read_commits;

use crate::clock;
use crate::plan::{Plan, PlannedPhase, RunRecord};
use attempt::Begun;
use std::collections::BTreeMap;
use tokenmill_core::BuildError;
use tokenmill_store::commit::{read_commit, write_commit, write_first};
use tokenmill_store::{Commit, Inputs, Metered, Store, StoreError, Task, TaskContext};

/// What can end a run early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The recipe cannot be built.
    #[error("{0}")]
    Build(#[from] BuildError),
    /// The machine, the store or the user's request.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A task failed.
    #[error("task `{label}` of phase `{phase}` failed: {source}")]
    Task {
        /// Phase.
        phase: String,
        /// What the task reads.
        label: String,
        /// Why.
        source: StoreError,
    },
}

impl RunError {
    /// Whether the same call may succeed later or elsewhere.
    pub fn is_transient(&self) -> bool {
        match self {
            RunError::Build(_) => false,
            RunError::Store(error) | RunError::Task { source: error, .. } => error.is_transient(),
        }
    }
}

/// A task that has been done.
pub struct Performed {
    /// What stands committed.
    pub commit: Commit,
    /// CPU seconds by step; empty when it had been done before.
    pub cpu_seconds: BTreeMap<String, f64>,
    /// Whether another process was first and has stored slightly different numbers, where that is no alarm.
    pub is_overruled: bool,
}

/// Does one task unless it has been done, commits it, and records the attempt.
fn perform(
    planned: &PlannedPhase,
    task: &Task,
    context: &TaskContext<'_>,
    limits: Limits,
    watch: &dyn Watch,
) -> Result<Performed, RunError> {
    let (store, folder) = (context.store, planned.folder.as_str());
    let fail = |source| RunError::Task { phase: planned.phase.name().to_owned(), label: task.label.clone(), source };
    if let Some(commit) = read_commit(store, folder, &task.key).map_err(fail)? {
        return Ok(Performed { commit, cpu_seconds: BTreeMap::new(), is_overruled: false });
    }
    watch.started(folder, task);
    let begun = Begun::now();
    let performed = match limits {
        Limits::Checked => {
            Need::of_task(&planned.phase.cost(), task, context.memory).check("the task", store.scratch())
        }
        Limits::Ignored => Ok(()),
    };
    let performed = performed.and_then(|()| attempt(planned, task, context));
    let attempt = begun.end(store, folder, task, performed.as_ref().err());
    watch.attempted(folder, task, &attempt);
    performed.map_err(fail)
}

/// Does one task and commits it.
fn attempt(planned: &PlannedPhase, task: &Task, context: &TaskContext<'_>) -> Result<Performed, StoreError> {
    let store = context.store;
    let metered = Metered::new(store);
    let started = if context.timings { clock::thread_cpu_seconds() } else { 0.0 };
    let mut outcome = planned.phase.run(task, &TaskContext { store: &metered, ..*context })?;
    if context.timings && outcome.cpu_seconds.is_empty() {
        let seconds = clock::thread_cpu_seconds() - started;
        outcome.cpu_seconds.insert(planned.phase.name().to_owned(), seconds);
    }
    let mut requests = metered.requests();
    requests.add(&outcome.requests);
    let (objects, tally) = (outcome.objects, outcome.tally);
    let commit = Commit { task: task.key.clone(), label: task.label.clone(), objects, tally, requests };
    let overruling = if planned.phase.first_wins() {
        write_first(store, &planned.folder, &commit)?
    } else {
        write_commit(store, &planned.folder, &commit)?;
        None
    };
    let (is_overruled, cpu_seconds) = (overruling.is_some(), outcome.cpu_seconds);
    Ok(Performed { commit: overruling.unwrap_or(commit), cpu_seconds, is_overruled })
}

/// What phase `at` reads, from the manifests of a run.
fn standing_inputs<'a>(plan: &Plan, record: &RunRecord, at: usize, store: &'a dyn Store) -> Inputs<'a> {
    plan.inputs(at, store, |inputs, name, from| {
        let key = record.phases.get(from).and_then(|phase| phase.manifest.as_deref());
        inputs.with_key(name, key.unwrap_or("the manifest of a phase that has no tasks yet"))
    })
}
