//! What the exchange comes to at the size of whole crawls, computed from the bytes and seconds of the measured run.

use super::ours::Run;
use std::fmt::Write;

/// Documents of a monthly crawl, of the raw material of Llama 3 or so, and of everything that was ever crawled.
const SCALES: [f64; 3] = [3e9, 2e10, 1e11];
/// Documents of a part: about those of a WARC file.
const DOCUMENTS_OF_A_PART: f64 = 40_000.0;
/// The bounds of `engine::exchange::bounds`.
const MAX_SHUFFLES: f64 = 4_096.0;
const MAX_REDUCERS: f64 = 2_048.0;
/// Documents with a pair that the one clustering task can number.
const MAX_CANDIDATES: f64 = 4_294_967_295.0;

/// What was measured, for one document.
struct PerDocument {
    text: f64,
    keys: f64,
    shuffled: f64,
    pairs: f64,
    candidates: f64,
    details: f64,
    decisions: f64,
    seconds: f64,
}

impl PerDocument {
    fn of(run: &Run) -> PerDocument {
        let n = (run.n_documents[0] as f64).max(1.0);
        let sum = |is_it: &dyn Fn(&str) -> bool, value: &dyn Fn(&super::ours::Stored) -> f64| {
            run.stored.iter().filter(|stored| is_it(&stored.table)).map(value).fold(0.0, |sum, value| sum + value) / n
        };
        let bytes = |name: &str| sum(&|table| table == name, &|stored| stored.bytes);
        PerDocument {
            text: run.text_bytes[0] / n,
            keys: sum(&|table| table.starts_with("keys.") || table.starts_with("sketch."), &|stored| stored.bytes),
            shuffled: bytes("shuffled"),
            pairs: bytes("pairs"),
            candidates: sum(&|table| table == "candidates", &|stored| stored.rows),
            details: bytes("details"),
            decisions: bytes("decided") + bytes("decisions"),
            seconds: run.decision_seconds() / n,
        }
    }
}

/// The section of the page.
pub fn section(run: &Run) -> String {
    let one = PerDocument::of(run);
    let mut out = format!(
        "\n## At scale\n\nComputed from the run above: of a document with {:.0} bytes of text, {:.0} bytes of keys are written at \
         home, {:.0} are shuffled, {:.1} are pairs; {:.2} of the documents have a pair, and their larger sketches are {:.0} bytes \
         for each document of the corpus; decisions take {:.1}. Parts have {DOCUMENTS_OF_A_PART} documents. Memory is that of the \
         clustering task, which holds a bit for every document and four bytes for each with a pair; all other tasks keep to \
         `run.memory`. Core-hours end with the decisions: reading, sketching and the exchange, but no extraction and no writing of \
         documents.\n\n| documents | text TB | keys at home TB | shuffled TB | larger sketches TB | decisions TB | objects | smallest \
         range KiB | memory GB | with a pair | core-hours |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
        one.text, one.keys, one.shuffled, one.pairs, one.candidates, one.details, one.decisions
    );
    for n in SCALES {
        let parts = n / DOCUMENTS_OF_A_PART;
        let shuffles = (n * one.shuffled / (1u64 << 20) as f64).min(parts).min(MAX_SHUFFLES);
        let allowed = n * one.shuffled / (shuffles * (256u64 << 10) as f64);
        let reducers = (n * one.shuffled / (256u64 << 20) as f64).min(allowed).min(MAX_REDUCERS);
        // Two tables of the map, then shuffle, pair, cluster, detail, verify, home.
        let objects = 2.0 * parts + shuffles + reducers + 1.0 + shuffles + reducers + shuffles;
        let candidates = n * one.candidates;
        let memory = n / 8.0 * (1.0 + 1.0 / 8.0) + 4.0 * candidates;
        let fits = if candidates > MAX_CANDIDATES { "too many" } else { "fits" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "| {n:.0e} | {:.1} | {:.2} | {:.2} | {:.2} | {:.3} | {objects:.0} | {:.0} | {:.1} | {candidates:.1e}, {fits} | {:.0} |",
            n * one.text / 1e12,
            n * one.keys / 1e12,
            n * one.shuffled / 1e12,
            n * one.details / 1e12,
            n * one.decisions / 1e12,
            n * one.shuffled / shuffles / reducers / 1024.0,
            memory / 1e9,
            n * one.seconds / 3600.0
        );
    }
    let first = MAX_CANDIDATES / one.candidates.max(1e-9);
    let _ = writeln!(
        out,
        "\nWhat breaks first is clustering: its one task numbers documents with four bytes, which is enough up to {first:.1e} \
         documents if as many of them have a pair as here, and stops with a message beyond. The plan: one `dedup.minhash` step per \
         language (`when = {{ lang = [...] }}`), which is what Llama 3 does anyway; no language has half of the documents, so \
         2e10 fit. Beyond that the pairs must be contracted before they are joined: every `pair` task can join its own range \
         first and hand on one link per document and cluster. The next limit is time: that task \
         reads all pairs twice, {:.2} TB for 1e11 documents, an hour or two at the speed of a disk.",
        2.0 * 1e11 * one.pairs / 1e12
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::dedup::ours::Stored;
    use crate::bench::measured::Cost;

    #[test]
    fn numbers_follow_from_those_of_one_document() {
        let stored = |table: &str, bytes: f64, rows: f64| Stored { table: table.to_owned(), bytes, rows };
        let run = Run {
            cost: Cost { cpu_seconds: 2.0, wall_seconds: 2.0, peak_bytes: 0.0 },
            steps: vec![("1 scan".into(), "sketch".into(), 0.0018), ("2 map".into(), "write".into(), 1.0)],
            n_documents: [1_000, 800],
            text_bytes: [4e6, 3e6],
            stored: vec![
                stored("keys.x", 168e3, 14e3),
                stored("sketch.x", 20e3, 1e3),
                stored("shuffled", 224e3, 14e3),
                stored("candidates", 4e3, 250.0),
            ],
        };
        let text = section(&run);
        assert!(text.contains("| 3e9 | 12.0 | 0.56 | 0.67 | 0.00 |"), "{text}");
        assert!(text.contains("7.5e8, fits |"), "{text}");
        assert!(text.contains("2.5e10, too many |"), "{text}");
        assert!(text.contains("up to 1.7e10 documents"), "{text}");
    }
}
