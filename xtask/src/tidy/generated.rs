//! Files that are made from the catalogue are as the catalogue makes them now.

use std::collections::BTreeMap;

use super::Problem;
use crate::error::Result;
use crate::repo::{self, Repo};

/// Formats of `tokenmill catalog` and the files they fill.
pub const GENERATED: [(&str, &str); 3] =
    [("markdown", "docs/stages.md"), ("schema", "configs/schema.json"), ("lock", "catalog.lock")];

pub fn check(repo: &Repo) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for (format, path) in GENERATED {
        let made = make(repo, format)?;
        problems.extend(stale(path, repo.read(path).ok().as_deref(), &made));
    }
    Ok(problems)
}

/// What the catalogue gives in this format.
///
/// # Errors
/// When the program cannot be built or refuses.
pub fn make(repo: &Repo, format: &str) -> Result<String> {
    repo::output(repo.cargo(&["run", "--quiet", "--package", "tokenmill", "--", "catalog", "--format", format]))
}

fn stale(path: &str, found: Option<&str>, made: &str) -> Option<Problem> {
    let Some(found) = found else {
        return Some(Problem::new(path, 0, "the file is missing; run `cargo xtask bless`"));
    };
    if found == made {
        return None;
    }
    let line = 1 + found.lines().zip(made.lines()).take_while(|(found, made)| found == made).count();
    Some(Problem::new(path, line, "differs from what the catalogue gives; run `cargo xtask bless` and read the diff"))
}

/// Stages whose expectations differ between two locks although their version does not.
///
/// A line of a lock is the stage's name, its version, and a digest of what its page expects.
pub fn unraised(old: &str, new: &str) -> Vec<String> {
    let stage = |line: &str| line.rsplit_once(' ').map(|(stage, digest)| (stage.to_owned(), digest.to_owned()));
    let before: BTreeMap<String, String> =
        old.lines().filter(|line| !line.starts_with('#')).filter_map(stage).collect();
    let after = new.lines().filter(|line| !line.starts_with('#')).filter_map(stage);
    let changed = after.filter(|(stage, digest)| before.get(stage).is_some_and(|old| old != digest));
    changed.filter_map(|(stage, _)| stage.split(' ').next().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_tells_a_new_version_from_a_silent_change() {
        let old = "# generated\na.b 1 00\nc.d 1 11\ne.f 2 22\n";
        let new = "# generated\na.b 1 99\nc.d 2 99\ne.f 2 22\ng.h 1 33\n";
        assert_eq!(unraised(old, new), ["a.b"]);
    }

    #[test]
    fn the_first_differing_line_is_named() {
        assert_eq!(stale("x", Some("a\nb\n"), "a\nb\n"), None);
        assert_eq!(stale("x", Some("a\nold\n"), "a\nnew\n").unwrap().line, 2);
        assert_eq!(stale("x", Some("a\n"), "a\nb\n").unwrap().line, 2);
        assert_eq!(stale("x", None, "a\n").unwrap().line, 0);
    }
}
