//! `cargo xtask bench filters`: what filters cost and how well they judge, next to the peers.

pub(super) mod ours;
mod page;
pub(super) mod peers;
pub(super) mod quality;
mod scores;

use super::dedup::corpus::{read, write};
use crate::error::{Error, Result};
use crate::repo::{self, Repo};
use crate::test::data;
use ours::{Program, Step};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Archives that the documents are made of.
const ARCHIVES: [&str; 7] = ["decon", "extraction", "lid", "lists", "neardup", "pii", "quality"];

/// The page that is written.
const PAGE: &str = "docs/benchmarks/filters.md";

/// Everything that is needed to measure.
struct Bench<'r> {
    repo: &'r Repo,
    /// Where everything that is made lies.
    folder: PathBuf,
    /// The unpacked archives.
    archives: PathBuf,
    program: Program,
    python: PathBuf,
    /// The folder of the official binding of fastText.
    official: PathBuf,
}

/// Measures and writes `docs/benchmarks/filters.md`.
pub fn run(repo: &Repo) -> Result<()> {
    let bench = Bench::prepare(repo)?;
    let mut page = page::head();
    for section in [
        page::languages,
        page::heuristics,
        page::personal_data,
        page::urls,
        page::words,
        scores::benchmarks,
        scores::divergence,
        scores::labels,
    ] {
        let section = section(&bench)?;
        println!("{section}");
        page += &section;
    }
    page += page::REPRODUCE;
    repo.write(PAGE, page.as_bytes())?;
    println!("wrote {PAGE}");
    Ok(())
}

impl<'r> Bench<'r> {
    fn prepare(repo: &'r Repo) -> Result<Bench<'r>> {
        repo::run(repo.cargo(&["build", "--release", "--package", "tokenmill", "--bins", "--example", "filters"]))?;
        let target = repo.target()?;
        let folder = target.join("bench").join("filters");
        std::fs::create_dir_all(&folder).map_err(|error| Error::io("create", &folder, &error))?;
        let (python, official) = peers::install(repo, &folder)?;
        let archives = target.join("test-data");
        let program = Program { path: target.join("release").join("examples").join("filters"), folder: folder.clone() };
        let bench = Bench { repo, folder, archives, program, python, official };
        bench.make_sets()?;
        let mut command = Command::new(target.join("release").join("tokenmill"));
        command.args(["reference", "--lang", "en", "-o"]).arg(bench.reference()).arg(bench.set("news"));
        let _ = std::fs::remove_file(bench.reference());
        repo::run(&mut command)?;
        Ok(bench)
    }

    /// Makes the sets of documents, or finds that they stand there.
    fn make_sets(&self) -> Result<()> {
        let script = self.repo.root().join("xtask/src/bench/filters_data.py");
        let mut stamp = data::digest(&script)?;
        for name in ARCHIVES {
            data::one(self.repo, name)?;
            stamp += &format!("\n{name} {}", read(&self.archives.join(format!("{name}.sha256")))?);
        }
        let stamp_file = self.folder.join("sets.stamp");
        if read(&stamp_file).is_ok_and(|found| found == stamp) {
            return Ok(());
        }
        println!("making the sets …");
        let package = "import datatrove, pathlib; print(pathlib.Path(datatrove.__file__).parent)";
        let package = repo::output(Command::new(&self.python).args(["-c", package]))?;
        let mut command = Command::new(&self.python);
        command.arg(&script).arg(&self.archives).arg(package.trim()).arg(self.folder.join("data"));
        repo::run(&mut command)?;
        // The stamp comes last: without it, what a broken run left is made anew.
        write(&stamp_file, &stamp)
    }

    /// A set of documents.
    fn set(&self, name: &str) -> PathBuf {
        self.data(&format!("{name}.jsonl"))
    }

    /// A file that was made with the sets.
    fn data(&self, name: &str) -> PathBuf {
        self.folder.join("data").join(name)
    }

    /// The model of languages.
    fn languages_model(&self) -> PathBuf {
        self.archives.join("lid").join("lid.176.ftz")
    }

    /// The reference that documents are compared with.
    fn reference(&self) -> PathBuf {
        self.folder.join("en.ref")
    }

    /// The filter of dirty words, with the list for English.
    fn dirty_words(&self) -> Step {
        ("filter.dirty_words", texts("words_files", &[self.archives.join("lists/ldnoobw/en")]))
    }

    /// The heuristics: all that judge an English text by its words, lines and signs.
    fn heuristics(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = [
            "filter.gopher_quality",
            "filter.gopher_repetition",
            "line.c4",
            "filter.fineweb",
            "line.refinedweb",
            "line.repetition",
        ]
        .map(|name| (name, String::new()))
        .into();
        steps.push(self.dirty_words());
        steps.push(("filter.token_divergence", text("reference", &self.reference())));
        steps
    }
}

/// A parameter that is a file.
pub(super) fn text(name: &str, path: &Path) -> String {
    format!("{name} = {:?}\n", path.display().to_string())
}

/// A parameter that is a list of files.
pub(super) fn texts(name: &str, paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| format!("{:?}", path.display().to_string())).collect();
    format!("{name} = [{}]\n", paths.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_parameters_as_toml() {
        assert_eq!(text("reference", Path::new("/a b/en.ref")), "reference = \"/a b/en.ref\"\n");
        assert_eq!(texts("words_files", &["/a".into(), "/b".into()]), "words_files = [\"/a\", \"/b\"]\n");
    }
}
