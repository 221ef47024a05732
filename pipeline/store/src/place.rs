//! Places files in a folder outside every store, for other programs: linked where that is possible, else copied.
//!
//! Every file is made under another name and gets its own when it is complete and its digest is right, so a folder whose
//! making was stopped has no half files in it.
#![expect(clippy::disallowed_methods, reason = "files outside a store are written here, and nowhere else")]

use crate::{ObjectRef, Store, StoreError};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use tokenmill_core::hash::Digester;

/// What the names of files in the making begin with.
const STAGED: &str = ".tokenmill-";

/// How a file came to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It is the file of the store, under another name; no bytes were copied.
    Linked,
    /// It is a copy.
    Copied,
    /// It was there already, with the right content.
    Stood,
}

/// Whether there is anything in a folder; a folder that is not there is empty.
///
/// # Errors
/// When it is a file, or the file system fails.
pub fn is_empty(folder: &Path) -> Result<bool, StoreError> {
    holds_only(folder, &[])
}

/// Whether there is nothing in a folder but what has one of these names, or is in the making; a folder that is not there is empty.
///
/// # Errors
/// When it is a file, or the file system fails.
pub fn holds_only(folder: &Path, names: &[&str]) -> Result<bool, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(StoreError::io("list", folder.display())(error)),
    };
    for entry in entries {
        let name = entry.map_err(StoreError::io("list", folder.display()))?.file_name();
        // A file in the making is somebody's who fills the same folder.
        let is_staged = name.to_str().is_some_and(|name| name.starts_with(STAGED));
        if !is_staged && !names.iter().any(|known| name.to_str() == Some(known)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A small file, or `None` when there is none. A file of more than `most` bytes is taken for damage.
///
/// # Errors
/// When it is too large, or the file system fails.
pub fn read_small(path: &Path, most: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io("open", path.display())(error)),
    };
    let mut content = Vec::new();
    file.take(most + 1).read_to_end(&mut content).map_err(StoreError::io("read", path.display()))?;
    match content.len() as u64 > most {
        true => Err(StoreError::corrupt(path.display(), format!("it has more than {most} bytes"))),
        false => Ok(Some(content)),
    }
}

/// Writes what a file holds to `to`; `false` when there is no such file.
///
/// # Errors
/// When the file system fails, or `to` does.
pub fn stream_file(path: &Path, to: &mut dyn Write) -> Result<bool, StoreError> {
    let Some(mut file) = open_standing(path)? else { return Ok(false) };
    io::copy(&mut file, to).map_err(StoreError::io("read", path.display()))?;
    Ok(true)
}

/// Puts an object of a store at `path`. A link is made where the store is on the same file system; then the file is the
/// store's own, and whoever writes to it damages the store. The content is checked in any case.
///
/// # Errors
/// When the object is missing or is not what `object` says, or the folder cannot be written to.
pub fn place(store: &dyn Store, object: &ObjectRef, path: &Path) -> Result<Placed, StoreError> {
    if let Some(standing) = open_standing(path)?
        && copy_checked(standing, io::sink(), object).is_ok()
    {
        return Ok(Placed::Stood);
    }
    let damaged = |error: StoreError| match error {
        StoreError::Corrupt { why, .. } => {
            let why = format!("{why}\nhint: restore the file, or run again in a new folder to make it anew");
            StoreError::corrupt(store.display(&object.key), why)
        }
        other => other,
    };
    if let Some(source) = store.local_file(&object.key) {
        copy_checked(store.stream(&object.key)?, io::sink(), object).map_err(damaged)?;
        if link(&source, path)? {
            return Ok(Placed::Linked);
        }
    }
    write_with(path, |file| copy_checked(store.stream(&object.key)?, file, object).map_err(damaged))?;
    Ok(Placed::Copied)
}

/// Makes a file from what `content` writes. A file that stands there is replaced at once.
///
/// # Errors
/// Those of `content`, or when the folder cannot be written to.
pub fn write_with<T>(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut file = stage(path)?;
    let value = content(&mut file)?;
    let finish = || {
        file.as_file().sync_all()?;
        // Temporary files are their maker's alone; what other programs shall read is as any file.
        fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        file.persist(path).map_err(|error| error.error)?;
        File::open(folder_of(path))?.sync_all()
    };
    finish().map_err(StoreError::io("write", path.display()))?;
    Ok(value)
}

/// A temporary file in the folder of `path`, which is made.
fn stage(path: &Path) -> Result<tempfile::NamedTempFile, StoreError> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(StoreError::io("create", folder.display()))?;
    let staged = tempfile::Builder::new().prefix(STAGED).tempfile_in(folder);
    staged.map_err(StoreError::io("create a file in", folder.display()))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn open_standing(path: &Path) -> Result<Option<File>, StoreError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("open", path.display())(error)),
    }
}

