//! Builds the steps of a phase: stages with their per-language variants, segments, and the columns of `metrics/`.

use super::names::{Around, bind};
use crate::spec::{StepSpec, When};
use std::collections::BTreeMap;
use tokenmill_core::combine::{Need, Slot};
use tokenmill_core::schema::Type;
use tokenmill_core::{Assets, BuildError, Entry, MetricKind, Numbers, Params, Stage};
use tokenmill_store::table::Field;

/// The steps of one phase, shared by all threads.
pub struct Chain {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The exchanges that sketch what passes them all.
    pub exchanges: Vec<Step>,
}

/// One step, ready to run.
pub struct Step {
    /// Unique in the recipe.
    pub name: String,
    /// The stage's entry.
    pub entry: &'static Entry,
    /// Which documents it sees.
    pub when: When,
    /// Steps with the same number see the same text: it rises at every extraction and edit.
    pub segment: usize,
    default: Built,
    by_lang: BTreeMap<String, Built>,
}

/// A stage, and where the metrics of earlier steps are that it asks for.
pub struct Built {
    /// The stage.
    pub stage: Stage,
    /// One for every input of a stage that combines; none for others.
    pub slots: Vec<Option<Slot>>,
}

impl Step {
    /// The stage as configured for a language.
    pub fn stage(&self, lang: &str) -> &Stage {
        &self.built(lang).stage
    }

    /// The stage as configured for a language, and what it asks for.
    pub fn built(&self, lang: &str) -> &Built {
        self.by_lang.get(lang).unwrap_or(&self.default)
    }

    /// Whether its parameters depend on the language.
    pub fn has_languages(&self) -> bool {
        !self.by_lang.is_empty()
    }

    /// All configurations of the stage.
    pub fn all_built(&self) -> impl Iterator<Item = &Built> {
        std::iter::once(&self.default).chain(self.by_lang.values())
    }

    /// The metrics of the step, in the order of its numbers.
    pub fn metrics(&self) -> impl Iterator<Item = (&str, MetricKind)> {
        let declared = match &self.default.stage {
            Stage::Pipe(pipe) => &pipe.numbers[..],
            Stage::Score(score) => score.names(),
            _ => &[],
        };
        let own = self.entry.metrics.iter().map(|metric| (metric.name, metric.kind));
        own.chain(declared.iter().map(|name| (name.as_str(), MetricKind::Number)))
    }

    /// Room for the numbers of the step.
    pub fn numbers(&self) -> Numbers {
        Numbers::new(self.metrics().count())
    }
}

impl Chain {
    /// Builds all stages.
    ///
    /// # Errors
    /// When a stage refuses its parameters or an asset is not to be had; the message names the step.
    pub fn build(steps: &[StepSpec], exchanges: &[StepSpec], assets: &dyn Assets) -> Result<Chain, BuildError> {
        Ok(Chain { steps: build(steps, assets)?, exchanges: build(exchanges, assets)? })
    }

    /// Whether a step asks for an extra column.
    pub fn reads_extra(&self) -> bool {
        let reads = |built: &Built| match &built.stage {
            Stage::Combine(stage) => stage.inputs().iter().any(|input| matches!(input.need, Need::Extra(_))),
            _ => false,
        };
        self.steps.iter().flat_map(Step::all_built).any(reads)
    }

    /// The columns of `metrics/`: the ledger row, then every metric of every step.
    pub fn metric_fields(&self) -> Vec<Field> {
        let row = Field { name: "row".to_owned(), kind: Type::U32, nullable: false };
        let metrics = self.steps.iter().flat_map(|step| {
            step.metrics().map(|(metric, kind)| Field {
                name: format!("{}.{metric}", step.name),
                kind: if kind == MetricKind::Number { Type::F32 } else { Type::Label },
                nullable: true,
            })
        });
        std::iter::once(row).chain(metrics).collect()
    }
}

fn build(specs: &[StepSpec], assets: &dyn Assets) -> Result<Vec<Step>, BuildError> {
    let mut segment = 0;
    let mut steps = Vec::with_capacity(specs.len());
    for (at, spec) in specs.iter().enumerate() {
        let around = Around { before: &specs[..at], ..Around::default() };
        let build = |params: &Params| {
            let built = (spec.entry.build)(params, assets).and_then(|stage| {
                let slots =
                    if let Stage::Combine(stage) = &stage { bind(&**stage, params, &around)? } else { Vec::new() };
                Ok(Built { stage, slots })
            });
            built.map_err(|error| spec.blame(error))
        };
        let default = build(&spec.params)?;
        let by_lang = spec.by_lang.iter().map(|(lang, params)| Ok((lang.clone(), build(params)?)));
        let by_lang = by_lang.collect::<Result<BTreeMap<_, _>, BuildError>>()?;
        // Nobody loosens a limit for a document that has a twin, so what follows an exchange is not measured for it.
        let starts_segment = !matches!(default.stage, Stage::Measure(_) | Stage::Combine(_));
        segment += usize::from(starts_segment);
        let (name, when) = (spec.name.clone(), spec.when.clone());
        steps.push(Step { name, entry: spec.entry, when, segment, default, by_lang });
        segment += usize::from(spec.entry.shape.is_decided_apart());
    }
    Ok(steps)
}
