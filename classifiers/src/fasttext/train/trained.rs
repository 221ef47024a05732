//! A classifier that has been trained, and the `.bin` file that the official library reads.

use super::options::Options;
use super::passes::Pass;
use super::vocabulary::Vocabulary;
use super::weights::Weights;
use crate::fasttext::file;
use crate::fasttext::{Model, ModelError};

/// A classifier with dense rows.
pub struct Trained {
    pub(super) options: Options,
    /// The words that have a row, and the labels without their prefix, with their counts.
    pub(super) words: Vec<(Vec<u8>, u64)>,
    pub(super) labels: Vec<(Vec<u8>, u64)>,
    pub(super) weights: Weights,
    /// Words and labels of the examples.
    pub(super) n_tokens: u64,
    passes: Vec<Pass>,
}

impl Trained {
    pub(super) fn new(
        options: Options,
        vocabulary: Vocabulary,
        weights: Weights,
        n_tokens: u64,
        passes: Vec<Pass>,
    ) -> Trained {
        let Vocabulary { words, labels, .. } = vocabulary;
        Trained { options, words, labels, weights, n_tokens, passes }
    }

    /// What every pass gave.
    pub fn passes(&self) -> &[Pass] {
        &self.passes
    }

    /// The number of the pass whose weights these are: the last one, or the best one for the validation examples.
    pub fn best_pass(&self) -> u32 {
        let best = self.passes.iter().filter(|_| self.options.patience.is_some());
        let best = best.min_by(|a, b| a.validation_loss.unwrap_or(0.0).total_cmp(&b.validation_loss.unwrap_or(0.0)));
        best.or(self.passes.last()).map_or(0, |pass| pass.number)
    }

    /// The `.bin` file.
    pub fn to_bin(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4 * (self.weights.input.len() + self.weights.output.len()) + (1 << 16));
        file::head(&mut out, &self.options);
        file::dictionary(&mut out, &self.words, &self.labels, self.n_tokens, None);
        out.push(0);
        file::dense(&mut out, &self.weights.input, self.weights.dim);
        out.push(0);
        file::dense(&mut out, &self.weights.output, self.weights.dim);
        out
    }

    /// The classifier, ready to predict.
    ///
    /// # Errors
    /// Never, unless this and the reader of model files disagree.
    pub fn model(&self) -> Result<Model, ModelError> {
        Model::from_bytes(&self.to_bin())
    }
}
