//! Arms against the first, measure by measure.

use super::{Difference, Estimate, TrialRow};
use crate::ablation::fit::{Method, compare};
use crate::ablation::study::Study;
use std::collections::BTreeMap;

/// Level of the intervals of differences.
const LEVEL: f64 = 0.95;

/// All arms of all proxies; those with fewer than two models are left out, and said why.
pub fn differences(study: &Study, rows: &[TrialRow]) -> (Vec<Difference>, Vec<String>) {
    let (mut found, mut lacking) = (Vec::new(), Vec::new());
    for proxy in &study.proxies {
        let mut arms: Vec<(&str, Vec<&TrialRow>)> = Vec::new();
        for row in rows.iter().filter(|row| row.proxy == proxy.name) {
            let Some(arm) = row.arm.as_deref() else { continue };
            match arms.iter_mut().find(|(name, _)| *name == arm) {
                Some((_, rows)) => rows.push(row),
                None => arms.push((arm, vec![row])),
            }
        }
        let mut arms = arms.into_iter();
        let Some((baseline, first)) = arms.next() else { continue };
        for (arm, second) in arms {
            for measure in measures(study, &first) {
                let of = |rows: &[&TrialRow]| -> Vec<(u64, f64)> {
                    rows.iter().filter_map(|row| Some((row.seed, value(study, row, &measure)?))).collect()
                };
                match compare(&of(&second), &of(&first), LEVEL) {
                    Ok(compared) => found.push(Difference {
                        proxy: proxy.name.clone(),
                        arm: arm.to_owned(),
                        baseline: baseline.to_owned(),
                        difference: Estimate {
                            value: compared.difference,
                            low: compared.interval.low,
                            high: compared.interval.high,
                        },
                        p: compared.p,
                        n: compared.runs.0.min(compared.runs.1),
                        paired: compared.method == Method::Paired,
                        measure,
                    }),
                    Err(error) if measure == OBJECTIVE => {
                        lacking.push(format!("`{arm}` cannot be compared with `{baseline}` yet: {error}"));
                    }
                    Err(_) => {}
                }
            }
        }
    }
    (found, lacking)
}

const OBJECTIVE: &str = "objective";

/// The objective, the groups, and the other tests that the baseline has.
fn measures(study: &Study, rows: &[&TrialRow]) -> Vec<String> {
    let scores: BTreeMap<&String, ()> = rows.iter().flat_map(|row| row.scores.keys()).map(|name| (name, ())).collect();
    let names = study.groups.iter().map(|group| group.name.clone());
    std::iter::once(OBJECTIVE.to_owned()).chain(names).chain(scores.into_keys().cloned()).collect()
}

fn value(study: &Study, row: &TrialRow, measure: &str) -> Option<f64> {
    if row.state != "done" {
        return None;
    }
    if measure == OBJECTIVE {
        return row.objective;
    }
    match study.groups.iter().position(|group| group.name == measure) {
        Some(at) => row.losses.get(at).copied().flatten(),
        None => row.scores.get(measure).copied(),
    }
}
