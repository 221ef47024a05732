//! The services tier: tests that need other programs and a network, at present package clients, and Python with NumPy.

use std::path::Path;

use super::Ready;
use super::python::{Environment, runs};
use crate::error::{Error, Result};
use crate::repo::Repo;

/// Programs that the tests start, and what to install when one is missing.
const PROGRAMS: [(&str, &str); 2] = [("python3", "Python 3 with its `venv` module"), ("npm", "Node.js with npm")];

const ENVIRONMENT: Environment =
    Environment { name: "test-python", base: "python3", requirements: "tests/requirements.txt", venv: &[], pip: &[] };

/// Makes a Python environment with the pinned packages in the target folder, unless it is there already.
///
/// # Errors
/// When a program is missing or the packages cannot be installed.
pub fn prepare(repo: &Repo, target: &Path) -> Result<Ready> {
    if let Some((program, package)) = PROGRAMS.iter().find(|(program, _)| !runs(Path::new(program), &["--version"])) {
        return Err(Error::new(format!("`{program}` does not run; install {package}")));
    }
    Ok(Ready::with("TOKENMILL_PYTHON", ENVIRONMENT.make(repo, target)?))
}
