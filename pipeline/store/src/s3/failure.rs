//! What an error of the SDK means: missing, refused with a hint, or worth another try.

use crate::StoreError;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{ErrorMetadata, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use std::error::Error;

const NO_IDENTITY: &str = "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or `AWS_PROFILE`; public buckets are read \
                           with `--s3-anonymous BUCKET`";

/// The status the service answered with, if it did.
pub(super) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// The error of the store for an error of the SDK.
pub(super) fn failure<E>(action: &'static str, name: &str, error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
    let code = meta.and_then(ErrorMetadata::code).unwrap_or_default();
    let why = match meta.and_then(ErrorMetadata::message) {
        Some(message) if !code.is_empty() && !message.is_empty() && message != code => format!("{code}: {message}"),
        // An answer to HEAD has no body, so there is nothing but the status.
        _ if meta.is_some() => code.to_owned(),
        _ => reasons(&error),
    };
    let Some(status) = status(&error) else { return without_answer(action, name, &error, why) };
    let refused = |hint: &str| {
        let what = format!("cannot {action} `{name}`: the service says {status} {why}");
        StoreError::Refused { what: what.trim_end().to_owned(), hint: hint.to_owned() }
    };
    match (status, code) {
        (_, "NoSuchBucket") => refused("create the bucket, or check its name and the endpoint"),
        (404, _) => StoreError::Missing(name.to_owned()),
        (412, _) => StoreError::corrupt(name, "it has changed since it was opened"),
        (_, "RequestTimeTooSkewed") => refused("the clock of this machine is wrong"),
        (301 | 307, _)
        | (_, "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException") => {
            let region = error.raw_response().and_then(|response| response.headers().get("x-amz-bucket-region"));
            let region = region.map_or_else(String::new, |region| format!(", which is `{region}`"));
            refused(&format!("set `--s3-region` to the region of the bucket{region}"))
        }
        (401 | 403, _) => refused(
            "check the identity (`aws sts get-caller-identity`, `AWS_ACCESS_KEY_ID`, `AWS_PROFILE`) and what it may do \
             there; public buckets are read with `--s3-anonymous BUCKET`, some with `--s3-requester-pays`",
        ),
        (501, _) => refused("the service lacks what a run needs; use another one, or a local `run.root`"),
        // Some operations send their status before they know how they end, so 200 can carry an error, or half an answer.
        (200..=299 | 408 | 429 | 500.., _) | (_, "RequestTimeout" | "InternalError" | "SlowDown") => {
            StoreError::transient(action, name, format!("{status} {why}"))
        }
        _ => refused("check the address and the options of the service"),
    }
}

/// No answer came: the request was never sent for want of an identity or a setting, or the network failed.
fn without_answer<E>(action: &'static str, name: &str, error: &SdkError<E, HttpResponse>, why: String) -> StoreError
where
    E: Error + 'static,
{
    let refused = |why: &str, hint: &str| StoreError::Refused {
        what: format!("cannot {action} `{name}`: {why}"),
        hint: hint.to_owned(),
    };
    match in_chain::<CredentialsError>(error) {
        // A metadata service that is slow or away for the moment.
        Some(CredentialsError::ProviderTimedOut(_) | CredentialsError::ProviderError(_)) => {
            StoreError::transient(action, name, why)
        }
        Some(CredentialsError::CredentialsNotLoaded(_)) => refused("there is no AWS identity", NO_IDENTITY),
        Some(_) => refused(&why, NO_IDENTITY),
        None if matches!(error, SdkError::ConstructionFailure(_)) => refused(&why, "check the S3 options"),
        None => StoreError::transient(action, name, why),
    }
}

/// An error and everything that caused it.
fn chain<'a>(mut next: Option<&'a (dyn Error + 'static)>) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// The error of type `T` that caused `error`.
fn in_chain<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(Some(error)).find_map(|error| error.downcast_ref())
}

/// All causes in one line, without those that repeat what was said.
fn reasons(error: &(dyn Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in chain(error.source()) {
        let text = cause.to_string().replace('\n', " ");
        if !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
    }
    if said.is_empty() { error.to_string() } else { said.join(": ") }
}
