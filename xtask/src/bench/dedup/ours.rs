//! Our own runs: what they cost by phase, and what `tokenmill apply` decides about every document.

use super::Bench;
use super::corpus::{lines, read, write};
use crate::bench::measured::{self, Cost};
use crate::error::{Error, Result};
use crate::repo;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A measured run of a recipe with one step.
#[derive(Clone, Debug)]
pub struct Run {
    /// Of the whole process.
    pub cost: Cost,
    /// Phase, step, and CPU seconds, as far as the phases say.
    pub steps: Vec<(String, String, f64)>,
    /// Documents read, and kept.
    pub n_documents: [u64; 2],
    /// Bytes of the texts read, and kept.
    pub text_bytes: [f64; 2],
    /// What the phases have stored.
    pub stored: Vec<Stored>,
}

/// One table of one phase, over all parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Name of the table.
    pub table: String,
    /// Bytes of all objects.
    pub bytes: f64,
    /// Rows of all objects.
    pub rows: f64,
}

impl Run {
    fn parse(cost: Cost, timings: &Value) -> Result<Run> {
        let phases = timings.as_array().ok_or_else(|| Error::new("the timings are no list"))?;
        let mut steps = Vec::new();
        for (at, phase) in phases.iter().enumerate() {
            let name = format!("{} {}", at + 1, phase["phase"].as_str().unwrap_or_default());
            for (step, seconds) in phase["cpu_seconds"].as_object().into_iter().flatten() {
                steps.push((name.clone(), step.clone(), seconds.as_f64().unwrap_or(0.0)));
            }
        }
        let mut maps = phases.iter().filter(|phase| phase["phase"] == "map");
        let first = maps.next().ok_or_else(|| Error::new("the timings have no map phase"))?;
        let last = maps.next_back().unwrap_or(first);
        let sum = |phase: &Value, pointer: &str| -> f64 {
            let tallies = phase["tallies"].as_array().into_iter().flatten();
            tallies.filter_map(|tally| tally.pointer(pointer)?.as_f64()).sum()
        };
        Ok(Run {
            cost,
            steps,
            n_documents: [sum(first, "/n_in") as u64, sum(last, "/n_out") as u64],
            text_bytes: [sum(first, "/steps/0/bytes_in"), sum(last, "/bytes_out")],
            stored: Vec::new(),
        })
    }

    /// CPU seconds until all decisions are made: of everything before the last map phase, which applies them.
    pub fn decision_seconds(&self) -> f64 {
        let last = self.steps.last().map_or("", |(phase, ..)| phase.as_str());
        self.steps.iter().filter(|(phase, ..)| phase != last).map(|(.., seconds)| seconds).sum()
    }

    /// CPU seconds that no phase says: exchanges, and the start of the process.
    pub fn rest_seconds(&self) -> f64 {
        self.cost.cpu_seconds - self.steps.iter().map(|(.., seconds)| seconds).sum::<f64>()
    }
}

/// Runs one step over the whole corpus on one thread.
///
/// # Errors
/// When the run fails.
pub fn run(bench: &Bench<'_>, step: &str, memory: &str) -> Result<Run> {
    println!("measuring {step} in {memory} …");
    let (runs, timings) = (bench.folder.join("runs"), bench.folder.join("timings.json"));
    // What stands there from before would not be done again.
    let _ = std::fs::remove_dir_all(&runs);
    let file = bench.folder.join("recipe.toml");
    let glob = bench.corpus.files[0].with_file_name("*.jsonl");
    write(&file, &recipe(&runs, memory, &glob, step))?;
    let mut command = Command::new(&bench.program);
    command.arg("run").arg(&file).args(["--threads", "1", "--timings"]).arg(&timings);
    let cost = measured::measure(bench.repo, &command)?;
    let mut run = Run::parse(cost, &crate::bench::read_json(&read(&timings)?)?)?;
    run.stored = stored(&runs.join("bench"))?;
    let _ = std::fs::remove_dir_all(&runs);
    Ok(run)
}

/// What the phases of a run have stored, from their manifests.
fn stored(run: &Path) -> Result<Vec<Stored>> {
    let plan = crate::bench::read_json(&read(&run.join("plan.json"))?)?;
    let mut stored: Vec<Stored> = Vec::new();
    for phase in plan["phases"].as_array().into_iter().flatten() {
        let manifest = crate::bench::read_json(&read(&run.join(phase["manifest"].as_str().unwrap_or_default()))?)?;
        let objects = manifest["parts"].as_array().into_iter().flatten().filter_map(|part| part["objects"].as_object());
        for (table, object) in objects.flatten() {
            let number = |name: &str| object[name].as_f64().unwrap_or(0.0);
            match stored.iter_mut().find(|stored| stored.table == *table) {
                Some(stored) => {
                    (stored.bytes, stored.rows) = (stored.bytes + number("bytes"), stored.rows + number("rows"))
                }
                None => stored.push(Stored { table: table.clone(), bytes: number("bytes"), rows: number("rows") }),
            }
        }
    }
    Ok(stored)
}

