//! Prediction: features of a text are summed row by row, averaged, and given to the output layer.

use super::Model;
use super::dictionary::Found;
use super::kbest::KBest;
use super::ngrams;
use super::tokens::{END_OF_LINE, Tokens};

/// One predicted label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Index into [`Model::labels`].
    pub label: usize,
    /// Probability. The library adds 0.00001 before it takes logarithms, so it can exceed 1 by a little.
    pub probability: f32,
}

/// The buffers of one thread, reused from text to text and from model to model.
#[derive(Default)]
pub struct Scratch {
    /// The averaged features.
    pub(super) hidden: Vec<f32>,
    /// One value per label.
    pub(super) scores: Vec<f32>,
    /// Nodes of the label tree that are still to be visited.
    pub(super) stack: Vec<(u32, f32)>,
    /// The candidates.
    pub(super) best: KBest,
    /// A word between its marks.
    marked: Vec<u8>,
    /// Hashes of the words, for n-grams of words.
    hashes: Vec<u32>,
    predictions: Vec<Prediction>,
}

impl Model {
    /// The at most `k` best labels of `text` with a probability of at least `threshold`, best first.
    ///
    /// The text is one line: a line feed is a blank like any other, as when a caller of the Python package replaces it
    /// by a space, which that package demands. Bytes need not be UTF-8. There is no prediction for a text without any
    /// feature that the model knows. Nothing is allocated once the buffers of `scratch` have grown.
    pub fn predict<'s>(&self, text: &[u8], k: usize, threshold: f32, scratch: &'s mut Scratch) -> &'s [Prediction] {
        scratch.predictions.clear();
        let n_features = self.sum_features(text, scratch);
        if n_features > 0 {
            let scale = (1.0 / n_features as f64) as f32;
            scratch.hidden.iter_mut().for_each(|value| *value *= scale);
            self.loss.search(&self.output, self.n_labels(), k, threshold, scratch);
            let Scratch { best, predictions, .. } = scratch;
            predictions.extend(best.sorted().iter().map(|(score, label)| Prediction {
                label: *label as usize,
                probability: libm::exp(f64::from(*score)) as f32,
            }));
        }
        &scratch.predictions
    }

    /// Sums the rows of all features into `scratch.hidden` and counts them. The order is that of the library: word by
    /// word, each followed by its character n-grams, then the n-grams of words.
    fn sum_features(&self, text: &[u8], scratch: &mut Scratch) -> usize {
        let Scratch { hidden, marked, hashes, .. } = scratch;
        hidden.clear();
        hidden.resize(self.args.dim, 0.0);
        hashes.clear();
        let mut n_features = 0;
        let mut add = |row: usize| {
            self.input.add_row(row, hidden);
            n_features += 1;
        };
        for token in Tokens::new(text) {
            match self.dictionary.find(token.bytes, token.hash) {
                Found::Label => continue,
                Found::Word(row) => add(row),
                Found::Unknown => {}
            }
            if self.args.word_ngrams > 1 {
                hashes.push(token.hash);
            }
            if self.args.max_chars > 0 && token.bytes != END_OF_LINE {
                marked.clear();
                marked.push(b'<');
                marked.extend_from_slice(token.bytes);
                marked.push(b'>');
                ngrams::characters(marked, self.args.min_chars, self.args.max_chars, |hash: u32| {
                    if let Some(row) = self.dictionary.bucket_row(hash % self.args.bucket) {
                        add(row);
                    }
                });
            }
        }
        ngrams::words(hashes, self.args.word_ngrams, |hash| {
            if let Some(row) = self.dictionary.bucket_row((hash % u64::from(self.args.bucket)) as u32) {
                add(row);
            }
        });
        n_features
    }
}
