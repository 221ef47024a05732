//! The test runner: one pinned version of cargo-nextest, installed when it is missing.

use crate::error::Result;
use crate::repo::{self, Repo};

/// The version that continuous integration uses.
const VERSION: &str = "0.9.143";

/// Settings that make the runner quick to build; it waits for tests and need not be fast itself.
const QUICK_BUILD: [&str; 4] = [
    "profile.release.opt-level=0",
    "profile.release.debug=false",
    "profile.release.lto=\"off\"",
    "profile.release.codegen-units=256",
];

/// Installs cargo-nextest unless some version of it is there; an older or newer one serves as well.
///
/// # Errors
/// When it cannot be installed.
pub fn ensure(repo: &Repo) -> Result<()> {
    let mut probe = repo.cargo(&["nextest", "--version"]);
    probe.stderr(std::process::Stdio::null());
    if probe.output().is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    println!("installing cargo-nextest {VERSION}, once");
    let mut install = repo.cargo(&["install", "--locked", &format!("cargo-nextest@{VERSION}")]);
    for setting in QUICK_BUILD {
        install.args(["--config", setting]);
    }
    repo::run(&mut install)
}
