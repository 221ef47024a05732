//! The readers tier: torch, and other projects' readers of shards, over Debian's Python.

use std::path::{Path, PathBuf};

use super::python::{Environment, runs};
use super::{Ready, debian};
use crate::error::{Error, Result};
use crate::repo::Repo;

/// Debian's own Python, whichever one comes first in the path: its torch is for no other.
const PYTHON: &str = "/usr/bin/python3";

/// What must be importable in it, and where it comes from. PyPI's torch would be 2.8 GB.
const IMPORTS: &str = "import ctypes, ensurepip, numpy, torch, venv; ctypes.CDLL('libopenblas.so.0')";
/// Torch multiplies with whichever BLAS the system has; the plain one, which comes by itself, is six times as slow.
const PACKAGES: [&str; 3] = ["python3-torch", "python3-venv", "libopenblas0-pthread"];

/// The readers bring far more dependencies than reading needs, torch among them, so none is installed that is not listed.
const ENVIRONMENT: Environment = Environment {
    name: "test-readers",
    base: PYTHON,
    requirements: "tests/readers.txt",
    venv: &["--system-site-packages"],
    pip: &["--no-deps"],
};

/// Installs torch when that is possible and needed, and makes an environment with the readers.
///
/// # Errors
/// When something is missing and cannot be installed.
pub(super) fn prepare(repo: &Repo, target: &Path) -> Result<Ready> {
    Ok(Ready::with("TOKENMILL_READERS", python(repo, target)?))
}

/// The Python of this tier, made when it is not there; benches compare with what it has, too.
///
/// # Errors
/// When something is missing and cannot be installed.
pub fn python(repo: &Repo, target: &Path) -> Result<PathBuf> {
    let is_ready = || runs(Path::new(PYTHON), &["-c", IMPORTS]);
    if !is_ready() {
        debian::install("torch for Debian's Python", &PACKAGES)?;
        if !is_ready() {
            return Err(Error::new(format!("`{PYTHON}` cannot do `{IMPORTS}` although it has been installed")));
        }
    }
    ENVIRONMENT.make(repo, target)
}
