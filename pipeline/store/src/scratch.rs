//! The local folder of a store that has no disk of its own: where files are spooled and task journals survive a kill.

use crate::StoreError;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tokenmill_core::hash::digest_hex;

/// Names another folder for all scratch folders, for example on a larger disk.
pub const VARIABLE: &str = "TOKENMILL_SCRATCH";

/// The scratch folder of a root such as `s3://bucket/runs/x`, made if it is not there. It is the same for every process
/// of this machine, because the journal of a task tells the next process at which document the last one died.
pub(crate) fn folder(root: &str) -> Result<PathBuf, StoreError> {
    let base = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder_in(&base.unwrap_or_else(|| std::env::temp_dir().join("tokenmill")), root)
}

fn folder_in(base: &Path, root: &str) -> Result<PathBuf, StoreError> {
    let folder = base.join(&digest_hex(root.as_bytes())[..16]);
    #[expect(clippy::disallowed_methods, reason = "a scratch folder beside the store, never an object")]
    let made = std::fs::create_dir_all(&folder);
    made.map_err(|error| StoreError::Refused {
        what: format!("cannot create the scratch folder `{}`: {error}", folder.display()),
        hint: format!("set `{VARIABLE}` to a folder that you can write to"),
    })?;
    Ok(folder)
}

/// A file that somebody left in a scratch folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Where it is.
    pub path: PathBuf,
    /// Size in bytes.
    pub bytes: u64,
    /// When it was written last.
    pub modified: SystemTime,
}

/// The files in a scratch folder, sorted by path.
///
/// # Errors
/// When the folder cannot be read.
#[expect(clippy::disallowed_methods, reason = "a scratch folder is this room's own, and only `gc` asks what is in it")]
pub fn leftovers(folder: &Path) -> Result<Vec<Leftover>, StoreError> {
    let list = || {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let meta = entry.metadata()?;
            if meta.is_file() {
                files.push(Leftover { path: entry.path(), bytes: meta.len(), modified: meta.modified()? });
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    };
    list().map_err(StoreError::io("list", folder.display()))
}

/// Removes a file from a scratch folder; one that is gone already is fine.
///
/// # Errors
/// When the file system fails.
pub fn remove(leftover: &Leftover) -> Result<(), StoreError> {
    #[expect(clippy::disallowed_methods, reason = "a scratch file, never an object")]
    match std::fs::remove_file(&leftover.path).map_err(StoreError::io("remove", leftover.path.display())) {
        Ok(()) | Err(StoreError::Missing(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes the files of processes of this machine that are no more: a file begins with the number of the process that
/// has made it. Where nothing tells which processes live, nothing is removed.
///
/// # Errors
/// When the folder cannot be read, or a file cannot be removed.
pub fn remove_dead(folder: &Path) -> Result<(), StoreError> {
    if !Path::new("/proc/self").exists() {
        return Ok(());
    }
    for leftover in leftovers(folder)? {
        let name = leftover.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let process = name.split_once('-').and_then(|(process, _)| process.parse::<u32>().ok());
        if process.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists()) {
            remove(&leftover)?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files as a user would")]
mod tests {
    use super::*;

    #[test]
    fn a_root_has_always_the_same_folder_and_its_own() {
        let base = tempfile::tempdir().unwrap();
        let folder = |root| folder_in(base.path(), root).unwrap();
        assert_eq!(folder("s3://b/x"), folder("s3://b/x"));
        assert_ne!(folder("s3://b/x"), folder("s3://b/y"));
        std::fs::write(folder("s3://b/x").join("journal-1"), "abc").unwrap();
        let left = leftovers(&folder("s3://b/x")).unwrap();
        assert_eq!((left.len(), left[0].bytes), (1, 3));
        remove(&left[0]).unwrap();
        remove(&left[0]).unwrap();
        assert!(leftovers(&folder("s3://b/x")).unwrap().is_empty());
    }

    #[test]
    fn what_the_dead_have_left_goes() {
        let folder = tempfile::tempdir().unwrap();
        let living = format!("{}-x", std::process::id());
        // No process has this number: it is above what Linux gives out.
        for name in [living.as_str(), "4294967295-x", "journal-1"] {
            std::fs::write(folder.path().join(name), "abc").unwrap();
        }
        remove_dead(folder.path()).unwrap();
        let left: Vec<_> = leftovers(folder.path()).unwrap().into_iter().map(|file| file.path).collect();
        assert_eq!(left, [living.as_str(), "journal-1"].map(|name| folder.path().join(name)));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told_with_the_variable() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(folder_in(file.path(), "s3://b/x").unwrap_err().to_string().contains(VARIABLE));
    }
}
