//! The metrics that a user names, as `step.metric`, among those of a finished run.

use super::{Limit, Rules, Side};
use crate::rejudge::Finished;
use tokenmill_core::BuildError;
use tokenmill_core::numbers::MetricKind;
use tokenmill_core::suggest::nearest;

/// A rule without a limit for each metric, so that their distributions can be gathered.
///
/// # Errors
/// When the run has no such metric, or it is a label.
pub fn rules_of(run: &Finished, names: &[String]) -> Result<Vec<Rules>, BuildError> {
    names.iter().map(|name| rule_of(run, name)).collect()
}

fn rule_of(run: &Finished, name: &str) -> Result<Rules, BuildError> {
    let mut known = Vec::new();
    for (phase, ledger) in run.phases.iter().enumerate() {
        for (at, step) in ledger.chain.steps.iter().enumerate() {
            for (metric, (measured, kind)) in step.metrics().enumerate() {
                let its_name = format!("{}.{measured}", step.name);
                if its_name != name {
                    known.push(its_name);
                    continue;
                }
                if kind != MetricKind::Number {
                    return Err(BuildError::new(format!("`{name}` is a label")).hint("name a number"));
                }
                let limit = Limit { param: "", reason: "", metric, side: Side::AtLeast, value: None };
                let (step, stage, metrics) = (step.name.clone(), step.entry.name, step.entry.metrics);
                return Ok(Rules { phase, at, step, stage, metrics, limits: vec![limit] });
            }
        }
    }
    let error = BuildError::new(format!("the run has no metric `{name}`"));
    let near = nearest(name, known.iter().map(String::as_str));
    Err(error.hint(near.map_or("write `step.metric`".to_owned(), |near| format!("did you mean `{near}`?"))))
}
