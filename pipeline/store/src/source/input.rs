//! Finds input files and knows them without reading: URI, size and version.
#![expect(clippy::disallowed_methods, reason = "inputs are the user's own files, outside any store")]

use crate::local::{file_meta, open_file};
use crate::{Object, StoreError};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokenmill_core::hash::Digester;

/// One input file. Its identity is (URI, size, version), known at planning.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Input {
    /// Path as the recipe gives it, wildcards expanded.
    pub uri: String,
    /// What it is called in ids and tables, wherever it lies.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// ETag or version; size and modification time for a local file.
    pub version: String,
}

/// The input files that `patterns` name, in the order of their URIs, each once.
///
/// # Errors
/// When a pattern is malformed or names nothing.
pub fn expand(patterns: &[String]) -> Result<Vec<Input>, StoreError> {
    let mut inputs = Vec::new();
    for pattern in patterns {
        let paths = glob::glob(pattern).map_err(|error| StoreError::Usage(format!("pattern `{pattern}`: {error}")))?;
        let before = inputs.len();
        for path in paths {
            let path = path.map_err(|error| {
                let at = error.path().display().to_string();
                StoreError::io("read", at)(error.into())
            })?;
            if path.is_file() {
                inputs.push(find(&path.display().to_string())?);
            }
        }
        if inputs.len() == before {
            return Err(StoreError::Usage(format!("`{pattern}` names no file")));
        }
    }
    inputs.sort_by(|a, b| a.uri.cmp(&b.uri));
    inputs.dedup_by(|a, b| a.uri == b.uri);
    Ok(inputs)
}

/// Looks up one input file.
///
/// # Errors
/// When it is missing.
pub fn find(uri: &str) -> Result<Input, StoreError> {
    let meta = file_meta(Path::new(uri))?.ok_or_else(|| StoreError::Missing(uri.to_owned()))?;
    Ok(Input { uri: uri.to_owned(), name: uri.to_owned(), bytes: meta.bytes, version: meta.version })
}

/// Opens an input for reads at any place.
pub(super) fn object(input: &Input) -> Result<Box<dyn Object>, StoreError> {
    open_file(Path::new(&input.uri))
}

/// Opens an input for one read from the first byte to the last.
pub(super) fn stream(input: &Input) -> Result<Counted, StoreError> {
    let file = File::open(&input.uri).map_err(StoreError::io("open", &input.uri))?;
    Ok(Counted { file: Box::new(file), state: Arc::default() })
}

/// A stream that counts and digests what is read through it.
pub struct Counted {
    file: Box<dyn Read + Send>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    bytes: u64,
    digest: Digester,
    ended: bool,
}

/// A handle on the counts of a stream that somebody else reads.
#[derive(Clone)]
pub struct Counts(Arc<Mutex<State>>);

impl Counted {
    /// A stream over anything, for tests and nested inputs.
    pub fn new(file: impl Read + Send + 'static) -> Counted {
        Counted { file: Box::new(file), state: Arc::default() }
    }

    /// A handle on the counts.
    pub fn counts(&self) -> Counts {
        Counts(self.state.clone())
    }
}

impl Counts {
    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }

    /// The digest, once the stream has ended.
    pub fn digest(&self) -> Option<String> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.ended.then(|| state.digest.hex())
    }
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(out)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.bytes += n as u64;
        state.digest.update(&out[..n]);
        state.ended |= n == 0 && !out.is_empty();
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_expand_in_order_and_each_file_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.warc", "a.warc", "c.txt"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let at = |name: &str| folder.path().join(name).display().to_string();
        let found = expand(&[at("*.warc"), at("a.*")]).unwrap();
        assert_eq!(found.iter().map(|input| input.uri.clone()).collect::<Vec<_>>(), [at("a.warc"), at("b.warc")]);
        assert_eq!(found[0].bytes, 6);
        assert!(expand(&[at("*.gz")]).unwrap_err().to_string().contains("names no file"));
        assert!(matches!(find(&at("none")), Err(StoreError::Missing(_))));
    }

    #[test]
    fn the_digest_is_known_at_the_end_only() {
        let mut stream = Counted::new(&b"abc"[..]);
        let counts = stream.counts();
        let mut buffer = [0; 3];
        stream.read_exact(&mut buffer).unwrap();
        assert_eq!((counts.bytes(), counts.digest()), (3, None));
        assert_eq!(stream.read(&mut buffer).unwrap(), 0);
        assert_eq!(counts.digest(), Some(tokenmill_core::hash::digest_hex(b"abc")));
    }
}
