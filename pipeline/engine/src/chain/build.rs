//! Builds the steps of a phase: stages with their per-language variants, segments, and the columns of `metrics/`.

use crate::spec::{StepSpec, When};
use std::collections::BTreeMap;
use tokenmill_core::schema::Type;
use tokenmill_core::{Assets, BuildError, Entry, MetricKind, Params, Stage};
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
    default: Stage,
    by_lang: BTreeMap<String, Stage>,
}

impl Step {
    /// The stage as configured for a language.
    pub fn stage(&self, lang: &str) -> &Stage {
        self.by_lang.get(lang).unwrap_or(&self.default)
    }

    /// Whether its parameters depend on the language.
    pub fn has_languages(&self) -> bool {
        !self.by_lang.is_empty()
    }

    /// The stage as configured for every language.
    pub fn stages(&self) -> impl Iterator<Item = &Stage> {
        std::iter::once(&self.default).chain(self.by_lang.values())
    }

    /// Whether it applies the decisions of an exchange.
    pub fn is_exchange(&self) -> bool {
        matches!(self.default, Stage::Exchange(_))
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

    /// The columns of `metrics/`: the ledger row, then every metric of every step.
    pub fn metric_fields(&self) -> Vec<Field> {
        let row = Field { name: "row".to_owned(), kind: Type::U32, nullable: false };
        let metrics = self.steps.iter().flat_map(|step| {
            step.entry.metrics.iter().map(|metric| Field {
                name: format!("{}.{}", step.name, metric.name),
                kind: if metric.kind == MetricKind::Number { Type::F32 } else { Type::Label },
                nullable: true,
            })
        });
        std::iter::once(row).chain(metrics).collect()
    }
}

fn build(specs: &[StepSpec], assets: &dyn Assets) -> Result<Vec<Step>, BuildError> {
    let mut segment = 0;
    let mut steps = Vec::with_capacity(specs.len());
    for spec in specs {
        let build = |params: &Params| {
            (spec.entry.build)(params, assets)
                .map_err(|error| BuildError { message: format!("step `{}`: {}", spec.name, error.message), ..error })
        };
        let default = build(&spec.params)?;
        let by_lang = spec.by_lang.iter().map(|(lang, params)| Ok((lang.clone(), build(params)?)));
        let by_lang = by_lang.collect::<Result<BTreeMap<_, _>, BuildError>>()?;
        // Nobody loosens a limit for a document that has a twin, so what follows an exchange is not measured for it.
        let starts_segment = !matches!(default, Stage::Measure(_));
        segment += usize::from(starts_segment);
        let (name, when) = (spec.name.clone(), spec.when.clone());
        steps.push(Step { name, entry: spec.entry, when, segment, default, by_lang });
        segment += usize::from(matches!(steps.last(), Some(step) if step.is_exchange()));
    }
    Ok(steps)
}