/// Links `path` to a file; `false` where the file system has no links between the two.
fn link(source: &Path, path: &Path) -> Result<bool, StoreError> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(StoreError::io("create", folder.display()))?;
    // A link never replaces a file, so it is made under a name of its own and renamed.
    let named = tempfile::Builder::new().prefix(STAGED).make_in(folder, |name| fs::hard_link(source, name));
    let Ok(named) = named else { return Ok(false) };
    named.persist(path).map_err(|error| StoreError::io("write", path.display())(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::io("write", path.display()))?;
    Ok(true)
}

/// Copies all bytes and checks their number and digest.
fn copy_checked(mut from: impl Read, mut to: impl Write, object: &ObjectRef) -> Result<(), StoreError> {
    let mut buffer = vec![0; 1 << 20];
    let (mut digest, mut bytes) = (Digester::new(), 0u64);
    loop {
        let n = match from.read(&mut buffer) {
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(StoreError::io("read", &object.key)(error)),
        };
        if n == 0 {
            break;
        }
        digest.update(&buffer[..n]);
        bytes += n as u64;
        if bytes > object.bytes {
            break;
        }
        to.write_all(&buffer[..n]).map_err(StoreError::io("write", &object.key))?;
    }
    match (bytes, digest.hex()) == (object.bytes, object.digest.clone()) {
        true => Ok(()),
        false => Err(StoreError::corrupt(&object.key, "its size or digest is not the one that was committed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LocalStore, MemStore, Spool};
    use std::os::unix::fs::MetadataExt;

    fn stored(store: &dyn Store) -> ObjectRef {
        let mut spool = Spool::create(store).unwrap();
        spool.write_all(b"content").unwrap();
        spool.store(store, "x", "bin").unwrap()
    }

    #[test]
    fn files_are_linked_or_copied_and_left_where_they_stand() {
        let folder = tempfile::tempdir().unwrap();
        let local = LocalStore::open(folder.path().join("run")).unwrap();
        let memory = MemStore::new().unwrap();
        for (store, name, how) in [(&local as &dyn Store, "a/l", Placed::Linked), (&memory, "b/c", Placed::Copied)] {
            let object = stored(store);
            let path = folder.path().join(name);
            assert!(is_empty(path.parent().unwrap()).unwrap());
            assert_eq!(place(store, &object, &path).unwrap(), how);
            assert_eq!(fs::read(&path).unwrap(), b"content");
            assert_eq!(place(store, &object, &path).unwrap(), Placed::Stood);
            fs::remove_file(&path).unwrap();
            fs::write(&path, "else").unwrap();
            assert_eq!(place(store, &object, &path).unwrap(), how);
            assert_eq!(fs::read(&path).unwrap(), b"content");
            let inode = |path: &Path| fs::metadata(path).unwrap().ino();
            let own = store.local_file(&object.key).map(|own| inode(&own));
            assert_eq!(own.is_some_and(|own| own == inode(&path)), how == Placed::Linked);
            // Nothing temporary is left.
            assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
            assert!(!is_empty(path.parent().unwrap()).unwrap());
            assert!(
                holds_only(path.parent().unwrap(), &["other", path.file_name().unwrap().to_str().unwrap()]).unwrap()
            );
        }
    }

    #[test]
    fn damaged_objects_are_not_placed() {
        let folder = tempfile::tempdir().unwrap();
        let local = LocalStore::open(folder.path().join("run")).unwrap();
        let memory = MemStore::new().unwrap();
        for store in [&local as &dyn Store, &memory] {
            let object = stored(store);
            for damage in ["contenT", "short", "content and more"] {
                store.put(&object.key, damage.as_bytes()).unwrap();
                let path = folder.path().join("x");
                let error = place(store, &object, &path).unwrap_err().to_string();
                assert!(error.contains("digest") && error.contains("hint: "), "{error}");
                assert!(!path.exists());
            }
        }
    }

    #[test]
    fn a_file_is_there_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        assert_eq!(read_small(&path, 9).unwrap(), None);
        let failed = write_with(&path, |file| -> Result<(), StoreError> {
            file.write_all(b"half").unwrap();
            Err(StoreError::Usage("stop".into()))
        });
        assert!(failed.is_err() && !path.exists());
        write_with(&path, |file| file.write_all(b"whole").map_err(StoreError::io("write", "b"))).unwrap();
        assert_eq!(read_small(&path, 5).unwrap().unwrap(), b"whole");
        assert!(read_small(&path, 4).is_err());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert!(is_empty(&path).is_err());
    }
}
