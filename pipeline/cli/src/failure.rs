//! How a verb ends when it cannot do what was asked, and the exit codes that scripts can rely on.

use crate::log;
use std::process::ExitCode;
use tokenmill_core::BuildError;
use tokenmill_engine::ConfigError;
use tokenmill_engine::run::RunError;
use tokenmill_store::StoreError;
use tokenmill_store::assets::AssetError;

/// A check found problems.
pub const FOUND_PROBLEMS: u8 = 1;
/// The command line or the recipe is wrong.
pub const USAGE: u8 = 2;
/// A task cannot work on what it was given, and would fail again (`EX_DATAERR` of sysexits.h).
pub const BAD_INPUT: u8 = 65;
/// The machine failed: try again, maybe elsewhere (`EX_TEMPFAIL`).
pub const RETRY: u8 = 75;

/// An error with what to do next and the exit code.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hint: Option<String>,
    code: u8,
}

impl Failure {
    /// A mistake in what was asked for.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), hint: None, code: USAGE }
    }

    /// Something that would fail again.
    pub fn for_good(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), hint: None, code: BAD_INPUT }
    }

    /// Something that may succeed later or elsewhere.
    pub fn for_now(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), hint: None, code: RETRY }
    }

    /// Something that a person must look at.
    pub fn problem(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), hint: None, code: FOUND_PROBLEMS }
    }

    /// What went wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        self.code
    }

    /// Adds what to do next.
    pub fn hint(self, hint: impl Into<String>) -> Failure {
        Failure { hint: Some(hint.into()), ..self }
    }

    /// Says it on standard error.
    pub fn report(self) -> ExitCode {
        log::failure(&self.message, self.hint.as_deref(), self.code);
        ExitCode::from(self.code)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::usage(error.to_string())
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Failure {
        Failure { message: error.message, hint: error.hint, code: USAGE }
    }
}

impl From<AssetError> for Failure {
    fn from(error: AssetError) -> Failure {
        let hint = error.hint();
        Failure { message: error.to_string(), hint, code: USAGE }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        let code = match &error {
            StoreError::Io { .. } | StoreError::TooSmall { .. } => RETRY,
            StoreError::Corrupt { .. } | StoreError::NotDeterministic { .. } => BAD_INPUT,
            StoreError::Missing(_) | StoreError::Usage(_) | StoreError::Refused { .. } => USAGE,
        };
        match error {
            StoreError::Refused { what, hint } | StoreError::TooSmall { what, hint } => {
                Failure { message: what, hint: Some(hint), code }
            }
            error => Failure { message: error.to_string(), hint: None, code },
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        match error {
            RunError::Build(error) => error.into(),
            RunError::Store(error) => error.into(),
            RunError::Task { .. } => {
                let code = if error.is_transient() { RETRY } else { BAD_INPUT };
                let failure = Failure { message: error.to_string(), hint: None, code };
                failure.hint("what other tasks have done is kept: the same command goes on from there")
            }
        }
    }
}
