//! The browser tier: Chromium without a window, and the driver that leads it.

use std::path::{Path, PathBuf};

use super::python::runs;
use super::{Ready, debian};
use crate::error::{Error, Result};
use crate::repo::Repo;

const DRIVER: &str = "chromedriver";

/// The browser, its driver, and the typeface that the pictures in `docs/img` are set in.
const PACKAGES: [&str; 3] = ["chromium", "chromium-driver", "fonts-inter"];

/// Installs the browser when it is missing.
///
/// # Errors
/// When it cannot be installed.
pub(super) fn prepare(_: &Repo, _: &Path) -> Result<Ready> {
    let is_ready = || runs(Path::new(DRIVER), &["--version"]) && runs(Path::new("chromium"), &["--version"]);
    if !is_ready() {
        debian::install(DRIVER, &PACKAGES)?;
        if !is_ready() {
            return Err(Error::new(format!("`{DRIVER}` does not run although it has been installed")));
        }
    }
    Ok(Ready::with("TOKENMILL_CHROMEDRIVER", PathBuf::from(DRIVER)))
}
