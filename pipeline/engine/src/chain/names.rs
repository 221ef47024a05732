//! Finds what a stage asks for by name: the metrics of the steps before it, the text, the extra columns.

#[cfg(test)]
mod tests;

use crate::spec::{Spec, StepSpec};
use std::collections::BTreeMap;
use std::ops::Range;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::catalog::Shape;
use tokenmill_core::combine::{Input, Need, Slot, Used};
use tokenmill_core::suggest::nearest;
use tokenmill_core::{Assets, BuildError, Combine, MetricKind, Params, Stage};
use tokenmill_store::MetricUse;
use tokenmill_store::source::ColumnMap;

/// What there is around a step that asks.
#[derive(Clone, Copy, Default)]
pub struct Around<'a> {
    /// The steps of its chain that stand before it.
    pub before: &'a [StepSpec],
    /// Those that stand after it, in its chain or a later one.
    pub after: &'a [&'a StepSpec],
    /// The steps of earlier phases, which have left no numbers here.
    pub earlier: &'a [&'a StepSpec],
    /// Whether there is no text yet.
    pub is_textless: bool,
    /// The columns of the source, where that matters.
    pub columns: Option<&'a ColumnMap>,
}

/// Where the metrics are that a stage asks for, in the order of its inputs.
///
/// # Errors
/// When one is not to be had; the message shows where it was asked for.
pub fn bind(stage: &dyn Combine, params: &Params, around: &Around<'_>) -> Result<Vec<Option<Slot>>, BuildError> {
    let slot = |input: &Input| {
        let found = match &input.need {
            Need::Metric { name, kind } => around.metric(stage, name, *kind).map(Some),
            Need::Text if around.is_textless => Err(Refused {
                message: "there is no text yet".to_owned(),
                hint: "put the step behind the extraction".to_owned(),
            }),
            Need::Extra(column) => around.column(column).map(|()| None),
            Need::Text => Ok(None),
        };
        found.map_err(|refused| refused.at(input.param, params, input.span.clone()))
    };
    stage.inputs().iter().map(slot).collect()
}

/// Binds everything that the steps of a recipe ask for.
///
/// # Errors
/// As [`bind`], and when a stage that asks refuses its parameters, or would do nothing at all. Steps that read files are left to
/// [`check_reading`].
pub fn check(spec: &Spec) -> Result<(), BuildError> {
    check_steps(spec, &|step| if reads(step) { None } else { Some(&NO_ASSETS) })
}

/// The same for the steps that read files, where the files are.
///
/// # Errors
/// As [`check`], and when a file is not to be had.
pub fn check_reading(spec: &Spec, assets: &dyn Assets) -> Result<(), BuildError> {
    check_steps(spec, &|step| if reads(step) { Some(assets) } else { None })
}

static NO_ASSETS: MemoryAssets = MemoryAssets(BTreeMap::new());

/// Whether a step reads files, for any language.
fn reads(step: &StepSpec) -> bool {
    let reads = |params: &Params| step.entry.asset_params.iter().any(|param| !params.text(param).is_empty());
    std::iter::once(&step.params).chain(step.by_lang.values()).any(reads)
}

/// Checks the steps for which there are assets.
fn check_steps<'a>(spec: &Spec, assets: &dyn Fn(&StepSpec) -> Option<&'a dyn Assets>) -> Result<(), BuildError> {
    let is_pages = spec.source.format.is_pages();
    let carried = spec.source.format.carried(&spec.source.columns.extra);
    let columns = ColumnMap { extra: carried, ..spec.source.columns.clone() };
    for index in 0..spec.blocks.len() {
        let chain = spec.chain(index);
        let elsewhere = |range: Range<usize>| -> Vec<&StepSpec> {
            let steps = spec.blocks[range].iter().flat_map(|block| block.steps.iter().chain(&block.exchanges));
            steps.filter(|step| chain.iter().all(|here| here.name != step.name)).collect()
        };
        let (earlier, later) = (elsewhere(0..index), elsewhere(index..spec.blocks.len()));
        for (at, step) in chain.iter().enumerate().filter(|(_, step)| step.entry.shape == Shape::Combine) {
            let before = &chain[..at];
            let after: Vec<&StepSpec> = chain[at + 1..].iter().chain(later.iter().copied()).collect();
            let has_extracted = before.iter().any(|step| step.entry.shape == Shape::Extract);
            let is_textless = is_pages && spec.reads_source(index) && !has_extracted;
            let around = Around { before, after: &after, earlier: &earlier, is_textless, columns: Some(&columns) };
            let Some(assets) = assets(step) else { continue };
            check_step(step, &around, assets).map_err(|error| step.blame(error))?;
        }
    }
    Ok(())
}

