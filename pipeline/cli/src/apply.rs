//! `tokenmill apply`: stages on loose documents, with everything they say.

use crate::bulk::{self, text_of};
use crate::failure::Failure;
use crate::house::{assets, catalog, parse_recipe};
use crate::settle;
use crate::sink::Output;
use serde_json::{Map, Value, json};
use std::process::ExitCode;
use tokenmill_core::catalog::Shape;
use tokenmill_core::numbers::Measured;
use tokenmill_core::{DocId, Document, Payload, Record, Verdict};
use tokenmill_engine::apply::{Said, apply};
use tokenmill_engine::chain::{Chain, Step};
use tokenmill_engine::{Spec, Text};

/// Run stages on loose documents and write every metric, verdict, edit and span
#[derive(clap::Args)]
#[command(after_help = "\
Input: JSON lines with `text` (or `html` for extract stages), and optionally `id`, `url`, `lang`, `date`.
Output: one line per document, in order: `id`, `kept`, `reason`, `steps` by name, and `text` where an edit or an
extraction changed it. Offsets of spans are in Unicode code points of the text before the step.

With an exchange such as `dedup.url` among the stages, all documents are compared in a temporary run; one is made for
`step.pipe`, too. Then a line has `id`, `kept`, `text` where it was changed, and for a removed document `step`, `reason`
and `evidence`: the id of the document that is kept instead.

Examples:
  tokenmill apply --use filter.gopher_quality docs.jsonl.gz -o verdicts.jsonl
  tokenmill apply --use line.policy_notices,filter.length --set filter.length.min_chars=200 docs.jsonl -o -
  tokenmill apply --use dedup.url,dedup.exact docs.jsonl more.jsonl.gz -o kept.jsonl")]
pub struct Args {
    /// Stages, in order, separated by commas
    #[arg(long = "use", value_name = "STAGE", value_delimiter = ',', required = true)]
    stages: Vec<String>,
    /// A parameter: `KEY=VALUE` with one stage, `STAGE.KEY=VALUE` with several
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// JSONL files or their `s3://` or `https://` addresses, plain, .gz or .zst; `-` for standard input
    #[arg(required = true)]
    inputs: Vec<String>,
    /// Output file or `s3://` address (.gz and .zst are compressed), or `-`
    #[arg(short, long)]
    output: String,
}

/// Applies the stages.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let catalog = catalog()?;
    if args.stages.iter().filter_map(|name| catalog.get(name)).any(|entry| entry.shape.is_decided_apart()) {
        if args.stages.iter().filter_map(|name| catalog.get(name)).any(|entry| entry.shape == Shape::Extract) {
            return Err(Failure::usage("an extraction and an exchange or a pipe cannot be applied together")
                .hint("`tokenmill extract` the pages first, or write a recipe"));
        }
        return settle::main(&args.stages, &args.sets, &args.inputs, &args.output);
    }
    let chain = chain(&args.stages, &args.sets)?;
    let mut output = Output::create(&args.output)?;
    let size = |object: &Map<String, Value>| text_of(object, "text").len() + text_of(object, "html").len() + 256;
    bulk::run(bulk::objects(&args.inputs)?, size, &mut output, |object| Ok(apply_one(&chain, &object).to_string()))?;
    output.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// A chain of stages with parameters.
pub fn chain(stages: &[String], sets: &[String]) -> Result<Chain, Failure> {
    let takes_pages = stages.iter().any(|stage| stage.starts_with("extract."));
    let kind = if takes_pages { "warc" } else { "jsonl" };
    let spec = recipe(stages, sets, kind, &["-".to_owned()])?;
    Ok(Chain::build(&spec.steps().cloned().collect::<Vec<_>>(), &[], &assets()?)?)
}

/// Stages with parameters as a recipe, so that names and values are checked as ever.
pub fn recipe(stages: &[String], sets: &[String], kind: &str, paths: &[String]) -> Result<Spec, Failure> {
    let mut recipe = format!("[run]\nname = \"apply\"\n[source]\nkind = \"{kind}\"\npaths = {}\n", json!(paths));
    for stage in stages {
        recipe.push_str(&format!("[[step]]\nuse = {}\n", json!(stage)));
    }
    let sets: Vec<String> = sets.iter().map(|set| qualify(set, stages)).collect();
    parse_recipe(Text { name: "--use".to_owned(), content: recipe }, &sets)
}

/// `min_chars=3` or `filter.length.min_chars=3` as the override of a recipe.
fn qualify(set: &str, stages: &[String]) -> String {
    let names_stage =
        stages.iter().any(|stage| set.strip_prefix(stage.as_str()).is_some_and(|rest| rest.starts_with('.')));
    if names_stage { format!("step.{set}") } else { format!("step.1.{set}") }
}

