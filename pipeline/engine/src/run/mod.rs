//! Runs plans: here and now, or one task at a time for somebody else's scheduler.

mod local;
mod one;
mod status;

pub use local::{Options, PhaseReport, Watch, run};
pub use one::{finish_phase, run_task};
pub use status::{PhaseStatus, status};

use crate::plan::{PlannedPhase, RunRecord};
use std::sync::atomic::AtomicU64;
use tokenmill_core::BuildError;
use tokenmill_store::commit::{read_commit, write_commit};
use tokenmill_store::{Commit, Manifest, Store, StoreError, Task, TaskContext};

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

/// Does one task unless it has been done, and commits it. Says what was committed and the CPU seconds by step.
fn perform(
    planned: &PlannedPhase,
    task: &Task,
    store: &dyn Store,
    upstream: Option<&Manifest>,
    bytes_read: &AtomicU64,
    timings: bool,
) -> Result<(Commit, std::collections::BTreeMap<String, f64>), RunError> {
    let fail = |source| RunError::Task { phase: planned.phase.name().to_owned(), label: task.label.clone(), source };
    if let Some(commit) = read_commit(store, &planned.folder, &task.key).map_err(fail)? {
        return Ok((commit, std::collections::BTreeMap::new()));
    }
    let context = TaskContext { store, folder: &planned.folder, upstream, bytes_read, timings };
    let outcome = planned.phase.run(task, &context).map_err(fail)?;
    let commit =
        Commit { task: task.key.clone(), label: task.label.clone(), objects: outcome.objects, tally: outcome.tally };
    write_commit(store, &planned.folder, &commit).map_err(fail)?;
    Ok((commit, outcome.cpu_seconds))
}

/// The manifest of the last phase that has ended before `phase`.
fn upstream_manifest(record: &RunRecord, phase: usize, store: &dyn Store) -> Result<Option<Manifest>, StoreError> {
    let Some(before) = phase.checked_sub(1).and_then(|before| record.phases.get(before)) else { return Ok(None) };
    let manifest = before.read_manifest(store)?;
    manifest.map(Some).ok_or_else(|| StoreError::Usage(format!("phase `{}` has not ended yet", before.folder)))
}
