//! Documents from wherever they lie: files, tables, and runs that have ended.

use crate::failure::Failure;
use crate::house::open_run;
use crate::settle::path_of;
use std::fmt::Write;
use std::path::Path;
use tokenmill_core::{DocId, Document, Payload};
use tokenmill_engine::plan::RunRecord;
use tokenmill_store::location::Location;
use tokenmill_store::measured::{self, Row};
use tokenmill_store::source::{self, ColumnMap, DocsReader, Event, Format, Input, expand};

/// Endings of files with documents.
const ENDINGS: [&str; 9] = [".jsonl", ".ndjson", ".json", ".parquet", ".csv", ".tsv", ".gz", ".zst", "*"];

/// What is known of a document.
pub struct Read<'a> {
    /// Id as the source gives it, else the document id.
    pub id: &'a str,
    /// Language label, or empty.
    pub lang: &'a str,
    /// Address, or empty.
    pub url: &'a str,
    /// The text.
    pub text: &'a str,
    /// JSON object of the columns carried along, or empty.
    pub extra: &'a str,
    /// Page kind, or empty.
    pub kind: &'a str,
    /// What a run has measured, in the order in which it was asked for; empty for files.
    pub metrics: &'a [Option<String>],
}

/// Shows every document of an input: JSONL, Parquet or CSV files, their addresses, `-`, or the documents that a run has kept. Says how
/// many rows have no text.
pub fn each(input: &str, columns: &ColumnMap, see: &mut dyn FnMut(&Read<'_>)) -> Result<u64, Failure> {
    each_with(input, columns, &[], see)
}

/// As [`each`], with metrics such as `lang.id.score` of documents of runs.
pub fn each_with(
    input: &str,
    columns: &ColumnMap,
    metrics: &[String],
    see: &mut dyn FnMut(&Read<'_>),
) -> Result<u64, Failure> {
    if is_run(input)? {
        return each_of_run(input, metrics, see).map(|()| 0);
    }
    let folder = tempfile::tempdir().map_err(|error| Failure::usage(format!("no temporary folder: {error}")))?;
    let (mut n_refused, mut id) = (0, String::new());
    for input in expand(&[path_of(input, folder.path())?])? {
        if [".csv", ".tsv"]
            .iter()
            .any(|kind| input.name.trim_end_matches(".gz").trim_end_matches(".zst").ends_with(kind))
            && (input.name.ends_with(".gz") || input.name.ends_with(".zst"))
        {
            return Err(Failure::usage(format!("`{}`: tables in CSV must not be compressed", input.name))
                .hint("unpack it first"));
        }
        if input.name.ends_with(".csv") || input.name.ends_with(".tsv") {
            n_refused += each_of_csv(&input, columns, see)?;
            continue;
        }
        let format = if input.name.ends_with(".parquet") { Format::Parquet } else { Format::Jsonl };
        let mut reader = source::open(&input, format, columns)?;
        while let Some(event) = reader.next()? {
            let Event::Document(item) = event else { continue };
            name_into(&mut id, item.record.record_id, item.id);
            match (item.refusal, item.record.payload) {
                (None, Payload::Text(text)) => {
                    let (lang, url, extra) = (item.record.lang, item.record.url, item.record.extra);
                    see(&Read { id: &id, lang, url, text, extra, kind: "", metrics: &[] });
                }
                _ => n_refused += 1,
            }
        }
    }
    Ok(n_refused)
}

/// The rows of a table with a line of names at its head.
fn each_of_csv(input: &Input, columns: &ColumnMap, see: &mut dyn FnMut(&Read<'_>)) -> Result<u64, Failure> {
    let uri = input.uri.as_str();
    let bytes = source::read(uri)?;
    let delimiter = if uri.ends_with(".tsv") { b'\t' } else { b',' };
    let mut table = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(&*bytes);
    let broken = |error: csv::Error| Failure::usage(format!("`{uri}`: {error}"));
    let names = table.headers().map_err(broken)?.clone();
    let place = |name: &str| names.iter().position(|column| column.trim_start_matches('\u{feff}') == name);
    let text = place(&columns.text).ok_or_else(|| {
        let known = names.iter().collect::<Vec<_>>().join(", ");
        Failure::usage(format!("`{uri}` has no column `{}`", columns.text)).hint(format!("it has {known}"))
    })?;
    let (url, lang, id) = (place(&columns.url), place(&columns.lang), place(&columns.id));
    let extra: Vec<(&str, usize)> =
        columns.extra.iter().filter_map(|name| Some((name.as_str(), place(name)?))).collect();
    let (mut row, mut n_rows, mut n_refused, mut name) = (csv::StringRecord::new(), 0, 0, String::new());
    while table.read_record(&mut row).map_err(broken)? {
        n_rows += 1;
        let cell = |place: Option<usize>| place.and_then(|place| row.get(place)).unwrap_or_default();
        let Some(text) = row.get(text) else {
            n_refused += 1;
            continue;
        };
        let extra: serde_json::Map<String, serde_json::Value> =
            extra.iter().map(|(name, place)| ((*name).to_owned(), cell(Some(*place)).into())).collect();
        let extra = serde_json::Value::Object(extra).to_string();
        name_into(&mut name, cell(id), DocId::from_position(&input.name, n_rows));
        let (lang, url) = (cell(lang), cell(url));
        see(&Read { id: &name, lang, url, text, extra: &extra, kind: "", metrics: &[] });
    }
    Ok(n_refused)
}

/// The documents that the last phase of a run has kept.
fn each_of_run(folder: &str, metrics: &[String], see: &mut dyn FnMut(&Read<'_>)) -> Result<(), Failure> {
    let store = open_run(folder)?;
    let mut manifests = Vec::new();
    for phase in RunRecord::read(&*store)?.phases {
        let manifest = phase.read_manifest(&*store)?.ok_or_else(|| {
            Failure::usage(format!("the run `{folder}` has not ended: `{}` is not done", phase.folder))
                .hint("run `tokenmill run` again: what has been done is not done again")
        })?;
        manifests.push(manifest);
    }
    let mut last_first = manifests.iter().rev();
    let last = last_first.find(|manifest| manifest.parts.iter().any(|part| part.objects.contains_key("docs")));
    let last = last.ok_or_else(|| Failure::usage(format!("the run `{folder}` has stored no documents")))?;
    let (mut document, mut source, mut name, none) =
        (Document::default(), String::new(), String::new(), vec![None; metrics.len()]);
    for part in &last.parts {
        let Some(object) = part.objects.get("docs") else { continue };
        let measured = measured::of_part(&*store, &manifests, &part.label, metrics)?;
        let mut reader = DocsReader::open(&*store, &object.key)?;
        while reader.next(&mut document, &mut source)? {
            let Document { id, record_id, lang, url, text, extra, kind, .. } = &document;
            name_into(&mut name, record_id, *id);
            let metrics: &Row = measured.get(id).unwrap_or(&none);
            see(&Read { id: &name, lang, url, text, extra, kind, metrics });
        }
    }
    Ok(())
}

/// What a document is called: as its source calls it, else by its id.
fn name_into(name: &mut String, record_id: &str, id: DocId) {
    name.clear();
    if record_id.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(name, "{id}");
    } else {
        name.push_str(record_id);
    }
}

/// Whether an input is the folder of a run: a folder, and on object storage a name that does not end like a file.
fn is_run(input: &str) -> Result<bool, Failure> {
    Ok(match Location::parse(input)? {
        Location::Local(path) => Path::is_dir(&path),
        Location::S3 | Location::Web => !ENDINGS.iter().any(|ending| input.ends_with(ending)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_runs_and_names_with_an_ending_are_files() {
        for (input, expected) in [
            (".", true),
            ("docs.jsonl", false),
            ("s3://b/runs/web-de/", true),
            ("s3://b/runs/v1.2", true),
            ("s3://b/docs/*.jsonl.gz", false),
        ] {
            assert!(is_run(input).is_ok_and(|found| found == expected), "{input}");
        }
    }
}
