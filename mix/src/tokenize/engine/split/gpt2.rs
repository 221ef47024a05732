//! The pattern of GPT-2: contractions, letters, numbers and the rest, each with at most one space before it.

use super::{Splitter, Tables, contraction};
use crate::tokenize::engine::class::{LETTER, NUMBER, SPACE};

/// `'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s`
#[derive(Clone, Copy)]
pub struct Gpt2(pub Tables);

impl Splitter for Gpt2 {
    #[inline(always)]
    fn end(&self, bytes: &[u8], at: usize) -> usize {
        let tables = self.0;
        if let Some(end) = tables.plain_word(bytes, at) {
            return end;
        }
        let (mut class, mut n_bytes) = tables.classes.at(bytes, at);
        let mut from = at;
        if bytes.get(at) == Some(&b' ') {
            from += 1;
            (class, n_bytes) = tables.classes.at(bytes, from);
        }
        if class & LETTER != 0 {
            return tables.letters(bytes, from + n_bytes);
        }
        if class & SPACE != 0 || n_bytes == 0 {
            return tables.spaces(bytes, at, false);
        }
        if class & NUMBER != 0 {
            return tables.any_of(bytes, from + n_bytes, NUMBER);
        }
        match if from == at { contraction(bytes, at, false) } else { 0 } {
            0 => tables.symbols(bytes, from + n_bytes),
            n => at + n,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_like_pattern, pieces};
    use super::*;

    const PATTERN: &str = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+";

    #[test]
    fn known_pieces() {
        let splitter = Gpt2(Tables::shared());
        assert_eq!(pieces(&splitter, "I'll say  \n 1234's 'S!"), ["I", "'ll", " say", "  \n", " 1234", "'s", " '", "S", "!"]);
    }

    #[test]
    fn random_texts_are_split_as_the_pattern_does() {
        assert_like_pattern(&Gpt2(Tables::shared()), PATTERN, false, false);
    }
}
