//! How a stage asks for a model, a list or a vocabulary, without knowing where it lives.

use crate::BuildError;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Read-only files that stages need, by the name `assets.toml` gives them (or a path the user gave).
pub trait Assets: Sync {
    /// The whole content, shared by everybody who asks for the same name.
    ///
    /// # Errors
    /// When the asset is unknown, or is neither in the cache nor to be had; the hint says what to run.
    fn bytes(&self, name: &str) -> Result<Arc<[u8]>, BuildError>;

    /// Whether there is a file of that name, for files that a model may have or not.
    fn is_there(&self, name: &str) -> bool;

    /// The sha256 of the content in hexadecimal; part of a phase's fingerprint. Of a folder with a model, whose name ends in
    /// `/`, that of all its [`MODEL_FILES`].
    ///
    /// # Errors
    /// As [`Assets::bytes`].
    fn digest(&self, name: &str) -> Result<String, BuildError>;

    /// The path of the file, for assets that are read as documents; fetched first when it is not there.
    ///
    /// # Errors
    /// As [`Assets::bytes`], and when the assets are no files.
    fn file(&self, name: &str) -> Result<PathBuf, BuildError> {
        Err(BuildError::new(format!("the asset `{name}` is no file")))
    }
}

/// What a folder with a model may hold that decides what the model says; anything else in it may change.
pub const MODEL_FILES: &[&str] = &[
    "config.json",
    "merges.txt",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
];

/// Assets held in memory: for tests, and for stages that need none.
#[derive(Default)]
pub struct MemoryAssets(pub BTreeMap<String, Arc<[u8]>>);

impl Assets for MemoryAssets {
    fn bytes(&self, name: &str) -> Result<Arc<[u8]>, BuildError> {
        self.0.get(name).cloned().ok_or_else(|| BuildError::new(format!("unknown asset `{name}`")))
    }

    fn is_there(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn digest(&self, name: &str) -> Result<String, BuildError> {
        self.bytes(name).map(|bytes| crate::hash::digest_hex(&bytes))
    }
}
