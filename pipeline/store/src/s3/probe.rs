//! The self-test: does the service refuse a conditional PUT when there is an object?

use super::S3Store;
use super::create::attempt_id;
use crate::{Created, Keeper, Store, StoreError};

impl S3Store {
    /// Creates an object twice under a key that nobody else uses. A service that lets both through would let two
    /// machines overwrite each other's commits.
    pub(super) fn probe(&self) -> Result<(), StoreError> {
        let key = format!(".probe-{}", attempt_id()?);
        let first = self.create(&key, b"first")?;
        let second = self.create(&key, b"second");
        // A probe that may not be deleted does no harm: nobody reads it.
        let _ = self.delete(&key);
        match (first, second?) {
            (Created::Won, Created::Lost(standing)) if standing == b"first" => Ok(()),
            (first, second) => Err(StoreError::Refused {
                what: format!(
                    "`{}` ignores `If-None-Match` (it answered {first:?} and {second:?}), so two machines could \
                     overwrite each other's commits",
                    self.root
                ),
                hint: "use a service with conditional PUT (AWS S3, Ceph from 16 on), or a local `run.root`".to_owned(),
            }),
        }
    }
}
