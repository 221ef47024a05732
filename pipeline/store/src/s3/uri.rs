//! Addresses such as `s3://bucket/a/key`.

use crate::StoreError;
use std::fmt;

/// A bucket and a key or prefix in it, which may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Uri {
    /// The bucket.
    pub bucket: String,
    /// Key or prefix, without a `/` at its ends.
    pub key: String,
}

impl S3Uri {
    /// Parses `s3://bucket/key`.
    ///
    /// # Errors
    /// When it is no such address.
    pub fn parse(uri: &str) -> Result<S3Uri, StoreError> {
        let wrong = || StoreError::Usage(format!("`{uri}` is no address of the form `s3://bucket/key`"));
        let rest = uri.strip_prefix("s3://").ok_or_else(wrong)?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(wrong());
        }
        Ok(S3Uri { bucket: bucket.to_owned(), key: key.trim_matches('/').to_owned() })
    }

    /// The address of `key` below this one.
    pub fn join(&self, key: &str) -> S3Uri {
        let key = if self.key.is_empty() { key.to_owned() } else { format!("{}/{key}", self.key) };
        S3Uri { bucket: self.bucket.clone(), key }
    }
}

impl fmt::Display for S3Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_and_put_together() {
        let root = S3Uri::parse("s3://bucket/runs/x/").unwrap();
        assert_eq!((root.bucket.as_str(), root.key.as_str()), ("bucket", "runs/x"));
        assert_eq!(root.join("plan.json").to_string(), "s3://bucket/runs/x/plan.json");
        let bare = S3Uri::parse("s3://bucket").unwrap();
        assert_eq!(bare.join("plan.json").to_string(), "s3://bucket/plan.json");
        for wrong in ["s3://", "s3:///key", "bucket/key", "https://bucket/key"] {
            assert!(S3Uri::parse(wrong).is_err(), "{wrong}");
        }
    }
}
