//! Rows against columns: the same stages over the same documents, once document by document with one shared analysis,
//! once stage by stage over all documents, as a column-at-a-time engine would.
//!
//! `cargo run --release -p tokenmill-stages --example rows_and_columns -- FILE` takes one text per blank-line-separated
//! block of FILE. The figures are in docs/adr/0001-rows-in-the-rooms.md.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a measuring program")]

use std::time::Instant;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::{Analysis, Doc, Document, Entry, Measure, Numbers, Params, Stage};
use tokenmill_stages::filter::{gopher_quality, gopher_repetition, length};

/// Enough text that it does not stay in any cache between two stages.
const TOTAL_BYTES: usize = 64 << 20;
/// Bytes of one document, about: the mean of extracted web text.
const DOCUMENT_BYTES: usize = 3_000;

fn main() {
    let file = std::env::args().nth(1).and_then(|path| std::fs::read_to_string(path).ok());
    let Some(text) = file else { return println!("usage: rows_and_columns FILE") };
    let documents = documents(&text);
    let bytes: usize = documents.iter().map(|document| document.text.len()).sum();
    let stages: Vec<_> =
        [length::ENTRY, gopher_quality::ENTRY, gopher_repetition::ENTRY].iter().filter_map(measure).collect();
    for round in 1..=3 {
        let started = Instant::now();
        let mut analysis = Analysis::default();
        for document in &documents {
            analysis.reset();
            stages.iter().for_each(|(stage, n)| stage.measure(&Doc::new(document, &analysis), &mut Numbers::new(*n)));
        }
        let rows = started.elapsed().as_secs_f64();
        let started = Instant::now();
        for (stage, n) in &stages {
            for document in &documents {
                analysis.reset();
                stage.measure(&Doc::new(document, &analysis), &mut Numbers::new(*n));
            }
        }
        let columns = started.elapsed().as_secs_f64();
        let rate = |seconds: f64| bytes as f64 / 1e6 / seconds;
        println!(
            "round {round}: rows {:.1} MB/s, columns {:.1} MB/s, ratio {:.2}",
            rate(rows),
            rate(columns),
            columns / rows
        );
    }
}

/// Documents of about equal size, cut from the text at spaces, again and again until there is enough.
fn documents(text: &str) -> Vec<Document> {
    let mut documents = Vec::new();
    let mut document = Document::default();
    let mut total = 0;
    for word in text.split_inclusive([' ', '\n']).cycle() {
        document.text.push_str(word);
        if document.text.len() >= DOCUMENT_BYTES {
            total += document.text.len();
            documents.push(std::mem::take(&mut document));
        }
        if total >= TOTAL_BYTES || text.is_empty() {
            break;
        }
    }
    documents
}

fn measure(entry: &Entry) -> Option<(Box<dyn Measure>, usize)> {
    match (entry.build)(&Params::defaults(entry.params), &MemoryAssets::default()) {
        Ok(Stage::Measure(stage)) => Some((stage, entry.metrics.len())),
        _ => None,
    }
}
