//! What there is to read of a run: its phases with ledgers, the steps of each, and the numbers that their rules judge.

use super::bins::ends;
use crate::failure::Failure;
use crate::retune::recipe_of_run;
use std::collections::{BTreeMap, BTreeSet};
use tokenmill_core::rule::Keep;
use tokenmill_core::{Assets, MetricKind};
use tokenmill_engine::Spec;
use tokenmill_engine::plan::{PhaseRecord, RunRecord};
use tokenmill_engine::rejudge::{params_for, rules};
use tokenmill_engine::spec::StepSpec;
use tokenmill_store::{Manifest, Store};

/// A run as far as it has got.
pub struct Run {
    /// `plan.json`.
    pub record: RunRecord,
    /// The manifests of the phases that have ended, in order.
    pub manifests: Vec<Manifest>,
    /// Its recipe; a mix has none.
    pub spec: Option<Spec>,
    /// Its phases with ledgers.
    pub phases: Vec<LedgerPhase>,
    /// What could not be found out, in sentences.
    pub gaps: Vec<String>,
}

/// A phase that has ledgers.
pub struct LedgerPhase {
    /// Place among the manifests.
    pub manifest: usize,
    /// Its steps, in order; `read`, which is none of the recipe, is not among them.
    pub steps: Vec<StepSpec>,
    /// The numbers that rules judge.
    pub judged: Vec<Judged>,
    /// Steps that say how large clusters are.
    pub cluster_steps: Vec<String>,
    /// Whether no other phase with ledgers has ended behind it.
    pub is_last: bool,
    places: BTreeMap<String, usize>,
}

/// A number that a rule judges.
pub struct Judged {
    /// Place of the step.
    pub at: usize,
    /// Its column in `metrics/`.
    pub column: String,
    pub metric: &'static str,
    pub about: &'static str,
    pub reasons: BTreeSet<&'static str>,
    /// Limits: those of all languages without their own (`None`), and those of languages that have their own.
    pub limits: Vec<(Option<String>, Keep)>,
    /// Languages for which the rule is off.
    off: BTreeSet<String>,
}

impl Judged {
    /// Which limits apply to a language, if any do.
    pub fn curve_of(&self, lang: &str) -> Option<usize> {
        if self.off.contains(lang) {
            return None;
        }
        let place = |wanted: Option<&str>| self.limits.iter().position(|(own, _)| own.as_deref() == wanted);
        place(Some(lang)).or_else(|| place(None))
    }
}

impl LedgerPhase {
    /// The place of a step; `None` for what the source itself refused.
    pub fn place_of(&self, step: &str) -> Option<usize> {
        self.places.get(step).copied()
    }
}

impl Run {
    /// Reads what the run says of itself.
    pub fn open(store: &dyn Store, assets: &dyn Assets) -> Result<Run, Failure> {
        let record = RunRecord::read(store)?;
        let manifests = crate::inspect::manifests(store)?;
        let mut gaps = Vec::new();
        let spec = match recipe_of_run(store, &[]) {
            Ok(spec) => Some(spec),
            // A mix has a recipe of another kind.
            Err(_) if record.phases.iter().all(|phase| !is_map(phase)) => None,
            Err(failure) => return Err(failure),
        };
        let mut phases: Vec<LedgerPhase> = Vec::new();
        let maps = record.phases.iter().enumerate().filter(|(_, phase)| is_map(phase));
        for (block, (at, _)) in maps.enumerate() {
            let has_ledger =
                |manifest: &Manifest| manifest.parts.iter().any(|part| part.objects.contains_key("ledger"));
            let (Some(spec), true) = (&spec, manifests.get(at).is_some_and(has_ledger)) else { continue };
            phases.push(LedgerPhase::new(at, spec.chain(block), assets, &mut gaps));
        }
        if let Some(last) = phases.last_mut() {
            last.is_last = true;
        }
        if manifests.len() < record.phases.len() {
            gaps.push(format!(
                "The run has not ended: {} of its {} phases have.",
                manifests.len(),
                record.phases.len()
            ));
        }
        Ok(Run { record, manifests, spec, phases, gaps })
    }
}

fn is_map(phase: &PhaseRecord) -> bool {
    ["map", "scan"].contains(&phase.name.as_str())
}

