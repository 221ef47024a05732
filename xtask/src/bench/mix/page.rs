//! The section `mix` of the page, but for the scale note.

use super::{SIZES, number, phase};
use crate::bench::dedup::page::grouped;
use serde_json::Value;
use std::fmt::Write;

/// The section.
pub fn section(run: &Value, reader: &Value) -> String {
    let mut out = format!(
        "## Mixes and shards\n\n{} Seconds are CPU time of one thread, user and system.\n",
        crate::bench::report::machine()
    );
    out += &packing(&run["packing"]);
    out += &phases(run);
    out += &reading(reader);
    out
}

fn packing(packing: &Value) -> String {
    format!(
        "\n### Packing\n\n{} made-up documents with log-normal lengths of 1,000 tokens on average, by best fit into sequences of \
         8,192 tokens; documents that are longer are cut. Target: 60 CPU-seconds, and at most 0.1 % of all places left for \
         padding.\n\n| | |\n|---|---|\n| CPU s | **{:.2}** |\n| padding, % | **{:.4}** |\n| tokens | {} |\n| sequences | {} |\n\
         | pieces | {} |\n| GB of ids, 4 bytes each, per CPU-second | {:.1} |\n",
        grouped(number(packing, "/n_documents") as u64),
        number(packing, "/seconds"),
        number(packing, "/padding") * 100.0,
        grouped(number(packing, "/n_tokens") as u64),
        grouped(number(packing, "/n_sequences") as u64),
        grouped(number(packing, "/n_pieces") as u64),
        number(packing, "/n_tokens") * 4.0 / 1e9 / number(packing, "/seconds").max(1e-9)
    )
}

/// The phases of a mix beside what the machine allows.
fn phases(run: &Value) -> String {
    let store = &run["store"];
    let (n_documents, n_tokens) = (number(store, "/n_documents"), number(store, "/n_tokens"));
    let ids = n_tokens * 4.0;
    let mut out = format!(
        "\n### Shuffle and shards\n\nA token store of {} made-up documents with {} tokens, {:.2} GB in Parquet; shards of {} \
         tokens, best fit, all documents once. MB are 10^6 bytes of ids, 4 bytes each, and the limits work on as many bytes. \
         Shards are hashed twice, by xxh3 for their names and by sha256 for who reads them elsewhere. Target of scatter and shards \
         together: 300 MB per CPU-second.\n\n\
         | | CPU s | MB of ids per CPU-second | GB written | peak of memory, MB |\n|---|---|---|---|---|\n",
        grouped(n_documents as u64),
        grouped(n_tokens as u64),
        number(store, "/bytes") / 1e9,
        grouped(SIZES[2].parse().unwrap_or(0))
    );
    let rate = |seconds: f64, bytes: f64| bytes / 1e6 / seconds.max(1e-9);
    // Writing to a String cannot fail, here and below.
    for name in ["weigh", "cuts", "scatter", "shards"] {
        let phase = phase(run, name);
        let seconds = number(phase, "/seconds");
        let _ = writeln!(
            out,
            "| {name} | {seconds:.2} | {:.0} | {:.2} | {:.0} |",
            rate(seconds, ids),
            number(phase, "/bytes") / 1e9,
            number(phase, "/peak_bytes") / 1e6
        );
    }
    let seconds: f64 = ["scatter", "shards"].iter().map(|name| number(phase(run, name), "/seconds")).sum();
    let _ = writeln!(out, "| **scatter and shards** | {seconds:.2} | **{:.0}** | | |", rate(seconds, ids));
    for (name, path) in
        [("writing the token store as Parquet", "/write_seconds"), ("reading it, and nothing else", "/read_seconds")]
    {
        let seconds = number(store, path);
        let _ = writeln!(out, "| {name} | {seconds:.2} | {:.0} | | |", rate(seconds, ids));
    }
    let limits = &run["limits"];
    let bytes = number(limits, "/bytes");
    for (name, path) in [
        ("limit: copying in memory", "/memcpy"),
        ("limit: sha256", "/sha256"),
        ("limit: xxh3", "/xxh3"),
        ("limit: writing a file and syncing it", "/write"),
    ] {
        let seconds = number(limits, path);
        let _ = writeln!(out, "| {name} | {seconds:.2} | {:.0} | | |", rate(seconds, bytes));
    }
    let dataset = &run["dataset"];
    let _ = writeln!(
        out,
        "\nThe same file took {:.2} s of the clock: {:.0} MB/s of the disk. {} shards have {:.4} % padding. Exporting them, which \
         links the files and checks the digests of all, takes {:.2} CPU s.",
        number(limits, "/write_clock"),
        rate(number(limits, "/write_clock"), bytes),
        number(dataset, "/n_shards"),
        number(dataset, "/padding") * 100.0,
        number(dataset, "/export_seconds")
    );
    out
}

/// The reader for Python.
fn reading(reader: &Value) -> String {
    let mut out = format!(
        "\n### The reader\n\nThe Python reader on the shards above, in one process: batches of {} sequences of {} tokens, in \
         training order, padded, with the places where documents begin; beside it numpy, which copies the same ids out of a \
         memory map in file order. Files are in memory. Target: 20 million tokens per second.\n\n\
         | | million tokens per CPU-second |\n|---|---|\n",
        number(reader, "/batch"),
        number(reader, "/context")
    );
    for (name, path) in [
        ("reader, one epoch", "/reader/tokens_per_cpu_s"),
        ("reader, two epochs", "/reader_two_epochs/tokens_per_cpu_s"),
        ("bare numpy", "/memmap/tokens_per_cpu_s"),
    ] {
        let _ = writeln!(out, "| {name} | {:.0} |", number(reader, path) / 1e6);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_the_bytes_of_ids() {
        let reader = serde_json::json!({"context": 8192, "batch": 32, "reader": {"tokens_per_cpu_s": 5e7},
            "reader_two_epochs": {"tokens_per_cpu_s": 6e7}, "memmap": {"tokens_per_cpu_s": 9e8}});
        let text = section(&crate::bench::mix::tests::run(), &reader);
        assert!(text.contains("| CPU s | **2.50** |") && text.contains("| padding, % | **0.0250** |"), "{text}");
        assert!(text.contains("| scatter | 0.01 | 400 | 0.00 | 3 |"), "{text}");
        assert!(text.contains("| **scatter and shards** | 0.03 | **133** |"), "{text}");
        assert!(text.contains("| limit: sha256 | 0.00 | 1000 |") && text.contains("500 MB/s of the disk"), "{text}");
        assert!(text.contains("| reader, one epoch | 50 |") && text.contains("| bare numpy | 900 |"), "{text}");
    }
}
