//! `cargo xtask bench classifiers`: training of fastText models, and what classifiers of our recipes are worth.

mod quality;
mod references;
mod toxicity;
mod training;

use super::dedup::corpus::{read, write};
use super::filters::ours::{Program, Step, read_rows};
use super::filters::peers;
use crate::error::{Error, Result};
use crate::repo::{self, Repo};
use crate::test::data;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// The page that is written.
const PAGE: &str = "docs/benchmarks/classifiers.md";

/// Archives that the documents are made of.
const ARCHIVES: [&str; 4] = ["extraction", "lists", "quality", "toxicity"];

/// Everything that is needed to measure.
struct Bench<'r> {
    repo: &'r Repo,
    /// Where everything that is made lies.
    folder: PathBuf,
    /// The unpacked archives.
    archives: PathBuf,
    python: PathBuf,
    /// The folder of the official binding of fastText.
    official: PathBuf,
    /// The example that trains and nothing else.
    trainer: PathBuf,
    /// The example that runs steps over documents.
    program: Program,
    tokenmill: PathBuf,
}

/// Measures and writes the page.
pub fn run(repo: &Repo) -> Result<()> {
    let bench = Bench::prepare(repo)?;
    let mut page = "<!-- written by `cargo xtask bench classifiers` -->\n# Classifiers\n".to_owned();
    for section in [training::section, quality::section, toxicity::section, references::section] {
        let section = section(&bench)?;
        println!("{section}");
        page += &section;
    }
    page += "\n## To reproduce\n\n`cargo xtask bench classifiers` makes its documents of the archives `quality`, `extraction` and \
             `toxicity` with `xtask/src/bench/classifiers_data.py`, and trains with `xtask/src/bench/classifiers_peer.py`, the \
             example `fasttext_train` and `tokenmill train fasttext`. Accuracies and AUCs come out the same; seconds differ with \
             the machine and with what else it does.\n";
    repo.write(PAGE, page.as_bytes())?;
    println!("wrote {PAGE}");
    Ok(())
}

impl<'r> Bench<'r> {
    fn prepare(repo: &'r Repo) -> Result<Bench<'r>> {
        let release = ["build", "--release", "--package"];
        repo::run(repo.cargo(&[&release[..], &["tokenmill", "--bins", "--example", "filters"]].concat()))?;
        repo::run(repo.cargo(&[&release[..], &["tokenmill-classifiers", "--example", "fasttext_train"]].concat()))?;
        let target = repo.target()?;
        let (folder, release) = (target.join("bench").join("classifiers"), target.join("release"));
        std::fs::create_dir_all(&folder).map_err(|error| Error::io("create", &folder, &error))?;
        let (python, official) = peers::install(repo, &folder)?;
        let archives = target.join("test-data");
        for name in ARCHIVES {
            data::one(repo, name)?;
        }
        let script = repo.root().join("xtask/src/bench/classifiers_data.py");
        repo::run(Command::new(&python).arg(script).arg(&archives).arg(&folder))?;
        Ok(Bench {
            repo,
            archives,
            python,
            official,
            trainer: release.join("examples/fasttext_train"),
            program: Program { path: release.join("examples/filters"), folder: folder.clone() },
            tokenmill: release.join("tokenmill"),
            folder,
        })
    }

    fn peer(&self, arguments: &[PathBuf]) -> Result<Value> {
        let script = self.repo.root().join("xtask/src/bench/classifiers_peer.py");
        super::read_json(&repo::output(Command::new(&self.python).arg(script).args(arguments))?)
    }

    /// A set of documents.
    fn set(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.jsonl"))
    }

    /// A file in the folder of the benchmark.
    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// The documents of a set, and what steps say of them.
    fn ask(&self, set: &str, steps: &[Step]) -> Result<(Vec<Value>, super::filters::ours::Run)> {
        Ok((read_rows(&self.set(set))?, self.program.start(&self.set(set), steps, true)?))
    }

    /// Trains by a recipe, whose files lie in the folder of the benchmark; the card.
    fn train(&self, name: &str, recipe: &str) -> Result<Value> {
        let path = self.folder.join(format!("{name}.toml"));
        write(&path, recipe)?;
        repo::output(Command::new(&self.tokenmill).args(["train", "fasttext"]).arg(&path).current_dir(&self.folder))?;
        let model =
            recipe.lines().find_map(|line| line.split_once("output").and_then(|(_, rest)| rest.split('"').nth(1)));
        super::read_json(&read(&self.folder.join(format!("{}.card.json", model.unwrap_or_default())))?)
    }
}
