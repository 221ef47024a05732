//! The analysis of one text: split once, lazily, into buffers that are reused for the next document.

use crate::text::Shape;
use crate::text::lines::{Line, split_lines};
use crate::text::normal::hash_normal_words;
use crate::text::words::{Word, hash_words, split_words};
use std::cell::{Cell, OnceCell};

/// A vector that is computed at most once between two resets and keeps its allocation across them.
struct Lazy<T> {
    value: OnceCell<Vec<T>>,
    spare: Cell<Vec<T>>,
}

impl<T> Default for Lazy<T> {
    fn default() -> Self {
        Lazy { value: OnceCell::new(), spare: Cell::new(Vec::new()) }
    }
}

impl<T> Lazy<T> {
    fn get(&self, fill: impl FnOnce(&mut Vec<T>)) -> &[T] {
        self.value.get_or_init(|| {
            let mut buffer = self.spare.take();
            fill(&mut buffer);
            buffer
        })
    }

    fn reset(&mut self) {
        if let Some(mut buffer) = self.value.take() {
            buffer.clear();
            self.spare.set(buffer);
        }
    }
}

/// Words, word hashes, hashes of normal words, lines and counts of the current text of one document.
///
/// The owner calls [`Analysis::reset`] whenever the text changes: between documents and after an edit.
#[derive(Default)]
pub struct Analysis {
    words: Lazy<Word>,
    word_hashes: Lazy<u64>,
    normal_words: Lazy<u64>,
    lines: Lazy<Line>,
    shape: OnceCell<Shape>,
}

impl Analysis {
    /// Forgets the text and keeps the buffers.
    pub fn reset(&mut self) {
        self.words.reset();
        self.word_hashes.reset();
        self.normal_words.reset();
        self.lines.reset();
        self.shape.take();
    }

    pub(crate) fn words(&self, text: &str) -> &[Word] {
        self.words.get(|out| split_words(text, out))
    }

    pub(crate) fn word_hashes(&self, text: &str) -> &[u64] {
        self.word_hashes.get(|out| hash_words(text, self.words(text), out))
    }

    pub(crate) fn normal_words(&self, text: &str) -> &[u64] {
        self.normal_words.get(|out| hash_normal_words(text, out))
    }

    pub(crate) fn lines(&self, text: &str) -> &[Line] {
        self.lines.get(|out| split_lines(text, out))
    }

    pub(crate) fn shape(&self, text: &str) -> Shape {
        *self.shape.get_or_init(|| Shape::of(text, self.words(text), self.lines(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_analysis_sees_the_new_text() {
        let mut analysis = Analysis::default();
        assert_eq!(analysis.words("one two").len(), 2);
        assert_eq!(analysis.words("ignored until reset").len(), 2);
        analysis.reset();
        assert_eq!(analysis.words("one two three").len(), 3);
        assert_eq!(analysis.word_hashes("one two three").len(), 3);
    }
}
