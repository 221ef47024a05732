//! Runs all phases on the threads of this machine; what has been committed before is not done again.

use super::limits::{self, Limits};
use super::{Performed, RunError, Watch, perform, read_commits};
use crate::plan::record::RESOLVED;
use crate::plan::{Plan, PlannedPhase, RunRecord};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use tokenmill_store::commit::{read_manifest, write_manifest};
use tokenmill_store::takedown::standing;
use tokenmill_store::{Commit, Inputs, Manifest, Store, StoreError, Task, TaskContext};

/// Stack of a worker thread. Nothing recurses on the depth of a page, so this is plenty.
const STACK_BYTES: usize = 8 << 20;

/// How to run; never part of a fingerprint.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Worker threads.
    pub threads: usize,
    /// Whether to measure CPU time per step.
    pub timings: bool,
    /// Whether a machine that is too small is refused before anything is written.
    pub limits: Limits,
    /// Whether the other tasks of a phase are done when one has failed. The run ends with the phase in any case.
    pub keep_going: bool,
}

/// What a phase came to.
#[derive(Debug)]
pub struct PhaseReport {
    /// Folder of the phase.
    pub folder: String,
    /// Name of the phase.
    pub name: String,
    /// Tasks done now.
    pub n_run: usize,
    /// What is committed.
    pub manifest: Arc<Manifest>,
    /// CPU seconds by step, of the tasks done now; empty unless timings were wanted.
    pub cpu_seconds: BTreeMap<String, f64>,
}

/// Runs a plan to its end.
///
/// # Errors
/// When the machine is too small, and on the first task that fails; what was committed stays, so the same call goes on from
/// there.
pub fn run(plan: &Plan, store: &dyn Store, options: Options, watch: &dyn Watch) -> Result<Vec<PhaseReport>, RunError> {
    run_first(plan.phases.len(), plan, store, options, watch)
}

/// Runs the first `n_phases` phases of a plan. Unless they are all, `plan.json` and the resolved recipe stay as they are:
/// what has been done will be found again by the keys of its tasks.
///
/// # Errors
/// As [`run`].
pub fn run_first(
    n_phases: usize,
    plan: &Plan,
    store: &dyn Store,
    options: Options,
    watch: &dyn Watch,
) -> Result<Vec<PhaseReport>, RunError> {
    crate::map::silence_panics();
    let is_whole = n_phases >= plan.phases.len();
    let mut record = RunRecord::of(plan);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).stack_size(STACK_BYTES).build();
    let pool = pool.map_err(|error| StoreError::transient("start", "threads", error))?;
    let mut reports: Vec<PhaseReport> = Vec::new();
    for (at, planned) in plan.phases.iter().enumerate().take(n_phases) {
        let inputs = plan.inputs(at, store, |inputs, name, from| inputs.with(name, reports[from].manifest.clone()));
        let tasks = planned.phase.tasks(&planned.fingerprint, &inputs)?;
        if at == 0 && options.limits == Limits::Checked {
            limits::check_run(plan, &tasks, store, options.threads, watch)?;
        }
        record.phases[at].set_tasks(store, &tasks)?;
        if is_whole {
            if at == 0 {
                store.put(RESOLVED, plan.resolved.as_bytes())?;
            }
            record.write(store)?;
        }
        let work = PhaseWork {
            planned,
            tasks: &tasks,
            manifest_key: record.phases[at].manifest.as_deref().unwrap_or_default(),
            inputs: &inputs,
            memory: plan.memory / options.threads.min(tasks.len()).max(1) as u64,
        };
        let report = run_phase(&work, store, options, watch, &pool)?;
        reports.push(report);
    }
    Ok(reports)
}

/// One phase to run.
struct PhaseWork<'a> {
    planned: &'a PlannedPhase,
    tasks: &'a [Task],
    manifest_key: &'a str,
    inputs: &'a Inputs<'a>,
    /// Bytes for sorting, for one task.
    memory: u64,
}

fn run_phase(
    work: &PhaseWork<'_>,
    store: &dyn Store,
    options: Options,
    watch: &dyn Watch,
    pool: &rayon::ThreadPool,
) -> Result<PhaseReport, RunError> {
    let PhaseWork { planned, tasks, manifest_key: key, inputs, memory } = *work;
    let report = |n_run, manifest, cpu_seconds| PhaseReport {
        folder: planned.folder.clone(),
        name: planned.phase.name().to_owned(),
        n_run,
        manifest: Arc::new(manifest),
        cpu_seconds,
    };
    if let Some(manifest) = read_manifest(store, key)? {
        return Ok(report(0, manifest, BTreeMap::new()));
    }
    let mut commits = read_commits(store, &planned.folder, tasks)?;
    let pending: Vec<usize> = (0..tasks.len()).filter(|at| commits[*at].is_none()).collect();
    let bytes_read = Arc::new(AtomicU64::new(0));
    let pending_tasks: Vec<&Task> = pending.iter().map(|at| &tasks[*at]).collect();
    watch.phase(&planned.folder, tasks.len(), &pending_tasks, &bytes_read);
    let seconds = Mutex::new(BTreeMap::<String, f64>::new());
    let done: Vec<(usize, Commit)> = pool.install(|| {
        let work = pending.par_iter().with_max_len(1).map(|at| {
            let (folder, timings) = (planned.folder.as_str(), options.timings);
            let context = TaskContext { store, folder, inputs, bytes_read: &bytes_read, timings, memory };
            let performed = perform(planned, &tasks[*at], &context, Limits::Ignored, watch)?;
            watch.task(&tasks[*at]);
            let Performed { commit, cpu_seconds, is_overruled } = performed;
            if is_overruled {
                watch.overruled(&tasks[*at]);
            }
            let mut total = seconds.lock().unwrap_or_else(PoisonError::into_inner);
            cpu_seconds.into_iter().for_each(|(step, seconds)| *total.entry(step).or_default() += seconds);
            Ok((*at, commit))
        });
        match options.keep_going {
            false => work.collect::<Result<Vec<_>, RunError>>(),
            // All are done before the first failure is looked at.
            true => work.collect::<Vec<Result<_, RunError>>>().into_iter().collect(),
        }
    })?;
    watch.phase_end();
    let n_run = done.len();
    for (at, commit) in done {
        commits[at] = Some(commit);
    }
    let manifest = Manifest { phase: planned.folder.clone(), parts: commits.into_iter().flatten().collect() };
    write_manifest(store, key, &manifest)?;
    let manifest = standing(store, manifest)?;
    Ok(report(n_run, manifest, seconds.into_inner().unwrap_or_else(PoisonError::into_inner)))
}
