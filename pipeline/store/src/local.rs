//! A folder as a store: temporary file, fsync, hard link or rename, fsync of the folder.
#![expect(clippy::disallowed_methods, reason = "this is the room where raw file access lives")]

use crate::store::check_key;
use crate::{Created, Object, ObjectMeta, Store, StoreError, fault};
use bytes::Bytes;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Name of the folder under the root that holds unfinished files; never read by anybody.
pub const SCRATCH: &str = ".tmp";

/// A store in a local folder.
pub struct LocalStore {
    root: PathBuf,
    scratch: PathBuf,
}

impl LocalStore {
    /// Opens or creates the folder.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(root: impl Into<PathBuf>) -> Result<LocalStore, StoreError> {
        let root = root.into();
        let scratch = root.join(SCRATCH);
        fs::create_dir_all(&scratch).map_err(StoreError::io("create", scratch.display()))?;
        Ok(LocalStore { root, scratch })
    }

    /// The folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, key: &str) -> Result<PathBuf, StoreError> {
        check_key(key).map(|()| self.root.join(key))
    }

    /// The path of `key`, with its folder made.
    fn place(&self, key: &str) -> Result<(PathBuf, PathBuf), StoreError> {
        let path = self.path(key)?;
        let folder = path.parent().unwrap_or(&self.root).to_path_buf();
        fs::create_dir_all(&folder).map_err(StoreError::io("create", folder.display()))?;
        Ok((path, folder))
    }

    /// A synced temporary file with `content`, on the same file system as every key.
    fn stage(&self, content: &[u8]) -> io::Result<tempfile::NamedTempFile> {
        // As of a spool, the name tells whose it is.
        let prefix = format!("{}-", std::process::id());
        let mut file = tempfile::Builder::new().prefix(&prefix).tempfile_in(&self.scratch)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        Ok(file)
    }
}

/// Makes a new directory entry durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

impl Store for LocalStore {
    fn head(&self, key: &str) -> Result<Option<ObjectMeta>, StoreError> {
        file_meta(&self.path(key)?)
    }

    fn read(&self, key: &str) -> Result<Vec<u8>, StoreError> {
        fs::read(self.path(key)?).map_err(StoreError::io("read", self.display(key)))
    }

    fn open(&self, key: &str) -> Result<Box<dyn Object>, StoreError> {
        open_file(&self.path(key)?)
    }

    fn stream(&self, key: &str) -> Result<Box<dyn Read + Send>, StoreError> {
        let file = File::open(self.path(key)?).map_err(StoreError::io("open", self.display(key)))?;
        Ok(Box::new(file))
    }

    fn put_file(&self, key: &str, file: &Path) -> Result<(), StoreError> {
        let (path, folder) = self.place(key)?;
        let put = || {
            File::open(file)?.sync_all()?;
            fault::point("object.before_rename");
            fs::rename(file, &path)?;
            fault::point("object.after_rename");
            sync_folder(&folder)
        };
        put().map_err(StoreError::io("write", self.display(key)))
    }

    fn put(&self, key: &str, content: &[u8]) -> Result<(), StoreError> {
        let (path, folder) = self.place(key)?;
        let put = || {
            let file = self.stage(content)?;
            fault::point("put.before_rename");
            file.persist(&path).map_err(|error| error.error)?;
            sync_folder(&folder)
        };
        put().map_err(StoreError::io("write", self.display(key)))
    }

    fn create(&self, key: &str, content: &[u8]) -> Result<Created, StoreError> {
        let (path, folder) = self.place(key)?;
        let create = || {
            let file = self.stage(content)?;
            fault::point("commit.before_link");
            let linked = fs::hard_link(file.path(), &path);
            fault::point("commit.after_link");
            match linked {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Created::Lost(fs::read(&path)?)),
                Err(error) => Err(error),
                Ok(()) => sync_folder(&folder).map(|()| Created::Won),
            }
        };
        create().map_err(StoreError::io("create", self.display(key)))
    }

    fn scratch(&self) -> &Path {
        &self.scratch
    }

    fn local_file(&self, key: &str) -> Option<PathBuf> {
        self.path(key).ok()
    }

    fn display(&self, key: &str) -> String {
        self.root.join(key).display().to_string()
    }
}

/// Size and version of a local file, or `None` when there is none.
///
/// # Errors
/// When the file system fails.
pub fn file_meta(path: &Path) -> Result<Option<ObjectMeta>, StoreError> {
    match fs::metadata(path) {
        Ok(meta) => {
            let version = format!("{}-{}.{:09}", meta.len(), meta.mtime(), meta.mtime_nsec());
            Ok(Some(ObjectMeta { bytes: meta.len(), version }))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("look up", path.display())(error)),
    }
}

/// Opens a local file for reads at any place.
///
/// # Errors
/// When it is missing or the file system fails.
pub fn open_file(path: &Path) -> Result<Box<dyn Object>, StoreError> {
    let open = || {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        Ok(LocalObject { file, bytes, name: path.display().to_string() })
    };
    open().map(|object| Box::new(object) as Box<dyn Object>).map_err(StoreError::io("open", path.display()))
}

struct LocalObject {
    file: File,
    bytes: u64,
    name: String,
}

impl Object for LocalObject {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read_at(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        if range.start > range.end || range.end > self.bytes {
            return Err(StoreError::corrupt(&self.name, format!("bytes {range:?} of {}", self.bytes)));
        }
        let mut buffer = vec![0; (range.end - range.start) as usize];
        self.file.read_exact_at(&mut buffer, range.start).map_err(StoreError::io("read", &self.name))?;
        Ok(buffer.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaves_as_a_store() {
        let folder = tempfile::tempdir().unwrap();
        crate::testing::check_store(&LocalStore::open(folder.path()).unwrap());
        assert_eq!(fs::read_dir(folder.path().join(SCRATCH)).unwrap().count(), 0, "nothing is left behind");
    }

    #[test]
    fn keys_cannot_leave_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::open(folder.path()).unwrap();
        for key in ["", "/etc/passwd", "a/../../b", "a//b", "."] {
            assert!(matches!(store.read(key), Err(StoreError::Usage(_))), "{key}");
        }
    }

    #[test]
    fn one_of_many_creators_wins() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::open(folder.path()).unwrap();
        let winners: usize = std::thread::scope(|scope| {
            let race = |i: u8| store.create("c", &[i]).unwrap() == Created::Won;
            let threads: Vec<_> = (0..16).map(|i| scope.spawn(move || race(i))).collect();
            threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
        });
        assert_eq!(winners, 1);
    }
}
