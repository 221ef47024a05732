//! `cargo xtask bench`: what every stage and the whole run cost, in CPU time of one core, on a named corpus.

mod ablation;
mod classifiers;
mod corpus;
mod dedup;
mod encoder;
mod exchange;
mod extract;
mod filters;
mod gpu;
mod inspect;
mod measured;
mod mix;
pub mod python;
mod report;
mod scale;
mod sections;
mod tokens;

use crate::error::{Error, Result};
use crate::repo::{self, Repo};
use corpus::Corpus;
use serde_json::Value;

/// The recipe that is measured: every stage sees every document it can.
const RECIPE: &str = "configs/quickstart.toml";

/// Measures and writes `docs/benchmarks.md`.
pub fn run(repo: &Repo, arguments: &[String]) -> Result<()> {
    let names: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let corpora = match names.as_slice() {
        [] => corpus::all(repo)?,
        ["ablation"] => return ablation::run(repo),
        ["classifiers"] => return classifiers::run(repo),
        ["dedup"] => return dedup::run(repo),
        ["encoder"] => return encoder::run(repo),
        ["exchange"] => return exchange::run(repo),
        ["extract"] => return extract::run(repo),
        ["filters"] => return filters::run(repo),
        ["gpu"] => return gpu::run(repo, None),
        ["gpu", folder] => return gpu::run(repo, Some(folder)),
        ["inspect"] => return inspect::run(repo),
        ["mix"] => return mix::run(repo),
        ["scale"] => return scale::run(repo),
        ["tokens"] => return tokens::run(repo),
        ["run", files @ ..] if !files.is_empty() => vec![Corpus::of_files("files of yours", files)],
        _ => {
            return Err(Error::new(
                "usage: cargo xtask bench [ablation | classifiers | dedup | encoder | exchange | extract | filters | gpu | inspect | mix | scale | tokens | run FILE.warc.gz…]",
            ));
        }
    };
    repo::run(repo.cargo(&["build", "--release", "--package", "tokenmill"]))?;
    repo::run(repo.cargo(&["build", "--release", "--package", "tokenmill-store", "--example", "read_speed"]))?;
    let mut sections = Vec::new();
    for corpus in &corpora {
        println!("measuring `{}` …", corpus.name);
        let section = report::section(corpus, &timings(repo, corpus)?, &read_speed(repo, corpus)?)?;
        println!("{section}");
        sections.push(section);
    }
    if names.is_empty() {
        repo.write("docs/benchmarks.md", report::page(&sections).as_bytes())?;
        println!("wrote docs/benchmarks.md");
    }
    Ok(())
}

/// Runs the recipe on one thread and reads the CPU seconds of every step.
fn timings(repo: &Repo, corpus: &Corpus) -> Result<Value> {
    let target = repo.target()?;
    let folder = target.join("bench");
    let _ = std::fs::remove_dir_all(folder.join("runs"));
    std::fs::create_dir_all(&folder).map_err(|error| Error::io("create", &folder, &error))?;
    let file = folder.join("timings.json");
    let paths = serde_json::to_string(&corpus.files).unwrap_or_default();
    let mut command = std::process::Command::new(target.join("release").join("tokenmill"));
    command.current_dir(repo.root()).args(["run", RECIPE, "--threads", "1", "--timings"]).arg(&file);
    command.args(["--set", "run.name=bench", "--set", "run.removed=0.01"]);
    command.args(["--set", &format!("run.root={}", folder.join("runs").display())]);
    command.args(["--set", &format!("source.paths={paths}")]);
    repo::output(&mut command)?;
    read_json(&std::fs::read_to_string(&file).map_err(|error| Error::io("read", &file, &error))?)
}

/// Reads the corpus as records only, and inflates it only.
fn read_speed(repo: &Repo, corpus: &Corpus) -> Result<Value> {
    let program = repo.target()?.join("release").join("examples").join("read_speed");
    let gzip = corpus.files.iter().filter(|file| file.ends_with(".gz"));
    read_json(&repo::output(std::process::Command::new(program).current_dir(repo.root()).args(gzip))?)
}

pub(crate) fn read_json(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| Error::new(format!("a measuring program wrote no JSON: {error}")))
}
