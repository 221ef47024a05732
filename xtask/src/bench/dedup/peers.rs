//! The peers from PyPI: what they keep, and what that costs them.

use super::Bench;
use super::corpus::{lines, write};
use super::page::Quality;
use crate::bench::measured::{self, Cost};
use crate::bench::python;
use crate::error::{Error, Result};
use crate::repo::Repo;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The packages, pinned; what datatrove imports and does not require comes after it.
const PACKAGES: [&str; 7] = [
    "rensa==0.5.0",
    "datatrove==0.10.1",
    "orjson==3.13.0",
    "regex==2026.11.19",
    "spacy==3.8.18",
    "tokenizers==0.23.3",
    "xxhash==3.8.2",
];

/// Name for `dedup_peers.py`, name for the page, and whether it gets the sample only.
const PEERS: [(&str, &str, bool); 3] = [
    ("rensa", "rensa 0.5.0, R-MinHash", false),
    ("rensa-rho", "rensa 0.5.0, rho", false),
    ("datatrove", "datatrove 0.10.1", true),
];

/// One peer, measured.
pub struct Peer {
    /// How it is called.
    pub name: String,
    /// Of the whole process.
    pub cost: Cost,
    /// Bytes of the texts it was given.
    pub text_bytes: f64,
    /// Its scores.
    pub quality: Quality,
}

/// The Python that has the peers.
///
/// # Errors
/// When they cannot be installed.
pub fn install(repo: &Repo) -> Result<PathBuf> {
    python::with(repo, &PACKAGES)
}

/// Runs all peers; `text_bytes` are those of the whole corpus.
///
/// # Errors
/// When one of them fails.
pub fn run(bench: &Bench<'_>, text_bytes: f64) -> Result<Vec<Peer>> {
    let mut peers = Vec::new();
    for (peer, name, is_sampled) in PEERS {
        println!("measuring {name} …");
        let sample = [bench.corpus.sample.clone()];
        let files = if is_sampled { &sample[..] } else { &bench.corpus.files[..] };
        let out = bench.folder.join(peer);
        let mut command = Command::new(&bench.python);
        command.arg(bench.repo.root().join("xtask/src/bench/dedup_peers.py")).arg(peer).arg(&out).args(files);
        // One thread, as ours.
        command.envs([("RAYON_NUM_THREADS", "1"), ("OMP_NUM_THREADS", "1")]);
        let cost = measured::measure(bench.repo, &command)?;
        let all = bench.folder.join("ALL.ids");
        write(&all, &ids(files)?)?;
        let scores = bench.score(&out.join("KEPT.ids"), &all, None)?;
        let text_bytes = if is_sampled { bench.corpus.sample_bytes } else { text_bytes };
        peers.push(Peer { name: name.to_owned(), cost, text_bytes, quality: Quality::new(name, scores) });
    }
    Ok(peers)
}

/// The ids of all documents, one a line.
fn ids<P: AsRef<Path>>(files: &[P]) -> Result<String> {
    let mut ids = String::new();
    for file in files.iter().map(AsRef::as_ref) {
        for line in lines(file)? {
            let line = line.map_err(|error| Error::io("read", file, &error))?;
            ids += crate::bench::read_json(&line)?["id"].as_str().unwrap_or_default();
            ids.push('\n');
        }
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::super::corpus::line;
    use super::*;

    #[test]
    fn ids_of_several_files() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["a", "b"].map(|name| folder.path().join(name));
        write(&files[0], &[line("1", "x"), line("2", "y")].concat()).unwrap();
        write(&files[1], &line("3", "z")).unwrap();
        assert_eq!(ids(&files).unwrap(), "1\n2\n3\n");
    }
}
