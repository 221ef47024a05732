//! The vocabulary of the examples: which words and labels there are, how often they occur, and which rows a word has.

use super::options::{Options, TrainError};
use crate::fasttext::model::LABEL_PREFIX;
use crate::fasttext::tokens::{END_OF_LINE, Token};
use crate::fasttext::words::Words;
use crate::fasttext::{hash, ngrams};
use std::ops::Range;

/// What a word has that is no feature of its own.
const NO_ROW: u32 = u32::MAX;

/// Words and labels while they are counted.
#[derive(Default)]
pub(super) struct Counts {
    words: Words,
    word_counts: Vec<u64>,
    labels: Words,
    label_counts: Vec<u64>,
}

impl Counts {
    /// Counts a word of a text `n` times and says its number; `None` for one that looks like a label, which is no feature, and
    /// beyond four milliard words.
    pub(super) fn word(&mut self, token: &Token<'_>, n: u64) -> Option<u32> {
        if token.bytes.starts_with(LABEL_PREFIX.as_bytes()) {
            return None;
        }
        count(&mut self.words, &mut self.word_counts, token.bytes, token.hash, n)
    }

    /// Counts a label `n` times and says its number.
    pub(super) fn label(&mut self, name: &str, n: u64) -> Option<u32> {
        count(&mut self.labels, &mut self.label_counts, name.as_bytes(), hash::word(name.as_bytes()), n)
    }

    /// Puts everything in its place.
    pub(super) fn finish(self, options: &Options) -> Result<Vocabulary, TrainError> {
        let labels = by_frequency(&self.label_counts, options.min_label_count);
        if labels.len() < 2 {
            let what = format!("`{}` labels are left: a classifier needs two", labels.len());
            return Err(TrainError::Examples(what));
        }
        let kept = by_frequency(&self.word_counts, options.min_count);
        let n_rows = kept.len() as u64 + u64::from(options.n_buckets());
        if u32::try_from(n_rows).is_err() || i32::try_from(n_rows).is_err() {
            return Err(TrainError::Examples(format!("`{n_rows}` features are too many; raise `min_count`")));
        }
        let mut rows = vec![NO_ROW; self.words.len()];
        kept.iter().enumerate().for_each(|(row, number)| rows[*number] = row as u32);
        let mut vocabulary = Vocabulary {
            hashes: Vec::with_capacity(rows.len()),
            rows,
            ngrams: Vec::new(),
            ngrams_of: Vec::new(),
            words: list(&self.words, &self.word_counts, &kept),
            labels: list(&self.labels, &self.label_counts, &labels),
            label_of: numbers_of(&labels, self.labels.len()),
        };
        let mut marked = Vec::new();
        for number in 0..self.words.len() {
            let word = self.words.get(number);
            vocabulary.hashes.push(hash::word(word));
            let start = vocabulary.ngrams.len();
            if options.max_chars > 0 && word != END_OF_LINE {
                marked.clear();
                marked.push(b'<');
                marked.extend_from_slice(word);
                marked.push(b'>');
                ngrams::characters(&marked, options.min_chars, options.max_chars, |hash: u32| {
                    vocabulary.ngrams.push(kept.len() as u32 + hash % options.buckets);
                });
            }
            vocabulary.ngrams_of.push(start..vocabulary.ngrams.len());
        }
        Ok(vocabulary)
    }
}

fn count(words: &mut Words, counts: &mut Vec<u64>, word: &[u8], hash: u32, n: u64) -> Option<u32> {
    let number = words.number_of(word, hash)?;
    if number == counts.len() {
        counts.push(0);
    }
    counts[number] += n;
    u32::try_from(number).ok()
}

/// The numbers of what occurs often enough, the most frequent first; of equally frequent ones the first that was seen.
fn by_frequency(counts: &[u64], least: u64) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..counts.len()).filter(|number| counts[*number] >= least.max(1)).collect();
    kept.sort_by_key(|number| std::cmp::Reverse(counts[*number]));
    kept
}

fn list(words: &Words, counts: &[u64], kept: &[usize]) -> Vec<(Vec<u8>, u64)> {
    kept.iter().map(|number| (words.get(*number).to_vec(), counts[*number])).collect()
}

fn numbers_of(kept: &[usize], n: usize) -> Vec<Option<u32>> {
    let mut numbers = vec![None; n];
    kept.iter().zip(0..).for_each(|(old, new)| numbers[*old] = Some(new));
    numbers
}

/// Words and labels once they are counted. Words have the numbers that [`Counts`] gave them, rows those of the model.
pub(super) struct Vocabulary {
    hashes: Vec<u32>,
    rows: Vec<u32>,
    /// Rows of n-grams of characters, word after word.
    ngrams: Vec<u32>,
    ngrams_of: Vec<Range<usize>>,
    /// The words that have a row, in the order of rows, with their counts.
    pub(super) words: Vec<(Vec<u8>, u64)>,
    /// The labels in the order of the model, with their counts.
    pub(super) labels: Vec<(Vec<u8>, u64)>,
    /// The number in the model of every label that was counted.
    pub(super) label_of: Vec<Option<u32>>,
}

impl Vocabulary {
    /// Puts the rows of all features of a text into `rows`, in the order of prediction; `hashes` is scratch.
    pub(super) fn features(&self, words: &[u32], options: &Options, hashes: &mut Vec<u32>, rows: &mut Vec<u32>) {
        rows.clear();
        for word in words {
            let word = *word as usize;
            if self.rows[word] != NO_ROW {
                rows.push(self.rows[word]);
            }
            rows.extend_from_slice(&self.ngrams[self.ngrams_of[word].clone()]);
        }
        if options.word_ngrams > 1 {
            hashes.clear();
            hashes.extend(words.iter().map(|word| self.hashes[*word as usize]));
            let (n_words, n_buckets) = (self.words.len() as u32, u64::from(options.buckets));
            ngrams::words(hashes, options.word_ngrams, |hash| rows.push(n_words + (hash % n_buckets) as u32));
        }
    }
}
