//! What can go wrong with a tokeniser: its vocabulary, or a token id.

use tokenmill_core::BuildError;

/// Why a vocabulary could not be used, or why text or ids could not be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenizerError {
    /// The file of the vocabulary is not one we can use.
    #[error("tokenizer `{name}`: {problem}")]
    Vocabulary {
        /// The tokeniser as it was asked for.
        name: String,
        /// What is wrong with its file.
        problem: String,
        /// What to do next.
        hint: Option<String>,
    },
    /// The encoder refused a text; only vocabularies with rules of their own can do that.
    #[error("text could not be encoded: {0}")]
    Encode(String),
    /// The decoder of the vocabulary refused ids that it has.
    #[error("token ids could not be decoded: {0}")]
    Decode(String),
    /// An id that the vocabulary does not have.
    #[error("token id `{0}` is not in the vocabulary")]
    UnknownId(u32),
}

impl TokenizerError {
    pub(super) fn vocabulary(name: &str, problem: impl Into<String>) -> TokenizerError {
        TokenizerError::Vocabulary { name: name.into(), problem: problem.into(), hint: None }
    }

    pub(super) fn with_hint(self, text: impl Into<String>) -> TokenizerError {
        match self {
            TokenizerError::Vocabulary { name, problem, .. } => {
                TokenizerError::Vocabulary { name, problem, hint: Some(text.into()) }
            }
            other => other,
        }
    }
}

impl From<TokenizerError> for BuildError {
    fn from(error: TokenizerError) -> BuildError {
        let message = error.to_string();
        match error {
            TokenizerError::Vocabulary { hint: Some(hint), .. } => BuildError::new(message).hint(hint),
            _ => BuildError::new(message),
        }
    }
}
