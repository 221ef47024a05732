//! The services tier: programs from outside that check our output, at present Python with NumPy.

use std::path::Path;
use std::process::{Command, Stdio};

use super::Variable;
use crate::error::{Error, Result};
use crate::repo::{self, Repo};

/// The packages that the tests' Python programs need, pinned.
const REQUIREMENTS: &str = "tests/requirements.txt";

/// Makes a Python environment with the pinned packages in the target folder, unless it is there already.
///
/// # Errors
/// When there is no Python or the packages cannot be installed.
pub fn prepare(repo: &Repo, target: &Path) -> Result<Variable> {
    let wanted = repo.read(REQUIREMENTS)?;
    let environment = target.join("test-python");
    let python = environment.join("bin").join("python");
    let stamp = environment.join("requirements.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) && runs(&python) {
        return Ok(("TOKENMILL_PYTHON", python.into_os_string()));
    }
    if !runs(Path::new("python3")) {
        return Err(Error::new("`python3` does not run; install Python 3 with its `venv` module"));
    }
    println!("making a Python environment for the tests, once");
    repo::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    repo::run(install.arg(repo.root().join(REQUIREMENTS)))?;
    std::fs::write(&stamp, wanted).map_err(|error| Error::io("write", &stamp, &error))?;
    Ok(("TOKENMILL_PYTHON", python.into_os_string()))
}

fn runs(python: &Path) -> bool {
    let mut probe = Command::new(python);
    probe.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}
