//! The one error type of the house tools: a sentence for the person at the terminal.

use std::fmt;
use std::path::Path;

/// Result of every house tool.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A message that says what went wrong, with the values in backticks, and what to do next.
#[derive(Debug)]
pub struct Error(String);

impl Error {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// An error of the operating system, with the action and the path it concerned.
    pub fn io(action: &str, path: &Path, source: &std::io::Error) -> Self {
        Self(format!("cannot {action} `{}`: {source}", path.display()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
