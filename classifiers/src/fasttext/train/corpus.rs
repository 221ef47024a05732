//! The examples as numbers: read once, so that a pass over them hashes nothing but n-grams of words.

use super::Example;
use super::options::TrainError;
use super::vocabulary::{Counts, Vocabulary};
use crate::fasttext::tokens::{Tokens, is_blank};
use std::ops::Range;

/// Examples, four bytes for each word.
#[derive(Default)]
pub(super) struct Corpus {
    words: Vec<u32>,
    labels: Vec<u32>,
    examples: Vec<(Range<usize>, Range<usize>)>,
}

impl Corpus {
    /// Reads examples. What they have is counted, or, for examples that nothing is learned from, only numbered.
    pub(super) fn read<'a>(
        examples: impl Iterator<Item = Example<'a>>,
        counts: &mut Counts,
        is_counted: bool,
    ) -> Result<Corpus, TrainError> {
        let n = u64::from(is_counted);
        let mut corpus = Corpus::default();
        for example in examples {
            let (words, labels) = (corpus.words.len(), corpus.labels.len());
            for name in example.labels {
                if name.is_empty() || name.bytes().any(is_blank) {
                    return Err(TrainError::Examples(format!("`{}` cannot be a label", name.escape_debug())));
                }
                corpus.labels.extend(counts.label(name, n));
            }
            let tokens = Tokens::new(example.text.as_bytes());
            corpus.words.extend(tokens.filter_map(|token| counts.word(&token, n)));
            corpus.examples.push((words..corpus.words.len(), labels..corpus.labels.len()));
        }
        Ok(corpus)
    }

    /// Gives labels the numbers of the model, and leaves out examples without any label that is in it.
    pub(super) fn settle(&mut self, vocabulary: &Vocabulary) {
        let mut settled = Vec::with_capacity(self.labels.len());
        for (_, labels) in &mut self.examples {
            let start = settled.len();
            settled.extend(self.labels[labels.clone()].iter().filter_map(|label| vocabulary.label_of[*label as usize]));
            *labels = start..settled.len();
        }
        self.labels = settled;
        self.examples.retain(|(_, labels)| !labels.is_empty());
    }

    /// How many examples there are.
    pub(super) fn len(&self) -> usize {
        self.examples.len()
    }

    /// Words and labels of all examples: what a pass is measured in.
    pub(super) fn n_tokens(&self) -> u64 {
        self.examples.iter().map(|(words, labels)| (words.len() + labels.len()) as u64).sum()
    }

    /// Words and labels of one example.
    pub(super) fn get(&self, at: usize) -> (&[u32], &[u32]) {
        let (words, labels) = &self.examples[at];
        (&self.words[words.clone()], &self.labels[labels.clone()])
    }
}
