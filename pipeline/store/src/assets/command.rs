//! Runs one of the user's own programs and says in one line why it failed.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

/// Longest excerpt of a program's complaints, in characters.
const EXCERPT: usize = 300;

/// Runs `program` in `folder` without input and returns what it wrote to standard output.
pub(super) fn run<S: AsRef<OsStr>>(program: &str, args: &[S], folder: &Path) -> Result<Vec<u8>, String> {
    let output = Command::new(program).args(args).current_dir(folder).stdin(Stdio::null()).output();
    let output = output.map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("`{program}` is not installed, or not on the PATH"),
        _ => format!("`{program}` cannot be run: {error}"),
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(format!("`{program}` failed: {}", excerpt(&String::from_utf8_lossy(&output.stderr))))
}

/// The last lines of what a program complained about, joined.
fn excerpt(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines[lines.len().saturating_sub(3)..].join("; ");
    match last.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &last[..end]),
        None if last.is_empty() => "it gave no reason".to_owned(),
        None => last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_say_why() {
        let folder = std::env::temp_dir();
        assert_eq!(run("sh", &["-c", "printf hi"], &folder).unwrap(), b"hi");
        let failed = run("sh", &["-c", "echo one >&2; echo >&2; echo two >&2; exit 3"], &folder).unwrap_err();
        assert_eq!(failed, "`sh` failed: one; two");
        assert!(run("no-such-program", &["x"], &folder).unwrap_err().contains("not installed"));
    }

    #[test]
    fn excerpts_are_short() {
        assert_eq!(excerpt("a\nb\nc\nd\n"), "b; c; d");
        assert_eq!(excerpt(""), "it gave no reason");
        assert_eq!(excerpt(&"é".repeat(1000)).chars().count(), EXCERPT + 1);
    }
}
