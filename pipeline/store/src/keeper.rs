//! A store that can also list and delete. Only `gc` gets one, and a release for the folder that it fills: readers of a run
//! follow its commits.

use crate::{Store, StoreError};
use std::time::SystemTime;

/// One object of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Key.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
    /// When it was written last.
    pub modified: SystemTime,
}

/// An upload in parts that nobody has completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Key of the object it would become.
    pub key: String,
    /// What the service calls it.
    pub id: String,
    /// When it was begun.
    pub begun: SystemTime,
}

/// A listing, page by page.
pub trait Listing {
    /// The next page; `None` after the last. A page that failed can be asked for again.
    ///
    /// # Errors
    /// When the store fails.
    fn page(&mut self) -> Result<Option<Vec<Kept>>, StoreError>;
}

/// A store that can be put in order.
pub trait Keeper: Store {
    /// All objects whose keys begin with `prefix`, which may be empty; without what is in the scratch folder.
    fn list(&self, prefix: &str) -> Box<dyn Listing + '_>;

    /// When an object was written last, or `None` when there is none.
    ///
    /// # Errors
    /// When the store fails.
    fn modified(&self, key: &str) -> Result<Option<SystemTime>, StoreError>;

    /// Deletes an object; one that is gone already is fine.
    ///
    /// # Errors
    /// When the store fails.
    fn delete(&self, key: &str) -> Result<(), StoreError>;

    /// Removes the folders below `prefix` that hold nothing, where a store has folders. Nobody may be at work there.
    ///
    /// # Errors
    /// When the store fails.
    fn sweep(&self, prefix: &str) -> Result<(), StoreError> {
        let _ = prefix;
        Ok(())
    }

    /// Uploads in parts that nobody has completed. Stores without such uploads have none.
    ///
    /// # Errors
    /// When the store fails.
    fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        Ok(Vec::new())
    }

    /// Ends an upload and frees its parts; one that is gone already is fine.
    ///
    /// # Errors
    /// When the store fails.
    fn abort(&self, upload: &Unfinished) -> Result<(), StoreError> {
        let _ = upload;
        Ok(())
    }
}
