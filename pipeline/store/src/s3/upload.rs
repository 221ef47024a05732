//! Files into objects: one PUT for small ones, parts for large ones. A failed upload leaves nothing behind.

use super::failure::failure;
use super::get::Place;
use crate::StoreError;
use crate::retry::Patience;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Files up to this size are sent with one PUT, larger ones in parts of this size.
pub const PART: u64 = 16 << 20;
/// Parts of one object that S3 allows.
const MAX_PARTS: u64 = 10_000;
/// Parts of one file that are in flight, and therefore in memory.
const CONCURRENCY: u64 = 2;

/// The size of parts for a file: [`PART`], or more when 10,000 of those are not enough.
fn part_size(bytes: u64) -> u64 {
    bytes.div_ceil(MAX_PARTS).max(PART).next_multiple_of(1 << 20)
}

/// In how many parts a file is sent; 1 means a plain PUT.
pub fn n_parts(bytes: u64) -> u64 {
    if bytes <= PART { 1 } else { bytes.div_ceil(part_size(bytes)) }
}

impl Place {
    /// Replaces the object by a small content.
    pub(super) fn put(&self, content: Bytes) -> Result<(), StoreError> {
        let request = self.connection.client(&self.uri.bucket).put_object();
        let request = request.bucket(&self.uri.bucket).key(&self.uri.key).set_request_payer(self.connection.payer());
        let sent = self.connection.wait(request.body(ByteStream::from(content)).send());
        sent.map(|_| ()).map_err(|error| failure("write", &self.name, error))
    }

    /// Makes the object from a file.
    pub(super) fn put_file(&self, path: &Path) -> Result<(), StoreError> {
        let unreadable = || StoreError::io("read", path.display());
        #[expect(clippy::disallowed_methods, reason = "a finished file of the scratch folder")]
        let file = File::open(path).map_err(unreadable())?;
        let bytes = file.metadata().map_err(unreadable())?.len();
        let read = |at: u64, n: u64| {
            let mut content = vec![0; n as usize];
            file.read_exact_at(&mut content, at).map(|()| Bytes::from(content)).map_err(unreadable())
        };
        if bytes <= PART {
            return self.put(read(0, bytes)?);
        }
        let upload = Upload::begin(self)?;
        let parts = upload.send(bytes, read)?;
        upload.complete(parts, bytes)
    }
}

/// An upload in parts. Dropped before it is complete, it is aborted.
struct Upload<'a> {
    place: &'a Place,
    id: String,
    is_complete: bool,
}

