//! Exchanges and pipes on loose documents: a temporary run, and what its ledgers say of every line of the input.

use crate::apply::recipe;
use crate::failure::Failure;
use crate::house::{catalog, shared_assets, threads};
use crate::progress::Quiet;
use crate::sink::Output;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::process::ExitCode;
use tokenmill_core::catalog::Shape;
use tokenmill_core::exchange::Kind;
use tokenmill_core::{DocId, Document, Entry, Payload};
use tokenmill_engine::Plan;
use tokenmill_engine::run::{Limits, Options, run};
use tokenmill_store::source::{self, ColumnMap, DocsReader, Event, Format, expand};
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{LocalStore, Manifest, Store, StoreError};

/// Runs the stages and writes one line per document, in the order of the input.
pub fn main(stages: &[String], sets: &[String], inputs: &[String], output: &str) -> Result<ExitCode, Failure> {
    let folder = tempfile::tempdir().map_err(|error| Failure::usage(format!("no temporary folder: {error}")))?;
    let paths = inputs.iter().map(|input| path_of(input, folder.path())).collect::<Result<Vec<_>, Failure>>()?;
    let spec = recipe(stages, sets, "jsonl", &paths)?;
    let plan = Plan::new(&spec, &shared_assets()?)?;
    let store = LocalStore::open(folder.path().join("run"))?;
    let threads = threads(None);
    let reports =
        run(&plan, &store, Options { threads, timings: false, limits: Limits::Ignored, keep_going: false }, &Quiet)?;
    let maps: Vec<&Manifest> = reports.iter().map(|report| &*report.manifest).filter(|m| has_ledger(m)).collect();
    let names = kept_names(&store, &maps)?;
    let catalog = catalog()?;
    let is_edit = |entry: &Entry| matches!(entry.shape, Shape::Edit | Shape::Pipe | Shape::Exchange(Kind::Lines));
    let edits = stages.iter().filter_map(|name| catalog.get(name)).any(is_edit);
    let mut output = Output::create(output)?;
    for input in expand(&paths)? {
        let verdicts = verdicts(&store, &maps, &input.name)?;
        let last = maps.last().and_then(|last| last.parts.iter().find(|part| part.label == input.name));
        let mut docs =
            last.filter(|_| edits).map(|part| DocsReader::open(&store, &part.objects["docs"].key)).transpose()?;
        let (mut document, mut source) = (Document::default(), String::new());
        let mut reader = source::open(&input, Format::Jsonl, &ColumnMap::default())?;
        for verdict in verdicts {
            let Some(Event::Document(item)) = reader.next()? else {
                return Err(StoreError::corrupt(&input.uri, "it has changed while it was read").into());
            };
            let id =
                if item.record.record_id.is_empty() { item.id.to_string() } else { item.record.record_id.to_owned() };
            let mut said = line(&id, &verdict, &names);
            // What is kept comes in the order of the input.
            if let Some(docs) = docs.as_mut().filter(|_| verdict.reason.is_empty())
                && docs.next(&mut document, &mut source)?
                && !matches!(item.record.payload, Payload::Text(text) if text == document.text)
            {
                said["text"] = document.text.as_str().into();
            }
            output.line(&said.to_string())?;
        }
    }
    output.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Standard input is read twice, so it is put into a file.
pub fn path_of(input: &str, folder: &std::path::Path) -> Result<String, Failure> {
    if input != "-" {
        return Ok(input.to_owned());
    }
    let path = folder.join("stdin.jsonl");
    let copied = File::create(&path).and_then(|mut file| std::io::copy(&mut std::io::stdin().lock(), &mut file));
    copied.map_err(|error| Failure::usage(format!("cannot keep standard input: {error}")))?;
    Ok(path.display().to_string())
}

fn has_ledger(manifest: &Manifest) -> bool {
    manifest.parts.iter().any(|part| part.objects.contains_key("ledger"))
}

/// What the ledgers say of one line; empty texts for what does not apply.
#[derive(Clone, Default)]
struct Verdict {
    step: String,
    reason: String,
    metric: String,
    value: Option<String>,
    limit: Option<String>,
    evidence: Option<String>,
}

/// The verdicts on the lines of an input, followed through the ledgers of all map phases.
fn verdicts(store: &dyn Store, maps: &[&Manifest], name: &str) -> Result<Vec<Verdict>, Failure> {
    let mut verdicts: Vec<Verdict> = Vec::new();
    let mut alive: Option<Vec<usize>> = None;
    for manifest in maps {
        let Some(part) = manifest.parts.iter().find(|part| part.label == name) else { continue };
        let mut still = Vec::new();
        let mut row = 0;
        for batch in Batches::open(store, &part.objects["ledger"].key, &[])? {
            let batch = batch?;
            let columns = Columns(&batch);
            let kept = columns.bool("kept")?;
            for at in 0..batch.num_rows() {
                // The rows of a later phase are the documents that the one before kept.
                let line = alive.as_ref().map_or(row, |alive| alive[row]);
                row += 1;
                verdicts.resize_with(verdicts.len().max(line + 1), Verdict::default);
                if kept.value(at) {
                    still.push(line);
                    continue;
                }
                let text = |name: &str| columns.show(name, at).unwrap_or_default();
                verdicts[line] = Verdict {
                    step: text("step"),
                    reason: text("reason"),
                    metric: text("metric"),
                    value: columns.show("value", at),
                    limit: columns.show("limit", at),
                    evidence: columns.show("evidence", at),
                };
            }
        }
        alive = Some(still);
    }
    Ok(verdicts)
}

/// The names that the input gives to documents that are kept instead of others.
fn kept_names(store: &dyn Store, maps: &[&Manifest]) -> Result<BTreeMap<DocId, String>, Failure> {
    let mut names = BTreeMap::new();
    for part in maps.iter().flat_map(|manifest| &manifest.parts) {
        for batch in Batches::open(store, &part.objects["ledger"].key, &["evidence"])? {
            let batch = batch?;
            let evidence = (0..batch.num_rows()).filter_map(|at| Columns(&batch).show("evidence", at));
            names.extend(evidence.filter_map(|text| Some((DocId::parse(&text)?, text))));
        }
    }
    for part in maps.iter().flat_map(|manifest| &manifest.parts) {
        for batch in Batches::open(store, &part.objects["docs"].key, &["id", "record_id"])? {
            let batch = batch?;
            let columns = Columns(&batch);
            let record_ids = columns.text("record_id")?;
            for (id, record_id) in columns.ids("id")?.into_iter().zip(record_ids.iter().flatten()) {
                if let Some(name) = names.get_mut(&id).filter(|_| !record_id.is_empty()) {
                    record_id.clone_into(name);
                }
            }
        }
    }
    Ok(names)
}

fn line(id: &str, verdict: &Verdict, names: &BTreeMap<DocId, String>) -> Value {
    if verdict.reason.is_empty() {
        return json!({"id": id, "kept": true});
    }
    let mut line = json!({"id": id, "kept": false, "step": verdict.step, "reason": verdict.reason});
    if !verdict.metric.is_empty() {
        line["metric"] = verdict.metric.as_str().into();
    }
    let number = |text: &String| text.parse::<f64>().ok();
    for (key, value) in [("value", &verdict.value), ("limit", &verdict.limit)] {
        if let Some(value) = value.as_ref().and_then(number) {
            line[key] = value.into();
        }
    }
    if let Some(evidence) = &verdict.evidence {
        let twin = DocId::parse(evidence).and_then(|twin| names.get(&twin));
        line["evidence"] = twin.unwrap_or(evidence).as_str().into();
    }
    line
}
