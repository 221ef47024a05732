//! Python environments for tests: made once, and again when the packages that they are to have change.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Error, Result};
use crate::repo::{self, Repo};

/// An environment in the target folder.
pub struct Environment {
    /// Its folder.
    pub name: &'static str,
    /// The Python that it is made from.
    pub base: &'static str,
    /// File with the packages, pinned.
    pub requirements: &'static str,
    /// Further options for making it.
    pub venv: &'static [&'static str],
    /// Further options for installing packages.
    pub pip: &'static [&'static str],
}

impl Environment {
    /// Makes it unless it is there with these packages; returns its Python.
    ///
    /// # Errors
    /// When the packages cannot be installed.
    pub fn make(&self, repo: &Repo, target: &Path) -> Result<PathBuf> {
        let wanted = repo.read(self.requirements)?;
        let environment = target.join(self.name);
        let python = environment.join("bin").join("python");
        let stamp = environment.join("requirements.txt");
        if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) && runs(&python, &["--version"]) {
            return Ok(python);
        }
        println!("making a Python environment with `{}`, once", self.requirements);
        repo::run(Command::new(self.base).args(["-m", "venv", "--clear"]).args(self.venv).arg(&environment))?;
        let mut install = Command::new(&python);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(self.pip);
        repo::run(install.arg("--requirement").arg(repo.root().join(self.requirements)))?;
        std::fs::write(&stamp, wanted).map_err(|error| Error::io("write", &stamp, &error))?;
        Ok(python)
    }
}

/// Whether a program starts and succeeds.
pub fn runs(program: &Path, arguments: &[&str]) -> bool {
    let mut probe = Command::new(program);
    probe.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}
