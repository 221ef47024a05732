//! The page `docs/benchmarks/dedup.md`: quality, cost and memory as tables.

use super::Memory;
use super::corpus::N_SAMPLED;
use super::ours::Run;
use super::peers::Peer;
use crate::error::{Error, Result};
use serde_json::Value;
use std::fmt::Write;

/// Columns of the quality table: pointer into the scores, and head.
const COLUMNS: [(&str, &str); 9] = [
    ("/documents", "documents"),
    ("/removed", "removed"),
    ("/recall_pairs_0.8", "pairs >= 0.8 found"),
    ("/precision_named_twin/0.7", "named twin >= 0.7"),
    ("/precision_best_partner/0.7", "best partner >= 0.7"),
    ("/precision_best_partner/0.8", "best partner >= 0.8"),
    ("/groups_0.8", "groups"),
    ("/groups_wiped_out", "no survivor"),
    ("/twin_not_kept", "twin not kept"),
];

/// Bands of the Jaccard similarity, as the scorer names them.
const BANDS: [&str; 7] = ["1.0", "0.9-1", "0.8-0.9", "0.7-0.8", "0.6-0.7", "0.4-0.6", "<0.4"];

/// The scores of one system.
pub struct Quality {
    name: String,
    scores: Value,
}

impl Quality {
    /// What the scorer says of a system.
    pub fn new(name: &str, scores: Value) -> Quality {
        Quality { name: name.to_owned(), scores }
    }
}

/// The head of the page; `n_pairs` are all planted pairs, and those to be found.
pub fn head(run: &Run, n_pairs: [usize; 2], ours: &[Quality], peers: &[Peer]) -> String {
    let mut out = format!(
        "<!-- written by `cargo xtask bench dedup` -->\n# Deduplication\n\n{} The corpus: {} documents with {:.0} MB of text, \
         made of paragraphs of the archives `extraction` and `quality`; {} pairs in planted groups, {} of them with a \
         similarity of 0.8 or more. Similarity is the exact Jaccard similarity of the sets of word 5-grams. datatrove is slow, \
         so it gets the first {} documents only.\n",
        crate::bench::report::machine(),
        grouped(run.n_documents[0]),
        run.text_bytes[0] / 1e6,
        grouped(n_pairs[0] as u64),
        grouped(n_pairs[1] as u64),
        grouped(N_SAMPLED as u64),
    );
    let systems: Vec<&Quality> = ours.iter().chain(peers.iter().map(|peer| &peer.quality)).collect();
    out += "\n## Quality\n\n| system |";
    COLUMNS.iter().for_each(|(_, head)| out += &format!(" {head} |"));
    out += &format!("\n|{}\n", "---|".repeat(COLUMNS.len() + 1));
    for system in &systems {
        out += &format!("| {} |", system.name);
        COLUMNS.iter().for_each(|(pointer, _)| out += &format!(" {} |", cell(system.scores.pointer(pointer))));
        out.push('\n');
    }
    out += "\nA pair is found when not both of its documents are kept. Named twin: share of the removed documents that name a \
            document so similar as the one kept instead; best partner: share with any document so similar in the corpus; \
            planted pairs only. Groups are joined by pairs >= 0.8; one without survivor has lost all its documents. rensa \
            asks for an estimate of 0.7; its rho pipeline flags whatever has a twin and does not say what to keep.\n\n\
            Pairs that stand alone in their group, found by similarity:\n\n| system |";
    BANDS.iter().for_each(|band| out += &format!(" {} |", band.replace('<', "below ")));
    out += &format!("\n|{}\n", "---|".repeat(BANDS.len() + 1));
    for system in &systems {
        out += &format!("| {} |", system.name);
        let bands = &system.scores["recall_by_band_isolated"];
        BANDS.iter().for_each(|band| out += &format!(" {} |", cell(bands[*band].get(1))));
        out.push('\n');
    }
    out
}

/// Counts as they are, shares with four digits, and a dash for what a system does not say.
fn cell(value: Option<&Value>) -> String {
    match value.filter(|value| !value.is_null()) {
        None => "–".to_owned(),
        Some(value) => match value.as_u64() {
            Some(count) => grouped(count),
            None => format!("{:.4}", value.as_f64().unwrap_or(f64::NAN)),
        },
    }
}

/// A count with commas between the thousands.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What a gigabyte of text costs us, phase by phase, and the peers.
pub fn cost(run: &Run, others: &[(&str, Run)], peers: &[Peer]) -> String {
    let mut out = "\n## Cost\n\nCPU seconds, user and system, of whole processes on one thread, for 10^9 bytes of text; the JSON \
                   around it is read, not counted.\n\n| system | CPU s | CPU s per GB | times ours |\n|---|---|---|---|\n"
        .to_owned();
    let ours = per_gigabyte(run.decision_seconds(), run.text_bytes[0]);
    let mut row = |name: &str, seconds: f64, bytes: f64| {
        let per = per_gigabyte(seconds, bytes);
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(out, "| {name} | {seconds:.1} | {per:.1} | {:.2} |", per / ours.max(1e-9));
    };
    row("tokenmill, dedup.minhash, to the decisions", run.decision_seconds(), run.text_bytes[0]);
    row("tokenmill, dedup.minhash, with the kept documents written", run.cost.cpu_seconds, run.text_bytes[0]);
    for (step, run) in others {
        row(&format!("tokenmill, {step}, to the decisions"), run.decision_seconds(), run.text_bytes[0]);
    }
    peers.iter().for_each(|peer| row(&peer.name, peer.cost.cpu_seconds, peer.text_bytes));
    out += "\nrensa and datatrove read the JSON and cut the words in Python, and write ids only.";
    out += " Ours also writes all tables and ledgers of a run, by phase:\n\n";
    out += &phases(run);
    out
}

