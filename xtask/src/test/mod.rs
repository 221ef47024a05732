//! `cargo xtask test` runs the tests in tiers: hermetic ones always, others when asked for and possible.

mod data;
mod nextest;
mod services;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::repo::{self, Repo};

/// A variable that a tier sets for its tests.
type Variable = (&'static str, OsString);

/// Tests beyond the hermetic ones: those in the module of the same name of `tokenmill-tests`.
struct Tier {
    name: &'static str,
    prepare: fn(&Repo, &Path) -> Result<Variable>,
}

const TIERS: [Tier; 2] =
    [Tier { name: "services", prepare: services::prepare }, Tier { name: "data", prepare: data::prepare }];

/// Runs the tests; the arguments are `--services`, `--data`, and after `--` what nextest is to get.
///
/// # Errors
/// When a test fails, or when under `CI=true` something that a tier needs is missing.
pub fn run(repo: &Repo, arguments: &[String]) -> Result<()> {
    let (options, passed_on) = split(arguments);
    let is_known = |option: &&String| TIERS.iter().any(|tier| option.strip_prefix("--") == Some(tier.name));
    if let Some(option) = options.iter().find(|option| !is_known(option)) {
        return Err(Error::new(format!("there is no option `{option}`; the options are `--services` and `--data`")));
    }
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let target = repo.target()?;
    nextest::ensure(repo)?;

    let mut variables = Vec::new();
    let mut excluded = Vec::new();
    for tier in TIERS {
        let is_asked = options.iter().any(|option| option[2..] == *tier.name);
        let outcome = is_asked.then(|| (tier.prepare)(repo, &target));
        match settle(outcome, is_ci, tier.name)? {
            Ok(variable) => variables.push(variable),
            Err(why) => {
                println!("skipped: {} tests: {why}", tier.name);
                excluded.push(tier.name);
            }
        }
    }
    repo::run(repo.cargo(&["test", "--quiet", "--workspace", "--doc"]))?;
    // The same selection as nextest's, so that nothing is built twice with other features.
    repo::run(repo.cargo(&["build", "--workspace", "--bins", "--tests"]))?;
    let mut command = repo.cargo(&["nextest", "run", "--workspace", "-E", &filter(&excluded)]);
    command.args(passed_on).envs(variables);
    command.env("TOKENMILL_BIN", set_aside(&target)?);
    repo::run(&mut command)
}

/// Copies the program out of cargo's reach: a test that builds a changed tree replaces the one that was built here.
fn set_aside(target: &Path) -> Result<PathBuf> {
    let name = format!("tokenmill{}", std::env::consts::EXE_SUFFIX);
    let (built, folder) = (target.join("debug").join(&name), target.join("test-bin"));
    let copy = folder.join(name);
    std::fs::create_dir_all(&folder).map_err(|error| Error::io("create", &folder, &error))?;
    std::fs::copy(&built, &copy).map_err(|error| Error::io("copy", &built, &error))?;
    Ok(copy)
}

fn split(arguments: &[String]) -> (&[String], &[String]) {
    match arguments.iter().position(|argument| argument == "--") {
        Some(at) => (&arguments[..at], &arguments[at + 1..]),
        None => (arguments, &[]),
    }
}

/// What becomes of a tier: its variable, or why it is left out. Under CI a tier that was asked for must run.
fn settle(outcome: Option<Result<Variable>>, is_ci: bool, name: &str) -> Result<Result<Variable, String>> {
    match outcome {
        None => Ok(Err(format!("ask for them with `--{name}`"))),
        Some(Ok(variable)) => Ok(Ok(variable)),
        Some(Err(error)) if is_ci => Err(Error::new(format!("the {name} tests cannot run: {error}"))),
        Some(Err(error)) => Ok(Err(error.to_string())),
    }
}

/// nextest's filter expression for everything but the excluded tiers.
fn filter(excluded: &[&str]) -> String {
    let parts = excluded.iter().map(|name| format!(" - (package(tokenmill-tests) & test(/^{name}::/))"));
    format!("all(){}", parts.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_are_taken_out_by_name() {
        assert_eq!(filter(&[]), "all()");
        assert_eq!(filter(&["data"]), "all() - (package(tokenmill-tests) & test(/^data::/))");
    }

    #[test]
    fn what_is_missing_fails_under_ci_only() {
        let missing = || Some(Err(Error::new("no archives")));
        assert_eq!(settle(missing(), false, "data").unwrap(), Err("no archives".to_owned()));
        assert!(settle(missing(), true, "data").is_err());
        assert!(settle(None, true, "data").unwrap().is_err());
        let ready = ("TOKENMILL_TEST_DATA", OsString::from("x"));
        assert_eq!(settle(Some(Ok(ready.clone())), true, "data").unwrap(), Ok(ready));
    }

    #[test]
    fn arguments_after_two_hyphens_go_to_nextest() {
        let arguments = ["--data", "--", "--no-capture"].map(str::to_owned);
        let (options, passed_on) = split(&arguments);
        assert_eq!((options, passed_on), (&arguments[..1], &arguments[2..]));
    }
}
