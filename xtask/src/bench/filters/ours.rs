//! Our steps over documents, by the example `filters` of the program.

use super::Bench;
use crate::bench::dedup::corpus::{lines, write};
use crate::error::Result;
use crate::repo;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A step and its parameters as TOML.
pub type Step = (&'static str, String);

/// What a run of steps over a set of documents cost, and what it said.
pub struct Run {
    /// Documents of the set.
    pub n_documents: f64,
    /// Bytes of their texts.
    pub bytes: f64,
    /// CPU seconds of one thread, the best of three rounds.
    pub seconds: f64,
    /// Metrics of each step, and whether high values are kept.
    pub steps: Vec<Value>,
    /// What was said of each document; empty unless asked for.
    pub said: Vec<Value>,
}

impl Run {
    /// MB of text in a second.
    pub fn rate(&self) -> f64 {
        self.bytes / 1e6 / self.seconds.max(1e-9)
    }

    /// Documents in a second.
    pub fn documents_per_second(&self) -> f64 {
        self.n_documents / self.seconds.max(1e-9)
    }

    /// Documents that some step removes.
    pub fn n_removed(&self) -> usize {
        let is_removed = |said: &&Value| steps(said).iter().any(|step| !step["reason"].is_null());
        self.said.iter().filter(is_removed).count()
    }

    /// Where a metric is among those of a step.
    pub fn at(&self, step: usize, metric: &str) -> usize {
        let metrics = self.steps[step]["metrics"].as_array().map_or(&[][..], Vec::as_slice);
        metrics.iter().position(|name| name == metric).unwrap_or(usize::MAX)
    }

    /// A number of a step of each document.
    pub fn numbers(&self, step: usize, metric: usize) -> Vec<Option<f64>> {
        self.said.iter().map(|said| said["steps"][step]["numbers"][metric].as_f64()).collect()
    }
}

/// What the steps said of a document.
pub fn steps(said: &Value) -> &[Value] {
    said["steps"].as_array().map_or(&[], Vec::as_slice)
}

/// The example `filters`, and where it may write.
pub struct Program {
    /// The program.
    pub path: PathBuf,
    /// Where lists of steps and answers go.
    pub folder: PathBuf,
}

impl Program {
    /// Runs steps over a file of documents, and reads what they say when `is_asked`.
    pub fn start(&self, set: &Path, steps: &[Step], is_asked: bool) -> Result<Run> {
        let (list, out) = (self.folder.join("steps.json"), self.folder.join("said.jsonl"));
        write(&list, &json!(steps).to_string())?;
        let mut command = Command::new(&self.path);
        command.arg(&list).arg(set);
        if is_asked {
            command.arg(&out);
        }
        let cost = crate::bench::read_json(&repo::output(&mut command)?)?;
        let number = |key: &str| cost[key].as_f64().unwrap_or(f64::NAN);
        let said = if is_asked { read_rows(&out)? } else { Vec::new() };
        Ok(Run {
            n_documents: number("documents"),
            bytes: number("bytes"),
            seconds: number("seconds"),
            steps: cost["steps"].as_array().cloned().unwrap_or_default(),
            said,
        })
    }
}

impl Bench<'_> {
    /// Runs steps over a set and only measures.
    pub fn time(&self, set: &str, steps: &[Step]) -> Result<Run> {
        self.program.start(&self.set(set), steps, false)
    }

    /// Runs steps over a set, and reads what they say.
    pub fn ask(&self, set: &str, steps: &[Step]) -> Result<Run> {
        self.program.start(&self.set(set), steps, true)
    }

    /// The documents of a set, as they are in its file.
    pub fn rows(&self, set: &str) -> Result<Vec<Value>> {
        read_rows(&self.set(set))
    }
}

/// The lines of a file of JSON lines.
pub fn read_rows(path: &Path) -> Result<Vec<Value>> {
    let read = |line: std::io::Result<String>| {
        crate::bench::read_json(&line.map_err(|error| crate::error::Error::io("read", path, &error))?)
    };
    lines(path)?.map(read).collect()
}
