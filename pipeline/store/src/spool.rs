//! A file being written: it gets its name, the digest of its content, when it is complete.

use crate::local::open_file;
use crate::{Object, ObjectRef, Store, StoreError};
use sha2::{Digest, Sha256};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use tokenmill_core::hash::Digester;

/// A temporary file that becomes an object named by its digest. Dropped unfinished, it disappears.
pub struct Spool {
    file: BufWriter<tempfile::NamedTempFile>,
    digest: Digester,
    sha256: Option<Sha256>,
    bytes: u64,
}

/// A finished file that has no name yet: it can be read, and then stored. Dropped, it disappears.
pub struct Sealed {
    path: tempfile::TempPath,
    bytes: u64,
    digest: String,
    sha256: Option<String>,
}

impl Spool {
    /// Starts an empty file in the scratch folder of `store`.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(store: &dyn Store) -> Result<Spool, StoreError> {
        Spool::start(store, 0o600, None)
    }

    /// As [`Spool::create`], for a file that other programs will read: they know it by its sha256, and may read it whoever
    /// they are, as far as the mask of this process allows.
    ///
    /// # Errors
    /// As [`Spool::create`].
    pub fn public(store: &dyn Store) -> Result<Spool, StoreError> {
        Spool::start(store, 0o644, Some(Sha256::new()))
    }

    fn start(store: &dyn Store, mode: u32, sha256: Option<Sha256>) -> Result<Spool, StoreError> {
        // The process id in the name lets a later run remove what a killed one left.
        let prefix = format!("{}-", std::process::id());
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix(&prefix).permissions(PermissionsExt::from_mode(mode));
        let file = builder.tempfile_in(store.scratch());
        let file = file.map_err(StoreError::io("create", store.scratch().display()))?;
        Ok(Spool { file: BufWriter::with_capacity(1 << 18, file), digest: Digester::new(), sha256, bytes: 0 })
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
        self.seal()?.store_as(store, key)
    }

    /// Writes the file out, so that it can be looked at before it is stored.
    ///
    /// # Errors
    /// When it cannot be written out.
    pub fn seal(self) -> Result<Sealed, StoreError> {
        let name = self.file.get_ref().path().display().to_string();
        let file = self.file.into_inner().map_err(|error| StoreError::io("write", name)(error.into_error()))?;
        let sha256 = self.sha256.map(|sha256| sha256.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        Ok(Sealed { path: file.into_temp_path(), bytes: self.bytes, digest: self.digest.hex(), sha256 })
    }

    fn place(&self) -> impl std::fmt::Display {
        self.file.get_ref().path().display()
    }

    /// The digest of what has been written so far.
    pub fn digest(&self) -> String {
        self.digest.hex()
    }
}

impl Sealed {
    /// Size in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The sha256 in hexadecimal, where it was asked for.
    pub fn sha256(&self) -> Option<&str> {
        self.sha256.as_deref()
    }

    /// Opens the file for reads at any place.
    ///
    /// # Errors
    /// When it is gone, or the file system fails.
    pub fn open(&self) -> Result<Box<dyn Object>, StoreError> {
        open_file(&self.path)
    }

    /// Moves the file into the store, as [`Spool::store_as`] does.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn store_as(self, store: &dyn Store, key: String) -> Result<ObjectRef, StoreError> {
        store.put_file(&key, &self.path)?;
        // A local store has renamed the file away, so there may be nothing left to remove.
        drop(self.path);
        Ok(ObjectRef { key, bytes: self.bytes, rows: 0, digest: self.digest })
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The error passes through crates that do not say which file it is about.
        let n = self.file.write(bytes).map_err(|error| StoreError::io("write", self.place())(error).into_io())?;
        self.digest.update(&bytes[..n]);
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(&bytes[..n]);
        }
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(|error| StoreError::io("write", self.place())(error).into_io())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemStore;

    #[test]
    fn a_sealed_file_can_be_read_before_it_is_stored() {
        let store = MemStore::new().unwrap();
        let mut spool = Spool::public(&store).unwrap();
        spool.write_all(b"abc").unwrap();
        let sealed = spool.seal().unwrap();
        // FIPS 180-2, B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((sealed.bytes(), sealed.sha256()), (3, Some(expected)));
        assert_eq!(&sealed.open().unwrap().read_at(0..3).unwrap()[..], b"abc");
        assert_eq!(sealed.store_as(&store, "a".into()).unwrap().bytes, 3);
        assert_eq!(store.read("a").unwrap(), b"abc");
    }
}
