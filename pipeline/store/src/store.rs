//! What an object store must offer; local folders, memory and (behind the same trait) S3.

use crate::{StoreError, ranges};
use bytes::Bytes;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What is known of an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Size in bytes.
    pub bytes: u64,
    /// Changes whenever the content may have changed: ETag or version; size and modification time for a local file.
    pub version: String,
}

/// The result of a conditional create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// The object is ours.
    Won,
    /// It stood before; here is what it holds.
    Lost(Vec<u8>),
}

/// An open object that can be read at any place by several threads.
pub trait Object: Send + Sync {
    /// Size in bytes.
    fn bytes(&self) -> u64;

    /// Exactly the bytes of `range`.
    ///
    /// # Errors
    /// When the range leaves the object or the store fails.
    fn read_at(&self, range: Range<u64>) -> Result<Bytes, StoreError>;

    /// Exactly the bytes of every range, in the order of `ranges`. Ranges that lie near each other are read at once: the
    /// gap between them is at most [`ranges::MAX_GAP`], and what is read at once at most [`ranges::MAX_SPAN`], unless
    /// one range alone is longer. So memory is the sum of the ranges and of the gaps between them.
    ///
    /// # Errors
    /// As [`Object::read_at`].
    fn read_many(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, StoreError> {
        ranges::read_many(ranges, |span| self.read_at(span))
    }
}

/// A flat space of objects under keys with `/`.
///
/// There is no way to list: what exists is known from commits.
pub trait Store: Send + Sync {
    /// Size and version, or `None` when there is no such object.
    ///
    /// # Errors
    /// When the store fails.
    fn head(&self, key: &str) -> Result<Option<ObjectMeta>, StoreError>;

    /// The whole object; meant for small ones.
    ///
    /// # Errors
    /// When it is missing or the store fails.
    fn read(&self, key: &str) -> Result<Vec<u8>, StoreError>;

    /// Opens an object for reads at any place.
    ///
    /// # Errors
    /// When it is missing or the store fails.
    fn open(&self, key: &str) -> Result<Box<dyn Object>, StoreError>;

    /// Opens an object whose size a commit has stated. Its key names its content, so stores across a network need not
    /// be asked before it is read: an exchange opens a hundred thousand ranges.
    ///
    /// # Errors
    /// When it is missing, has another size, or the store fails; some stores say so at the first read.
    fn open_committed(&self, key: &str, bytes: u64) -> Result<Box<dyn Object>, StoreError> {
        let object = self.open(key)?;
        match object.bytes() == bytes {
            true => Ok(object),
            false => Err(StoreError::corrupt(self.display(key), format!("{} bytes, not {bytes}", object.bytes()))),
        }
    }

    /// The bytes of an object from the first to the last.
    ///
    /// # Errors
    /// When it is missing or the store fails.
    fn stream(&self, key: &str) -> Result<Box<dyn Read + Send>, StoreError>;

    /// Moves a finished file into the store. The key names the content, so an object that stands already is equal.
    ///
    /// # Errors
    /// When the store fails.
    fn put_file(&self, key: &str, file: &Path) -> Result<(), StoreError>;

    /// Replaces a small object at once; readers see the old or the new content.
    ///
    /// # Errors
    /// When the store fails.
    fn put(&self, key: &str, content: &[u8]) -> Result<(), StoreError>;

    /// Creates a small object unless there is one.
    ///
    /// # Errors
    /// When the store fails.
    fn create(&self, key: &str, content: &[u8]) -> Result<Created, StoreError>;

    /// Checks that the store keeps the promises that commits rest on; called where a run begins. Stores that cannot
    /// break them have nothing to check.
    ///
    /// # Errors
    /// When the store fails or breaks a promise.
    fn self_test(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Where files are spooled before they are moved in.
    fn scratch(&self) -> &Path;

    /// The file that is the object, where objects are files of this machine. It may be linked to and read, and must never
    /// be written.
    fn local_file(&self, _key: &str) -> Option<PathBuf> {
        None
    }

    /// What a user would type to reach `key`.
    fn display(&self, key: &str) -> String;
}

/// Whether `key` can name an object in every store: parts between single `/`, none of them `.` or `..`.
///
/// # Errors
/// When it cannot.
pub(crate) fn check_key(key: &str) -> Result<(), StoreError> {
    let is_sound = !key.is_empty() && key.split('/').all(|part| !matches!(part, "" | "." | ".."));
    is_sound.then_some(()).ok_or_else(|| StoreError::Usage(format!("`{key}` is not a key")))
}

/// Passes every call on to what the pointer leads to.
macro_rules! forward {
    () => {
        fn head(&self, key: &str) -> Result<Option<ObjectMeta>, StoreError> {
            (**self).head(key)
        }

        fn read(&self, key: &str) -> Result<Vec<u8>, StoreError> {
            (**self).read(key)
        }

        fn open(&self, key: &str) -> Result<Box<dyn Object>, StoreError> {
            (**self).open(key)
        }

        fn open_committed(&self, key: &str, bytes: u64) -> Result<Box<dyn Object>, StoreError> {
            (**self).open_committed(key, bytes)
        }

        fn stream(&self, key: &str) -> Result<Box<dyn Read + Send>, StoreError> {
            (**self).stream(key)
        }

        fn put_file(&self, key: &str, file: &Path) -> Result<(), StoreError> {
            (**self).put_file(key, file)
        }

        fn put(&self, key: &str, content: &[u8]) -> Result<(), StoreError> {
            (**self).put(key, content)
        }

        fn create(&self, key: &str, content: &[u8]) -> Result<Created, StoreError> {
            (**self).create(key, content)
        }

        fn self_test(&self) -> Result<(), StoreError> {
            (**self).self_test()
        }

        fn scratch(&self) -> &Path {
            (**self).scratch()
        }

        fn local_file(&self, key: &str) -> Option<PathBuf> {
            (**self).local_file(key)
        }

        fn display(&self, key: &str) -> String {
            (**self).display(key)
        }
    };
}

impl<S: Store + ?Sized> Store for Box<S> {
    forward!();
}

impl<S: Store + ?Sized> Store for &S {
    forward!();
}

impl<O: Object + ?Sized> Object for Box<O> {
    fn bytes(&self) -> u64 {
        (**self).bytes()
    }

    fn read_at(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        (**self).read_at(range)
    }
}
