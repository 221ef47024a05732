//! What datatrove's `GopherQualityFilter` counts.

use super::lines::{is_space, split_lines};
use super::words::with_tokens;
use tokenmill_core::Doc;

/// The counts of one text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// Tokens.
    pub n_tokens: usize,
    /// Tokens that are not of punctuation alone.
    pub n_words: usize,
    /// Unicode scalar values in these.
    pub n_word_chars: usize,
    /// Tokens with a letter.
    pub n_letter_tokens: usize,
    /// Different stop words among the tokens, by case.
    pub n_stop_words: usize,
    /// `#` in the text.
    pub n_hashes: usize,
    /// `...` and `…` in the text.
    pub n_ellipses: usize,
    /// Lines, as Python splits them; blank ones count.
    pub n_lines: usize,
    /// Lines that start with `•` or `-`.
    pub n_bullet_lines: usize,
    /// Lines that end in `...` or `…`.
    pub n_ellipsis_lines: usize,
}

/// Words that are looked for as they are.
#[derive(Clone, Debug, Default)]
pub struct ExactWords(Vec<String>);

impl ExactWords {
    /// From a list, of which the first 128 count.
    pub fn new(list: &[String]) -> ExactWords {
        let mut words = list.to_vec();
        words.sort_unstable();
        words.dedup();
        words.truncate(128);
        ExactWords(words)
    }

    fn bit(&self, word: &str) -> u128 {
        self.0.binary_search_by(|listed| listed.as_str().cmp(word)).map_or(0, |at| 1 << at)
    }

    fn max_bytes(&self) -> usize {
        self.0.iter().map(String::len).max().unwrap_or(0)
    }
}

/// Counts what the filter counts.
pub fn quality(doc: &Doc<'_>, stop_words: &ExactWords) -> Quality {
    let text = doc.text();
    let mut found = Quality::default();
    let max_bytes = stop_words.max_bytes() as u32;
    with_tokens(doc, |tokens| {
        found.n_tokens = tokens.len();
        let mut seen = 0;
        for token in tokens {
            found.n_words += usize::from(!token.is_symbol);
            found.n_word_chars += if token.is_symbol { 0 } else { token.n_chars as usize };
            found.n_letter_tokens += usize::from(token.has_letter);
            if token.end - token.start <= max_bytes {
                seen |= stop_words.bit(token.of(text));
            }
        }
        found.n_stop_words = seen.count_ones() as usize;
    });
    found.n_hashes = memchr::memchr_iter(b'#', text.as_bytes()).count();
    found.n_ellipses = text.matches("...").count() + text.matches('…').count();
    for line in split_lines(text) {
        let start = line.trim_start_matches(is_space);
        let end = line.trim_end_matches(is_space);
        found.n_lines += 1;
        found.n_bullet_lines += usize::from(start.starts_with(['•', '-']));
        found.n_ellipsis_lines += usize::from(end.ends_with("...") || end.ends_with('…'));
    }
    found
}
