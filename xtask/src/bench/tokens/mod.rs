//! `cargo xtask bench tokens`: encoding next to the peers, in speed and in ids.

mod encoders;
mod page;

use crate::bench::python;
use crate::bench::{read_json, sections};
use crate::error::{Error, Result};
use crate::repo::{self, Repo};
use crate::test::data;
use encoders::{Encoder, differences};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The page that is written, together with `cargo xtask bench mix`.
pub const PAGE: &str = "docs/benchmarks/tokens.md";

/// The kinds of text: the name of the file, and what the page calls it.
const KINDS: [(&str, &str); 4] =
    [("english", "English"), ("code", "code"), ("multilingual", "multilingual"), ("chinese", "Chinese")];

/// The vocabulary, and the sha256 of its rank file.
const VOCABULARY: (&str, &str) = ("llama3", "82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55");

/// The packages, pinned; the last hashes ids.
const PACKAGES: [&str; 5] =
    ["gigatoken==0.10.0", "numpy==2.4.6", "tiktoken==0.14.0", "tokenizers==0.23.3", "xxhash==3.8.2"];

/// Name for `tokens_peers.py`, and for the page.
const PEERS: [(&str, &str); 3] = [
    ("gigatoken", "gigatoken 0.10.0 (PyPI)"),
    ("tiktoken", "tiktoken 0.14.0 (PyPI)"),
    ("tokenizers", "Hugging Face tokenizers 0.23.3 (PyPI)"),
];

/// Everything that is needed to measure.
struct Bench {
    folder: PathBuf,
    ranks: PathBuf,
    examples: PathBuf,
    python: PathBuf,
    script: PathBuf,
    /// What the corpus was made of, and how large it is.
    corpus: Value,
}

/// Measures and writes the section `tokens` of the page.
pub fn run(repo: &Repo) -> Result<()> {
    let bench = Bench::prepare(repo)?;
    println!("comparing ids …");
    let mut command = bench.example("token_ids");
    command.arg(&bench.ranks).arg(&bench.folder).args(KINDS.map(|(kind, _)| kind));
    let n_tokens = read_json(&repo::output(&mut command)?)?;
    let encoders = bench.encoders(&n_tokens)?;
    let section = page::section(&encoders, &bench.corpus, &n_tokens, bench.n_hostile()?);
    println!("{section}");
    let figures =
        json!({"cold": encoders[0].cold.last(), "bytes_per_token": page::bytes_per_token(&bench.corpus, &n_tokens)});
    let file = figures_file(repo)?;
    std::fs::write(&file, figures.to_string()).map_err(|error| Error::io("write", &file, &error))?;
    sections::write(repo, PAGE, "tokens", &section)
}

/// Where the figures lie that `cargo xtask bench mix` needs: MB per CPU-second of all kinds, cold, and bytes of a token.
///
/// # Errors
/// When cargo does not say where it builds.
pub fn figures_file(repo: &Repo) -> Result<PathBuf> {
    Ok(repo.target()?.join("bench").join("tokens").join("figures.json"))
}

impl Bench {
    fn prepare(repo: &Repo) -> Result<Bench> {
        let target = repo.target()?;
        repo::run(repo.cargo(&["build", "--release", "--package", "tokenmill"]))?;
        let examples = ["--example", "encode_speed", "--example", "token_ids"];
        repo::run(repo.cargo(
            &[&["build", "--release", "--package", "tokenmill", "--package", "tokenmill-mix"][..], &examples].concat(),
        ))?;
        let folder = target.join("bench").join("tokens");
        std::fs::create_dir_all(&folder).map_err(|error| Error::io("create", &folder, &error))?;
        let scripts = repo.root().join("xtask/src/bench");
        println!("making the corpus …");
        let mut command = Command::new("python3");
        let corpus = repo::output(command.arg(scripts.join("tokens_corpus.py")).arg(&folder))?;
        let bench = Bench {
            ranks: vocabulary(&target)?,
            examples: target.join("release").join("examples"),
            python: python::with(repo, &PACKAGES)?,
            script: scripts.join("tokens_peers.py"),
            corpus: read_json(&corpus)?,
            folder,
        };
        let mut command = Command::new(&bench.python);
        command.arg(&bench.script).arg("tokenizer").arg(&bench.ranks);
        repo::run(command.arg(bench.folder.join("tokenizer.json")))?;
        Ok(bench)
    }