impl LedgerPhase {
    fn new(manifest: usize, steps: Vec<StepSpec>, assets: &dyn Assets, gaps: &mut Vec<String>) -> LedgerPhase {
        let mut judged = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            match judged_by(at, step, assets) {
                Ok(found) => judged.extend(found),
                Err(error) => {
                    let name = &step.name;
                    gaps.push(format!(
                        "The numbers of `{name}` are not shown, because it cannot be built here: {error}"
                    ));
                }
            }
        }
        let has_size = |step: &&StepSpec| step.entry.metrics.iter().any(|metric| metric.name == "cluster_size");
        let cluster_steps = steps.iter().filter(has_size).map(|step| step.name.clone()).collect();
        let places = steps.iter().enumerate().map(|(at, step)| (step.name.clone(), at)).collect();
        LedgerPhase { manifest, steps, judged, cluster_steps, is_last: false, places }
    }
}

/// The numbers that a step judges, with what keeps a document in each language.
fn judged_by(at: usize, step: &StepSpec, assets: &dyn Assets) -> Result<Vec<Judged>, Box<dyn std::error::Error>> {
    if step.entry.metrics.is_empty() || step.entry.shape.is_decided_apart() {
        return Ok(Vec::new());
    }
    let mut found: BTreeMap<usize, Judged> = BTreeMap::new();
    let mut own: Vec<(&String, BTreeSet<usize>)> = Vec::new();
    for lang in std::iter::once(None).chain(step.by_lang.keys().map(Some)) {
        let mut keeps: BTreeMap<usize, Keep> = BTreeMap::new();
        for rule in rules(step, params_for(step, lang), assets)? {
            let metric = step.entry.metrics.get(rule.metric).filter(|metric| metric.kind == MetricKind::Number);
            let Some(metric) = metric else { continue };
            let keep = keeps.get(&rule.metric).map_or(rule.keep, |other| both(*other, rule.keep));
            keeps.insert(rule.metric, keep);
            let judged = found.entry(rule.metric).or_insert_with(|| Judged {
                at,
                column: format!("{}.{}", step.name, metric.name),
                metric: metric.name,
                about: metric.about,
                reasons: BTreeSet::new(),
                limits: Vec::new(),
                off: BTreeSet::new(),
            });
            judged.reasons.insert(rule.reason);
        }
        for (metric, keep) in &keeps {
            let Some(judged) = found.get_mut(metric) else { continue };
            if judged.limits.first() != Some(&(None, *keep)) {
                judged.limits.push((lang.cloned(), *keep));
            }
        }
        own.extend(lang.map(|lang| (lang, keeps.into_keys().collect())));
    }
    for (metric, judged) in &mut found {
        let off = own.iter().filter(|(_, metrics)| !metrics.contains(metric));
        judged.off = off.map(|(lang, _)| (*lang).clone()).collect();
    }
    Ok(found.into_values().collect())
}

/// What two rules on one number keep.
fn both(one: Keep, other: Keep) -> Keep {
    let tighter = |pick: fn(f32, f32) -> f32, a: Option<f32>, b: Option<f32>| match (a, b) {
        (Some(a), Some(b)) => Some(pick(a, b)),
        (a, b) => a.or(b),
    };
    let (one, other) = (ends(one), ends(other));
    match (tighter(f32::max, one.0, other.0), tighter(f32::min, one.1, other.1)) {
        (Some(low), Some(high)) => Keep::Within(low, high),
        (Some(low), None) => Keep::AtLeast(low),
        (None, high) => Keep::AtMost(high.unwrap_or(f32::INFINITY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_rules_on_a_number_keep_what_both_do() {
        assert_eq!(both(Keep::AtLeast(1.0), Keep::AtMost(9.0)), Keep::Within(1.0, 9.0));
        assert_eq!(both(Keep::AtMost(9.0), Keep::Within(0.0, 10.0)), Keep::Within(0.0, 9.0));
        assert_eq!(both(Keep::AtLeast(1.0), Keep::AtLeast(2.0)), Keep::AtLeast(2.0));
        assert_eq!(both(Keep::AtMost(1.0), Keep::AtMost(2.0)), Keep::AtMost(1.0));
    }

    #[test]
    fn a_language_has_its_own_limits_those_of_all_or_none() {
        let limits = vec![(None, Keep::AtLeast(1.0)), (Some("de".to_owned()), Keep::AtLeast(2.0))];
        let (off, reasons) = (BTreeSet::from(["fr".to_owned()]), BTreeSet::new());
        let judged = Judged { at: 0, column: String::new(), metric: "m", about: "", reasons, limits, off };
        assert_eq!(["en", "de", "fr", ""].map(|lang| judged.curve_of(lang)), [Some(0), Some(1), None, Some(0)]);
    }
}
