//! What can be wrong with what is to be fitted.

/// Why nothing was fitted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// A table is not what it should be.
    #[error("{table}, line {line}: {message}")]
    Table {
        /// Which table.
        table: &'static str,
        /// Its line, from 1.
        line: u64,
        /// What is wrong.
        message: String,
    },
    /// There are too few points, runs or seeds.
    #[error("{0}")]
    TooFew(String),
    /// Settings or numbers that cannot be.
    #[error("{0}")]
    Invalid(String),
}
