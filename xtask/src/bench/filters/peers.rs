//! The peers from PyPI, by `filters_peers.py`.

use super::Bench;
use crate::bench::python;
use crate::error::{Error, Result};
use crate::repo::{self, Repo};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The packages, pinned; what datatrove imports and does not require comes after it.
const PACKAGES: [&str; 11] = [
    "datatrove==0.10.1",
    "fasteners==0.20",
    "fasttext-predict==0.9.2.4",
    "numpy==2.4.6",
    "orjson==3.13.0",
    "pyahocorasick==2.3.1",
    "regex==2026.11.19",
    "spacy==3.8.18",
    "tldextract==5.4.0",
    "tokenizers==0.23.3",
    "xxhash==3.8.2",
];

/// The official binding of fastText; it has the name of the other one, and so a folder of its own.
const OFFICIAL: [&str; 2] = ["fasttext-wheel==0.9.2", "pybind11==3.1.0"];

/// The Python that has the peers, and the folder of the official fastText.
///
/// # Errors
/// When they cannot be installed.
pub fn install(repo: &Repo, folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let python = python::with(repo, &PACKAGES)?;
    // Named after what is in it, and there only when it is complete.
    let official = folder.join(OFFICIAL.join("+"));
    if !official.is_dir() {
        let half = folder.join("half-installed");
        repo::run(python::pip(&python).args(["--no-deps", "--upgrade", "--target"]).arg(&half).args(OFFICIAL))?;
        std::fs::rename(&half, &official).map_err(|error| Error::io("rename", &half, &error))?;
    }
    Ok((python, official))
}

impl Bench<'_> {
    /// Runs one peer; its arguments are as `filters_peers.py` says.
    pub fn peer<P: AsRef<Path>>(&self, peer: &str, arguments: &[P]) -> Result<Value> {
        println!("measuring {peer} …");
        let mut command = Command::new(&self.python);
        command.arg(self.repo.root().join("xtask/src/bench/filters_peers.py")).arg(peer);
        command.args(arguments.iter().map(AsRef::as_ref)).env("OMP_NUM_THREADS", "1");
        let said = repo::output(&mut command)?;
        crate::bench::read_json(said.lines().last().unwrap_or_default())
    }
}
