//! The services tier: tests that need other programs and a network, at present package clients, and Python with NumPy.

use std::path::Path;
use std::process::{Command, Stdio};

use super::Ready;
use crate::error::{Error, Result};
use crate::repo::{self, Repo};

/// The packages that the tests' Python programs need, pinned.
const REQUIREMENTS: &str = "tests/requirements.txt";

/// Programs that the tests start, and what to install when one is missing.
const PROGRAMS: [(&str, &str); 2] = [("python3", "Python 3 with its `venv` module"), ("npm", "Node.js with npm")];

/// Makes a Python environment with the pinned packages in the target folder, unless it is there already.
///
/// # Errors
/// When a program is missing or the packages cannot be installed.
pub fn prepare(repo: &Repo, target: &Path) -> Result<Ready> {
    if let Some((program, package)) = PROGRAMS.iter().find(|(program, _)| !runs(Path::new(program))) {
        return Err(Error::new(format!("`{program}` does not run; install {package}")));
    }
    let wanted = repo.read(REQUIREMENTS)?;
    let environment = target.join("test-python");
    let python = environment.join("bin").join("python");
    let stamp = environment.join("requirements.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) && runs(&python) {
        return Ok(Ready::with("TOKENMILL_PYTHON", python));
    }
    println!("making a Python environment for the tests, once");
    repo::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    repo::run(install.arg(repo.root().join(REQUIREMENTS)))?;
    std::fs::write(&stamp, wanted).map_err(|error| Error::io("write", &stamp, &error))?;
    Ok(Ready::with("TOKENMILL_PYTHON", python))
}

fn runs(program: &Path) -> bool {
    let mut probe = Command::new(program);
    probe.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}
