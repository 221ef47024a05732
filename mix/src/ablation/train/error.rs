//! What can go wrong in a training run, and what to do then.

use std::path::{Path, PathBuf};

/// Why a training run ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The job asks for something that cannot be done.
    #[error("the job cannot be run: {0}")]
    Job(String),
    /// A file could not be read or written.
    #[error("`{}` could not be {doing}: {error}; check the path and the free space", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// `opened`, `read` or `written`.
        doing: &'static str,
        /// What the system says.
        error: std::io::Error,
    },
    /// The tokens of a group do not fit the job.
    #[error("group `{group}`: {problem}")]
    Data {
        /// Name of the group.
        group: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A checkpoint is not one that this job can go on from.
    #[error("checkpoint `{}`: {problem}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The training loss or its gradient became infinite or is not a number.
    #[error("diverged at step {step}; take a lower `lr` or a longer `warmup`")]
    Diverged {
        /// The first such step; they count from 1.
        step: u64,
    },
    /// The log could not be written.
    #[error("the log of the training could not be written: {0}; check the free space")]
    Log(#[from] std::io::Error),
    /// A computation failed; the job has been checked, so that this is a fault of ours.
    #[error("a computation failed: {0}; please report this with the job")]
    Tensor(#[from] candle_core::Error),
}

impl TrainError {
    pub(super) fn job(problem: impl Into<String>) -> TrainError {
        TrainError::Job(problem.into())
    }

    pub(super) fn data(group: &str, problem: impl Into<String>) -> TrainError {
        TrainError::Data { group: group.to_owned(), problem: problem.into() }
    }

    pub(super) fn checkpoint(path: &Path, problem: impl Into<String>) -> TrainError {
        TrainError::Checkpoint { path: path.to_owned(), problem: problem.into() }
    }
}
