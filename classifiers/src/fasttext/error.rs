//! Why a file is not a classifier that we can run.

/// What is wrong with a model file. Texts are never errors: every byte sequence has a prediction, or none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The first four bytes are not those of a fastText model.
    #[error("not a fastText model: it does not start with the magic number `{expected}`")]
    Magic {
        /// What the first four bytes should be, as a little-endian number.
        expected: i32,
    },
    /// The format is older or newer than the two that exist.
    #[error("fastText file version `{found}` is unknown, versions `11` and `12` can be read")]
    Version {
        /// The version in the file.
        found: i32,
    },
    /// The file ends too early, or a size in it is larger than the rest of the file.
    #[error("the file ends inside {part}: `{needed}` bytes needed, `{left}` left; fetch or copy it again")]
    Truncated {
        /// Which part was being read.
        part: &'static str,
        /// Bytes that the part needs.
        needed: u64,
        /// Bytes that are left.
        left: usize,
    },
    /// Word vectors, which have no labels.
    #[error("the model holds word vectors, not a classifier; train it with `supervised`")]
    NotSupervised,
    /// A value that no fastText program writes.
    #[error("{part} is damaged: {what}")]
    Damaged {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        what: String,
    },
}

impl ModelError {
    /// A value in `part` that no fastText program writes.
    pub(super) fn damaged(part: &'static str, what: impl Into<String>) -> ModelError {
        ModelError::Damaged { part, what: what.into() }
    }
}
