//! Runs one case and writes down what the stage says of it.

use super::parse::field;
use crate::catalog::Entry;
use crate::combine::{Given, Input, Need, Slot};
use crate::numbers::Measured;
use crate::score::{Place, Scores};
use crate::{
    Analysis, BuildError, Doc, DocId, Document, Edits, Numbers, Payload, Record, Score, Stage, Verdict, judge, robots,
};
use std::fmt::Write;

/// What a stage says of one input.
pub struct Shown {
    /// The text of the `expect` block.
    pub text: String,
    /// The reason of the rule that removed the document.
    pub dropped_by: Option<&'static str>,
    /// Metrics that have a value.
    pub measured: Vec<usize>,
}

/// Runs `stage` on the input of a page; an exchange is shown by [`super::exchange`].
pub fn show(entry: &Entry, stage: &Stage, info: &str, body: &str) -> Shown {
    let mut document = Document::default();
    let declared = if let Stage::Score(score) = stage { score.names() } else { &[] };
    let mut numbers = Numbers::new(entry.metrics.len() + declared.len());
    let mut edits = Edits::default();
    let record = record(info, body);
    document.fill_from(DocId::from_position("page", 0), &record);
    robots::add(&mut document.robots, "", field(info, "robots"));
    let mut rejected = None;
    match stage {
        Stage::Extract(stage) => rejected = stage.extract(&record, &mut document, &mut numbers).err(),
        Stage::Measure(stage) => {
            document.text.push_str(body.strip_suffix('\n').unwrap_or(body));
            stage.measure(&Doc::new(&document, &Analysis::default()), &mut numbers);
        }
        Stage::Combine(stage) => {
            document.text.push_str(body.strip_suffix('\n').unwrap_or(body));
            let (slots, given) = given(stage.inputs(), info);
            let given = [given];
            stage.combine(&Doc::new(&document, &Analysis::default()), &Given::new(&slots, &given), &mut numbers);
        }
        Stage::Edit(stage) => {
            document.text.push_str(body.strip_suffix('\n').unwrap_or(body));
            stage.edit(&Doc::new(&document, &Analysis::default()), &mut edits, &mut numbers);
        }
        Stage::Score(stage) => match scored(&**stage, body.strip_suffix('\n').unwrap_or(body)) {
            Ok(scores) => (0..).zip(scores).for_each(|(at, score)| numbers.set(at, score.unwrap_or(f32::NAN))),
            Err(error) => return Shown { text: error.message, dropped_by: None, measured: Vec::new() },
        },
        Stage::Exchange(_) | Stage::Pipe(_) => {}
    }
    let verdict = judge(stage.rules(), &numbers);
    let mut text = String::new();
    let dropped_by = match (&rejected, verdict) {
        (Some(rejection), _) => {
            line(&mut text, format_args!("removed because {}", rejection.reason));
            Some(rejection.reason)
        }
        (None, Verdict::Drop { reason, metric, value, limit }) => {
            let name = entry.metrics[metric].name;
            line(&mut text, format_args!("removed because {reason} ({name} = {value}, limit {limit})"));
            Some(reason)
        }
        (None, Verdict::Keep) => {
            line(&mut text, format_args!("kept"));
            None
        }
    };
    write_numbers(&mut text, entry, &numbers);
    for (name, score) in declared.iter().zip(numbers.values().iter().skip(entry.metrics.len())) {
        write_number(&mut text, name, score);
    }
    if dropped_by.is_none() {
        write_text(&mut text, stage, &document, &mut edits);
    }
    let measured = (0..entry.metrics.len()).filter(|metric| numbers.get(*metric).is_some()).collect();
    Shown { text, dropped_by, measured }
}

/// The metrics of earlier steps that the fields of an input give, as in `filter.length.n_words=20`.
fn given(inputs: &[Input], info: &str) -> (Vec<Option<Slot>>, Numbers) {
    let mut numbers = Numbers::new(inputs.len());
    for (metric, input) in inputs.iter().enumerate() {
        let Need::Metric { name, .. } = &input.need else { continue };
        match (field(info, name), field(info, name).parse()) {
            ("", _) => {}
            (_, Ok(number)) => numbers.set(metric, number),
            (label, Err(_)) => numbers.set_label(metric, label.into()),
        }
    }
    ((0..inputs.len()).map(|metric| Some(Slot { step: 0, metric })).collect(), numbers)
}

pub(super) fn record<'a>(info: &'a str, body: &'a str) -> Record<'a> {
    let payload = if info.starts_with("html") {
        let mime = if field(info, "mime").is_empty() { "text/html" } else { field(info, "mime") };
        Payload::Page { body: body.as_bytes(), mime, charset: field(info, "charset") }
    } else {
        Payload::Text(body)
    };
    Record {
        record_id: "",
        url: field(info, "url"),
        date: field(info, "date"),
        lang: field(info, "lang"),
        truncated: field(info, "truncated") == "true",
        extra: field(info, "extra"),
        robots: "",
        license: field(info, "license"),
        payload,
    }
}

/// Every metric that has a value.
pub(super) fn write_numbers(out: &mut String, entry: &Entry, numbers: &Numbers) {
    for (metric, value) in entry.metrics.iter().zip(numbers.values()) {
        write_number(out, metric.name, value);
    }
}

fn write_number(out: &mut String, name: &str, value: &Measured) {
    match value {
        Measured::Absent => {}
        Measured::Number(value) => line(out, format_args!("{name} = {value}")),
        Measured::Label(label) => line(out, format_args!("{name} = \"{label}\"")),
    }
}

/// What a model says of one text, on the CPU.
fn scored(stage: &dyn Score, text: &str) -> Result<Scores, BuildError> {
    let mut scoring = stage.begin(&Place { device: "cpu", threads: 1 })?;
    scoring.push(text)?;
    let scores = scoring.finish()?.pop();
    scores.ok_or_else(|| BuildError::new("the model says nothing"))
}

/// The text that an extraction or an edit leaves, each line behind a bar.
fn write_text(out: &mut String, stage: &Stage, document: &Document, edits: &mut Edits) {
    match stage {
        Stage::Measure(_) | Stage::Combine(_) | Stage::Exchange(_) | Stage::Pipe(_) | Stage::Score(_) => {}
        Stage::Extract(_) => write_lines(out, document, &document.text),
        Stage::Edit(_) => write_edited(out, document, edits),
    }
}

/// The spans of an edit, and the text that they leave.
pub(super) fn write_edited(out: &mut String, document: &Document, edits: &mut Edits) {
    let mut edited = String::new();
    edits.apply(&document.text, &mut edited);
    for span in edits.spans() {
        line(out, format_args!("edit {}..{} because {}", span.start, span.end, span.reason));
    }
    write_lines(out, document, &edited);
}

fn write_lines(out: &mut String, document: &Document, text: &str) {
    if !document.title.is_empty() {
        line(out, format_args!("title: {}", document.title));
    }
    for row in text.lines() {
        line(out, format_args!("|{}{row}", if row.is_empty() { "" } else { " " }));
    }
}

pub(super) fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}
