//! Whole runs of very small jobs.

mod data;
mod runs;

use super::{Job, TrainError, train};
use std::path::{Path, PathBuf};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Writes ids as a `.bin` file.
#[expect(clippy::disallowed_methods, reason = "tests make files as a user would")]
fn shard(folder: &Path, name: &str, ids: impl IntoIterator<Item = u16>) -> Outcome<PathBuf> {
    let path = folder.join(name);
    std::fs::write(&path, ids.into_iter().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())?;
    Ok(path)
}

/// A job of 20 steps with 4 sequences of 8 tokens, on one shard that is also tested on.
fn job(shard: &Path) -> Outcome<Job> {
    Ok(Job::from_json(
        &serde_json::json!({
            "seed": 1, "context": 8, "batch": 4, "tokens": 640,
            "model": { "layers": 2, "hidden": 16, "heads": 2, "vocab": 32 },
            "optimiser": { "lr": 0.02, "decay": "cosine" },
            "train": [{ "group": "a", "weight": 1, "shards": [shard] }],
            "valid": [{ "group": "a", "shards": [shard], "tokens": 1000 }],
            "dtype": "u16", "report_every": 10
        })
        .to_string(),
    )?)
}

/// The log of a run.
fn log_of(job: &Job) -> Result<String, TrainError> {
    let mut log = Vec::new();
    train(job, &mut log)?;
    Ok(String::from_utf8_lossy(&log).into_owned())
}

/// The log without the one number that differs from run to run.
fn without_speed(log: &str) -> String {
    log.lines().map(|line| line.split(" tokens_per_second").next().unwrap_or_default().to_owned() + "\n").collect()
}

/// What stands behind `words` in the log.
fn number(log: &str, words: &str) -> Outcome<f64> {
    let line = log.lines().find_map(|line| line.strip_prefix(words)).ok_or_else(|| format!("no `{words}` in {log}"))?;
    Ok(line.split_whitespace().next().ok_or("nothing there")?.parse()?)
}
