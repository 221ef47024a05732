//! `words/v1`: a word is a maximal run of characters that are not Unicode White_Space.
//!
//! This is the split of Gopher's public re-implementations in RefinedWeb and DCLM. Scripts written without spaces give
//! one word per run, so word-based rules should be limited to languages that separate words
//! (`when = { lang = [...] }`).

use crate::hash::hash64;

/// One word: a byte range of the text and what a single pass over it can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Unicode scalar values.
    pub n_chars: u32,
    /// Whether a scalar value is alphabetic (Unicode `Alphabetic`).
    pub has_alphabetic: bool,
}

impl Word {
    /// The bytes of the word in the text it was split from.
    pub fn of<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// Splits `text` into `out`; texts beyond 4 GiB are cut there (sources limit documents far below that).
pub fn split_words(text: &str, out: &mut Vec<Word>) {
    let mut word: Option<Word> = None;
    for (at, c) in text.char_indices() {
        let Ok(at) = u32::try_from(at) else { break };
        if c.is_whitespace() {
            out.extend(word.take());
            continue;
        }
        let current = word.get_or_insert(Word { start: at, end: at, n_chars: 0, has_alphabetic: false });
        current.end = at.saturating_add(c.len_utf8() as u32);
        current.n_chars += 1;
        current.has_alphabetic |= c.is_alphabetic();
    }
    out.extend(word);
}

/// The hash of every word, for n-grams.
pub fn hash_words(text: &str, words: &[Word], out: &mut Vec<u64>) {
    out.extend(words.iter().map(|word| hash64(0, word.of(text).as_bytes())));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let mut out = Vec::new();
        split_words(text, &mut out);
        out.iter().map(|word| word.of(text)).collect()
    }

    #[test]
    fn splits_at_unicode_white_space_only() {
        assert_eq!(words(" a\tb\u{00a0}c\u{3000}d\n\ne-f, "), ["a", "b", "c", "d", "e-f,"]);
        assert_eq!(words("zero\u{200b}width"), ["zero\u{200b}width"]);
        assert!(words(" \n ").is_empty());
    }

    #[test]
    fn counts_characters_and_letters() {
        let text = "naïve 42 漢字";
        let mut out = Vec::new();
        split_words(text, &mut out);
        let facts: Vec<_> = out.iter().map(|word| (word.n_chars, word.has_alphabetic)).collect();
        assert_eq!(facts, [(5, true), (2, false), (2, true)]);
    }
}
