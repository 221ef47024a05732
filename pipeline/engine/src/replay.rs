//! Walks one document through the steps of a phase again and keeps every change of its text: for people, not for runs.
//!
//! Only what changes a text is done again: extractions, edits, and what exchanges of lines and commands have decided. What
//! steps have found out is taken from the metrics of the run, so no model is loaded.

use crate::apply::set_fields;
use crate::exchange::{Cuts, Decided};
use crate::map::Work;
use crate::plan::PhaseRecord;
use crate::run::RunError;
use crate::spec::StepSpec;
use arrow::array::Array;
use std::sync::Arc;
use tokenmill_core::catalog::Shape;
use tokenmill_core::edits::Span;
use tokenmill_core::exchange::Kind;
use tokenmill_core::{
    Analysis, Assets, Doc, Document, Edits, Exchange, Extract, MetricKind, Numbers, Params, Payload, Record, Rejection,
    Stage,
};
use tokenmill_store::table::{Batches, Columns, Key, find};
use tokenmill_store::{Part, Store, StoreError};

/// What a step has made of a text.
#[derive(Debug)]
pub struct Change {
    /// The step.
    pub step: String,
    /// Its stage.
    pub stage: &'static str,
    /// What it did.
    pub what: What,
}

/// What was done to a text.
#[derive(Debug)]
pub enum What {
    /// It was made of a page.
    Extracted(String),
    /// A page gave none.
    Rejected(Rejection),
    /// Spans of it were cut or replaced.
    Edited {
        /// The spans that took effect, in bytes of the text before this step.
        spans: Vec<Span>,
        /// Whether what they held must not be seen any more.
        conceals: bool,
    },
    /// A command gave another text.
    Replaced(String),
}

/// What the run knows of the document's way through the phase.
pub struct Past<'a> {
    /// The phase.
    pub phase: &'a PhaseRecord,
    /// The part that the document is in, and its place among the parts.
    pub part: (&'a Part, usize),
    /// Its row in the ledger.
    pub row: u32,
    /// The step that removed it, and why.
    pub removed: Option<(&'a str, &'a str)>,
    /// The label that a step has given it, by step and metric.
    pub label: &'a dyn Fn(&str, &str) -> Option<String>,
}

/// Goes through the steps of a phase, up to the one that removed the document; `document` has the text that it came in with
/// and leaves with the one that it had in the end.
///
/// # Errors
/// When a step cannot be built, or what was decided about the document cannot be read.
pub fn replay(
    store: &dyn Store,
    steps: &[StepSpec],
    assets: &dyn Assets,
    past: &Past<'_>,
    document: &mut Document,
    record: Option<&Record<'_>>,
) -> Result<Vec<Change>, RunError> {
    let decided = decisions(store, steps, past)?;
    let mut decided = decided.iter();
    let mut changes = Vec::new();
    for step in steps {
        let decided = step.entry.shape.is_decided_apart().then(|| decided.next()).flatten();
        let removed = past.removed.filter(|(by, _)| *by == step.name).map(|(_, reason)| reason);
        if decided.is_none() && !step.when.matches(&document.lang, &document.kind) {
            continue;
        }
        let params = step.by_lang.get(&document.lang).unwrap_or(&step.params);
        let mut numbers = Numbers::new(step.metrics().count());
        let what = match step.entry.shape {
            Shape::Extract => match record.filter(|record| matches!(record.payload, Payload::Page { .. })) {
                None => None,
                Some(record) => match built(step, params, assets)? {
                    Stage::Extract(extract) => Some(extracted(&*extract, record, document, &mut numbers)),
                    _ => None,
                },
            },
            Shape::Edit => match built(step, params, assets)? {
                Stage::Edit(edit) => {
                    let mut edits = Edits::default();
                    edit.edit(&Doc::new(document, &Analysis::default()), &mut edits, &mut numbers);
                    // A rule that removes a document does so before it is edited, unless it was left empty by the edit.
                    let is_made = removed.is_none_or(|reason| reason == "emptied" || edit.conceals());
                    is_made.then(|| edited(edits, edit.conceals(), document)).flatten()
                }
                _ => None,
            },
            Shape::Exchange(Kind::Lines) => match (built(step, params, assets)?, decided) {
                (Stage::Exchange(Exchange::Lines(exchange)), Some(decided)) => {
                    let lines = Cuts::of_row(store, decided, past.row, document.id)?;
                    let mut edits = Edits::default();
                    exchange.cut(&Doc::new(document, &Analysis::default()), &lines, &mut edits, &mut numbers);
                    edited(edits, false, document)
                }
                _ => None,
            },
            Shape::Pipe => decided.map(|decided| answer(store, decided, document)).transpose()?.flatten(),
            _ => None,
        };
        changes.extend(what.map(|what| Change { step: step.name.clone(), stage: step.entry.name, what }));
        if removed.is_some() {
            break;
        }
        label(step, past, numbers, document);
    }
    Ok(changes)
}

