//! Long answers for people: through a pager and in colours on a terminal, as plain text elsewhere.

use std::io::{IsTerminal, Write};
use std::process::{Command, Stdio};

/// The pager where `$PAGER` names none: `-R` lets colours through.
const PAGER: &str = "less -R";

/// Whether colours may be used: on a terminal that has them, unless `NO_COLOR` is set.
pub fn has_colours() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// The columns of the screen.
pub fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.filter(|columns| *columns >= 40).unwrap_or(120)
}

/// Prints a text, through the pager when somebody looks at it.
pub fn show(text: &str, no_pager: bool) {
    if no_pager || !std::io::stdout().is_terminal() || !paged(text) {
        print!("{text}");
    }
}

/// Hands the text to the pager; false when there is none.
fn paged(text: &str) -> bool {
    let pager = std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
    let command = pager.as_deref().unwrap_or(PAGER);
    let child = Command::new("sh").args(["-c", command]).stdin(Stdio::piped()).spawn();
    let Ok(mut child) = child else { return false };
    if let Some(mut stdin) = child.stdin.take() {
        // Whoever leaves the pager before the end has seen enough.
        let _ = stdin.write_all(text.as_bytes());
    }
    // 127: the shell has found no such program.
    child.wait().is_ok_and(|status| status.code() != Some(127))
}
