//! `cargo xtask bench dedup`: near-duplicates found, and what that costs, next to the peers.

pub(super) mod corpus;
mod neardup;
mod ours;
pub(super) mod page;
mod peers;
mod scale;

use crate::error::{Error, Result};
use crate::repo::{self, Repo};
use crate::test::data;
use corpus::{Corpus, N_SAMPLED};
use page::Quality;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What runs may take: as usual, and much less than the rows to be sorted.
const MEMORY: [&str; 2] = ["256MiB", "64MiB"];

/// What is scored: name, and parameters of the stage.
const SETTINGS: [(&str, &[&str]); 6] = [
    ("tokenmill", &[]),
    ("tokenmill, 28 keys", &["bands=28"]),
    ("tokenmill, not verified", &["verify=false"]),
    ("tokenmill, preset dclm", &["preset=dclm"]),
    ("tokenmill, preset duplodocus", &["preset=duplodocus"]),
    ("tokenmill, preset nemo", &["preset=nemo"]),
];

/// A run, and the memory that it was given.
type Memory = (&'static str, ours::Run);

/// Everything that is needed to measure.
struct Bench<'r> {
    repo: &'r Repo,
    folder: PathBuf,
    corpus: Corpus,
    program: PathBuf,
    python: PathBuf,
    scorer: PathBuf,
}

/// Measures and writes `docs/benchmarks/dedup.md`.
pub fn run(repo: &Repo) -> Result<()> {
    let bench = Bench::prepare(repo)?;
    let mut runs = Vec::new();
    for memory in MEMORY {
        runs.push((memory, ours::run(&bench, "dedup.minhash", memory)?));
    }
    let lines = ours::run(&bench, "dedup.lines", MEMORY[0])?;
    let others = ["dedup.url", "dedup.exact"].map(|step| Ok((step, ours::run(&bench, step, MEMORY[0])?)));
    let others = others.into_iter().collect::<Result<Vec<_>>>()?;
    let usual = &runs[0].1;
    let quality = bench.quality(usual.n_documents[1])?;
    let peers = peers::run(&bench, usual.text_bytes[0])?;
    let mut page = page::head(usual, neardup::count_pairs(&bench)?, &quality, &peers);
    page += &neardup::section(&neardup::run(&bench)?);
    page += &page::cost(usual, &others, &peers);
    page += &page::memory(&runs, &peers)?;
    page += &page::lines(&lines);
    page += &scale::section(usual);
    println!("{page}");
    repo.write("docs/benchmarks/dedup.md", page.as_bytes())?;
    println!("wrote docs/benchmarks/dedup.md");
    Ok(())
}

impl<'r> Bench<'r> {
    fn prepare(repo: &'r Repo) -> Result<Bench<'r>> {
        repo::run(repo.cargo(&["build", "--release", "--package", "tokenmill"]))?;
        let target = repo.target()?;
        let folder = target.join("bench").join("dedup");
        Ok(Bench {
            repo,
            corpus: Corpus::prepare(repo, &folder)?,
            program: target.join("release").join("tokenmill"),
            python: peers::install(repo)?,
            scorer: data::shared(repo).join("tools").join("score_dedup.py"),
            folder,
        })
    }

    /// Scores of all settings on the whole corpus, and of the usual ones on the sample.
    fn quality(&self, n_kept: u64) -> Result<Vec<Quality>> {
        let mut quality = Vec::new();
        for (name, sets) in SETTINGS {
            println!("scoring {name} …");
            let decisions = ours::apply(self, &self.corpus.files, sets)?;
            let kept = decisions.iter().filter(|decision| decision.kept).count() as u64;
            if sets.is_empty() && kept != n_kept {
                return Err(Error::new(format!("`run` keeps {n_kept} documents, but `apply` {kept}")));
            }
            quality.push(Quality::new(name, ours::score(self, &decisions)?));
        }
        let decisions = ours::apply(self, std::slice::from_ref(&self.corpus.sample), &[])?;
        let name = format!("tokenmill, {} documents", page::grouped(N_SAMPLED as u64));
        quality.push(Quality::new(&name, ours::score(self, &decisions)?));
        Ok(quality)
    }

    /// Scores lists of ids against the planted pairs.
    fn score(&self, kept: &Path, all: &Path, twins: Option<&Path>) -> Result<Value> {
        let mut command = Command::new("python3");
        command.arg(&self.scorer).arg(&self.corpus.pairs).args([kept, all]).args(twins);
        super::read_json(&repo::output(&mut command)?)
    }
}
