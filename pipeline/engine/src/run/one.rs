//! One task of a run, for array jobs: any process may do any task at any time, and doing it twice is harmless.

use super::{Limits, Performed, RunError, Watch, perform, read_commits, standing_inputs};
use crate::plan::{Plan, RunRecord};
use std::sync::atomic::AtomicU64;
use tokenmill_store::commit::write_manifest;
use tokenmill_store::{Manifest, Store, StoreError, TaskContext};

/// Does task `index` of phase `phase` (both from 0) and commits it; `watch` hears of the attempt. A machine that is too
/// small for the task is refused, unless `limits` are to be ignored.
///
/// # Errors
/// When there is no such task, the plan is of another recipe, or the task fails.
pub fn run_task(
    plan: &Plan,
    store: &dyn Store,
    phase: usize,
    index: usize,
    limits: Limits,
    watch: &dyn Watch,
) -> Result<Performed, RunError> {
    crate::map::silence_panics();
    let record = RunRecord::read(store)?;
    let (planned, standing) = match (plan.phases.get(phase), record.phases.get(phase)) {
        (Some(planned), Some(standing)) if planned.fingerprint == standing.fingerprint => (planned, standing),
        (Some(_), Some(_)) => {
            return Err(StoreError::Usage("plan.json and config.resolved.toml do not belong together".into()).into());
        }
        _ => {
            return Err(
                StoreError::Usage(format!("there is no phase {phase}; the run has {}", plan.phases.len())).into()
            );
        }
    };
    let tasks = standing.tasks.as_ref().ok_or_else(|| {
        StoreError::Usage(format!("the tasks of phase {phase} are not planned yet: finish the phase before it"))
    })?;
    let task = tasks.read_one(store, index)?.ok_or_else(|| {
        StoreError::Usage(format!("there is no task {index} in phase {phase}; it has {}", tasks.n_tasks))
    })?;
    let inputs = standing_inputs(plan, &record, phase, store);
    let bytes_read = AtomicU64::new(0);
    let (folder, bytes_read) = (planned.folder.as_str(), &bytes_read);
    let context = TaskContext { store, folder, inputs: &inputs, bytes_read, timings: false, memory: plan.memory };
    perform(planned, &task, &context, limits, watch)
}

/// Ends phase `phase` (from 0): writes its manifest, and plans the tasks of the next one.
///
/// Planning the first phase is done by passing `None`. Says how many tasks the next phase has, if there is one.
///
/// # Errors
/// When a task of the phase has not been committed.
pub fn finish_phase(plan: &Plan, store: &dyn Store, phase: Option<usize>) -> Result<Option<usize>, RunError> {
    let mut record = match phase {
        None => {
            store.put(crate::plan::record::RESOLVED, plan.resolved.as_bytes())?;
            RunRecord::of(plan)
        }
        Some(_) => RunRecord::read(store)?,
    };
    if let Some(phase) = phase {
        let standing = record.phases.get(phase);
        let standing = standing.ok_or_else(|| StoreError::Usage(format!("there is no phase {phase}")))?;
        let tasks = standing.read_tasks(store)?.unwrap_or_default();
        let mut parts = Vec::with_capacity(tasks.len());
        for (index, commit) in read_commits(store, &standing.folder, &tasks)?.into_iter().enumerate() {
            parts.push(commit.ok_or_else(|| {
                let label = &tasks[index].label;
                StoreError::Usage(format!("task {index} (`{label}`) of phase {phase} has not been committed"))
            })?);
        }
        let manifest = Manifest { phase: standing.folder.clone(), parts };
        write_manifest(store, standing.manifest.as_deref().unwrap_or_default(), &manifest)?;
    }
    let next = phase.map_or(0, |phase| phase + 1);
    let Some(planned) = plan.phases.get(next) else { return Ok(None) };
    let inputs = standing_inputs(plan, &record, next, store);
    let tasks = planned.phase.tasks(&planned.fingerprint, &inputs)?;
    record.phases[next].set_tasks(store, &tasks)?;
    record.write(store)?;
    Ok(Some(tasks.len()))
}
