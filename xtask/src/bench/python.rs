//! A Python of the benches' own, with the pinned peers.

use crate::error::Result;
use crate::repo::{self, Repo};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Installs packages into the environment that all benches share, and gives its Python.
///
/// # Errors
/// When there is no Python, or a package is not to be had.
pub fn with(repo: &Repo, packages: &[&str]) -> Result<PathBuf> {
    let environment = repo.target()?.join("bench-python");
    repo::run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    let python = environment.join("bin").join("python");
    repo::run(pip(&python).args(packages))?;
    Ok(python)
}

/// `pip install`, to be completed.
pub fn pip(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    command
}
