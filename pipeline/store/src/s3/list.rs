//! Lists keys. Only sources and `gc` may: what a run holds is known from its commits.

use super::client::Connection;
use super::failure::failure;
use super::get::unquoted;
use super::uri::S3Uri;
use crate::StoreError;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// One object of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Key in the bucket.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
    /// ETag.
    pub version: String,
    /// When it was written last.
    pub modified: SystemTime,
}

/// A walk over all keys that begin with a prefix, in their order, a page of up to 1,000 at a time.
pub(crate) struct Walk {
    connection: Arc<Connection>,
    /// The bucket, and the prefix as key.
    uri: S3Uri,
    delimiter: Option<&'static str>,
    /// Where the next page begins; `None` before the first one.
    token: Option<String>,
    is_done: bool,
}

impl Walk {
    /// All keys of `bucket` that begin with `prefix`; with `flat`, only those without a further `/`.
    pub(crate) fn new(connection: Arc<Connection>, bucket: &str, prefix: &str, flat: bool) -> Walk {
        let uri = S3Uri { bucket: bucket.to_owned(), key: prefix.to_owned() };
        Walk { connection, uri, delimiter: flat.then_some("/"), token: None, is_done: false }
    }

    /// The next page; `None` after the last. A page that failed can be asked for again.
    pub(crate) fn page(&mut self) -> Result<Option<Vec<Entry>>, StoreError> {
        if self.is_done {
            return Ok(None);
        }
        let request = self.connection.client(&self.uri.bucket).list_objects_v2().bucket(&self.uri.bucket);
        let request = request.prefix(&self.uri.key).set_delimiter(self.delimiter.map(str::to_owned));
        let request = request.set_continuation_token(self.token.clone()).set_request_payer(self.connection.payer());
        let page = self.connection.wait(request.send());
        let page = page.map_err(|error| match failure("list", &self.uri.to_string(), error) {
            StoreError::Missing(name) => StoreError::Refused {
                what: format!("cannot list `{name}`: there is no such bucket"),
                hint: "check the name of the bucket and the endpoint".to_owned(),
            },
            error => error,
        })?;
        self.token = page.next_continuation_token().map(str::to_owned);
        self.is_done = self.token.is_none();
        let entries = page.contents().iter().filter_map(|object| {
            Some(Entry {
                key: object.key()?.to_owned(),
                bytes: u64::try_from(object.size()?).ok()?,
                version: unquoted(object.e_tag()),
                modified: modified(object.last_modified()),
            })
        });
        Ok(Some(entries.collect()))
    }
}

/// When an object was written; where a service does not say, so late that nobody takes it for a leftover.
pub(super) fn modified(time: Option<&aws_sdk_s3::primitives::DateTime>) -> SystemTime {
    const UNKNOWN: Duration = Duration::from_secs(1 << 38);
    let since =
        time.map_or(UNKNOWN, |time| Duration::new(u64::try_from(time.secs()).unwrap_or(0), time.subsec_nanos()));
    SystemTime::UNIX_EPOCH + since
}
