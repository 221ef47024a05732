//! Runs one case and writes down what the stage says of it.

use super::parse::field;
use crate::catalog::Entry;
use crate::numbers::Measured;
use crate::{Analysis, Doc, DocId, Document, Edits, Exchange, Numbers, Payload, Record, Sketch, Stage, Verdict, judge};
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

/// Runs `stage` on the input of a page; an exchange is shown by [`show_exchange`].
pub fn show(entry: &Entry, stage: &Stage, info: &str, body: &str) -> Shown {
    let mut document = Document::default();
    let mut numbers = Numbers::new(entry.metrics.len());
    let mut edits = Edits::default();
    let record = record(info, body);
    document.fill_from(DocId::from_position("page", 0), &record);
    let mut rejected = None;
    match stage {
        Stage::Extract(stage) => rejected = stage.extract(&record, &mut document, &mut numbers).err(),
        Stage::Measure(stage) => {
            document.text.push_str(body.strip_suffix('\n').unwrap_or(body));
            stage.measure(&Doc::new(&document, &Analysis::default()), &mut numbers);
        }
        Stage::Edit(stage) => {
            document.text.push_str(body.strip_suffix('\n').unwrap_or(body));
            stage.edit(&Doc::new(&document, &Analysis::default()), &mut edits, &mut numbers);
        }
        Stage::Exchange(_) => {}
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
    for (metric, value) in entry.metrics.iter().zip(numbers.values()) {
        match value {
            Measured::Absent => {}
            Measured::Number(value) => line(&mut text, format_args!("{} = {value}", metric.name)),
            Measured::Label(label) => line(&mut text, format_args!("{} = \"{label}\"", metric.name)),
        }
    }
    if dropped_by.is_none() {
        write_text(&mut text, stage, &document, &mut edits);
    }
    let measured = (0..entry.metrics.len()).filter(|metric| numbers.get(*metric).is_some()).collect();
    Shown { text, dropped_by, measured }
}

/// Settles an exchange on all inputs of one config block; documents count from 1 in its messages.
pub fn show_exchange(exchange: &dyn Exchange, inputs: &[(&str, &str)]) -> Vec<Shown> {
    let sketch = |(at, (info, body)): (usize, &(&str, &str))| {
        let mut document = Document::default();
        document.fill_from(DocId::from_position("page", at as u64), &record(info, body));
        document.text.push_str(body.strip_suffix('\n').unwrap_or(body));
        (document.id, exchange.sketch(&Doc::new(&document, &Analysis::default())))
    };
    let sketched: Vec<(DocId, Option<Sketch>)> = inputs.iter().enumerate().map(sketch).collect();
    let place = |twin: DocId| sketched.iter().position(|(id, _)| *id == twin).map_or(0, |at| at + 1);
    let twins = crate::exchange::settle(&sketched);
    let shown = |((id, sketch), twin): (&(DocId, Option<Sketch>), &Option<DocId>)| {
        let text = match (sketch, twin) {
            (None, _) => "kept, takes no part\n".to_owned(),
            (_, None) => "kept\n".to_owned(),
            (_, Some(twin)) => format!("removed because {} (kept: {})\n", exchange.reason_of(*id, *twin), place(*twin)),
        };
        Shown { text, dropped_by: twin.map(|twin| exchange.reason_of(*id, twin)), measured: Vec::new() }
    };
    sketched.iter().zip(&twins).map(shown).collect()
}

fn record<'a>(info: &'a str, body: &'a str) -> Record<'a> {
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
        extra: "",
        payload,
    }
}

/// The text that an extraction or an edit leaves, each line behind a bar.
fn write_text(out: &mut String, stage: &Stage, document: &Document, edits: &mut Edits) {
    let mut edited = String::new();
    let text = match stage {
        Stage::Measure(_) | Stage::Exchange(_) => return,
        Stage::Extract(_) => &document.text,
        Stage::Edit(_) => {
            edits.apply(&document.text, &mut edited);
            for span in edits.spans() {
                line(out, format_args!("edit {}..{} because {}", span.start, span.end, span.reason));
            }
            &edited
        }
    };
    if !document.title.is_empty() {
        line(out, format_args!("title: {}", document.title));
    }
    for row in text.lines() {
        line(out, format_args!("|{}{row}", if row.is_empty() { "" } else { " " }));
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}
