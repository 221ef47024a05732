//! The mini crawl and the store agree: every capture of the index is read, and what is odd about it is noticed.

use std::collections::BTreeMap;

use support::fixture;
use tokenmill_store::source::{ColumnMap, Event, Format, find, open};

/// One row of the index.
struct Row {
    url: String,
    kind: String,
    status: String,
}

/// What the store says of one capture.
#[derive(Debug)]
struct Seen {
    url: String,
    refused: Option<&'static str>,
    truncated: bool,
    n_bytes: usize,
}

fn index() -> BTreeMap<String, Vec<Row>> {
    let text = std::fs::read_to_string(fixture("mini-crawl/index.tsv")).unwrap();
    let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [file, url, _date, status, kind, _lang, _note] = fields[..] else { panic!("seven columns in `{line}`") };
        let row = Row { url: url.to_owned(), kind: kind.to_owned(), status: status.to_owned() };
        rows.entry(file.to_owned()).or_default().push(row);
    }
    rows
}

fn read(file: &str) -> Vec<Seen> {
    let input = find(&fixture(&format!("mini-crawl/{file}")).display().to_string()).unwrap();
    let mut reader = open(&input, Format::Warc, &ColumnMap::default()).unwrap();
    let mut seen = Vec::new();
    while let Some(event) = reader.next().unwrap() {
        if let Event::Document(item) = event {
            seen.push(Seen {
                url: item.record.url.to_owned(),
                refused: item.refusal.map(|refusal| refusal.reason),
                truncated: item.record.truncated,
                n_bytes: item.record.payload.len(),
            });
        }
    }
    seen
}

#[test]
fn every_sound_capture_is_read_in_order() {
    for (file, rows) in index() {
        let is_sound = |row: &&Row| !matches!(row.kind.as_str(), "damaged" | "cut");
        let expected: Vec<&str> = rows.iter().filter(is_sound).map(|row| row.url.as_str()).collect();
        let damaged: Vec<&str> = rows.iter().filter(|row| !is_sound(row)).map(|row| row.url.as_str()).collect();
        let found: Vec<String> = read(&file).into_iter().map(|seen| seen.url).collect();
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        let found: Vec<&str> = found.into_iter().filter(|url| !url.is_empty() && !damaged.contains(url)).collect();
        assert_eq!(found, expected, "{file}");
    }
}

#[test]
fn pages_are_kept_and_failed_captures_are_refused() {
    for (file, rows) in index() {
        let seen = read(&file);
        for row in &rows {
            let here: Vec<&Seen> = seen.iter().filter(|seen| seen.url == row.url).collect();
            let refused = here.iter().any(|seen| seen.refused.is_some());
            match row.kind.as_str() {
                // Whether anything of a damaged capture is given is the reader's choice.
                "damaged" | "cut" => {}
                "empty-body" => assert!(here.iter().all(|seen| seen.n_bytes == 0), "{} has a body", row.url),
                "not-found" | "redirect" | "server-error" | "revisit" => {
                    assert!(refused, "{} ({}) is kept", row.url, row.kind);
                }
                _ if row.status != "200" => assert!(refused, "{} has status {} and is kept", row.url, row.status),
                // Without a true media type only extraction can tell.
                "not-html" if row.url.ends_with("/untyped") || row.url.ends_with("/hidden.html") => {}
                "not-html" => assert!(refused, "{} is kept", row.url),
                "truncated" => assert!(here.iter().any(|seen| seen.truncated), "{} is not marked", row.url),
                _ => {
                    assert!(!refused, "{} ({}) is refused: {here:?}", row.url, row.kind);
                    assert!(here.iter().all(|seen| seen.n_bytes > 400), "{} is too short: {here:?}", row.url);
                }
            }
        }
    }
}

#[test]
fn a_damaged_member_costs_one_record_only() {
    let rows = &index()["part-00002.warc.gz"];
    let damaged = rows.iter().position(|row| row.kind == "damaged").unwrap();
    let seen = read("part-00002.warc.gz");
    assert!(seen.iter().any(|seen| seen.refused.is_some()), "the damage is not reported");
    assert!(seen.iter().any(|seen| seen.url == rows[damaged + 1].url), "the record after the damage is lost");
}
