//! How S3 is reached. Identity comes from the standard AWS environment; what stands here is set once by the program.

use std::sync::{Mutex, PoisonError};

/// What the program's flags say; empty fields leave it to the standard AWS environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct S3Options {
    /// Address of a service that is not AWS. Implies `path_style`.
    pub endpoint: Option<String>,
    /// Region of all buckets.
    pub region: Option<String>,
    /// Whether the bucket stands in the path of a URL instead of in its host name.
    pub path_style: bool,
    /// Whether we pay for reading buckets whose owners do not.
    pub requester_pays: bool,
    /// Buckets that are read without signing, because anybody may and we may have no identity.
    pub anonymous: Vec<String>,
}

static OPTIONS: Mutex<Option<S3Options>> = Mutex::new(None);

/// Sets the options of the process; the first store that is opened takes them.
pub fn configure(options: S3Options) {
    *OPTIONS.lock().unwrap_or_else(PoisonError::into_inner) = Some(options);
}

/// The options of the process.
pub(super) fn configured() -> S3Options {
    OPTIONS.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
}
