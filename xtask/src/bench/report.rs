//! Turns measured seconds into tables.

use super::corpus::Corpus;
use crate::error::{Error, Result};
use serde_json::Value;
use std::fmt::Write;

/// The tables of one corpus.
pub fn section(corpus: &Corpus, timings: &Value, read: &Value) -> Result<String> {
    let mut out = format!("## {}\n\n", corpus.name);
    let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_f64).unwrap_or(0.0);
    let bytes = number(read, "bytes");
    let rate = |seconds: f64| bytes / 1e6 / seconds.max(1e-9);
    let (inflate, reading) = (rate(number(read, "inflate_seconds")), rate(number(read, "read_seconds")));
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(out, "| reading the gzip files | MB/s of inflated bytes |\n|---|---|");
    let _ = writeln!(out, "| inflation alone, zlib-rs with checksums | {inflate:.0} |");
    let _ = writeln!(out, "| records out of the same files | {reading:.0} |\n");
    let phases = timings.as_array().ok_or_else(|| Error::new("the timings are no list"))?;
    let _ = writeln!(
        out,
        "| phase | step | documents | MB in | CPU s | documents/s | MB/s |\n|---|---|---|---|---|---|---|"
    );
    let (mut total, mut raw, mut documents) = (0.0, 0.0, 0.0);
    for phase in phases {
        let name = phase.get("phase").and_then(Value::as_str).unwrap_or("");
        let seconds = phase.get("cpu_seconds").and_then(Value::as_object).cloned().unwrap_or_default();
        total += seconds.values().filter_map(Value::as_f64).sum::<f64>();
        for (step, n_in, bytes_in) in steps(phase) {
            if raw == 0.0 {
                (raw, documents) = (bytes_in, n_in);
            }
            let seconds = seconds.get(&step).and_then(Value::as_f64).unwrap_or(0.0);
            let (megabytes, per) = (bytes_in / 1e6, seconds.max(1e-9));
            let _ = writeln!(
                out,
                "| {name} | `{step}` | {n_in} | {megabytes:.1} | {seconds:.3} | {:.0} | {:.1} |",
                n_in / per,
                megabytes / per
            );
        }
        if let Some(seconds) = seconds.get("write").and_then(Value::as_f64) {
            let _ = writeln!(out, "| {name} | writing the tables | | | {seconds:.3} | | |");
        }
    }
    let _ = writeln!(
        out,
        "| all map phases | | {documents} | {:.1} | {total:.3} | {:.0} | {:.1} |",
        raw / 1e6,
        documents / total.max(1e-9),
        raw / 1e6 / total.max(1e-9)
    );
    Ok(out)
}

/// Name, documents in and bytes in of every step, summed over all parts.
fn steps(phase: &Value) -> Vec<(String, f64, f64)> {
    let mut sums: Vec<(String, f64, f64)> = Vec::new();
    for tally in phase.get("tallies").and_then(Value::as_array).into_iter().flatten() {
        for (at, step) in tally.get("steps").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let number = |key: &str| step.get(key).and_then(Value::as_f64).unwrap_or(0.0);
            if at == sums.len() {
                let name = step.get("name").and_then(Value::as_str).unwrap_or("").to_owned();
                sums.push((name, 0.0, 0.0));
            }
            sums[at].1 += number("n_in");
            sums[at].2 += number("bytes_in");
        }
    }
    sums
}

/// The page with all sections.
pub fn page(sections: &[String]) -> String {
    format!(
        "<!-- written by `cargo xtask bench` -->\n# Benchmarks\n\n{} All seconds are CPU seconds of one thread; the recipe is \
         `{}`. Rates of steps are bytes of what the step reads: HTML before the extraction, text after it. The \
         [exchange](benchmarks/exchange.md), the [extraction](benchmarks/extraction.md), \
         [filters](benchmarks/filters.md), [classifiers](benchmarks/classifiers.md), \
         [deduplication](benchmarks/dedup.md), encoders on the [CPU](benchmarks/encoders.md) and on [GPUs](benchmarks/gpu.md), [tokens and mixes](benchmarks/tokens.md), [mixes found by experiment](benchmarks/ablation.md), [looking at a large run](benchmarks/inspect.md), and [runs of a hundred thousand tasks](benchmarks/scale.md) have pages of their own.\n\n{}",
        machine(),
        super::RECIPE,
        sections.join("\n")
    )
}

/// The machine that is measured on.
pub fn machine() -> String {
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("an unknown processor");
    let model = model.trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("Machine: {model}, {cores} cores.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_add_up_over_parts() {
        let tally = serde_json::json!({"steps": [{"name": "read", "n_in": 2, "bytes_in": 10}]});
        let phase = serde_json::json!({"phase": "map", "tallies": [tally, tally], "cpu_seconds": {"read": 0.5}});
        assert_eq!(steps(&phase), [("read".to_owned(), 4.0, 20.0)]);
        let corpus = Corpus::of_files("c", &["a.gz"]);
        let read = serde_json::json!({"bytes": 1e6, "inflate_seconds": 0.01, "read_seconds": 0.02});
        let text = section(&corpus, &Value::Array(vec![phase]), &read).unwrap();
        assert!(text.contains("| map | `read` | 4 | 0.0 | 0.500 | 8 |"), "{text}");
        assert!(text.contains("| inflation alone, zlib-rs with checksums | 100 |"), "{text}");
    }
}
