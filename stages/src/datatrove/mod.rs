//! What datatrove 0.10.1 measures with its English defaults: the numbers behind `compat = "datatrove"`.
//!
//! datatrove asks spaCy's rule-based English tokenizer for words and sentences, and Python for lines and white space.
//! This room gives the same answers without either. What it knows of them is in `english.txt`; `golden.jsonl` holds
//! answers of theirs, which the tests compare. `facts.py` writes both files.

mod affixes;
pub mod c4;
mod chars;
mod exceptions;
mod facts;
pub mod fineweb;
pub mod lines;
mod merge;
pub mod quality;
pub mod repetition;
mod sentences;
#[cfg(test)]
mod tests;
mod url;
mod words;

use tokenmill_core::{BuildError, Params};

/// The values of the parameter `compat`.
const OFF: &str = "off";
const DATATROVE: &str = "datatrove";

/// Whether a step shall judge as datatrove does.
///
/// # Errors
/// When its parameter `compat` has another value than `off` and `datatrove`.
pub(crate) fn is_asked_for(params: &Params) -> Result<bool, BuildError> {
    match params.text("compat") {
        OFF => Ok(false),
        DATATROVE => Ok(true),
        other => Err(BuildError::new(format!("`compat` must be `{OFF}` or `{DATATROVE}`, not `{other}`"))),
    }
}
