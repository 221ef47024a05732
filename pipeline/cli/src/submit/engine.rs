//! What an engine must offer: the one face of Slurm, Kubernetes, Ray, AWS Batch and this machine.

use super::round::Round;
use super::shape::Limits;
use crate::failure::Failure;

/// A file that would be submitted, or helps to submit others.
pub struct File {
    /// Its name.
    pub name: String,
    /// Its content.
    pub content: String,
}

/// A job that did not end well.
#[derive(Debug)]
pub struct Failed {
    /// Whether it would fail again.
    pub for_good: bool,
    /// What it has said.
    pub message: String,
}

/// What became of a round.
pub enum Outcome {
    /// The scheduler has it, and a job that goes on from there. The lines say what was submitted.
    Chained(Vec<String>),
    /// All its jobs have been tried. What they did is in the commits; these are the ones that said they failed.
    Tried(Vec<Failed>),
}

/// Somebody who runs jobs.
pub trait Engine {
    /// How large arrays may be.
    fn limits(&self) -> Result<Limits, Failure>;

    /// What a round comes to, for people and for other tools.
    fn files(&self, round: &Round<'_>) -> Result<Vec<File>, Failure>;

    /// Submits a round.
    fn submit(&self, round: &Round<'_>) -> Result<Outcome, Failure>;
}

/// Jobs that failed for good after which no more are started: a mistake in the recipe fails them all.
pub const MAX_FAILED: usize = 10;