    fn example(&self, name: &str) -> Command {
        let mut command = Command::new(self.examples.join(name));
        // One thread, as ours.
        command.envs([("RAYON_NUM_THREADS", "1"), ("TOKENIZERS_PARALLELISM", "false")]);
        command
    }

    /// All encoders, ours first.
    fn encoders(&self, n_tokens: &Value) -> Result<Vec<Encoder>> {
        println!("measuring tokenmill and fastokens …");
        let files = KINDS.map(|(kind, _)| self.folder.join(format!("{kind}.txt")));
        let lines = repo::output(self.example("encode_speed").arg(VOCABULARY.0).arg(&self.ranks).args(files))?;
        let mut encoders = Vec::new();
        for (engine, peer, name) in
            [("ours", "tokenmill", "tokenmill"), ("fastokens", "fastokens", "fastokens 0.3.5 (crates.io)")]
        {
            let mut encoder = Encoder::of_lines(name, &lines, engine, &KINDS.map(|(kind, _)| kind))?;
            let n_expected: u64 = KINDS.iter().filter_map(|(kind, _)| n_tokens[*kind].as_u64()).sum();
            if engine == "ours" && encoder.n_ids != n_expected {
                let n_ids = encoder.n_ids;
                return Err(Error::new(format!("the engine gives {n_ids} ids, but the tokenizer {n_expected}")));
            }
            encoder.n_other = self.differences(peer)?;
            encoders.push(encoder);
        }
        for (peer, name) in PEERS {
            println!("measuring {name} …");
            let mut command = Command::new(&self.python);
            command.envs([("RAYON_NUM_THREADS", "1"), ("TOKENIZERS_PARALLELISM", "false")]);
            command.arg(&self.script).arg(peer).arg(&self.ranks).arg(&self.folder);
            command.args(KINDS.map(|(kind, _)| kind)).arg("adversarial");
            let figures = read_json(&repo::output(&mut command)?)?;
            let mut encoder = Encoder::of_figures(name, &figures, &KINDS.map(|(kind, _)| kind))?;
            encoder.n_other = self.differences(peer)?;
            encoders.push(encoder);
        }
        Ok(encoders)
    }

    /// Texts of the corpus, and hostile ones, for which an encoder gives other ids than ours.
    fn differences(&self, peer: &str) -> Result<[u64; 2]> {
        let of = |kind: &str| -> Result<u64> {
            let read = |encoder: &str| read_bytes(&self.folder.join(format!("{encoder}.{kind}.hash")));
            differences(&read("tokenmill")?, &read(peer)?)
                .ok_or_else(|| Error::new(format!("`{peer}` has ids of another number of texts of kind `{kind}`")))
        };
        let mut corpus = 0;
        for (kind, _) in KINDS {
            corpus += of(kind)?;
        }
        Ok([corpus, of("adversarial")?])
    }

    /// Hostile texts.
    fn n_hostile(&self) -> Result<u64> {
        Ok(read_bytes(&self.folder.join("tokenmill.adversarial.hash"))?.len() as u64 / 8)
    }
}

fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| Error::io("read", path, &error))
}

/// The rank file, fetched and checked.
fn vocabulary(target: &Path) -> Result<PathBuf> {
    let (name, sha256) = VOCABULARY;
    let program = target.join("release").join("tokenmill");
    let said = repo::output(Command::new(program).args(["assets", "fetch", name]))?;
    let path = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("  "));
    let path = path.map(PathBuf::from).ok_or_else(|| Error::new(format!("no path of `{name}` in `{said}`")))?;
    let found = data::digest(&path)?;
    if found != sha256 {
        return Err(Error::new(format!("`{}` has the sha256 {found}, not {sha256}", path.display())));
    }
    Ok(path)
}
