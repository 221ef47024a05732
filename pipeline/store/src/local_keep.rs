//! Housekeeping of a local folder for `tokenmill gc`: what is in it, and deleting what is left over.
#![expect(
    clippy::disallowed_methods,
    reason = "only `gc` and releases list and delete, and they do both through this room"
)]

use crate::keeper::{Kept, Listing};
use crate::local::SCRATCH;
use crate::{Keeper, LocalStore, StoreError};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

impl Keeper for LocalStore {
    fn list(&self, prefix: &str) -> Box<dyn Listing + '_> {
        Box::new(Walk { root: self.root(), prefix: prefix.to_owned(), folders: vec![self.root().to_path_buf()] })
    }

    fn modified(&self, key: &str) -> Result<Option<SystemTime>, StoreError> {
        let path = self.path(key)?;
        match fs::metadata(&path).and_then(|meta| meta.modified()) {
            Ok(modified) => Ok(Some(modified)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("look up", path.display())(error)),
        }
    }

    fn delete(&self, key: &str) -> Result<(), StoreError> {
        let path = self.path(key)?;
        match fs::remove_file(&path).map_err(StoreError::io("delete", path.display())) {
            Ok(()) | Err(StoreError::Missing(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn sweep(&self, prefix: &str) -> Result<(), StoreError> {
        let folder = self.path(prefix.trim_end_matches('/'))?;
        remove_empty(&folder).map(drop).map_err(StoreError::io("sweep", folder.display()))
    }
}

/// Removes a folder and the folders in it that hold no file; says whether it is gone.
fn remove_empty(folder: &Path) -> io::Result<bool> {
    let mut is_empty = true;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        is_empty &= entry.file_type()?.is_dir() && remove_empty(&entry.path())?;
    }
    if is_empty {
        fs::remove_dir(folder)?;
    }
    Ok(is_empty)
}

/// A walk over a folder, one folder a page.
struct Walk<'a> {
    root: &'a Path,
    prefix: String,
    folders: Vec<PathBuf>,
}

impl Walk<'_> {
    /// The files of one folder; its folders are left for later pages.
    fn files(&mut self, folder: &Path) -> io::Result<Vec<Kept>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            let Some(key) = path.strip_prefix(self.root).ok().and_then(Path::to_str) else { continue };
            let meta = match entry.metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                meta => meta?,
            };
            if meta.is_dir() && key != SCRATCH {
                self.folders.push(path);
            } else if meta.is_file() && key.starts_with(&self.prefix) {
                files.push(Kept { key: key.to_owned(), bytes: meta.len(), modified: meta.modified()? });
            }
        }
        files.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(files)
    }
}

impl Listing for Walk<'_> {
    fn page(&mut self) -> Result<Option<Vec<Kept>>, StoreError> {
        let Some(folder) = self.folders.pop() else { return Ok(None) };
        self.files(&folder).map(Some).map_err(StoreError::io("list", folder.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    #[test]
    fn lists_and_deletes_what_was_put() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::open(folder.path()).unwrap();
        for key in ["plan.json", "p1/docs/b", "p1/docs/a", "p2/x"] {
            store.put(key, b"12").unwrap();
        }
        fs::write(store.scratch().join("journal-1"), "x").unwrap();
        let keys = |prefix: &str| {
            let mut listing = store.list(prefix);
            let mut keys = Vec::new();
            while let Some(page) = listing.page().unwrap() {
                keys.extend(page.into_iter().map(|kept| kept.key));
            }
            keys.sort();
            keys
        };
        assert_eq!(keys(""), ["p1/docs/a", "p1/docs/b", "p2/x", "plan.json"]);
        assert_eq!(keys("p1/"), ["p1/docs/a", "p1/docs/b"]);
        assert!(store.modified("p1/docs/a").unwrap().is_some());
        store.delete("p1/docs/a").unwrap();
        store.delete("p1/docs/a").unwrap();
        assert_eq!(store.modified("p1/docs/a").unwrap(), None);
        store.delete("p1/docs/b").unwrap();
        store.sweep("p1/").unwrap();
        assert!(!folder.path().join("p1").exists());
        store.sweep("p2").unwrap();
        assert_eq!(keys(""), ["p2/x", "plan.json"]);
    }
}
