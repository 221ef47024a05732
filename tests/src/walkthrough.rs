//! A walkthrough is a Markdown page that a test can follow: blocks with a file name are written, `sh` blocks are run.

use std::path::Path;
use std::process::Command;

use crate::program::forget_package;

/// One thing to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Write this text to this file.
    Write {
        /// Path from the root of the tree.
        file: String,
        /// The block's content.
        text: String,
    },
    /// Run this script in a shell that stops at the first failure.
    Run {
        /// The line the block begins on, for messages.
        line: usize,
        /// The block's content.
        script: String,
    },
}

/// The actions of a page in order. A fence ends at a line with at least as many backticks as it began with, so a page
/// can show a page. Blocks of other kinds are for reading only.
pub fn actions(page: &str) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let info = line.trim_start_matches('`');
        let width = line.len() - info.len();
        if width < 3 {
            continue;
        }
        let fence = "`".repeat(width);
        let body: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| !line.starts_with(&fence)).collect();
        let text: String = body.iter().map(|line| format!("{line}\n")).collect();
        let file = info.split_whitespace().find_map(|word| word.strip_prefix("file="));
        if let Some(file) = file {
            actions.push(Action::Write { file: file.to_owned(), text });
        } else if info == "sh" {
            actions.push(Action::Run { line: index + 1, script: text });
        }
    }
    actions
}

/// Does everything a page says, in `tree`; cargo builds into `target`.
///
/// # Panics
/// When a file cannot be written or a script fails, with what it printed.
pub fn follow(page: &str, tree: &Path, target: &Path) {
    for action in actions(page) {
        match action {
            Action::Write { file, text } => std::fs::write(tree.join(file), text).expect("a file that can be written"),
            Action::Run { line, script } => {
                let mut bash = Command::new("bash");
                bash.args(["-euo", "pipefail", "-c", &script]).current_dir(tree).env("CARGO_TARGET_DIR", target);
                let output = forget_package(&mut bash).output().expect("bash starts");
                let (stdout, stderr) =
                    (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
                assert!(output.status.success(), "the block at line {line} fails:\n{script}\n{stdout}\n{stderr}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_scripts_are_told_from_the_rest() {
        let page = "# T\n```rust file=a/b.rs\nfn f() {}\n```\n```text\nno\n```\n```sh\nls\n```\n";
        assert_eq!(
            actions(page),
            [
                Action::Write { file: "a/b.rs".to_owned(), text: "fn f() {}\n".to_owned() },
                Action::Run { line: 8, script: "ls\n".to_owned() },
            ]
        );
    }

    #[test]
    fn a_longer_fence_can_hold_a_shorter_one() {
        let page = "````markdown file=x.md\n```sh\nls\n```\n````\n";
        assert_eq!(actions(page), [Action::Write { file: "x.md".to_owned(), text: "```sh\nls\n```\n".to_owned() }]);
    }

    #[test]
    #[should_panic(expected = "the block at line 1 fails")]
    fn a_failing_script_is_reported() {
        follow("```sh\nfalse\n```\n", Path::new("."), Path::new("target"));
    }
}
