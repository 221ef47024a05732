//! The vocabulary of a model: words with their rows, labels with their counts.

use super::ModelError;
use super::bytes::Bytes;
use super::model::LABEL_PREFIX;
use super::prune::Prune;
use super::words::Words;
use std::sync::Arc;

const PART: &str = "the dictionary";

/// Words (rows `0..n_words` of the input matrix) and labels.
pub(super) struct Dictionary {
    /// All entries, words first.
    entries: Words,
    n_words: usize,
    labels: Vec<Arc<str>>,
    label_counts: Vec<i64>,
    prune: Prune,
}

/// What a token of the text is to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A word of the vocabulary, and its row.
    Word(usize),
    /// A word that is not in the vocabulary.
    Unknown,
    /// A label, or something that looks like one: not a feature.
    Label,
}

impl Dictionary {
    /// Reads the dictionary and the table of pruned n-grams behind it.
    pub(super) fn read(bytes: &mut Bytes<'_>, buckets: u32) -> Result<Dictionary, ModelError> {
        let mut count = || {
            let count = bytes.i32(PART)?;
            usize::try_from(count).map_err(|_| ModelError::damaged(PART, format!("a count is `{count}`")))
        };
        let (size, n_words, n_labels) = (count()?, count()?, count()?);
        if n_words.checked_add(n_labels) != Some(size) || n_labels == 0 {
            let what = format!("`{n_words}` words and `{n_labels}` labels do not make `{size}` entries");
            return Err(ModelError::damaged(PART, what));
        }
        bytes.i64(PART)?;
        let prune_size = bytes.i64(PART)?;
        let mut entries = Words::default();
        let mut label_counts = Vec::new();
        for entry in 0..size {
            entries.push(bytes.c_string(PART)?);
            let count = bytes.i64(PART)?;
            let is_label = bytes.flag(PART)?;
            if is_label != (entry >= n_words) {
                return Err(ModelError::damaged(PART, format!("entry `{entry}` is out of order: words, then labels")));
            }
            if is_label {
                label_counts.push(count);
            }
        }
        let prune = Prune::read(bytes, prune_size, buckets)?;
        let labels = (n_words..size).map(|id| String::from_utf8_lossy(entries.get(id)).into()).collect();
        Ok(Dictionary { entries, n_words, labels, label_counts, prune })
    }

    /// What `token` is to the model.
    pub(super) fn find(&self, token: &[u8], hash: u32) -> Found {
        match self.entries.find(token, hash) {
            None if token.starts_with(LABEL_PREFIX.as_bytes()) => Found::Label,
            None => Found::Unknown,
            Some(id) if id < self.n_words => Found::Word(id),
            Some(_) => Found::Label,
        }
    }

    /// The row of an n-gram bucket in the input matrix; `None` when it was pruned.
    #[inline]
    pub(super) fn bucket_row(&self, bucket: u32) -> Option<usize> {
        self.prune.row(bucket).map(|row| self.n_words + row)
    }

    /// Number of rows that the input matrix must have.
    pub(super) fn n_rows(&self, buckets: u32) -> usize {
        self.n_words + self.prune.n_rows(buckets)
    }

    /// Whether n-grams were pruned, which only quantised models can be.
    pub(super) fn is_pruned(&self) -> bool {
        !matches!(self.prune, Prune::Unpruned)
    }

    /// The labels as the file spells them, `__label__` included; bytes that are not UTF-8 become U+FFFD.
    pub(super) fn labels(&self) -> &[Arc<str>] {
        &self.labels
    }

    /// How often each label occurred in training.
    pub(super) fn label_counts(&self) -> &[i64] {
        &self.label_counts
    }
}

#[cfg(test)]
mod tests {
    use super::super::hash;
    use super::*;

    fn file(entries: &[(&str, u8)], n_words: i32, n_labels: i32) -> Vec<u8> {
        let mut file = Vec::new();
        for count in [n_words + n_labels, n_words, n_labels] {
            file.extend(count.to_le_bytes());
        }
        file.extend(9i64.to_le_bytes());
        file.extend((-1i64).to_le_bytes());
        for (word, kind) in entries {
            file.extend(word.as_bytes());
            file.push(0);
            file.extend(3i64.to_le_bytes());
            file.push(*kind);
        }
        file
    }

    fn find(dictionary: &Dictionary, word: &str) -> Found {
        dictionary.find(word.as_bytes(), hash::word(word.as_bytes()))
    }

    #[test]
    fn finds_words_and_labels() {
        let file = file(&[("</s>", 0), ("été", 0), ("", 0), ("__label__a", 1)], 3, 1);
        let dictionary = Dictionary::read(&mut Bytes::new(&file), 10).unwrap();
        assert_eq!(find(&dictionary, "</s>"), Found::Word(0));
        assert_eq!(find(&dictionary, "été"), Found::Word(1));
        assert_eq!(find(&dictionary, "ete"), Found::Unknown);
        assert_eq!(find(&dictionary, "__label__a"), Found::Label);
        assert_eq!(find(&dictionary, "__label__other"), Found::Label);
        assert_eq!(&*dictionary.labels()[0], "__label__a");
        assert_eq!(dictionary.label_counts(), [3]);
        assert_eq!((dictionary.bucket_row(4), dictionary.n_rows(10)), (Some(7), 13));
    }

    #[test]
    fn refuses_disorder_and_early_ends() {
        let good = file(&[("a", 0), ("__label__a", 1)], 1, 1);
        assert!(Dictionary::read(&mut Bytes::new(&good), 10).is_ok());
        for end in 0..good.len() {
            assert!(Dictionary::read(&mut Bytes::new(&good[..end]), 10).is_err(), "cut at {end}");
        }
        for bad in [
            file(&[("__label__a", 1), ("a", 0)], 1, 1),
            file(&[("a", 0)], 1, 0),
            file(&[("a", 2), ("b", 1)], 1, 1),
            file(&[], i32::MAX - 1, 1),
            file(&[], -1, 1),
        ] {
            assert!(Dictionary::read(&mut Bytes::new(&bad), 10).is_err());
        }
    }
}
