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
}

impl Chain {
    /// Builds all stages.
    ///
    /// # Errors
    /// When a stage refuses its parameters or an asset is not to be had; the message names the step.
    pub fn build(specs: &[StepSpec], assets: &dyn Assets) -> Result<Chain, BuildError> {
        let mut segment = 0;
        let mut steps = Vec::with_capacity(specs.len());
        for spec in specs {
            let build = |params: &Params| {
                (spec.entry.build)(params, assets).map_err(|error| BuildError {
                    message: format!("step `{}`: {}", spec.name, error.message),
                    ..error
                })
            };
            let default = build(&spec.params)?;
            let by_lang = spec.by_lang.iter().map(|(lang, params)| Ok((lang.clone(), build(params)?)));
            let by_lang = by_lang.collect::<Result<BTreeMap<_, _>, BuildError>>()?;
            if matches!(default, Stage::Extract(_) | Stage::Edit(_)) {
                segment += 1;
            }
            let (name, when) = (spec.name.clone(), spec.when.clone());
            steps.push(Step { name, entry: spec.entry, when, segment, default, by_lang });
        }
        Ok(Chain { steps })
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
