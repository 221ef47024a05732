//! `cargo xtask bench gpu`: encoders on a GPU next to PyTorch, and through the whole program; writes `docs/benchmarks/gpu.md`.
//!
//! The Python of `TOKENMILL_TORCH` (or `python3`) must have PyTorch, transformers and pyarrow. On a machine without a compiler the two
//! scripts of `gpu-scoring/bench` are run by hand, and `cargo xtask bench gpu FOLDER` makes the page of what they left.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::repo::{self, Repo};

/// Tokens of the training set that costs are stated for: that of Llama 3.
const CRAWL: f64 = 15e12;
/// Bytes of text of a token, about, of English web text.
const BYTES: f64 = 4.5;

/// Measures, unless `results` has what was measured, and writes the page.
pub fn run(repo: &Repo, results: Option<&str>) -> Result<()> {
    let folder = match results {
        Some(folder) => PathBuf::from(folder),
        None => measure(repo)?,
    };
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).map_err(|error| Error::io("read", &path, &error))
    };
    let feed: Value = super::read_json(&read("feed.json")?)?;
    let page = format!(
        "<!-- written by `cargo xtask bench gpu` -->\n# Encoders on a GPU\n\nWhat is computed is in \
         [ADR 0012](../adr/0012-one-encoder-for-every-device.md); the CPU has [a page of its own](encoders.md).\n\n\
         ## Next to PyTorch\n\n{}\n{}",
        read("gpu.md")?.trim_end(),
        fed(&feed)
    );
    repo.write("docs/benchmarks/gpu.md", page.as_bytes())?;
    println!("wrote docs/benchmarks/gpu.md");
    Ok(())
}

fn measure(repo: &Repo) -> Result<PathBuf> {
    let build =
        ["build", "--release", "--package", "tokenmill", "--package", "tokenmill-gpu-scoring", "--bins", "--examples"];
    repo::run(repo.cargo(&build))?;
    let release = repo.target()?.join("release");
    let folder = repo.target()?.join("bench").join("gpu");
    let python = std::env::var("TOKENMILL_TORCH").unwrap_or_else(|_| "python3".to_owned());
    let script = |name: &str, program: (&str, &Path)| {
        let mut command = Command::new(&python);
        command.arg(repo.root().join("gpu-scoring/bench").join(name)).arg(program.0).arg(program.1);
        repo::run(command.arg("--out").arg(&folder))
    };
    script("gpu.py", ("--encode", &release.join("examples/encode")))?;
    script("feed.py", ("--program", &release.join("tokenmill")))?;
    Ok(folder)
}

/// What the whole program does, and what a crawl costs at that rate.
fn fed(feed: &Value) -> String {
    let number = |name: &str| feed[name].as_f64().unwrap_or(0.0);
    let (rate, sequences, tokens) = (number("tokens_per_second"), number("sequences"), number("tokens"));
    let documents = rate * sequences / tokens.max(1.0);
    let hours = CRAWL / rate.max(1.0) / 3600.0;
    format!(
        "\n## Through the whole program\n\n`tokenmill run` with the step `score.encoder`, a DistilRoBERTa, on {}: {sequences:.0} documents of \
         about 3 KB in Parquet on disk: read, cut to 512 tokens, tokenised, batched, scored, and the scores stored.\n\n\
         | tokens of a document that are scored | tokens/s | documents/s | the GPU was idle |\n|---|---|---|---|\n\
         | {:.0} | {:.2} M | {documents:.0} | {:.1} % of the time |\n\n\
         ## What a crawl costs\n\nAt that rate 15T tokens, every one of which is scored, take {hours:.0} GPU hours. With \
         `windows = \"first\"` only the first 512 tokens of a document are scored, so a crawl of longer documents takes less: at 1,000 \
         tokens a document, {:.0} hours for the 15 billion documents of 15T tokens. The device is fed by about {:.0} MB/s of text, which is \
         {:.1} cores of byte-level BPE at the rate of [tokens](tokens.md), and Parquet to read.\n",
        feed["device"].as_str().unwrap_or("a GPU"),
        tokens / sequences.max(1.0),
        rate / 1e6,
        number("idle_percent"),
        hours * 512.0 / 1000.0,
        rate * BYTES / 1e6,
        rate * BYTES / 1e6 / 107.0,
    )
}
