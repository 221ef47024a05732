//! `cargo xtask soak`: kills of the program and faults of its store over a small run, with an invariant checker.

use crate::error::Result;
use crate::repo::{self, Repo};
use crate::test::ceph;
use std::process::Command;

/// Builds the program, starts a gateway, and lets the tests' soak run on it.
///
/// # Errors
/// When there is no gateway, or something was lost.
pub fn run(repo: &Repo, arguments: &[String]) -> Result<()> {
    repo::run(repo.cargo(&["build", "--workspace", "--bins"]))?;
    let target = repo.target()?;
    let gateway = ceph::for_bench(&target)?;
    let built = target.join("debug");
    let mut soak = Command::new(built.join("soak"));
    soak.args(arguments).envs(gateway.variables.iter().cloned()).env("TOKENMILL_BIN", built.join("tokenmill"));
    repo::run(&mut soak)
}
