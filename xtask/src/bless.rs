//! `cargo xtask bless` writes what the stages say now into their pages, and renews the generated files.

use crate::error::Result;
use crate::repo::{self, Repo};
use crate::tidy::{GENERATED, make};

/// Blesses pages and generated files; read the diff afterwards.
///
/// # Errors
/// When a stage's own tests fail for another reason than a stale page, or the program cannot be built.
pub fn run(repo: &Repo) -> Result<()> {
    // The stages' page tests rewrite their pages when they find this variable.
    let mut pages = repo.cargo(&["test", "--quiet", "--workspace", "--lib", "pages_are_true"]);
    repo::run(pages.env("TOKENMILL_BLESS", "1"))?;
    for (format, path) in GENERATED {
        let made = make(repo, format)?;
        if repo.read(path).is_ok_and(|found| found == made) {
            println!("{path}: unchanged");
        } else {
            repo.write(path, made.as_bytes())?;
            println!("{path}: written");
        }
    }
    Ok(())
}
