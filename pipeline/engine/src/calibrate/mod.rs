//! Proposes limits for one language from what a run measured: every rule, alone, shall take the share of its documents
//! that it takes of a reference.

mod gather;
mod histogram;
mod named;
mod pairs;
mod probe;
mod propose;

pub use gather::{Gathered, Rules, Sums, Wanted, gather};
pub use histogram::{Bin, Histogram};
pub use named::rules_of;
pub use pairs::{Pair, Pairs, pairs};
pub use probe::{Limit, Side, limits};
pub use propose::{Proposal, propose};

use crate::rejudge::{Finished, params_for};
use crate::run::RunError;
use tokenmill_core::Assets;

/// What is proposed for a limit, and why.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// The step.
    pub step: String,
    /// Name of its stage.
    pub stage: &'static str,
    /// What the parameter limits.
    pub limit: Limit,
    /// Name of the metric.
    pub metric: &'static str,
    /// The limit of the reference; `None` when it is off.
    pub like: Option<f32>,
    /// What was measured of the language.
    pub own: Gathered,
    /// What was measured of the reference.
    pub reference: Gathered,
    /// The new limit, or why there is none.
    pub outcome: Result<Proposal, &'static str>,
}

/// Compares what was measured of a language with what was measured of a reference. Rules and sums belong together one by
/// one; steps that only one of the two has are left out.
pub fn compare(own: (Vec<Rules>, Vec<Vec<Gathered>>), reference: (Vec<Rules>, Vec<Vec<Gathered>>)) -> Vec<Proposed> {
    let own = own.0.into_iter().zip(own.1);
    let reference: Vec<_> = reference.0.into_iter().zip(reference.1).collect();
    let mut found = Vec::new();
    for (rules, measured) in own {
        let same = |other: &&(Rules, Vec<Gathered>)| other.0.step == rules.step && other.0.stage == rules.stage;
        let Some((other_rules, other_measured)) = reference.iter().find(same) else { continue };
        for (limit, own) in rules.limits.iter().zip(measured) {
            let Some(at) = other_rules.limits.iter().position(|other| other.param == limit.param) else { continue };
            let (like, reference) = (other_rules.limits[at].value, other_measured[at].clone());
            let outcome = outcome(limit, like, &own, &reference);
            let metric = rules.metrics.get(limit.metric).map_or("", |metric| metric.name);
            found.push(Proposed {
                step: rules.step.clone(),
                stage: rules.stage,
                limit: *limit,
                metric,
                like,
                own,
                reference,
                outcome,
            });
        }
    }
    found
}

fn outcome(limit: &Limit, like: Option<f32>, own: &Gathered, reference: &Gathered) -> Result<Proposal, &'static str> {
    let like = like.ok_or("it is off in the reference")?;
    if own.histogram.n() == 0 {
        return Err("it was not measured");
    }
    if reference.histogram.n() == 0 {
        return Err("it was not measured in the reference");
    }
    let share = reference.removed as f64 / reference.histogram.n() as f64;
    let favourites: Vec<f32> = limit.value.into_iter().chain([like]).collect();
    let proposal = propose(&own.histogram, limit.side, share, &favourites);
    proposal.ok_or("the metric does not vary")
}

/// The rules of every step of a run that has limits, as they are for a language.
///
/// # Errors
/// When a stage refuses its parameters.
pub fn rules_for(run: &Finished, lang: Option<&str>, assets: &dyn Assets) -> Result<Vec<Rules>, RunError> {
    let lang = lang.map(str::to_owned);
    let mut found = Vec::new();
    for (phase, ledger) in run.phases.iter().enumerate() {
        for (at, step) in ledger.chain.steps.iter().enumerate().filter(|(_, step)| !step.entry.shape.is_decided_apart())
        {
            let Some(spec) = run.spec.steps().find(|spec| spec.name == step.name) else { continue };
            let limits = limits(spec, params_for(spec, lang.as_ref()), assets)?;
            if !limits.is_empty() {
                let (name, stage, metrics) = (step.name.clone(), step.entry.name, step.entry.metrics);
                found.push(Rules { phase, at, step: name, stage, metrics, limits });
            }
        }
    }
    Ok(found)
}
