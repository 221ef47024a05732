//! The error of the store: always the machine's or the caller's fault, never a bad document's.

use std::fmt::Display;

/// What went wrong with which object.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The machine or the service failed; the task fails and may be retried.
    #[error("cannot {action} `{key}`: {source}")]
    Io {
        /// What was attempted.
        action: &'static str,
        /// Object key or path.
        key: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The object is not there.
    #[error("`{0}` does not exist")]
    Missing(String),
    /// The object is there and is not what it should be.
    #[error("`{key}` is not readable: {why}")]
    Corrupt {
        /// Object key or path.
        key: String,
        /// What is wrong.
        why: String,
    },
    /// Two runs of the same task gave different bytes: the alarm of law 6.
    #[error(
        "`{key}` was committed before with other content: the task is not deterministic, or two programs of different versions share this run"
    )]
    NotDeterministic {
        /// Key of the commit.
        key: String,
    },
    /// What was asked for cannot be done.
    #[error("{0}")]
    Usage(String),
}

impl StoreError {
    /// Attaches the object to an I/O error.
    pub fn io(action: &'static str, key: impl Display) -> impl FnOnce(std::io::Error) -> StoreError {
        let key = key.to_string();
        move |source| match source.kind() {
            std::io::ErrorKind::NotFound => StoreError::Missing(key),
            _ => StoreError::Io { action, key, source },
        }
    }

    /// An object that cannot be read as what it should be.
    pub fn corrupt(key: impl Display, why: impl Display) -> StoreError {
        StoreError::Corrupt { key: key.to_string(), why: why.to_string() }
    }

    /// Whether the same call may succeed later or elsewhere.
    pub fn is_transient(&self) -> bool {
        matches!(self, StoreError::Io { .. })
    }
}
