//! An error in a recipe, with its place and what to do about it.

use super::node::Place;
use std::fmt;

/// What is wrong where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// What is wrong; no trailing period, values in backticks.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// `file:line:column` and the line itself with the place underlined, or the override.
    pub place: Option<String>,
}

impl ConfigError {
    /// An error that has no place.
    pub fn new(message: impl Into<String>) -> ConfigError {
        ConfigError { message: message.into(), hint: None, place: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> ConfigError {
        ConfigError { hint: Some(hint.into()), ..self }
    }
}

impl From<tokenmill_core::BuildError> for ConfigError {
    fn from(error: tokenmill_core::BuildError) -> ConfigError {
        ConfigError { message: error.message, hint: error.hint, place: None }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(place) = &self.place {
            write!(f, "\n{place}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// The text of a recipe and its name, to turn places into lines.
#[derive(Clone, Debug)]
pub struct Text {
    /// Name of the file.
    pub name: String,
    /// Its content.
    pub content: String,
}

impl Text {
    /// Shows a place: where, the line, and the part of it that is meant.
    pub fn show(&self, place: &Place) -> String {
        let span = match place {
            Place::Set(typed) => return format!("  --> --set {typed}"),
            Place::File(span) => span,
        };
        let start = span.start.min(self.content.len());
        let before = self.content.get(..start).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let number = before.matches('\n').count() + 1;
        let line = self.content[line_start..].lines().next().unwrap_or("");
        let column = before[line_start..].chars().count();
        let marked = self.content.get(start..span.end).unwrap_or("").lines().next().unwrap_or("");
        let width = marked.chars().count().max(1);
        let gutter = " ".repeat(number.to_string().len());
        format!(
            "{gutter}--> {}:{number}:{}\n{gutter} |\n{number} | {line}\n{gutter} | {}{}",
            self.name,
            column + 1,
            " ".repeat(column),
            "^".repeat(width)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_point_at_the_text() {
        let text = Text { name: "a.toml".into(), content: "[run]\nnäme = 1\n".into() };
        let shown = text.show(&Place::File(6..11));
        assert_eq!(shown, " --> a.toml:2:1\n  |\n2 | näme = 1\n  | ^^^^");
        assert_eq!(text.show(&Place::Set("a=1".into())), "  --> --set a=1");
        // A place that is off must not make things worse.
        assert!(text.show(&Place::File(900..901)).contains("a.toml"));
    }
}
