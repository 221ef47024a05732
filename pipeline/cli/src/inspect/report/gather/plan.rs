//! What there is to read of a run: its phases with ledgers, the steps of each, and the numbers that their rules judge.

use crate::failure::Failure;
use crate::retune::recipe_of_run;
use std::collections::{BTreeMap, BTreeSet};
use tokenmill_core::rule::Keep;
use tokenmill_core::{Assets, MetricKind, Rule};
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
    pub reason: &'static str,
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
        let mut phases = Vec::new();
        let maps = record.phases.iter().enumerate().filter(|(_, phase)| is_map(phase));
        for (block, (at, _)) in maps.enumerate() {
            let has_ledger =
                |manifest: &Manifest| manifest.parts.iter().any(|part| part.objects.contains_key("ledger"));
            let (Some(spec), true) = (&spec, manifests.get(at).is_some_and(has_ledger)) else { continue };
            phases.push(LedgerPhase::new(at, spec.chain(block), assets, &mut gaps));
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
                    gaps.push(format!("The numbers of `{name}` are not shown, because it cannot be built here: {error}"));
                }
            }
        }
        let has_size = |step: &&StepSpec| step.entry.metrics.iter().any(|metric| metric.name == "cluster_size");
        let cluster_steps = steps.iter().filter(has_size).map(|step| step.name.clone()).collect();
        let places = steps.iter().enumerate().map(|(at, step)| (step.name.clone(), at)).collect();
        LedgerPhase { manifest, steps, judged, cluster_steps, places }
    }
}

/// The numbers that a step judges, by rule.
fn judged_by(at: usize, step: &StepSpec, assets: &dyn Assets) -> Result<Vec<Judged>, Box<dyn std::error::Error>> {
    if step.entry.metrics.is_empty() || step.entry.shape.is_decided_apart() {
        return Ok(Vec::new());
    }
    let mut found: Vec<Judged> = Vec::new();
    let mut own: Vec<(&String, Vec<Rule>)> = Vec::new();
    for lang in std::iter::once(None).chain(step.by_lang.keys().map(Some)) {
        let rules = rules(step, params_for(step, lang), assets)?;
        for rule in &rules {
            let Some(metric) = step.entry.metrics.get(rule.metric).filter(|m| m.kind == MetricKind::Number) else {
                continue;
            };
            let same = found.iter_mut().find(|one| one.metric == metric.name && one.reason == rule.reason);
            match same {
                Some(one) if one.limits.first() == Some(&(None, rule.keep)) => {}
                Some(one) => one.limits.push((lang.cloned(), rule.keep)),
                None => found.push(Judged {
                    at,
                    column: format!("{}.{}", step.name, metric.name),
                    metric: metric.name,
                    about: metric.about,
                    reason: rule.reason,
                    limits: vec![(lang.cloned(), rule.keep)],
                    off: BTreeSet::new(),
                }),
            }
        }
        own.extend(lang.map(|lang| (lang, rules)));
    }
    for one in &mut found {
        let has_none = |rules: &[Rule]| !rules.iter().any(|rule| rule.reason == one.reason);
        one.off = own.iter().filter(|(_, rules)| has_none(rules)).map(|(lang, _)| (*lang).clone()).collect();
    }
    Ok(found)
}
