//! Estimates after a run that has ended, mostly one over a sample: what its commits and the records of its attempts say,
//! scaled by the bytes of the input.

use super::estimate::{PhaseEstimate, estimate, numbered};
use super::{Plan, RunRecord};
use crate::at_once::at_once;
use crate::run::Attempt;
use tokenmill_store::cost::BASE_MEMORY;
use tokenmill_store::{Manifest, Requests, Store, StoreError, Task};

/// Attempts of a phase that are looked at, at most.
const SAMPLE: usize = 256;

/// How much more memory a task may take than any that was measured.
const HEADROOM: f64 = 1.25;

/// As [`estimate`], but phases that the run in `store` has ended are scaled from what they took there. Bytes read are then
/// those that were asked of object stores, which is more than the tables hold.
///
/// A run with `run.limit` read a part of its files only: `scale` is by what it has read.
///
/// # Errors
/// When `store` holds no run, or the store fails.
pub fn estimate_like(plan: &Plan, first: &[Task], store: &dyn Store) -> Result<Vec<PhaseEstimate>, StoreError> {
    let mut phases = estimate(plan, first);
    let record = RunRecord::read(store)?;
    let there = numbered(record.phases.iter().map(|phase| phase.name.clone()));
    let here = numbered(plan.phases.iter().map(|planned| planned.phase.name().to_owned()));
    let wanted: u64 = first.iter().map(|task| task.bytes).sum();
    let mut scale: Option<(f64, usize)> = None;
    for (phase, name) in phases.iter_mut().zip(&here) {
        let Some(at) = there.iter().position(|other| other == name) else { continue };
        let Some(manifest) = record.phases[at].read_manifest(store)? else { continue };
        if at == 0 {
            let read: u64 = manifest.parts.iter().map(|part| part.requests.bytes_read).sum();
            scale = (read > 0).then(|| (wanted as f64 / read as f64, manifest.parts.len()));
        }
        let Some((factor, n_parts)) = scale else { continue };
        let attempts = sampled(store, &record.phases[at].folder, &manifest)?;
        scaled(phase, &manifest, &attempts, factor, (n_parts, first.len()));
    }
    Ok(phases)
}

/// The attempts of some tasks, evenly spread.
fn sampled(store: &dyn Store, folder: &str, manifest: &Manifest) -> Result<Vec<Attempt>, StoreError> {
    let step = manifest.parts.len().div_ceil(SAMPLE).max(1);
    let tasks: Vec<&str> = manifest.parts.iter().step_by(step).map(|part| part.task.as_str()).collect();
    let attempts = at_once(&tasks, |task| Attempt::read(store, folder, task))?;
    Ok(attempts.into_iter().flatten().filter(Attempt::is_committed).collect())
}

/// Replaces what the ratios say by what the tasks of a phase took. Tasks for parts grow in number, other tasks in size; what
/// a task writes for others in whole ranges stays as the ratios have it.
fn scaled(
    phase: &mut PhaseEstimate,
    manifest: &Manifest,
    attempts: &[Attempt],
    factor: f64,
    (n_parts, n_wanted): (usize, usize),
) {
    let mut all = Requests::default();
    manifest.parts.iter().for_each(|part| all.add(&part.requests));
    let grown = |number: u64| (number as f64 * factor).ceil() as u64;
    let n_there = manifest.parts.len();
    // With as many tasks as parts there, there will be as many as parts here.
    let is_per_part = n_there == n_parts && phase.n_tasks == Some(n_wanted as u64);
    let parts = if is_per_part { n_wanted as f64 / n_parts.max(1) as f64 } else { factor };
    let with_parts = |number: u64| (number as f64 * parts.max(factor)).ceil() as u64;
    let n_tasks = phase.n_tasks.unwrap_or(0);
    phase.bytes_in = grown(all.bytes_read);
    phase.bytes_out = grown(all.bytes_written);
    // Requests of phases that ask every task of another for a range grow with the product, which the ratios know.
    if is_per_part {
        let get = with_parts(all.get) + 2 * n_tasks;
        let put = with_parts(all.put) + 2 * n_tasks;
        (phase.requests.head, phase.requests.get, phase.requests.put) = (with_parts(all.head), get, put);
    }
    (phase.requests.bytes_read, phase.requests.bytes_written) = (phase.bytes_in, phase.bytes_out);
    if !attempts.is_empty() {
        let seconds: f64 = attempts.iter().map(|attempt| attempt.cpu_seconds).sum();
        phase.core_seconds = seconds / attempts.len() as f64 * n_there as f64 * factor;
        let peak = attempts.iter().map(Attempt::peak_of_one).fold(0.0, f64::max) * HEADROOM;
        // What is not for a part grows, and the ratios know how far.
        let memory = if is_per_part { peak.max(BASE_MEMORY) } else { peak.max(phase.memory_bytes as f64) };
        phase.memory_bytes = memory.ceil() as u64;
    }
    let spilled = phase.scratch_bytes.saturating_sub(phase.bytes_out / n_tasks.max(1));
    phase.scratch_bytes = match is_per_part {
        true => {
            let largest = manifest.parts.iter().map(|part| part.requests.bytes_written).max().unwrap_or(0);
            (largest as f64 * (factor / parts).max(1.0)).ceil() as u64
        }
        false => (phase.bytes_out / n_tasks.max(1)).saturating_add(spilled),
    };
    phase.is_measured = true;
}
