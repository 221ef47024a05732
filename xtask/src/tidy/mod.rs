//! `cargo xtask tidy` checks the house rules that the compiler cannot; one file for each rule.

mod captions;
mod catalogue;
mod decisions;
mod generated;
mod houses;
mod links;
mod machines;
mod marks;
mod rooms;
mod sources;

use std::fmt;

use crate::error::{Error, Result};
use crate::fixtures;
use crate::repo::Repo;
pub use generated::{GENERATED, make, unraised};
use sources::Sources;

/// A place where a rule is broken.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path from the root of the repository.
    pub path: String,
    /// Line from 1, or 0 when the whole file is meant.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl Problem {
    /// A problem at this place.
    pub fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

type Check = fn(&Repo, &Sources) -> Result<Vec<Problem>>;

/// All rules by name, the quick ones first.
const CHECKS: [(&str, Check); 10] = [
    ("rooms", |_, sources| Ok(rooms::check(sources))),
    ("captions", |_, sources| Ok(captions::check(sources))),
    ("marks", |_, sources| Ok(marks::check(sources))),
    ("machines", |_, sources| Ok(machines::check(sources))),
    ("links", |_, sources| Ok(links::check(sources))),
    ("decisions", |_, sources| Ok(decisions::check(sources))),
    ("catalogue", |_, sources| Ok(catalogue::check(sources))),
    ("houses", |repo, _| houses::check(repo)),
    ("fixtures", |repo, _| fixtures::check(repo)),
    ("generated", |repo, _| generated::check(repo)),
];

/// Runs the named rules, or all of them when none is named.
///
/// # Errors
/// When a rule is broken, cannot be checked, or does not exist.
pub fn run(repo: &Repo, names: &[String]) -> Result<()> {
    let known: Vec<&str> = CHECKS.iter().map(|(name, _)| *name).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Error::new(format!("there is no rule `{name}`; the rules are: {}", known.join(", "))));
    }
    let sources = Sources::read(repo)?;
    let mut n_problems = 0;
    for (name, check) in CHECKS.iter().filter(|(name, _)| names.is_empty() || names.iter().any(|n| n == name)) {
        for problem in check(repo, &sources)? {
            println!("{problem} [{name}]");
            n_problems += 1;
        }
    }
    match n_problems {
        0 => {
            println!("tidy: no problems in {} files", sources.len());
            Ok(())
        }
        n => Err(Error::new(format!("tidy found {n} problems"))),
    }
}
