//! Pipe: what a step says that hands documents to a command of the user's. The engine does the work; no stage does I/O.

use crate::{BuildError, Metric, Params};

/// The parameter that declares numbers beyond those of the entry; each becomes a metric of the step.
pub const NUMBERS: &str = "numbers";
/// Numbers that a recipe may declare, at most: each is a column.
const MAX_NUMBERS: usize = 64;
/// Bytes of a number's name, at most.
const MAX_NAME: usize = 64;

/// The numbers that a recipe declares.
///
/// # Errors
/// When a name is none, or is taken: by another, or by one of the entry's `metrics`.
pub fn declared<'p>(params: &'p Params, metrics: &[Metric]) -> Result<&'p [String], BuildError> {
    let numbers = params.texts(NUMBERS);
    for (at, name) in numbers.iter().enumerate() {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !is_plain || name.len() > MAX_NAME || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            let error = BuildError::new(format!("`{NUMBERS}`: `{}` cannot name a number", name.escape_debug()));
            return Err(error.hint("lower-case letters, digits and `_`, at most 64 of them, a letter first"));
        }
        let is_taken = metrics.iter().any(|metric| metric.name == name);
        if is_taken || numbers[..at].contains(name) {
            return Err(BuildError::new(format!("`{NUMBERS}`: there are two numbers called `{name}`")));
        }
    }
    if numbers.len() > MAX_NUMBERS {
        let message = format!("`{NUMBERS}` names {} numbers; the limit is {MAX_NUMBERS}", numbers.len());
        return Err(BuildError::new(message));
    }
    Ok(numbers)
}

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
