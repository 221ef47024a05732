//! The funnel of every phase with a ledger, from the tallies in the commits.

use super::plan::{LedgerPhase, Run};
use crate::inspect::report::data::{PhaseFunnel, StepFunnel, Totals};
use std::cmp::Reverse;
use tokenmill_engine::Tally;
use tokenmill_engine::tally::StepTally;
use tokenmill_store::{Manifest, StoreError};

/// The funnels, and what they come to.
pub fn funnels(run: &Run) -> Result<(Vec<PhaseFunnel>, Totals), StoreError> {
    let mut totals = Totals::default();
    let mut phases = Vec::new();
    for (number, phase) in run.phases.iter().enumerate() {
        let manifest = &run.manifests[phase.manifest];
        let tally = sum(manifest)?;
        if number == 0 {
            totals.documents_in = tally.n_in;
            totals.input_bytes = tally.input_bytes;
            totals.n_inputs = manifest.parts.len() as u64;
        }
        (totals.documents_kept, totals.text_bytes) = (tally.n_out, tally.bytes_out);
        phases.push(funnel(manifest, phase, tally));
    }
    Ok((phases, totals))
}

fn sum(manifest: &Manifest) -> Result<Tally, StoreError> {
    let mut sum = Tally::default();
    for part in manifest.parts.iter().filter(|part| part.objects.contains_key("ledger")) {
        let tally =
            serde_json::from_value(part.tally.clone()).map_err(|error| StoreError::corrupt(&part.task, error))?;
        sum.add(&tally);
    }
    Ok(sum)
}

fn funnel(manifest: &Manifest, phase: &LedgerPhase, tally: Tally) -> PhaseFunnel {
    let ends = tally.steps.iter().skip(1).map(|step| step.bytes_in).chain([tally.bytes_out]);
    let steps = tally.steps.iter().zip(ends).map(|(step, bytes_out)| one(step, bytes_out, phase)).collect();
    PhaseFunnel {
        folder: manifest.phase.clone(),
        records: tally.records,
        notes: tally.notes,
        not_compared: tally.not_compared,
        steps,
    }
}

fn one(step: &StepTally, bytes_out: u64, phase: &LedgerPhase) -> StepFunnel {
    let entry = phase.place_of(&step.name).map(|at| phase.steps[at].entry);
    let mut reasons: Vec<(String, u64)> = step.reasons.iter().map(|(reason, n)| (reason.clone(), *n)).collect();
    reasons.sort_by_key(|(_, n)| Reverse(*n));
    let about = match (entry, step.name.as_str()) {
        (Some(entry), _) => entry.about,
        (None, "read") => "Records of the input that could not be read, or are no documents of this run.",
        (None, _) => "",
    };
    StepFunnel {
        name: step.name.clone(),
        stage: entry.map_or("", |entry| entry.name).to_owned(),
        about: about.to_owned(),
        n_in: step.n_in,
        n_removed: step.n_removed,
        bytes_in: step.bytes_in,
        bytes_removed: step.bytes_removed,
        bytes_out,
        reasons,
    }
}
