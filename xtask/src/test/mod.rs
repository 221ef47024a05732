//! `cargo xtask test` runs the tests in tiers: hermetic ones always, others when asked for and possible.

mod browser;
pub mod ceph;
pub mod clusters;
pub mod data;
mod debian;
mod lock;
mod nextest;
mod ports;
mod python;
pub mod readers;
mod services;
mod step;

use std::any::Any;
use std::ffi::OsString;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::repo::{self, Repo};

/// A variable that a tier sets for its tests.
pub type Variable = (&'static str, OsString);

/// What a tier has got ready for its tests.
#[derive(Debug)]
struct Ready {
    variables: Vec<Variable>,
    /// What must live until the last test has ended, and cleans up when it is dropped.
    held: Option<Box<dyn Any + Send>>,
}

impl Ready {
    /// One path is all that the tests need.
    fn with(name: &'static str, path: PathBuf) -> Self {
        Self { variables: vec![(name, path.into_os_string())], held: None }
    }
}

/// Tests beyond the hermetic ones: those in one module of `tokenmill-tests`.
struct Tier {
    /// The module.
    name: &'static str,
    /// The option that asks for it; one option may ask for several, which can do without each other.
    option: &'static str,
    /// A tier before it that it cannot do without.
    needs: Option<&'static str>,
    /// Makes the tests possible. This goes on while cargo builds them.
    prepare: fn(&Repo, &Path) -> Result<Ready>,
}

const TIERS: [Tier; 6] = [
    Tier { name: "services", option: "--services", needs: None, prepare: services::prepare },
    Tier { name: "browser", option: "--services", needs: None, prepare: browser::prepare },
    Tier { name: "readers", option: "--services", needs: None, prepare: readers::prepare },
    Tier { name: "gateway", option: "--services", needs: None, prepare: ceph::prepare },
    Tier { name: "clusters", option: "--services", needs: Some("gateway"), prepare: clusters::prepare },
    Tier { name: "data", option: "--data", needs: None, prepare: data::prepare },
];

/// Runs the tests; the arguments are `--services`, `--data`, and after `--` what nextest is to get.
///
/// # Errors
/// When a test fails, or when under `CI=true` something that a tier needs is missing.
pub fn run(repo: &Repo, arguments: &[String]) -> Result<()> {
    let (options, passed_on) = split(arguments);
    let is_known = |option: &&String| TIERS.iter().any(|tier| tier.option == **option);
    if let Some(option) = options.iter().find(|option| !is_known(option)) {
        return Err(Error::new(format!("there is no option `{option}`; the options are `--services` and `--data`")));
    }
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let target = repo.target()?;
    let outcomes = std::thread::scope(|scope| {
        let prepare = |tier: &Tier| {
            let (prepare, target) = (tier.prepare, &target);
            options.iter().any(|option| option == tier.option).then(|| scope.spawn(move || prepare(repo, target)))
        };
        let preparing = TIERS.each_ref().map(prepare);
        build(repo)?;
        Ok(preparing.map(|tier| tier.map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))))
    })?;

    let (mut variables, mut held, mut excluded) = (Vec::new(), Vec::new(), Vec::new());
    for (tier, outcome) in TIERS.iter().zip(outcomes) {
        let outcome = settle(outcome, is_ci, tier)?;
        match outcome.and_then(|ready| with_needs(ready, tier, &excluded)) {
            Ok(ready) => {
                variables.extend(ready.variables);
                held.extend(ready.held);
            }
            Err(why) => {
                println!("skipped: {} tests: {why}", tier.name);
                excluded.push(tier.name);
            }
        }
    }
    let mut command = repo.cargo(&["nextest", "run", "--workspace", "-E", &filter(&excluded)]);
    command.args(passed_on).envs(variables).env("TOKENMILL_BIN", set_aside(&target)?);
    let outcome = repo::run(&mut command);
    drop(held);
    outcome
}

/// Builds everything that the tests need, and runs those that cargo alone can run.
fn build(repo: &Repo) -> Result<()> {
    nextest::ensure(repo)?;
    repo::run(repo.cargo(&["test", "--quiet", "--workspace", "--doc"]))?;
    // The same selection as nextest's, so that nothing is built twice with other features.
    repo::run(repo.cargo(&["build", "--workspace", "--bins", "--tests"]))
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

/// What becomes of a tier: what its tests get, or why it is left out. Under CI a tier that was asked for must run.
fn settle(outcome: Option<Result<Ready>>, is_ci: bool, tier: &Tier) -> Result<Result<Ready, String>> {
    match outcome {
        None => Ok(Err(format!("ask for them with `{}`", tier.option))),
        Some(Ok(ready)) => Ok(Ok(ready)),
        Some(Err(error)) if is_ci => Err(Error::new(format!("the {} tests cannot run: {error}", tier.name))),
        Some(Err(error)) => Ok(Err(error.to_string())),
    }
}

/// A tier that is ready is of no use without the one that it needs.
fn with_needs(ready: Ready, tier: &Tier, excluded: &[&str]) -> Result<Ready, String> {
    match tier.needs.filter(|needed| excluded.contains(needed)) {
        Some(needed) => Err(format!("they need the {needed} tests' servers")),
        None => Ok(ready),
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
        let [.., data] = TIERS;
        let missing = || Some(Err(Error::new("no archives")));
        assert_eq!(settle(missing(), false, &data).unwrap().unwrap_err(), "no archives");
        assert!(settle(missing(), true, &data).is_err());
        assert_eq!(settle(None, true, &data).unwrap().unwrap_err(), "ask for them with `--data`");
        let ready = || Some(Ok(Ready::with("TOKENMILL_TEST_DATA", "x".into())));
        assert_eq!(settle(ready(), true, &data).unwrap().unwrap().variables.len(), 1);
    }

    #[test]
    fn a_tier_goes_with_the_one_that_it_needs() {
        for (at, tier) in TIERS.iter().enumerate() {
            assert!(tier.needs.is_none_or(|needed| TIERS[..at].iter().any(|earlier| earlier.name == needed)));
        }
        let tier = TIERS.iter().find(|tier| tier.needs.is_some()).unwrap();
        let ready = || Ready { variables: Vec::new(), held: None };
        assert!(with_needs(ready(), tier, &["data"]).is_ok());
        assert_eq!(
            with_needs(ready(), tier, &["data", "gateway"]).unwrap_err(),
            "they need the gateway tests' servers"
        );
    }

    #[test]
    fn arguments_after_two_hyphens_go_to_nextest() {
        let arguments = ["--data", "--", "--no-capture"].map(str::to_owned);
        let (options, passed_on) = split(&arguments);
        assert_eq!((options, passed_on), (&arguments[..1], &arguments[2..]));
    }
}
