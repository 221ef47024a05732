//! Score: a step whose model is so large, or whose device so rare, that documents are scored in a phase of their own.

use crate::BuildError;

/// Many documents to numbers; owns a model. Shared by all tasks of a phase.
pub trait Score: Send + Sync {
    /// The names of the numbers that the recipe asks for; they follow the metrics of the entry.
    fn names(&self) -> &[String];

    /// Begins with the documents of one task.
    ///
    /// # Errors
    /// When the device is not there, or does not take the model.
    fn begin(&self, place: &Place<'_>) -> Result<Box<dyn Scoring + '_>, BuildError>;
}

/// Where a model runs.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// What the recipe or the command line asks for; a model knows what it understands.
    pub device: &'a str,
    /// Tasks that run at the same time.
    pub threads: usize,
}

/// What is asked for when nobody asks for anything: the best device there is.
pub const AUTO: &str = "auto";

/// The numbers of one document: the metrics of the entry, then those of [`Score::names`]. None where one does not apply.
pub type Scores = Vec<Option<f32>>;

/// The documents of one task on their way through a model. What it is given alone decides what it says, and batches are
/// its own: what other tasks do at the same time cannot be seen in a score.
pub trait Scoring {
    /// Hands over the next document. Waits while too many are under way.
    ///
    /// # Errors
    /// When the device fails.
    fn push(&mut self, text: &str) -> Result<(), BuildError>;

    /// The scores of the oldest documents that nobody has taken yet, in the order in which they were handed over; none
    /// when they are not ready.
    ///
    /// # Errors
    /// When the device fails.
    fn ready(&mut self) -> Result<Vec<Scores>, BuildError>;

    /// Waits for the scores of all other documents.
    ///
    /// # Errors
    /// When the device fails.
    fn finish(&mut self) -> Result<Vec<Scores>, BuildError>;
}