fn per_gigabyte(seconds: f64, bytes: f64) -> f64 {
    seconds / (bytes / 1e9).max(1e-9)
}

/// CPU seconds by phase and step.
fn phases(run: &Run) -> String {
    let mut out = "| phase | step | CPU s | CPU s per GB |\n|---|---|---|---|\n".to_owned();
    let mut row = |phase: &str, step: &str, seconds: f64| {
        let _ = writeln!(out, "| {phase} | {step} | {seconds:.2} | {:.2} |", per_gigabyte(seconds, run.text_bytes[0]));
    };
    for (phase, step, seconds) in &run.steps {
        row(phase, &format!("`{step}`"), *seconds);
    }
    row("all else", "", run.rest_seconds());
    row("the whole process", "", run.cost.cpu_seconds);
    out
}

/// Peaks of memory; the same documents must be kept however little there is.
///
/// # Errors
/// When they are not: such a page must not be written.
pub fn memory(runs: &[Memory], peers: &[Peer]) -> Result<String> {
    let mut out = "\n## Memory\n\nPeak of resident memory of the whole process, on one thread.\n\n| system | `run.memory` | peak MB | kept |\n\
                   |---|---|---|---|\n"
        .to_owned();
    for (memory, run) in runs {
        let peak = run.cost.peak_bytes / 1e6;
        let _ = writeln!(out, "| tokenmill, dedup.minhash | {memory} | {peak:.0} | {} |", grouped(run.n_documents[1]));
    }
    for peer in peers {
        let _ = writeln!(out, "| {} | | {:.0} | |", peer.name, peer.cost.peak_bytes / 1e6);
    }
    if runs.windows(2).any(|pair| pair[0].1.n_documents != pair[1].1.n_documents) {
        return Err(Error::new(format!("the memory of a run changes what it keeps:\n{out}")));
    }
    out += "\nAll runs of ours keep the same number of documents.\n";
    Ok(out)
}

/// What the removal of repeated lines costs.
pub fn lines(run: &Run) -> String {
    let [read, kept] = run.text_bytes.map(|bytes| bytes / 1e6);
    format!(
        "\n## Lines\n\n`dedup.lines` alone on the same corpus: {:.1} CPU seconds per GB to the decisions, {:.1} with the \
         edited documents written, {:.0} MB at the peak; of {read:.0} MB \
         of text, {kept:.0} MB are left.\n\n{}",
        per_gigabyte(run.decision_seconds(), run.text_bytes[0]),
        per_gigabyte(run.cost.cpu_seconds, run.text_bytes[0]),
        run.cost.peak_bytes / 1e6,
        phases(run)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measured::Cost;
    use serde_json::json;

    fn run(n_kept: u64) -> Run {
        Run {
            cost: Cost { cpu_seconds: 20.0, wall_seconds: 20.0, peak_bytes: 3e8 },
            steps: vec![("1 scan".to_owned(), "read".to_owned(), 5.0), ("2 map".to_owned(), "write".to_owned(), 5.0)],
            n_documents: [9, n_kept],
            text_bytes: [5e8, 4e8],
            stored: Vec::new(),
        }
    }

    fn peer() -> Peer {
        Peer {
            name: "slow".to_owned(),
            cost: Cost { cpu_seconds: 30.0, wall_seconds: 30.0, peak_bytes: 5e8 },
            text_bytes: 1e8,
            quality: Quality::new("slow", json!({"removed": 3, "recall_by_band_isolated": {"1.0": [0, null]}})),
        }
    }

    #[test]
    fn the_head_has_every_system() {
        let scores = json!({"recall_pairs_0.8": 0.98, "recall_by_band_isolated": {"<0.4": [5, 0.25]}});
        let text = head(&run(8), [7, 6], &[Quality::new("ours", scores)], &[peer()]);
        assert!(text.contains("9 documents with 500 MB of text") && text.contains("7 pairs"), "{text}");
        assert!(text.contains("| ours | – | – | 0.9800 |") && text.contains("– | 0.2500 |"), "{text}");
        assert!(text.contains("| slow | – | 3 |"), "{text}");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn costs_are_per_gigabyte() {
        let text = cost(&run(8), &[], &[peer()]);
        assert!(text.contains("| tokenmill, dedup.minhash, to the decisions | 5.0 | 10.0 | 1.00 |"), "{text}");
        assert!(text.contains("| slow | 30.0 | 300.0 | 30.00 |"), "{text}");
        assert!(text.contains("| 1 scan | `read` | 5.00 | 10.00 |"), "{text}");
        assert!(text.contains("| all else |  | 10.00 | 20.00 |"), "{text}");
        assert!(
            lines(&run(9))
                .contains("10.0 CPU seconds per GB to the decisions, 40.0 with the edited documents written, 300 MB")
        );
    }

    #[test]
    fn memory_must_not_change_what_is_kept() {
        let text = memory(&[("256MiB", run(8)), ("64MiB", run(8))], &[peer()]).unwrap();
        assert!(text.contains("| tokenmill, dedup.minhash | 64MiB | 300 | 8 |"), "{text}");
        assert!(memory(&[("256MiB", run(8)), ("64MiB", run(7))], &[]).is_err());
    }
}
