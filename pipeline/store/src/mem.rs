//! A store in memory, for tests and for temporary runs.

use crate::{Created, Object, ObjectMeta, Store, StoreError};
use bytes::Bytes;
use core::hash::digest_hex;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokenmill_core as core;

/// A store in memory.
pub struct MemStore {
    objects: Mutex<BTreeMap<String, Bytes>>,
    scratch: tempfile::TempDir,
}

impl MemStore {
    /// An empty store.
    ///
    /// # Errors
    /// When no folder for spooled files can be made.
    pub fn new() -> Result<MemStore, StoreError> {
        let scratch = tempfile::tempdir().map_err(StoreError::io("create", "a temporary folder"))?;
        Ok(MemStore { objects: Mutex::default(), scratch })
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, key: &str) -> Result<Bytes, StoreError> {
        self.objects().get(key).cloned().ok_or_else(|| StoreError::Missing(key.to_owned()))
    }
}

impl Store for MemStore {
    fn head(&self, key: &str) -> Result<Option<ObjectMeta>, StoreError> {
        let meta = |content: &Bytes| ObjectMeta { bytes: content.len() as u64, version: digest_hex(content) };
        Ok(self.objects().get(key).map(meta))
    }

    fn read(&self, key: &str) -> Result<Vec<u8>, StoreError> {
        self.get(key).map(Vec::from)
    }

    fn open(&self, key: &str) -> Result<Box<dyn Object>, StoreError> {
        self.get(key).map(|content| Box::new(content) as Box<dyn Object>)
    }

    fn stream(&self, key: &str) -> Result<Box<dyn Read + Send>, StoreError> {
        self.get(key).map(|content| Box::new(Cursor::new(content)) as Box<dyn Read + Send>)
    }

    fn put_file(&self, key: &str, file: &Path) -> Result<(), StoreError> {
        #[expect(clippy::disallowed_methods, reason = "spooled files are real files")]
        let content = std::fs::read(file).map_err(StoreError::io("read", file.display()))?;
        self.put(key, &content)
    }

    fn put(&self, key: &str, content: &[u8]) -> Result<(), StoreError> {
        self.objects().insert(key.to_owned(), Bytes::copy_from_slice(content));
        Ok(())
    }

    fn create(&self, key: &str, content: &[u8]) -> Result<Created, StoreError> {
        let mut objects = self.objects();
        if let Some(standing) = objects.get(key) {
            return Ok(Created::Lost(standing.to_vec()));
        }
        objects.insert(key.to_owned(), Bytes::copy_from_slice(content));
        Ok(Created::Won)
    }

    fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    fn display(&self, key: &str) -> String {
        format!("memory:{key}")
    }
}

impl Object for Bytes {
    fn bytes(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let (start, end) = (range.start as usize, range.end as usize);
        let fits = start <= end && end <= self.len();
        fits.then(|| self.slice(start..end)).ok_or_else(|| StoreError::corrupt("memory", format!("bytes {range:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaves_as_a_store() {
        crate::testing::check_store(&MemStore::new().unwrap());
    }
}
