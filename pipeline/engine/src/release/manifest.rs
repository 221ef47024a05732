//! `release.json`: what a release is, what it holds, and the digest of every file.

use super::file::Held;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The name of the manifest.
pub const MANIFEST: &str = "release.json";

/// Raised when the form of the manifest changes.
pub const VERSION: u32 = 1;

/// `release.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`VERSION`].
    pub version: u32,
    /// Everything that decides what the data files hold.
    pub identity: Value,
    /// What the ledgers of the run say that it has kept.
    pub run: Sum,
    /// What was read back from the files; the same.
    pub files_hold: Held,
    /// The data files.
    pub files: Vec<FileRecord>,
    /// All other files but this one.
    pub others: Vec<OtherFile>,
}

/// Documents of a run, without what only their text tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// Documents.
    pub n_documents: u64,
    /// Bytes of their texts.
    pub text_bytes: u64,
    /// The sum of the xxh3-64 of all ids, modulo 2^64, in 16 hexadecimal digits.
    pub ids: String,
}

/// A data file that is complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Path from the root of the release.
    pub name: String,
    /// Configuration.
    pub config: String,
    /// Size in bytes.
    pub bytes: u64,
    /// sha256 in hexadecimal digits.
    pub sha256: String,
    /// xxh3-128 in hexadecimal digits.
    pub xxh3: String,
    /// Bytes of its columns in memory, as Arrow holds them.
    pub memory_bytes: u64,
    /// What it holds.
    #[serde(flatten)]
    pub held: Held,
}

/// A file that holds no documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherFile {
    /// Path from the root of the release.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// sha256 in hexadecimal digits.
    pub sha256: String,
    /// xxh3-128 in hexadecimal digits.
    pub xxh3: String,
}
