//! What is wrong with an expression, and where.

use std::ops::Range;
use tokenmill_core::BuildError;

/// A mistake at some bytes of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub span: Range<usize>,
    pub message: String,
    pub hint: Option<String>,
}

impl Fault {
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Fault {
        Fault { span, message: message.into(), hint: None }
    }

    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Fault {
        Fault { hint: Some(hint.into()), ..self }
    }

    /// The mistake as the builder of a stage reports it.
    pub fn in_param(self, param: &str, source: &str) -> BuildError {
        let error = BuildError::at(param, source, self.span, format!("`{param}`: {}", self.message));
        BuildError { hint: self.hint, ..error }
    }
}