/// Checks the metrics that the section of a recipe names.
///
/// # Errors
/// When no step measures one, or it is a label where a number is wanted, or the other way round.
pub fn check_section(spec: &Spec) -> Result<(), BuildError> {
    let Some((section, params)) = &spec.section else { return Ok(()) };
    for (param, wanted) in section.metric_params {
        for name in params.texts(param) {
            let refuse = |message: String| BuildError::new(format!("`{}.{param}`: {message}", section.name));
            let Some((.., kind)) = find(spec.steps(), name) else {
                let known = spec.steps().flat_map(|step| step.metrics().map(|(m, _)| format!("{}.{m}", step.name)));
                let known: Vec<String> = known.collect();
                let hint = match nearest(name, known.iter().map(String::as_str)) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "a metric is written `step.metric`; `tokenmill catalog` says what a step measures".into(),
                };
                return Err(refuse(format!("no step measures `{name}`")).hint(hint));
            };
            match (kind, wanted) {
                (MetricKind::Label(_), MetricUse::Number) => {
                    return Err(refuse(format!("`{name}` is a label and no number")));
                }
                (MetricKind::Number, MetricUse::Label) => {
                    return Err(refuse(format!("`{name}` is a number and no label")));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn check_step(step: &StepSpec, around: &Around<'_>, assets: &dyn Assets) -> Result<(), BuildError> {
    let mut does_something = false;
    for params in std::iter::once(&step.params).chain(step.by_lang.values()) {
        if let Stage::Combine(stage) = (step.entry.build)(params, assets)? {
            bind(&*stage, params, around)?;
            does_something |= !stage.inputs().is_empty() || !stage.rules().is_empty();
        }
    }
    let idle =
        || BuildError::new("it asks for nothing and judges nothing").hint("tell it what to look at, or remove it");
    does_something.then_some(()).ok_or_else(idle)
}

/// Why something is not to be had, and what to do.
struct Refused {
    message: String,
    hint: String,
}

impl Refused {
    fn at(self, param: &str, params: &Params, span: Range<usize>) -> BuildError {
        let message = format!("`{param}`: {}", self.message);
        if params.text(param).is_empty() {
            return BuildError::new(message).hint(self.hint);
        }
        BuildError::at(param, params.text(param), span, message).hint(self.hint)
    }
}

/// The step and metric that a name stands for, if there are both.
fn find<'a>(steps: impl IntoIterator<Item = &'a StepSpec>, name: &str) -> Option<(usize, usize, MetricKind)> {
    steps.into_iter().enumerate().find_map(|(at, step)| {
        let metric = name.strip_prefix(step.name.as_str())?.strip_prefix('.')?;
        let (place, kind) =
            step.metrics().enumerate().find_map(|(place, (known, kind))| (known == metric).then_some((place, kind)))?;
        Some((at, place, kind))
    })
}

impl Around<'_> {
    fn metric(&self, stage: &dyn Combine, name: &str, used: Used) -> Result<Slot, Refused> {
        let Some((step, metric, kind)) = find(self.before, name) else { return Err(self.unknown(stage, name)) };
        match (kind, used) {
            (MetricKind::Label(_), Used::Number) => Err(Refused {
                message: format!("`{name}` is a label and no number"),
                hint: format!("compare it with a text, as in `{name} == 'x'`"),
            }),
            (MetricKind::Number, Used::Label) => Err(Refused {
                message: format!("`{name}` is a number and no text"),
                hint: format!("compare it with a number, as in `{name} > 0`"),
            }),
            _ => Ok(Slot { step, metric }),
        }
    }

    /// Why there is no such metric here.
    fn unknown(&self, stage: &dyn Combine, name: &str) -> Refused {
        let refused = |message: String, hint: String| Refused { message, hint };
        if let Some((at, ..)) = find(self.earlier.iter().copied(), name) {
            let step = self.earlier.get(at).map_or("", |step| &step.name);
            return refused(
                format!("`{name}` was measured in an earlier phase, and numbers do not pass from phase to phase"),
                format!(
                    "put this step into the phase of `{step}`, before the checkpoint, exchange or pipe between them; or measure again here: the same stage under another `name`, its limits `\"off\"`"
                ),
            );
        }
        if let Some((at, ..)) = find(self.after.iter().copied(), name) {
            let step = self.after.get(at).map_or("", |step| &step.name);
            let hint = format!("put this step behind `{step}`");
            return refused(format!("`{name}` is measured by a step that comes after this one"), hint);
        }
        let message = format!("nothing here is called `{name}`");
        let full =
            |step: &StepSpec| step.metrics().map(|(metric, _)| format!("{}.{metric}", step.name)).collect::<Vec<_>>();
        let known: Vec<String> = self.before.iter().flat_map(full).collect();
        let own = stage.own_names();
        let suffix = format!(".{name}");
        let meant = known.iter().find(|known| known.ends_with(&suffix)).map(String::as_str);
        let odd = known.iter().find(|known| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('-')));
        if let Some(odd) = odd {
            return refused(message, format!("a name with `-` stands in backquotes, with them: `{odd}`"));
        }
        let meant = meant.or_else(|| nearest(name, known.iter().map(String::as_str).chain(own.iter().copied())));
        if let Some(meant) = meant {
            return refused(message, format!("did you mean `{meant}`?"));
        }
        let of_step = self
            .before
            .iter()
            .find(|step| name.strip_prefix(step.name.as_str()).is_some_and(|rest| rest.starts_with('.')));
        if let Some(step) = of_step {
            let metrics: Vec<&str> = step.metrics().map(|(metric, _)| metric).collect();
            let hint = if metrics.is_empty() {
                format!("`{}` measures nothing", step.name)
            } else {
                format!("`{}` measures {}", step.name, metrics.join(", "))
            };
            return refused(message, hint);
        }
        let steps: Vec<&str> =
            self.before.iter().filter(|step| step.metrics().next().is_some()).map(|step| step.name.as_str()).collect();
        let steps = if steps.is_empty() {
            "no step before this one has any".to_owned()
        } else {
            format!("steps with metrics are {}", steps.join(", "))
        };
        refused(message, format!("a metric is written `step.metric`, and {steps}; columns are {}", own.join(", ")))
    }

    fn column(&self, column: &str) -> Result<(), Refused> {
        let Some(columns) = self.columns else { return Ok(()) };
        if columns.carries(column) {
            return Ok(());
        }
        if columns.extra.is_empty() {
            return Err(Refused {
                message: format!("there is no extra column `{column}`: the source carries none along"),
                hint: "tables carry the columns that `source.columns.extra` lists; crawl files have none".to_owned(),
            });
        }
        Err(Refused {
            message: format!("the column `{column}` is not carried along"),
            hint: format!("add it to `source.columns.extra`, which lists {}", columns.extra.join(", ")),
        })
    }
}
