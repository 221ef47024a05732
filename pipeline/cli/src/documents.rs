//! Documents from wherever they lie: files, tables, and runs that have ended.

use crate::failure::Failure;
use crate::house::open_run;
use crate::settle::path_of;
use std::path::Path;
use tokenmill_core::{Document, Payload};
use tokenmill_engine::plan::RunRecord;
use tokenmill_store::location::Location;
use tokenmill_store::source::{self, ColumnMap, DocsReader, Event, Format, expand};

/// Endings of files with documents.
const ENDINGS: [&str; 9] = [".jsonl", ".ndjson", ".json", ".parquet", ".csv", ".tsv", ".gz", ".zst", "*"];

/// What is known of a document.
pub struct Read<'a> {
    /// Language label, or empty.
    pub lang: &'a str,
    /// Address, or empty.
    pub url: &'a str,
    /// The text.
    pub text: &'a str,
    /// JSON object of the columns carried along, or empty.
    pub extra: &'a str,
}

/// Shows every document of an input: JSONL, Parquet or CSV files, their addresses, `-`, or the documents that a run has kept. Says how
/// many rows have no text.
pub fn each(input: &str, columns: &ColumnMap, see: &mut dyn FnMut(&Read<'_>)) -> Result<u64, Failure> {
    if is_run(input)? {
        return each_of_run(input, see).map(|()| 0);
    }
    let folder = tempfile::tempdir().map_err(|error| Failure::usage(format!("no temporary folder: {error}")))?;
    let mut n_refused = 0;
    for input in expand(&[path_of(input, folder.path())?])? {
        if input.name.ends_with(".csv") || input.name.ends_with(".tsv") {
            n_refused += each_of_csv(&input.uri, columns, see)?;
            continue;
        }
        let format = if input.name.ends_with(".parquet") { Format::Parquet } else { Format::Jsonl };
        let mut reader = source::open(&input, format, columns)?;
        while let Some(event) = reader.next()? {
            let Event::Document(item) = event else { continue };
            match (item.refusal, item.record.payload) {
                (None, Payload::Text(text)) => {
                    see(&Read { lang: item.record.lang, url: item.record.url, text, extra: item.record.extra });
                }
                _ => n_refused += 1,
            }
        }
    }
    Ok(n_refused)
}

/// The rows of a table with a line of names at its head.
fn each_of_csv(uri: &str, columns: &ColumnMap, see: &mut dyn FnMut(&Read<'_>)) -> Result<u64, Failure> {
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
    let (url, lang) = (place(&columns.url), place(&columns.lang));
    let extra: Vec<(&str, usize)> =
        columns.extra.iter().filter_map(|name| Some((name.as_str(), place(name)?))).collect();
    let (mut row, mut n_refused) = (csv::StringRecord::new(), 0);
    while table.read_record(&mut row).map_err(broken)? {
        let cell = |place: Option<usize>| place.and_then(|place| row.get(place)).unwrap_or_default();
        let Some(text) = row.get(text) else {
            n_refused += 1;
            continue;
        };
        let extra: serde_json::Map<String, serde_json::Value> =
            extra.iter().map(|(name, place)| ((*name).to_owned(), cell(Some(*place)).into())).collect();
        see(&Read { lang: cell(lang), url: cell(url), text, extra: &serde_json::Value::Object(extra).to_string() });
    }
    Ok(n_refused)
}

/// The documents that the last phase of a run has kept.
fn each_of_run(folder: &str, see: &mut dyn FnMut(&Read<'_>)) -> Result<(), Failure> {
    let store = open_run(folder)?;
    let mut last = None;
    for phase in RunRecord::read(&*store)?.phases {
        let manifest = phase.read_manifest(&*store)?.ok_or_else(|| {
            Failure::usage(format!("the run `{folder}` has not ended: `{}` is not done", phase.folder))
                .hint("run `tokenmill run` again: what has been done is not done again")
        })?;
        if manifest.parts.iter().any(|part| part.objects.contains_key("docs")) {
            last = Some(manifest);
        }
    }
    let last = last.ok_or_else(|| Failure::usage(format!("the run `{folder}` has stored no documents")))?;
    let (mut document, mut source) = (Document::default(), String::new());
    for object in last.parts.iter().filter_map(|part| part.objects.get("docs")) {
        let mut reader = DocsReader::open(&*store, &object.key)?;
        while reader.next(&mut document, &mut source)? {
            let Document { lang, url, text, extra, .. } = &document;
            see(&Read { lang, url, text, extra });
        }
    }
    Ok(())
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
