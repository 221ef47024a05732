//! The cache folder: where a file is, whether it is the right one, and how it gets there.

use super::AssetError;
use super::sink::Sink;
use super::table::Asset;
use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The cache folder of this user: `TOKENMILL_CACHE`, else `tokenmill` in `XDG_CACHE_HOME`, else `~/.cache/tokenmill`.
///
/// # Errors
/// When no such variable and no home folder is set.
pub fn default_cache() -> Result<PathBuf, AssetError> {
    cache_of(|name| std::env::var_os(name)).ok_or_else(|| AssetError::Usage {
        why: "there is no folder for models and vocabularies: `HOME` is not set".to_owned(),
        hint: "set `TOKENMILL_CACHE` to a folder".to_owned(),
    })
}

/// As [`default_cache`], with the environment as a function. XDG says that relative paths are to be ignored.
fn cache_of(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name| variable(name).map(PathBuf::from).filter(|path| !path.as_os_str().is_empty());
    folder("TOKENMILL_CACHE")
        .or_else(|| folder("XDG_CACHE_HOME").filter(|path| path.is_absolute()).map(|path| path.join("tokenmill")))
        .or_else(|| folder("HOME").map(|path| path.join(".cache/tokenmill")))
}

/// What is in the place of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The right file.
    Ready,
    /// Nothing.
    Missing,
    /// A file with another content.
    Damaged,
}

/// The place of an asset: a folder of its own, named by the digest, so that versions live side by side.
pub(super) fn place(cache: &Path, asset: &Asset) -> PathBuf {
    cache.join("assets").join(&asset.sha256).join(&asset.name)
}

/// Looks at the file at `path`, all of it.
pub(super) fn inspect(path: &Path, asset: &Asset, size: Option<u64>) -> Result<State, AssetError> {
    let found = digest_of(path, size);
    match found {
        Ok(digest) if digest.as_deref() == Some(&asset.sha256) => Ok(State::Ready),
        Ok(_) => Ok(State::Damaged),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::Missing),
        Err(error) => Err(AssetError::io("read", path)(error)),
    }
}

/// Sha256 of a file; `None`, without reading it, when its size is not `size`.
pub(super) fn digest_of(path: &Path, size: Option<u64>) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    if size.is_some_and(|size| file.metadata().is_ok_and(|metadata| metadata.len() != size)) {
        return Ok(None);
    }
    let mut sink = Sink::new(io::sink(), u64::MAX, &|_| {});
    io::copy(&mut file, &mut sink)?;
    Ok(Some(sink.finish().1))
}

/// Held while one process fetches into a folder; the others wait, then find the file.
///
/// Some network file systems cannot lock. Two processes may then fetch the same file; both are verified, and the
/// rename of either is fine.
pub(super) struct FetchLock(#[expect(dead_code, reason = "held, not read")] Option<File>);

impl FetchLock {
    pub(super) fn take(folder: &Path) -> Result<FetchLock, AssetError> {
        let path = folder.join(".lock");
        let file = File::options().create(true).append(true).open(&path).map_err(AssetError::io("create", &path))?;
        Ok(FetchLock(file.lock().is_ok().then_some(file)))
    }
}

/// Puts a verified temporary file in its place, readable for everybody.
pub(super) fn publish(file: NamedTempFile, path: &Path) -> Result<(), AssetError> {
    let readable = || {
        file.as_file().set_permissions(Permissions::from_mode(0o644))?;
        file.as_file().sync_all()
    };
    readable().map_err(AssetError::io("write", path))?;
    file.persist(path).map_err(|error| AssetError::io("rename a file to", path)(error.error))?;
    // Makes the new name durable; a file system that cannot do that loses nothing but the next fetch.
    let _ = path.parent().map(|folder| File::open(folder).and_then(|folder| folder.sync_all()));
    Ok(())
}

/// Makes the folder of a file.
pub(super) fn make_folder(path: &Path) -> Result<&Path, AssetError> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(AssetError::io("create", folder))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(variables: &[(&str, &str)]) -> Option<PathBuf> {
        cache_of(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn the_nearest_variable_wins() {
        let home = ("HOME", "/u/me");
        assert_eq!(cache(&[home]), Some("/u/me/.cache/tokenmill".into()));
        assert_eq!(cache(&[home, ("XDG_CACHE_HOME", "/x")]), Some("/x/tokenmill".into()));
        assert_eq!(cache(&[home, ("XDG_CACHE_HOME", "relative")]), Some("/u/me/.cache/tokenmill".into()));
        assert_eq!(cache(&[home, ("XDG_CACHE_HOME", "/x"), ("TOKENMILL_CACHE", "here")]), Some("here".into()));
        assert_eq!(cache(&[home, ("TOKENMILL_CACHE", "")]), Some("/u/me/.cache/tokenmill".into()));
        assert_eq!(cache(&[]), None);
    }
}