impl<'a> Upload<'a> {
    fn begin(place: &'a Place) -> Result<Upload<'a>, StoreError> {
        let request = place.connection.client(&place.uri.bucket).create_multipart_upload();
        let request = request.bucket(&place.uri.bucket).key(&place.uri.key).set_request_payer(place.connection.payer());
        let begun = place.connection.wait(request.send()).map_err(|error| failure("write", &place.name, error))?;
        let id = begun.upload_id().unwrap_or_default().to_owned();
        if id.is_empty() {
            return Err(StoreError::transient("write", &place.name, "the service gave no upload id"));
        }
        Ok(Upload { place, id, is_complete: false })
    }

    /// Sends all parts, a few at a time; each thread takes the next part as soon as it is free. Parts are retried one by
    /// one, so that a failure does not cost what has been sent.
    fn send(
        &self,
        bytes: u64,
        read: impl Fn(u64, u64) -> Result<Bytes, StoreError> + Sync,
    ) -> Result<Vec<CompletedPart>, StoreError> {
        let (size, n) = (part_size(bytes), n_parts(bytes));
        let next = AtomicU64::new(0);
        let sent: Mutex<Result<Vec<CompletedPart>, StoreError>> = Mutex::new(Ok(Vec::with_capacity(n as usize)));
        let sent_parts = || sent.lock().unwrap_or_else(PoisonError::into_inner);
        let work = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= n || sent_parts().is_err() {
                    return;
                }
                let start = index * size;
                let content = read(start, size.min(bytes - start));
                let part =
                    content.and_then(|content| Patience::default().insist(|| self.send_part(index + 1, &content)));
                let mut sent = sent_parts();
                match (&mut *sent, part) {
                    (Ok(parts), Ok(part)) => parts.push(part),
                    (Ok(_), Err(error)) => *sent = Err(error),
                    (Err(_), _) => {}
                }
            }
        };
        std::thread::scope(|scope| {
            (1..CONCURRENCY).for_each(|_| drop(scope.spawn(work)));
            work();
        });
        let mut parts = sent.into_inner().unwrap_or_else(PoisonError::into_inner)?;
        parts.sort_by_key(CompletedPart::part_number);
        Ok(parts)
    }

    fn send_part(&self, number: u64, content: &Bytes) -> Result<CompletedPart, StoreError> {
        let Place { connection, uri, name } = self.place;
        let number = i32::try_from(number).map_err(|_| StoreError::Usage(format!("`{name}` has too many parts")))?;
        let request = connection.client(&uri.bucket).upload_part();
        let request = request.bucket(&uri.bucket).key(&uri.key).set_request_payer(connection.payer());
        let request = request.upload_id(&self.id).part_number(number).body(ByteStream::from(content.clone()));
        let part = connection.wait(request.send()).map_err(|error| failure("write", name, error))?;
        Ok(CompletedPart::builder().part_number(number).set_e_tag(part.e_tag).build())
    }

    fn complete(mut self, parts: Vec<CompletedPart>, bytes: u64) -> Result<(), StoreError> {
        let Place { connection, uri, name } = self.place;
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let outcome = Patience::default().insist(|| {
            let request = connection.client(&uri.bucket).complete_multipart_upload();
            let request = request.bucket(&uri.bucket).key(&uri.key).set_request_payer(connection.payer());
            let request = request.upload_id(&self.id).multipart_upload(parts.clone());
            connection.wait(request.send()).map_err(|error| failure("write", name, error))
        });
        // When a reply was lost, the repeated request finds no upload any more. The key names the content, so an object
        // of this size is ours.
        let outcome = match outcome {
            Err(StoreError::Missing(_)) if self.place.head()?.is_some_and(|meta| meta.bytes == bytes) => Ok(()),
            Err(StoreError::Missing(_)) => {
                Err(StoreError::transient("write", name, "the upload was aborted by others"))
            }
            outcome => outcome.map(|_| ()),
        };
        self.is_complete = outcome.is_ok();
        outcome
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        if !self.is_complete {
            // What cannot be aborted now is found by `tokenmill gc`.
            let _ = Patience::brief().insist(|| self.place.abort(&self.id));
        }
    }
}

impl Place {
    /// Aborts an upload in parts; one that is gone already is fine.
    pub(super) fn abort(&self, upload: &str) -> Result<(), StoreError> {
        let request = self.connection.client(&self.uri.bucket).abort_multipart_upload();
        let request = request.bucket(&self.uri.bucket).key(&self.uri.key).set_request_payer(self.connection.payer());
        match self.connection.wait(request.upload_id(upload).send()) {
            Ok(_) => Ok(()),
            Err(error) => match failure("abort the upload of", &self.name, error) {
                StoreError::Missing(_) => Ok(()),
                error => Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_parts_are_always_enough() {
        assert_eq!((n_parts(0), n_parts(PART), n_parts(PART + 1)), (1, 1, 2));
        assert_eq!(n_parts(40 << 20), 3);
        for bytes in [PART * MAX_PARTS, PART * MAX_PARTS + 1, 5 << 40] {
            assert!(n_parts(bytes) <= MAX_PARTS, "{bytes}");
            assert!(part_size(bytes) * n_parts(bytes) >= bytes);
        }
        assert_eq!(part_size(PART * MAX_PARTS), PART);
    }
}
