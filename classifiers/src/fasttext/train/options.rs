//! How a classifier is trained, and what can go wrong.

use crate::fasttext::LossName;

/// The parameters of training; their defaults are those of `fasttext supervised` (0.9.2).
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Floats in a row, 1 to 4096.
    pub dim: usize,
    /// Passes over the examples, at least 1.
    pub epochs: u32,
    /// The rate at the first example, above 0; it falls to 0 in a straight line.
    pub learning_rate: f32,
    /// Words in the longest n-gram of words, 1 to 64; 1 is words alone.
    pub word_ngrams: usize,
    /// A word that occurs less often is no feature of its own.
    pub min_count: u64,
    /// A label that occurs less often is left out, with the examples that have no other.
    pub min_label_count: u64,
    /// Rows that n-grams share by their hash, 1 to 2^28; unused without n-grams.
    pub buckets: u32,
    /// Characters in the shortest n-gram of characters.
    pub min_chars: usize,
    /// Characters in the longest n-gram of characters, up to 64; 0 is none.
    pub max_chars: usize,
    /// The output layer. Negative sampling cannot be trained.
    pub loss: LossName,
    /// All randomness comes from it: the first weights, the order of examples, and which of several labels is learned.
    pub seed: u64,
    /// With validation examples: how many passes without a better loss on them are waited for. The weights are then those of
    /// the best pass, of which a copy is kept in memory.
    pub patience: Option<u32>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            dim: 100,
            epochs: 5,
            learning_rate: 0.1,
            word_ngrams: 1,
            min_count: 1,
            min_label_count: 0,
            buckets: 2_000_000,
            min_chars: 0,
            max_chars: 0,
            loss: LossName::Softmax,
            seed: 0,
            patience: None,
        }
    }
}

impl Options {
    /// Checks what can be checked without examples.
    ///
    /// # Errors
    /// When a parameter has a value that makes no sense.
    pub fn check(&self) -> Result<(), TrainError> {
        let fail = |what: &str| Err(TrainError::Options(what.to_owned()));
        if !(1..=4096).contains(&self.dim) {
            return fail("`dim` must be 1 to 4096");
        }
        if self.epochs == 0 {
            return fail("`epochs` must be at least 1");
        }
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return fail("`learning_rate` must be above 0");
        }
        if !(1..=64).contains(&self.word_ngrams) || self.max_chars > 64 {
            return fail("n-grams have at most 64 words or characters");
        }
        if self.max_chars > 0 && !(1..=self.max_chars).contains(&self.min_chars) {
            return fail("`min_chars` must be 1 to `max_chars`");
        }
        if self.uses_ngrams() && !(1..=1 << 28).contains(&self.buckets) {
            return fail("`buckets` must be 1 to 268435456");
        }
        if self.patience == Some(0) {
            return fail("`patience` must be at least 1");
        }
        if self.loss == LossName::NegativeSampling {
            return fail("negative sampling cannot be trained; take softmax");
        }
        Ok(())
    }

    /// Whether any feature is hashed into a bucket.
    pub(super) fn uses_ngrams(&self) -> bool {
        self.max_chars > 0 || self.word_ngrams > 1
    }

    /// Buckets that the model has.
    pub(crate) fn n_buckets(&self) -> u32 {
        if self.uses_ngrams() { self.buckets } else { 0 }
    }
}

/// Why nothing can be learned.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TrainError {
    /// A parameter has a value that makes no sense.
    #[error("{0}")]
    Options(String),
    /// The examples do not make a classifier.
    #[error("{0}")]
    Examples(String),
    /// The loss is no number any more.
    #[error("the weights have grown without limit in pass {epoch}; lower the learning rate")]
    Diverged {
        /// The pass, from 1.
        epoch: u32,
    },
    /// A matrix that cannot be quantised.
    #[error("{0}")]
    Quantize(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_accepted_and_nonsense_is_not() {
        let with = |change: fn(&mut Options)| {
            let mut options = Options::default();
            change(&mut options);
            options.check()
        };
        assert_eq!(with(|_| {}), Ok(()));
        assert_eq!(with(|options| (options.min_chars, options.max_chars) = (3, 6)), Ok(()));
        for change in [
            (|options| options.dim = 0) as fn(&mut Options),
            |options| options.epochs = 0,
            |options| options.learning_rate = f32::NAN,
            |options| options.word_ngrams = 0,
            |options| options.max_chars = 65,
            |options| (options.min_chars, options.max_chars) = (4, 3),
            |options| (options.word_ngrams, options.buckets) = (2, 0),
            |options| options.loss = LossName::NegativeSampling,
        ] {
            assert!(matches!(with(change), Err(TrainError::Options(_))));
        }
    }
}
