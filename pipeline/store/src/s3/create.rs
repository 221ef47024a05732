//! The commit: one small PUT that the service refuses when there is an object.
//!
//! The answer alone does not say who won. When a reply is lost after the service has acted, the SDK repeats the request
//! and is told 412 by its own success; of 200 winners under such faults 10 were. So every call marks its object with an
//! attempt id, in the metadata because the content must follow from the task alone. Whoever is refused reads back what
//! stands and knows his own mark.

use super::failure::{failure, status};
use super::get::Place;
use crate::{Created, StoreError};
use aws_sdk_s3::primitives::ByteStream;

/// Name of the metadata field with the attempt id.
const ATTEMPT: &str = "tokenmill-attempt";

/// How often a refusal without an object behind it is taken for a conflict that has passed.
const MAX_CONFLICTS: u32 = 10;

impl Place {
    /// Creates the object unless there is one.
    pub(super) fn create(&self, content: &[u8]) -> Result<Created, StoreError> {
        let attempt = attempt_id()?;
        for _ in 0..MAX_CONFLICTS {
            if self.put_if_absent(content, &attempt)? {
                return Ok(Created::Won);
            }
            match self.read() {
                Ok(standing) if standing.metadata.get(ATTEMPT) == Some(&attempt) => return Ok(Created::Won),
                Ok(standing) => return Ok(Created::Lost(standing.content.into())),
                // 409: another creator was at work and came to nothing.
                Err(StoreError::Missing(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::transient("create", &self.name, "others try at the same time, and none of us gets through"))
    }

    /// One conditional PUT; false when the service refuses because of another object or another creator.
    fn put_if_absent(&self, content: &[u8], attempt: &str) -> Result<bool, StoreError> {
        let request = self.connection.client(&self.uri.bucket).put_object();
        let request = request.bucket(&self.uri.bucket).key(&self.uri.key).set_request_payer(self.connection.payer());
        let request = request.if_none_match("*").metadata(ATTEMPT, attempt);
        match self.connection.wait(request.body(ByteStream::from(content.to_vec())).send()) {
            Ok(_) => Ok(true),
            Err(error) if matches!(status(&error), Some(409 | 412)) => Ok(false),
            Err(error) => Err(failure("create", &self.name, error)),
        }
    }
}

/// 128 random bits in hexadecimal. They mark an attempt and never reach any content.
pub(super) fn attempt_id() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| StoreError::Usage(format!("this machine gives no random numbers: {error}")))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
