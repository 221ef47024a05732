//! S3 as a store. The only room with an asynchronous runtime in it, which nobody outside sees.
//!
//! A commit is one small conditional PUT; see [`create`]. Data goes to keys that name their content, so it may be sent
//! twice. What does not answer is asked again by [`crate::Retry`], which every use of this store goes through.
//!
//! Memory: 24 MiB for a stream ([`crate::readahead`]), 32 MiB for a file that is being stored ([`upload`]).

mod client;
mod create;
mod failure;
#[cfg(test)]
mod fake;
mod get;
mod keep;
mod list;
mod options;
mod probe;
#[cfg(test)]
mod tests;
mod upload;
mod uri;

pub(crate) use client::Connection;
pub(crate) use get::Place;
pub(crate) use list::Walk;
pub use options::{S3Options, configure};
pub use upload::{PART, n_parts};
pub use uri::S3Uri;

use crate::store::check_key;
use crate::{Created, Object, ObjectMeta, Store, StoreError, scratch};
use bytes::Bytes;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A store under `s3://bucket/prefix`.
pub struct S3Store {
    connection: Arc<Connection>,
    root: S3Uri,
    scratch: PathBuf,
}

impl S3Store {
    /// The store under an address, reached as the options of the process say. Nothing is asked yet.
    ///
    /// # Errors
    /// When `uri` is no address of S3 or there is no place for the scratch folder.
    pub fn open(uri: &str) -> Result<S3Store, StoreError> {
        S3Store::with(Connection::shared()?, uri)
    }

    fn with(connection: Arc<Connection>, uri: &str) -> Result<S3Store, StoreError> {
        let root = S3Uri::parse(uri)?;
        let scratch = scratch::folder(&root.to_string())?;
        Ok(S3Store { connection, root, scratch })
    }

    fn place(&self, key: &str) -> Result<Place, StoreError> {
        check_key(key)?;
        Ok(Place::new(self.connection.clone(), self.root.join(key)))
    }

    /// The key in the bucket that keys with `prefix` begin with.
    fn full_prefix(&self, prefix: &str) -> String {
        self.root.join(prefix).key
    }
}

impl Store for S3Store {
    fn head(&self, key: &str) -> Result<Option<ObjectMeta>, StoreError> {
        self.place(key)?.head()
    }

    fn read(&self, key: &str) -> Result<Vec<u8>, StoreError> {
        self.place(key)?.read().map(|got| got.content.into())
    }

    fn open(&self, key: &str) -> Result<Box<dyn Object>, StoreError> {
        let place = self.place(key)?;
        let meta = place.head()?.ok_or_else(|| StoreError::Missing(self.display(key)))?;
        Ok(Box::new(place.object(meta)))
    }

    fn open_committed(&self, key: &str, bytes: u64) -> Result<Box<dyn Object>, StoreError> {
        // Whatever version there is: all of them have the content that the key names.
        Ok(Box::new(self.place(key)?.object(ObjectMeta { bytes, version: String::new() })))
    }

    fn stream(&self, key: &str) -> Result<Box<dyn Read + Send>, StoreError> {
        self.place(key)?.stream()
    }

    fn put_file(&self, key: &str, file: &Path) -> Result<(), StoreError> {
        self.place(key)?.put_file(file)
    }

    fn put(&self, key: &str, content: &[u8]) -> Result<(), StoreError> {
        self.place(key)?.put(Bytes::copy_from_slice(content))
    }

    fn create(&self, key: &str, content: &[u8]) -> Result<Created, StoreError> {
        self.place(key)?.create(content)
    }

    fn self_test(&self) -> Result<(), StoreError> {
        self.probe()
    }

    fn scratch(&self) -> &Path {
        &self.scratch
    }

    fn display(&self, key: &str) -> String {
        self.root.join(key).to_string()
    }
}
