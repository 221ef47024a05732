//! Housekeeping for `tokenmill gc`: listing a run, deleting what is left over, ending uploads that nobody completes.

use super::S3Store;
use super::failure::failure;
use super::list::{Walk, modified};
use crate::keeper::{Kept, Listing, Unfinished};
use crate::{Keeper, StoreError};
use std::time::SystemTime;

impl Keeper for S3Store {
    fn list(&self, prefix: &str) -> Box<dyn Listing + '_> {
        let walk = Walk::new(self.connection.clone(), &self.root.bucket, &self.full_prefix(prefix), false);
        Box::new(Pages { walk, cut: self.full_prefix("").len() })
    }

    fn modified(&self, key: &str) -> Result<Option<SystemTime>, StoreError> {
        let place = self.place(key)?;
        let request = self.connection.client(&self.root.bucket).head_object();
        let request = request.bucket(&self.root.bucket).key(&place.uri.key);
        match self.connection.wait(request.send()) {
            Ok(head) => Ok(Some(modified(head.last_modified()))),
            Err(error) => match failure("look up", &place.name, error) {
                StoreError::Missing(_) => Ok(None),
                error => Err(error),
            },
        }
    }

    fn delete(&self, key: &str) -> Result<(), StoreError> {
        let place = self.place(key)?;
        let request = self.connection.client(&self.root.bucket).delete_object();
        let request = request.bucket(&self.root.bucket).key(&place.uri.key);
        match self.connection.wait(request.send()).map_err(|error| failure("delete", &place.name, error)) {
            Ok(_) | Err(StoreError::Missing(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        let prefix = self.full_prefix("");
        let mut found = Vec::new();
        let (mut key_marker, mut id_marker) = (None, None);
        loop {
            let request = self.connection.client(&self.root.bucket).list_multipart_uploads();
            let request = request.bucket(&self.root.bucket).prefix(&prefix);
            let request = request.set_key_marker(key_marker).set_upload_id_marker(id_marker);
            let page = self.connection.wait(request.send());
            let page = page.map_err(|error| failure("list the uploads of", &self.root.to_string(), error))?;
            found.extend(page.uploads().iter().filter_map(|upload| {
                Some(Unfinished {
                    key: upload.key()?.strip_prefix(&prefix)?.to_owned(),
                    id: upload.upload_id()?.to_owned(),
                    begun: modified(upload.initiated()),
                })
            }));
            if page.is_truncated() != Some(true) {
                return Ok(found);
            }
            key_marker = page.next_key_marker().map(str::to_owned);
            id_marker = page.next_upload_id_marker().map(str::to_owned);
        }
    }

    fn abort(&self, upload: &Unfinished) -> Result<(), StoreError> {
        self.place(&upload.key)?.abort(&upload.id)
    }
}

/// The pages of a listing, with keys from the root of the store.
struct Pages {
    walk: Walk,
    cut: usize,
}

impl Listing for Pages {
    fn page(&mut self) -> Result<Option<Vec<Kept>>, StoreError> {
        let entries = self.walk.page()?;
        let kept = |entry: super::list::Entry| {
            let key = entry.key.get(self.cut..)?.to_owned();
            Some(Kept { key, bytes: entry.bytes, modified: entry.modified })
        };
        Ok(entries.map(|entries| entries.into_iter().filter_map(kept).collect()))
    }
}
