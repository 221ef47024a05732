//! The error of the store: always the machine's or the caller's fault, never a bad document's.

use std::fmt::Display;
use std::io;

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
        source: io::Error,
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
    /// The service understood and said no, and will say no again.
    #[error("{what}\nhint: {hint}")]
    Refused {
        /// What was refused, with the reason given.
        what: String,
        /// What to do about it.
        hint: String,
    },
    /// This machine has too little of something; another one may do.
    #[error("{what}\nhint: {hint}")]
    TooSmall {
        /// What needs how much, and what there is.
        what: String,
        /// What to do about it.
        hint: String,
    },
    /// What was asked for cannot be done.
    #[error("{0}")]
    Usage(String),
}

impl StoreError {
    /// Attaches the object to an I/O error. An error of the store that was carried through a stream comes out as it was.
    pub fn io(action: &'static str, key: impl Display) -> impl FnOnce(io::Error) -> StoreError {
        let key = key.to_string();
        move |source| match source.downcast::<StoreError>() {
            Ok(error) => error,
            Err(source) if source.kind() == io::ErrorKind::NotFound => StoreError::Missing(key),
            Err(source) => StoreError::Io { action, key, source },
        }
    }

    /// The content of a stream could not be decoded: damage, unless the stream itself failed.
    pub fn decode(key: impl Display, error: io::Error) -> StoreError {
        error.downcast::<StoreError>().unwrap_or_else(|error| StoreError::corrupt(key, error))
    }

    /// A failure of the service, to be tried again.
    pub fn transient(action: &'static str, key: impl Display, why: impl Display) -> StoreError {
        StoreError::Io { action, key: key.to_string(), source: io::Error::other(why.to_string()) }
    }

    /// The error as a stream must give it; [`StoreError::io`] undoes this.
    pub(crate) fn into_io(self) -> io::Error {
        let kind = match &self {
            StoreError::Io { source, .. } => source.kind(),
            StoreError::Missing(_) => io::ErrorKind::NotFound,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, self)
    }

    /// An object that cannot be read as what it should be.
    pub fn corrupt(key: impl Display, why: impl Display) -> StoreError {
        StoreError::Corrupt { key: key.to_string(), why: why.to_string() }
    }

    /// Whether the same call may succeed later or elsewhere.
    pub fn is_transient(&self) -> bool {
        matches!(self, StoreError::Io { .. } | StoreError::TooSmall { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_the_way_through_a_stream() {
        let refused = || StoreError::Refused { what: "no".into(), hint: "ask".into() };
        assert!(matches!(StoreError::io("read", "k")(refused().into_io()), StoreError::Refused { .. }));
        assert!(matches!(StoreError::decode("k", refused().into_io()), StoreError::Refused { .. }));
        let missing = StoreError::Missing("other".into()).into_io();
        assert!(matches!(StoreError::io("read", "k")(missing), StoreError::Missing(key) if key == "other"));
        assert!(StoreError::io("read", "k")(io::ErrorKind::ConnectionReset.into()).is_transient());
        assert!(!StoreError::decode("k", io::ErrorKind::InvalidData.into()).is_transient());
    }
}