fn apply_one(chain: &Chain, object: &Map<String, Value>) -> Value {
    let (id, html) = (text_of(object, "id"), text_of(object, "html"));
    let mut document = Document { text: text_of(object, "text"), ..Document::default() };
    let (url, lang, date) = (text_of(object, "url"), text_of(object, "lang"), text_of(object, "date"));
    let payload = Payload::Page { body: html.as_bytes(), mime: "text/html", charset: "utf-8" };
    let extra = if chain.reads_extra() { extra_of(object) } else { String::new() };
    let record = Record {
        record_id: &id,
        url: &url,
        date: &date,
        lang: &lang,
        truncated: false,
        extra: &extra,
        robots: "",
        license: "",
        payload,
    };
    let text = std::mem::take(&mut document.text);
    document.fill_from(DocId::from_record_id(&id), &record);
    document.text = text.clone();
    let said = apply(chain, &mut document, object.contains_key("html").then_some(&record));
    let mut reason = Value::Null;
    let mut steps = Map::new();
    let mut before = text.clone();
    for (step, said) in chain.steps.iter().zip(&said) {
        let shown = show(step, said, &before);
        if reason.is_null() && shown.get("kept") == Some(&Value::Bool(false)) {
            reason = shown["reason"].clone();
        }
        steps.insert(step.name.clone(), shown);
        if let Said::Judged { spans, .. } = said
            && !spans.is_empty()
        {
            let mut edits = tokenmill_core::Edits::default();
            spans.iter().for_each(|span| edits.replace(span.start, span.end, &span.replacement, span.reason));
            let mut after = String::new();
            edits.apply(&before, &mut after);
            before = after;
        }
    }
    let mut out = Map::new();
    out.insert("id".into(), object.get("id").cloned().unwrap_or(Value::Null));
    out.insert("kept".into(), reason.is_null().into());
    out.insert("reason".into(), reason);
    out.insert("steps".into(), steps.into());
    if document.text != text {
        out.insert("text".into(), document.text.into());
    }
    Value::Object(out)
}

/// What the line holds besides the columns that are known, as a source carries it along.
fn extra_of(object: &Map<String, Value>) -> String {
    let is_known = |key: &str| matches!(key, "id" | "url" | "lang" | "date" | "text" | "html");
    let rest = object.iter().filter(|(key, _)| !is_known(key)).map(|(key, value)| (key.clone(), value.clone()));
    Value::Object(rest.collect()).to_string()
}

fn show(step: &Step, said: &Said, text: &str) -> Value {
    match said {
        Said::NotSeen => json!({"kept": true, "seen": false}),
        Said::Rejected(rejection) => json!({"kept": false, "reason": rejection.reason, "evidence": rejection.evidence}),
        Said::Judged { numbers, verdict, spans } => {
            let metrics = step.entry.metrics.iter().zip(numbers.values()).map(|(metric, value)| {
                let value = match value {
                    Measured::Absent => Value::Null,
                    Measured::Number(number) => json!(number),
                    Measured::Label(label) => json!(&**label),
                };
                (metric.name.to_owned(), value)
            });
            let mut shown = json!({"kept": true, "metrics": metrics.collect::<Map<_, _>>()});
            if let Verdict::Drop { reason, metric, value, limit } = verdict {
                shown["kept"] = false.into();
                shown["reason"] = (*reason).into();
                shown["metric"] = step.entry.metrics[*metric].name.into();
                shown["value"] = json!(value);
                shown["limit"] = json!(limit);
            }
            if !spans.is_empty() {
                shown["spans"] = code_point_spans(spans, text);
            }
            shown
        }
    }
}

/// Spans with their offsets in code points; they are sorted, so one pass over the text counts them all.
fn code_point_spans(spans: &[tokenmill_core::edits::Span], text: &str) -> Value {
    let (mut bytes, mut points) = (0, 0);
    let mut point_of = |byte: usize| {
        points += text.get(bytes..byte).map_or(0, |between| between.chars().count());
        bytes = byte.max(bytes);
        points
    };
    let show = |span: &tokenmill_core::edits::Span| {
        let (start, end) = (point_of(span.start), point_of(span.end));
        json!({"start": start, "end": end, "replacement": span.replacement, "reason": span.reason})
    };
    spans.iter().map(show).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_find_their_stage() {
        let stages = ["filter.length".to_owned(), "line.x".to_owned()];
        assert_eq!(qualify("filter.length.min=1", &stages), "step.filter.length.min=1");
        assert_eq!(qualify("min=1", &stages[..1]), "step.1.min=1");
    }

    #[test]
    fn offsets_are_code_points() {
        let span = |start, end| tokenmill_core::edits::Span { start, end, replacement: String::new(), reason: "r" };
        let shown = code_point_spans(&[span(2, 4), span(5, 8)], "é漢x");
        assert_eq!(shown[0]["start"], 1);
        let text = "éé漢x";
        let shown = code_point_spans(&[span(2, 4), span(4, 7)], text);
        assert_eq!((&shown[0]["start"], &shown[0]["end"], &shown[1]["end"]), (&json!(1), &json!(2), &json!(3)));
    }
}
