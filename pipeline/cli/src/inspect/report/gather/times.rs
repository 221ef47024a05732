//! What the phases took, from the records of their attempts: the one part of the page that clocks decide.

use super::plan::Run;
use crate::inspect::report::data::PhaseTime;
use rayon::prelude::*;
use std::collections::BTreeSet;
use tokenmill_engine::run::Attempt;
use tokenmill_store::{Manifest, Part, Store, StoreError};

/// Records that are read of a phase: each is a request, where the run is on object storage.
const MOST: usize = 2_000;

/// What each phase took.
pub fn times(store: &dyn Store, run: &Run) -> Result<Vec<PhaseTime>, StoreError> {
    run.manifests.iter().map(|manifest| of_phase(store, manifest)).collect()
}

fn of_phase<'m>(store: &dyn Store, manifest: &'m Manifest) -> Result<PhaseTime, StoreError> {
    let every = manifest.parts.len().div_ceil(MOST).max(1);
    let parts: Vec<&'m Part> = manifest.parts.iter().step_by(every).collect();
    let read = |part: &'m Part| Ok(Attempt::read(store, &manifest.phase, &part.task)?.map(|attempt| (part, attempt)));
    let seen = parts.into_par_iter().map(read).collect::<Result<Vec<_>, StoreError>>()?;
    let seen: Vec<(&Part, Attempt)> = seen.into_iter().flatten().collect();
    let mut walls: Vec<f64> = seen.iter().map(|(_, attempt)| attempt.wall_seconds).collect();
    walls.sort_by(f64::total_cmp);
    let count =
        |part: &Part, names: &[&str]| names.iter().find_map(|name| part.tally.get(name)?.as_u64()).unwrap_or_default();
    let first = seen.iter().map(|(_, attempt)| attempt.started as f64).fold(f64::INFINITY, f64::min);
    let last = seen.iter().map(|(_, attempt)| attempt.ended()).fold(0.0, f64::max);
    let hosts: BTreeSet<&str> = seen.iter().map(|(_, attempt)| attempt.host.as_str()).collect();
    Ok(PhaseTime {
        folder: manifest.phase.clone(),
        n_tasks: manifest.parts.len(),
        n_seen: seen.len(),
        n_attempts: seen.iter().map(|(_, attempt)| u64::from(attempt.n_attempts)).sum(),
        hosts: hosts.len(),
        elapsed: (last - first).max(0.0),
        wall: walls.iter().sum(),
        cpu: seen.iter().map(|(_, attempt)| attempt.cpu_seconds).sum(),
        wall_median: walls.get(walls.len() / 2).copied().unwrap_or_default(),
        wall_longest: walls.last().copied().unwrap_or_default(),
        peak_bytes: seen.iter().map(|(_, attempt)| attempt.peak_bytes).max().unwrap_or_default(),
        documents: seen.iter().map(|(part, _)| count(part, &["n_in", "n_out"])).sum(),
        bytes: seen.iter().map(|(part, _)| count(part, &["input_bytes"])).sum(),
    })
}