fn recipe(runs: &Path, memory: &str, glob: &Path, step: &str) -> String {
    // A JSON string is a TOML string too.
    format!(
        "[run]\nname = \"bench\"\nroot = {}\nmemory = {}\n\n[source]\nkind = \"jsonl\"\npaths = {}\n\n[[step]]\nuse = {}\n",
        json!(runs),
        json!(memory),
        json!([glob]),
        json!(step)
    )
}

/// What was decided about one document.
#[derive(Debug, PartialEq)]
pub struct Decision {
    /// Its name.
    pub id: String,
    /// Whether it stays.
    pub kept: bool,
    /// The document that is kept in its stead.
    pub twin: Option<String>,
}

impl Decision {
    fn parse(line: &str) -> Result<Decision> {
        let value = crate::bench::read_json(line)?;
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        Ok(Decision {
            id: text("id").ok_or_else(|| Error::new("a decision names no document"))?,
            kept: value["kept"].as_bool().ok_or_else(|| Error::new("a decision decides nothing"))?,
            twin: text("evidence"),
        })
    }
}

/// Decides about every document of these files.
///
/// # Errors
/// When the stage refuses.
pub fn apply(bench: &Bench<'_>, files: &[PathBuf], sets: &[&str]) -> Result<Vec<Decision>> {
    let out = bench.folder.join("decisions.jsonl");
    let mut command = Command::new(&bench.program);
    command.args(["apply", "--use", "dedup.minhash"]).args(sets.iter().flat_map(|set| ["--set", set]));
    command.arg("-o").arg(&out).args(files);
    // The temporary run holds all texts once more; where temporary files usually go may be small.
    command.env("TMPDIR", &bench.folder);
    repo::output(&mut command)?;
    let lines = lines(&out)?;
    lines.map(|line| Decision::parse(&line.map_err(|error| Error::io("read", &out, &error))?)).collect()
}

/// Scores decisions against the planted pairs.
///
/// # Errors
/// When a file cannot be written or the scorer fails.
pub fn score(bench: &Bench<'_>, decisions: &[Decision]) -> Result<Value> {
    let list = |ids: &mut dyn Iterator<Item = &Decision>| ids.map(|of| format!("{}\n", of.id)).collect::<String>();
    let twins = decisions.iter().filter_map(|of| Some(format!("{}\t{}\n", of.id, of.twin.as_ref()?)));
    let [kept, all, named] = ["KEPT.ids", "ALL.ids", "TWINS.tsv"].map(|name| bench.folder.join(name));
    write(&kept, &list(&mut decisions.iter().filter(|of| of.kept)))?;
    write(&all, &list(&mut decisions.iter()))?;
    write(&named, &twins.collect::<String>())?;
    bench.score(&kept, &all, Some(&named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timings_give_steps_and_counts() {
        let tally = |n_in: u64, n_out: u64| json!({"n_in": n_in, "n_out": n_out, "bytes_out": 7, "steps": [{"name": "read", "bytes_in": 9}]});
        let timings = json!([
            {"phase": "map", "cpu_seconds": {"read": 0.5, "write": 0.25}, "tallies": [tally(3, 3), tally(2, 2)]},
            {"phase": "settle-dedup.minhash", "cpu_seconds": {}, "tallies": [{"n_in": 99, "n_out": 9}]},
            {"phase": "map", "cpu_seconds": {"read": 0.25}, "tallies": [tally(3, 2), tally(2, 2)]},
        ]);
        let run = Run::parse(Cost { cpu_seconds: 1.5, wall_seconds: 1.5, peak_bytes: 1.0 }, &timings).unwrap();
        assert_eq!(run.n_documents, [5, 4]);
        assert!((run.text_bytes[0] - 18.0).abs() < 1e-9 && (run.text_bytes[1] - 14.0).abs() < 1e-9);
        assert_eq!(run.steps[0], ("1 map".to_owned(), "read".to_owned(), 0.5));
        assert_eq!(run.steps[2].0, "3 map");
        assert!((run.rest_seconds() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn recipes_are_toml() {
        let text = recipe(Path::new("a \"b\""), "64MiB", Path::new("c/*.jsonl"), "dedup.minhash");
        let recipe: toml::Table = text.parse().unwrap();
        assert_eq!(recipe["run"]["root"].as_str(), Some("a \"b\""));
        assert_eq!(recipe["source"]["paths"][0].as_str(), Some("c/*.jsonl"));
        assert_eq!(recipe["step"][0]["use"].as_str(), Some("dedup.minhash"));
    }

    #[test]
    fn decisions_are_read() {
        let removed = Decision::parse(r#"{"id":"a","kept":false,"step":"s","reason":"r","evidence":"b"}"#).unwrap();
        assert_eq!(removed, Decision { id: "a".to_owned(), kept: false, twin: Some("b".to_owned()) });
        let kept = Decision::parse(r#"{"id":"a","kept":true}"#).unwrap();
        assert!(kept.kept && kept.twin.is_none());
        assert!(Decision::parse(r#"{"id":"a"}"#).is_err());
    }
}
