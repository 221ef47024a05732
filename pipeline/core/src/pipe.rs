//! Pipe: what a step says that hands documents to a command of the user's. The engine does the work; no stage does I/O.

/// The parameter that declares numbers beyond those of the entry; each becomes a metric of the step.
pub const NUMBERS: &str = "numbers";

/// A command that decides about documents.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipe {
    /// The program and its arguments; empty when the recipe names none, which the engine refuses.
    pub command: Vec<String>,
    /// The files that the command reads: programs and models whose content decides what it answers.
    pub files: Vec<String>,
    /// Whether it may change texts.
    pub may_edit: bool,
    /// The numbers that it gives.
    pub numbers: Vec<String>,
    /// Bytes of an answer for each byte that was handed over, at most.
    pub max_output_ratio: f64,
}
