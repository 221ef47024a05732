//! Reads: HEAD, whole objects, and ranges whose length and version are checked.

use super::client::Connection;
use super::failure::{failure, status};
use super::uri::S3Uri;
use crate::readahead::{BLOCK, ReadAhead};
use crate::{Object, ObjectMeta, StoreError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::ops::Range;
use std::sync::Arc;

/// An object's address with the way to it.
#[derive(Clone)]
pub(crate) struct Place {
    pub(super) connection: Arc<Connection>,
    pub(super) uri: S3Uri,
    /// The address as text, for messages.
    pub(super) name: String,
}

/// What one GET gave.
pub(super) struct Got {
    pub content: Bytes,
    /// Size of the whole object.
    pub bytes: u64,
    pub etag: String,
    pub metadata: BTreeMap<String, String>,
}

impl Place {
    /// The way to `uri`.
    pub(crate) fn new(connection: Arc<Connection>, uri: S3Uri) -> Place {
        let name = uri.to_string();
        Place { connection, uri, name }
    }

    /// One HEAD.
    pub(crate) fn head(&self) -> Result<Option<ObjectMeta>, StoreError> {
        let request = self.connection.client(&self.uri.bucket).head_object();
        let request = request.bucket(&self.uri.bucket).key(&self.uri.key).set_request_payer(self.connection.payer());
        match self.connection.wait(request.send()) {
            Ok(head) => {
                let bytes = head.content_length().and_then(|bytes| u64::try_from(bytes).ok());
                let bytes = bytes.ok_or_else(|| StoreError::transient("look up", &self.name, "no size is given"))?;
                Ok(Some(ObjectMeta { bytes, version: unquoted(head.e_tag()) }))
            }
            Err(error) => match failure("look up", &self.name, error) {
                StoreError::Missing(_) => Ok(None),
                error => Err(error),
            },
        }
    }

    /// One GET, of everything or of a range that is not empty; with `etag`, only of that version.
    ///
    /// `None` when the range begins behind the end, as every range of an empty object does.
    pub(super) fn get(&self, range: Option<Range<u64>>, etag: Option<&str>) -> Result<Option<Got>, StoreError> {
        let request = self.connection.client(&self.uri.bucket).get_object();
        let request = request.bucket(&self.uri.bucket).key(&self.uri.key).set_request_payer(self.connection.payer());
        let request = request.set_range(range.as_ref().map(|range| format!("bytes={}-{}", range.start, range.end - 1)));
        let request = request.set_if_match(etag.map(|etag| format!("\"{etag}\"")));
        self.connection.wait(async {
            let output = match request.send().await {
                Ok(output) => output,
                Err(error) if status(&error) == Some(416) => return Ok(None),
                Err(error) => return Err(failure("read", &self.name, error)),
            };
            let (bytes, expected) = self.sizes(&output, range.as_ref())?;
            let (etag, metadata) = (unquoted(output.e_tag()), output.metadata().cloned().unwrap_or_default());
            let content = self.collect(output.body, expected).await?;
            Ok(Some(Got { content, bytes, etag, metadata: metadata.into_iter().collect() }))
        })
    }

    /// Size of the object and of the body that follows.
    fn sizes(&self, output: &GetObjectOutput, range: Option<&Range<u64>>) -> Result<(u64, u64), StoreError> {
        let wrong = |why: &str| StoreError::transient("read", &self.name, why);
        let length = output.content_length().and_then(|bytes| u64::try_from(bytes).ok());
        let length = length.ok_or_else(|| wrong("no size is given"))?;
        let Some(range) = range else { return Ok((length, length)) };
        // `bytes 0-99/1234`
        let shown = output.content_range().unwrap_or_default();
        let total = shown.rsplit_once('/').and_then(|(_, total)| total.parse::<u64>().ok());
        let total = total.ok_or_else(|| wrong("the service ignores ranges"))?;
        if !shown.starts_with(&format!("bytes {}-", range.start)) || length != range.end.min(total) - range.start {
            return Err(wrong(&format!("another range was sent than was asked for: `{shown}`")));
        }
        Ok((total, length))
    }

    /// The body, whose length must be as announced.
    async fn collect(&self, mut body: ByteStream, expected: u64) -> Result<Bytes, StoreError> {
        let mut content = Vec::with_capacity(expected as usize);
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| StoreError::transient("read", &self.name, error))?;
            content.extend_from_slice(&chunk);
            if content.len() as u64 > expected {
                break;
            }
        }
        if content.len() as u64 != expected {
            let why = format!("{} bytes came, {expected} were announced", content.len());
            return Err(StoreError::transient("read", &self.name, why));
        }
        Ok(content.into())
    }

    /// The whole object.
    pub(super) fn read(&self) -> Result<Got, StoreError> {
        self.get(None, None)?.ok_or_else(|| StoreError::Missing(self.name.clone()))
    }

    /// A read from the first byte to the last. The first request also tells size and version, so there is no HEAD.
    pub(super) fn stream(&self) -> Result<Box<dyn Read + Send>, StoreError> {
        let Some(first) = self.get(Some(0..BLOCK), None)? else { return Ok(Box::new(std::io::empty())) };
        let bytes = first.bytes;
        let start = Cursor::new(first.content);
        if bytes <= BLOCK {
            return Ok(Box::new(start));
        }
        let object = S3Object { place: self.clone(), bytes, etag: first.etag };
        Ok(Box::new(start.chain(ReadAhead::new(Arc::new(object), BLOCK..bytes))))
    }

    /// The object in the version that `meta` names.
    pub(crate) fn object(self, meta: ObjectMeta) -> S3Object {
        S3Object { place: self, bytes: meta.bytes, etag: meta.version }
    }
}

/// An object in one version; a read of another one fails.
pub(crate) struct S3Object {
    place: Place,
    bytes: u64,
    etag: String,
}

impl Object for S3Object {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read_at(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        if range.start > range.end || range.end > self.bytes {
            return Err(StoreError::corrupt(&self.place.name, format!("bytes {range:?} of {}", self.bytes)));
        }
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let etag = (!self.etag.is_empty()).then_some(self.etag.as_str());
        let got = self.place.get(Some(range), etag)?;
        got.map(|got| got.content).ok_or_else(|| StoreError::corrupt(&self.place.name, "it has become shorter"))
    }
}

/// An ETag without its quotes.
pub(super) fn unquoted(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}