fn built(step: &StepSpec, params: &Params, assets: &dyn Assets) -> Result<Stage, RunError> {
    Ok((step.entry.build)(params, assets).map_err(|error| step.blame(error))?)
}

fn extracted(extract: &dyn Extract, record: &Record<'_>, document: &mut Document, numbers: &mut Numbers) -> What {
    match extract.extract(record, document, numbers) {
        Ok(()) => What::Extracted(document.text.clone()),
        Err(rejection) => What::Rejected(rejection),
    }
}

fn edited(mut edits: Edits, conceals: bool, document: &mut Document) -> Option<What> {
    let mut text = String::new();
    edits.apply(&document.text, &mut text);
    let spans = edits.spans().to_vec();
    (!spans.is_empty()).then(|| {
        document.text = text;
        What::Edited { spans, conceals }
    })
}

/// The text that a command has given, if it gave another one.
fn answer(store: &dyn Store, decided: &Decided, document: &mut Document) -> Result<Option<What>, StoreError> {
    let Some(hit) = find(store, &decided.object, "id", &[Key::Id(document.id)])?.first().copied() else {
        return Ok(None);
    };
    let row = hit.row as usize;
    let rows = row..row + 1;
    let Some(batch) =
        Batches::open_rows(store, &decided.object.key, &[], std::slice::from_ref(&rows))?.next().transpose()?
    else {
        return Ok(None);
    };
    let Ok(texts) = Columns(&batch).text("text") else { return Ok(None) };
    let text = texts.is_valid(0).then(|| texts.value(0).to_owned()).filter(|text| *text != document.text);
    Ok(text.map(|text| {
        document.text.clone_from(&text);
        What::Replaced(text)
    }))
}

/// Gives the document the labels that the step has given it.
fn label(step: &StepSpec, past: &Past<'_>, mut numbers: Numbers, document: &mut Document) {
    for (at, metric) in step.entry.metrics.iter().enumerate() {
        if !matches!(metric.kind, MetricKind::Label(Some(_))) {
            continue;
        }
        if let Some(label) = (past.label)(&step.name, metric.name) {
            numbers.set_label(at, Arc::from(label));
        }
    }
    set_fields(step.entry.metrics, &numbers, document);
}

/// What was decided about the part, in the order of the steps that apply some.
fn decisions(store: &dyn Store, steps: &[StepSpec], past: &Past<'_>) -> Result<Vec<Decided>, StoreError> {
    if !steps.iter().any(|step| step.entry.shape.is_decided_apart()) {
        return Ok(Vec::new());
    }
    let (part, at) = past.part;
    let missing = || StoreError::corrupt(&past.phase.folder, format!("there is no task `{}`", part.task));
    let list = past.phase.tasks.as_ref().ok_or_else(missing)?;
    let task = match list.read_one(store, at)?.filter(|task| task.key == part.task) {
        Some(task) => task,
        None => list.read(store)?.into_iter().find(|task| task.key == part.task).ok_or_else(missing)?,
    };
    Ok(Work::of(&task)?.decided)
}
