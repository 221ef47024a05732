//! Why an asset is not to be had, and what to run.

use std::path::PathBuf;
use tokenmill_core::BuildError;

/// A source that was tried, and why it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The source as the table writes it.
    pub source: String,
    /// Why it failed, in one line.
    pub why: String,
}

/// Why an asset is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum AssetError {
    /// Neither a name of the table, nor a path, nor an address.
    #[error("unknown asset `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The nearest name, or all names.
        hint: String,
    },
    /// A table of assets that is wrong.
    #[error("asset table: {why}")]
    Table {
        /// What is wrong with it.
        why: String,
    },
    /// Something was asked for in a way that cannot be followed.
    #[error("{why}")]
    Usage {
        /// What is wrong.
        why: String,
        /// What to write instead.
        hint: String,
    },
    /// Not in the cache, and no source gave it.
    #[error("asset `{name}` is not in the cache and could not be fetched{}", list(tried))]
    Unavailable {
        /// How it was asked for.
        name: String,
        /// Every source, in the order they were tried.
        tried: Vec<Tried>,
        /// Where the file would be looked for.
        path: PathBuf,
        /// What the file must be.
        wanted: String,
    },
    /// The disk failed.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

impl AssetError {
    /// Attaches the path to an I/O error.
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> AssetError {
        let path = path.into();
        move |source| AssetError::Io { action, path, source }
    }

    /// What to do next, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            AssetError::Unknown { hint, .. } | AssetError::Usage { hint, .. } => Some(hint.clone()),
            AssetError::Unavailable { name, path, wanted, .. } => Some(format!(
                "run `tokenmill assets fetch {name}` where there is a network, or put the file ({wanted}) at `{}`",
                path.display()
            )),
            AssetError::Table { .. } | AssetError::Io { .. } => None,
        }
    }
}

fn list(tried: &[Tried]) -> String {
    tried.iter().map(|tried| format!("\n  {}: {}", tried.source, tried.why)).collect()
}

impl From<AssetError> for BuildError {
    fn from(error: AssetError) -> BuildError {
        BuildError { message: error.to_string(), hint: error.hint() }
    }
}
