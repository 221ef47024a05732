//! The one error of the cellar: a stage that cannot be built from its parameters or assets.

use std::ops::Range;

/// Why a stage could not be built. Bad documents are never errors: they are ledger rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BuildError {
    /// What is wrong; no trailing period, values in backticks.
    pub message: String,
    /// What to do next, shown on a line of its own.
    pub hint: Option<String>,
}

/// Characters of a parameter's text that are shown on each side of the place that is meant.
const SHOWN: usize = 80;

impl BuildError {
    /// An error without a hint.
    pub fn new(message: impl Into<String>) -> BuildError {
        BuildError { message: message.into(), hint: None }
    }

    /// An error at the bytes `span` of a parameter's text, which is shown with the place underlined.
    pub fn at(param: &str, text: &str, span: Range<usize>, message: impl Into<String>) -> BuildError {
        let message: String = message.into();
        BuildError::new(format!("{message}\n{}", underlined(param, text, span)))
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> BuildError {
        BuildError { hint: Some(hint.into()), ..self }
    }
}

/// The line of a text that holds the start of `span`, and carets under the span.
fn underlined(param: &str, text: &str, span: Range<usize>) -> String {
    let start = text.floor_char_boundary(span.start);
    let end = text.floor_char_boundary(span.end.max(start));
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let plain = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<Vec<_>>();
    let (before, marked, after) = (
        plain(&text[line_start..start]),
        plain(&text[start..end.min(line_end)]),
        plain(&text[end.min(line_end)..line_end]),
    );
    let cut = before.len().saturating_sub(SHOWN);
    let (dots, width) = (if cut > 0 { "…" } else { "" }, marked.len().clamp(1, SHOWN));
    let lead = format!("  {param} = {dots}");
    let shown: String = before[cut..].iter().chain(marked.iter().chain(&after).take(SHOWN)).collect();
    let tail = if marked.len() + after.len() > SHOWN { "…" } else { "" };
    let gap = " ".repeat(lead.chars().count() + before.len() - cut);
    format!("{lead}{shown}{tail}\n{gap}{}", "^".repeat(width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_underlined() {
        let at = |text: &str, span| BuildError::at("keep", text, span, "no").message;
        assert_eq!(at("a >> b", 2..4), "no\n  keep = a >> b\n           ^^");
        assert_eq!(at("é\n\tä + b", 7..8), "no\n  keep =  ä + b\n            ^");
        assert_eq!(at("ab", 2..2), "no\n  keep = ab\n           ^");
        let long = at(&format!("{}!{}", "a".repeat(500), "b".repeat(500)), 500..501);
        assert!(long.lines().all(|line| line.chars().count() < 200), "{long}");
        let (shown, carets) = (long.lines().nth(1).unwrap(), long.lines().nth(2).unwrap());
        assert_eq!(shown.chars().nth(carets.chars().count() - 1), Some('!'));
        // A place that is off must not make things worse.
        assert!(at("é", 1..900).contains("keep = é"));
    }
}
