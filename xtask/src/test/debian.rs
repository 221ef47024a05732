//! Installing Debian's packages: when something is missing, and this user may.

use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::repo;

/// Options for every call of apt-get: quiet, and patient with another one that is at work.
const APT_OPTIONS: [&str; 3] = ["-qq", "-o", "DPkg::Lock::Timeout=300"];

/// Tiers get ready side by side, and apt-get does not wait for another one that reads the lists of packages.
static TURN: Mutex<()> = Mutex::new(());

/// Installs packages because of what is missing.
///
/// # Errors
/// When they cannot be installed, with the reason.
pub fn install(missing: &str, packages: &[&str]) -> Result<()> {
    if let Some(why) = obstacle(is_installed("apt-get"), is_root()) {
        let packages = packages.join("`, `");
        return Err(Error::new(format!("`{missing}` is missing, and {why}; install `{packages}`")));
    }
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    println!("installing `{}`, once", packages.join("`, `"));
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())
}

/// Whether a program is where a shell would look for it.
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Why packages cannot be installed from here.
fn obstacle(has_apt: bool, is_root: bool) -> Option<&'static str> {
    match (has_apt, is_root) {
        (false, _) => Some("there is no `apt-get` to install it with"),
        (true, false) => Some("only root may install it"),
        (true, true) => None,
    }
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    command.args(APT_OPTIONS).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    // What each package says while it is set up is of no use here.
    repo::run(command.stdin(Stdio::null()).stdout(Stdio::null()))
}

fn is_root() -> bool {
    let mut id = Command::new("id");
    id.arg("-u").stderr(Stdio::null());
    id.output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_way_is_named() {
        assert_eq!(obstacle(true, true), None);
        assert!(obstacle(true, false).unwrap().contains("root"));
        assert!(obstacle(false, true).unwrap().contains("apt-get"));
    }

    #[test]
    fn programs_are_looked_for_where_a_shell_would() {
        assert!(is_installed("sh"));
        assert!(!is_installed("a-program-that-nobody-has-written"));
    }
}
