//! The one error of the cellar: a stage that cannot be built from its parameters or assets.

/// Why a stage could not be built. Bad documents are never errors: they are ledger rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BuildError {
    /// What is wrong; no trailing period, values in backticks.
    pub message: String,
    /// What to do next, shown on a line of its own.
    pub hint: Option<String>,
}

impl BuildError {
    /// An error without a hint.
    pub fn new(message: impl Into<String>) -> BuildError {
        BuildError { message: message.into(), hint: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> BuildError {
        BuildError { hint: Some(hint.into()), ..self }
    }
}
