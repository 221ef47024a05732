//! A file being written: it gets its name, the digest of its content, when it is complete.

use crate::{ObjectRef, Store, StoreError};
use std::io::{self, BufWriter, Write};
use tokenmill_core::hash::Digester;

/// A temporary file that becomes an object named by its digest. Dropped unfinished, it disappears.
pub struct Spool {
    file: BufWriter<tempfile::NamedTempFile>,
    digest: Digester,
    bytes: u64,
}

impl Spool {
    /// Starts an empty file in the scratch folder of `store`.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(store: &dyn Store) -> Result<Spool, StoreError> {
        // The process id in the name lets a later run remove what a killed one left.
        let prefix = format!("{}-", std::process::id());
        let file = tempfile::Builder::new().prefix(&prefix).tempfile_in(store.scratch());
        let file = file.map_err(StoreError::io("create", store.scratch().display()))?;
        Ok(Spool { file: BufWriter::with_capacity(1 << 18, file), digest: Digester::new(), bytes: 0 })
    }

    /// Moves the file into the store as `<folder>/<digest>.<extension>`.
    ///
    /// # Errors
    /// When the file cannot be written out or stored.
    pub fn store(self, store: &dyn Store, folder: &str, extension: &str) -> Result<ObjectRef, StoreError> {
        let key = format!("{folder}/{}.{extension}", self.digest.hex());
        self.store_as(store, key)
    }

    /// Moves the file into the store under a key of the caller's, which must follow from the content.
    ///
    /// # Errors
    /// As [`Spool::store`].
    pub fn store_as(self, store: &dyn Store, key: String) -> Result<ObjectRef, StoreError> {
        let file = self.file.into_inner().map_err(|error| StoreError::io("write", &key)(error.into_error()))?;
        let path = file.into_temp_path();
        store.put_file(&key, &path)?;
        // A local store has renamed the file away, so there may be nothing left to remove.
        drop(path);
        Ok(ObjectRef { key, bytes: self.bytes, rows: 0, digest: self.digest.hex() })
    }

    fn place(&self) -> impl std::fmt::Display {
        self.file.get_ref().path().display()
    }

    /// The digest of what has been written so far.
    pub fn digest(&self) -> String {
        self.digest.hex()
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The error passes through crates that do not say which file it is about.
        let n = self.file.write(bytes).map_err(|error| StoreError::io("write", self.place())(error).into_io())?;
        self.digest.update(&bytes[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(|error| StoreError::io("write", self.place())(error).into_io())
    }
}
