//! `cargo xtask bench mix`: packing, scatter and shards beside what the machine allows, the reader, and the scale of 15T tokens.

mod page;
mod scale;

use crate::bench::tokens::{PAGE, figures_file};
use crate::bench::{python, read_json, sections};
use crate::error::{Error, Result};
use crate::repo::{self, Repo};
use serde_json::Value;
use std::process::Command;

/// Documents that are packed, tokens of the token store, and tokens of a shard.
const SIZES: [&str; 3] = ["10000000", "500000000", "64000000"];

/// What the reader needs, pinned.
const NUMPY: &str = "numpy==2.4.6";

/// Measures and writes the section `mix` of the page.
pub fn run(repo: &Repo) -> Result<()> {
    let file = figures_file(repo)?;
    let encoding = std::fs::read_to_string(&file).map_err(|_| {
        Error::new("the scale note needs the speed of encoding\nhint: run `cargo xtask bench tokens` first")
    })?;
    let encoding = read_json(&encoding)?;
    let target = repo.target()?;
    repo::run(repo.cargo(&["build", "--release", "--package", "tokenmill", "--example", "mix_speed"]))?;
    let python = python::with(repo, &[NUMPY])?;
    let folder = target.join("bench").join("mix");
    let _ = std::fs::remove_dir_all(&folder);
    println!("measuring {} documents and {} tokens …", SIZES[0], SIZES[1]);
    let program = target.join("release").join("examples").join("mix_speed");
    let run = read_json(&repo::output(Command::new(program).args(SIZES).arg(&folder))?)?;
    println!("measuring the reader …");
    let mut command = Command::new(python);
    command.arg(repo.root().join("mix/python/bench_reader.py")).arg(folder.join("export"));
    let reader = read_json(&repo::output(&mut command)?)?;
    let _ = std::fs::remove_dir_all(&folder);
    let section = page::section(&run, &reader) + &scale::section(&run, &encoding);
    println!("{section}");
    sections::write(repo, PAGE, "mix", &section)
}

/// A number at a place of a JSON object; 0 where there is none.
fn number(value: &Value, path: &str) -> f64 {
    value.pointer(path).and_then(Value::as_f64).unwrap_or(0.0)
}

/// What was measured of a phase; null when there is none of this name.
fn phase<'a>(run: &'a Value, name: &str) -> &'a Value {
    static NONE: Value = Value::Null;
    let mut phases = run["phases"].as_array().into_iter().flatten();
    phases.find(|phase| phase["name"] == name).unwrap_or(&NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `mix_speed` prints, with round numbers: a million tokens in a thousand documents.
    pub fn run() -> Value {
        serde_json::json!({
            "packing": {"n_documents": 1e7, "n_tokens": 1e10, "n_pieces": 1.1e7, "n_sequences": 1_221_000, "padding": 0.00025, "seconds": 2.5},
            "limits": {"bytes": 4e6, "memcpy": 0.0004, "sha256": 0.004, "xxh3": 0.0004, "write": 0.002, "write_clock": 0.008},
            "store": {"n_documents": 1_000, "n_tokens": 1_000_000, "bytes": 2_500_000, "write_seconds": 0.02, "read_seconds": 0.01},
            "phases": [
                {"name": "weigh", "n_tasks": 2, "seconds": 0.001, "bytes": 100, "n_objects": 2, "get": 4, "put": 2, "peak_bytes": 1e7},
                {"name": "cuts", "n_tasks": 1, "seconds": 0.002, "bytes": 100, "n_objects": 1, "get": 4, "put": 1, "peak_bytes": 1e7},
                {"name": "scatter", "n_tasks": 2, "seconds": 0.01, "bytes": 4_060_000, "n_objects": 4, "n_uses": 2,
                 "uses_bytes": 4_048_000, "get": 20, "put": 4, "peak_bytes": 3_036_000},
                {"name": "shards", "n_tasks": 2, "seconds": 0.02, "bytes": 4_040_000, "n_objects": 8, "get": 8, "put": 8, "peak_bytes": 6e6},
            ],
            "dataset": {"n_documents": 1_000, "n_tokens": 1_001_000, "n_shards": 2, "padding": 0.001, "export_seconds": 0.003},
        })
    }

    #[test]
    fn phases_are_found_by_their_names() {
        let run = run();
        assert!((number(phase(&run, "shards"), "/seconds") - 0.02).abs() < 1e-9);
        assert!(phase(&run, "none").is_null() && number(phase(&run, "none"), "/seconds").abs() < 1e-9);
    }
}
