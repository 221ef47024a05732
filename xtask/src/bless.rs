//! `cargo xtask bless` writes what the stages say now into their pages, and renews the generated files.

use crate::error::{Error, Result};
use crate::repo::{self, Repo};
use crate::tidy::{GENERATED, make, unraised};

/// Says that new expectations are new cases, and not a change of what a stage does.
const CASES_ONLY: &str = "--cases-only";

/// Blesses pages and generated files; read the diff afterwards.
///
/// # Errors
/// When a page cannot be used, the program cannot be built, or a stage expects something else than before although
/// its version has not been raised.
pub fn run(repo: &Repo, arguments: &[String]) -> Result<()> {
    if let Some(unknown) = arguments.iter().find(|argument| *argument != CASES_ONLY) {
        return Err(Error::new(format!("there is no option `{unknown}`; the only one is `{CASES_ONLY}`")));
    }
    repo::run(repo.cargo(&["run", "--quiet", "--package", "tokenmill", "--", "pages", "--bless"]))?;
    for (format, path) in GENERATED {
        let made = make(repo, format)?;
        let found = repo.read(path).unwrap_or_default();
        if found == made {
            println!("{path}: unchanged");
            continue;
        }
        if format == "lock" && arguments.is_empty() {
            refuse(&unraised(&found, &made))?;
        }
        repo.write(path, made.as_bytes())?;
        println!("{path}: written");
    }
    Ok(())
}

fn refuse(unraised: &[String]) -> Result<()> {
    if unraised.is_empty() {
        return Ok(());
    }
    Err(Error::new(format!(
        "the pages of `{}` expect something else than before: raise `version` of the stage, or say `{CASES_ONLY}` if \
         only cases were added or taken away",
        unraised.join("`, `")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_output_needs_a_new_version() {
        assert!(refuse(&[]).is_ok());
        let error = refuse(&["filter.length".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("`filter.length`") && error.contains("raise `version`"));
    }
}
