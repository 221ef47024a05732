//! What a map phase costs, for estimates: reading, its steps by their shapes, sketching, and writing tables.

use super::MapPhase;
use crate::exchange;
use crate::spec::StepSpec;
use tokenmill_core::catalog::Shape;
use tokenmill_store::Cost;
use tokenmill_store::cost::{Amount, DOCS_BYTES, LEDGER_BYTES, Reading, Requested, TEXT_OF_A_DOCUMENT, Tasks};

/// Bytes of memory of a page, its tree and its tables, beside a process: `docs/benchmarks/extraction.md`, "Memory", and the
/// tables of a task, which are written a row group at a time.
const MEMORY: f64 = 80e6;

/// Input files of pages of the web, or of texts.
///
/// Of 413 real pages in three files of 15.8 MB (`docs/benchmarks.md`): five bytes of content in a byte of gzip, 190 kB a
/// page, a thirtieth of them text. Reading is that of the same page: 367 MB/s, and of a JSON line 226 MB/s of text
/// (`docs/benchmarks/dedup.md`, the scan).
pub fn reading(of_pages: bool) -> Reading {
    match of_pages {
        true => Reading { packed: 5.0, document_bytes: 190e3, text_share: 0.03, seconds: 2.7e-9 },
        false => Reading { packed: 3.0, document_bytes: TEXT_OF_A_DOCUMENT, text_share: 0.95, seconds: 4.4e-9 },
    }
}

/// CPU seconds of the steps for each byte of text, beside the extraction: a step that has a model takes as long as `lang.id`
/// (`docs/benchmarks.md`), any other as long as the heuristics on one analysis (`docs/benchmarks/filters.md`, eight of them
/// at 48.5 MB/s).
fn step_seconds(step: &StepSpec) -> f64 {
    match step.entry.shape {
        Shape::Measure | Shape::Edit if !step.entry.needs_text => 0.0,
        Shape::Measure | Shape::Edit if !step.entry.asset_params.is_empty() => 9.3e-8,
        Shape::Measure | Shape::Edit => 2.6e-9,
        _ => 0.0,
    }
}

/// The cost of one map phase.
pub fn of(phase: &MapPhase) -> Cost {
    let extracts = phase.steps.iter().any(|step| step.entry.shape == Shape::Extract);
    let has_source = phase.source.is_some();
    // A scan before the extraction sees no text, but the files are those of pages all the same.
    let of_pages = extracts || (phase.is_scan && !phase.exchanges.iter().any(|step| step.entry.needs_text));
    let mut reading = has_source.then(|| reading(of_pages));
    if let Some(reading) = reading.as_mut().filter(|_| extracts) {
        // 44.7 MB of content in a CPU second: `docs/benchmarks.md`, 413 real pages.
        reading.seconds += 1.0 / 44.7e6;
    }
    let read = if has_source { Amount::NONE } else { Amount::per_byte(DOCS_BYTES) };
    let mut written = match phase.is_scan {
        true => Amount::NONE,
        false => Amount::per_byte(DOCS_BYTES * (1.0 + phase.removed * 0.5)).and(Amount::per_document(LEDGER_BYTES)),
    };
    // Reading a table and writing one: `docs/benchmarks/dedup.md`, the last map phase.
    let tables = if phase.is_scan { 0.0 } else { 12.1e-9 } + if has_source { 0.0 } else { 1.8e-9 };
    let mut core_seconds = Amount::per_byte(tables + phase.steps.iter().map(step_seconds).sum::<f64>());
    for kind in phase.exchanges.iter().filter_map(|step| step.entry.shape.exchange()) {
        let (bytes, seconds) = exchange::cost::sketch(kind);
        (written, core_seconds) = (written.and(bytes), core_seconds.and(seconds));
    }
    let requested = if has_source { Requested::Parts(1.0) } else { Cost::default().requested };
    let objects = if phase.is_scan { 0.0 } else { 5.0 } + 1.5 * phase.exchanges.len() as f64;
    let tasks = Tasks::PerPart;
    Cost { reading, read, written, core_seconds, tasks, requested, objects, memory: MEMORY, ..Cost::default() }
}
