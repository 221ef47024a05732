//! Where things are: the one place that turns what a user types into a store.

use crate::{Keeper, LocalStore, Retry, S3Store, Store, StoreError, local};
use std::path::PathBuf;

/// A place by its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A path on this machine.
    Local(PathBuf),
    /// `s3://bucket/key`.
    S3,
    /// `https://…` or `http://…`; for inputs only.
    Web,
}

impl Location {
    /// Whether `uri` is a path on this machine.
    pub fn is_local(uri: &str) -> bool {
        matches!(Location::parse(uri), Ok(Location::Local(_)))
    }

    /// Tells what kind of place `uri` is. Anything without a scheme is a path.
    ///
    /// # Errors
    /// When the scheme is not one of ours.
    pub fn parse(uri: &str) -> Result<Location, StoreError> {
        match uri.split_once("://") {
            None => Ok(Location::Local(PathBuf::from(uri))),
            Some(("file", path)) if path.starts_with('/') => Ok(Location::Local(PathBuf::from(path))),
            Some(("s3", _)) => Ok(Location::S3),
            Some(("https" | "http", _)) => Ok(Location::Web),
            Some((scheme, _)) => Err(StoreError::Refused {
                what: format!("`{uri}` has the unknown scheme `{scheme}`"),
                hint: "known are paths, `s3://…`, and for inputs `https://…`; many services speak S3 through \
                       `--s3-endpoint`"
                    .to_owned(),
            }),
        }
    }
}

/// Opens or makes the store under `uri`. Stores across a network are asked again when they do not answer.
///
/// # Errors
/// When it is no place for a store, or a local folder cannot be made.
pub fn open_store(uri: &str) -> Result<Box<dyn Store>, StoreError> {
    Ok(match Location::parse(uri)? {
        Location::Local(path) => Box::new(LocalStore::open(path)?),
        Location::S3 => Box::new(Retry::new(S3Store::open(uri)?)),
        Location::Web => return Err(not_on_the_web(uri)),
    })
}

/// As [`open_store`], but a local folder is not made, and it must hold an object `key`.
///
/// # Errors
/// [`StoreError::Missing`] when there is no such object; else as [`open_store`].
pub fn open_standing(uri: &str, key: &str) -> Result<Box<dyn Store>, StoreError> {
    if let Location::Local(path) = Location::parse(uri)?
        && local::file_meta(&path.join(key))?.is_none()
    {
        return Err(StoreError::Missing(path.join(key).display().to_string()));
    }
    let store = open_store(uri)?;
    match store.head(key)? {
        Some(_) => Ok(store),
        None => Err(StoreError::Missing(store.display(key))),
    }
}

/// As [`open_store`], with the right to list and delete.
///
/// # Errors
/// As [`open_store`].
pub fn open_keeper(uri: &str) -> Result<Box<dyn Keeper>, StoreError> {
    Ok(match Location::parse(uri)? {
        Location::Local(path) => Box::new(LocalStore::open(path)?),
        Location::S3 => Box::new(Retry::new(S3Store::open(uri)?)),
        Location::Web => return Err(not_on_the_web(uri)),
    })
}

fn not_on_the_web(uri: &str) -> StoreError {
    StoreError::Refused {
        what: format!("`{uri}` can be read as an input, but nothing can be stored there"),
        hint: "give a path or `s3://bucket/prefix`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_by_their_schemes() {
        assert_eq!(Location::parse("runs/x").unwrap(), Location::Local("runs/x".into()));
        assert_eq!(Location::parse("file:///a/b").unwrap(), Location::Local("/a/b".into()));
        assert_eq!(Location::parse("s3://b/x").unwrap(), Location::S3);
        assert_eq!(Location::parse("http://a/x").unwrap(), Location::Web);
        let error = Location::parse("gs://b/x").unwrap_err().to_string();
        assert!(error.contains("unknown scheme `gs`") && error.contains("hint: "), "{error}");
        assert!(open_store("https://a.example/runs").is_err());
        assert!(Location::is_local("a b.txt") && !Location::is_local("s3://b/x"));
    }

    #[test]
    fn a_folder_that_is_only_looked_for_is_not_made() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("run");
        let uri = path.display().to_string();
        assert!(matches!(open_standing(&uri, "plan.json"), Err(StoreError::Missing(_))));
        assert!(!path.exists());
        open_store(&uri).unwrap().put("plan.json", b"{}").unwrap();
        assert_eq!(open_standing(&uri, "plan.json").unwrap().read("plan.json").unwrap(), b"{}");
    }
}
