//! `cargo xtask bench encoder`: an encoder on one core next to ONNX Runtime and PyTorch, in speed and in what it says.

use super::report;
use crate::error::Result;
use crate::repo::{self, Repo};
use crate::test::readers;
use serde_json::Value;
use std::fmt::Write;
use std::process::Command;

/// The page that is written.
const PAGE: &str = "docs/benchmarks/encoders.md";

/// What all are measured by.
const REFERENCE: &str = "ONNX Runtime, float32";

/// Measures and writes the page.
///
/// # Errors
/// When something cannot be built, installed or run.
pub fn run(repo: &Repo) -> Result<()> {
    repo::run(repo.cargo(&["build", "--release", "--package", "tokenmill-gpu-scoring", "--example", "encode"]))?;
    let target = repo.target()?;
    let python = readers::python(repo, &target)?;
    println!("measuring a random DistilRoberta …");
    let mut command = Command::new(python);
    command.args(["-W", "ignore"]).arg(repo.root().join("gpu-scoring/bench/cpu.py"));
    command.arg(target.join("release/examples/encode")).arg(target.join("bench/encoder"));
    let page = page(&super::read_json(&repo::output(&mut command)?)?);
    println!("{page}");
    repo.write(PAGE, page.as_bytes())?;
    println!("wrote {PAGE}");
    Ok(())
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or(f64::NAN)
}

/// The page from what `cpu.py` prints.
fn page(run: &Value) -> String {
    let rows = run["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |key: &str| run[key].as_str().unwrap_or_default().to_owned();
    let reference =
        rows.iter().find(|row| row["name"] == REFERENCE).map_or(f64::NAN, |row| number(row, "sequences_per_second"));
    let mut out = format!(
        "<!-- written by `cargo xtask bench encoder` -->\n# Encoders\n\n{} Our device: {}.\n\n## On one core\n\nA DistilRoberta with random \
         weights (6 layers of 768 numbers, feed-forward layers of 3,072, tanh GELU), {} sequences of {} tokens, one thread; sequences \
         per second of CPU time, the best of {} rounds in turns. GFLOP/s count the matrices of the layers. Differences of \
         logits are those to transformers in float64 on {} other sequences, of which the logits have a standard deviation of {:.2}; \
         flips are sequences that get another label. ONNX Runtime {} with its dynamic quantization, PyTorch {} with {}, transformers {}.\n\n\
         | | sequences/s | times ONNX Runtime float32 | GFLOP/s | largest difference | mean difference | flips |\n\
         |---|---|---|---|---|---|---|\n",
        report::machine(),
        text("device"),
        run["sequences"],
        run["tokens"],
        rows.first().and_then(|row| row["rounds"].as_array()).map_or(0, Vec::len),
        run["checked"],
        run["spread"][0].as_f64().unwrap_or(f64::NAN),
        text("onnxruntime"),
        text("torch"),
        text("blas"),
        text("transformers"),
    );
    for row in rows {
        let speed = number(row, "sequences_per_second");
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "| {} | {speed:.2} | **{:.2}** | {:.0} | {:.1e} | {:.1e} | {} |",
            row["name"].as_str().unwrap_or_default(),
            speed / reference,
            number(row, "gflops"),
            number(row, "max_difference"),
            number(row, "mean_difference"),
            row["flips"]
        );
    }
    out += "\nRandom weights are a hard case for 8 bits: labels lie closer together than those of a trained model. What a trained \
            model loses is checked on a public one by the tests of the readers tier (`tests/readers/encoders.rs`).\n\n\
            ## To reproduce\n\n`cargo xtask bench encoder` runs `gpu-scoring/bench/cpu.py` with the example `encode`. Weights and \
            sequences are drawn anew each time. On a GPU see `gpu-scoring/bench/gpu.py`.\n";
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_a_row_for_each_and_the_ratio() {
        let row = |name: &str, speed: f64| {
            serde_json::json!({"name": name, "sequences_per_second": speed, "rounds": [1, 2], "gflops": 50.0,
                "max_difference": 1e-6, "mean_difference": 1e-7, "flips": 0})
        };
        let rows = [row(REFERENCE, 8.0), row("tokenmill, float32", 10.0)];
        let page =
            page(&serde_json::json!({"rows": rows, "sequences": 8, "tokens": 128, "checked": 32, "spread": [0.5]}));
        assert!(page.contains("| tokenmill, float32 | 10.00 | **1.25** | 50 | 1.0e-6 | 1.0e-7 | 0 |"), "{page}");
        assert!(page.contains("8 sequences of 128 tokens") && page.contains("the best of 2 rounds"), "{page}");
    }
}
