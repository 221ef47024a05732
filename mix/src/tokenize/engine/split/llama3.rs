//! The patterns of Llama 3 and cl100k: words with any one character before them, digits by threes, newlines apart.

use super::{Splitter, Tables, contraction};
use crate::tokenize::engine::class::{LETTER, NEWLINE, NOT_SYMBOL, NUMBER, SPACE};

/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
///
/// With `whole_end`, white space at the very end of a text is one piece: `\s++$` comes before `\s*[\r\n]`, as in the
/// cl100k of tiktoken 0.14.
#[derive(Clone, Copy)]
pub struct Llama3 {
    /// Classes of characters.
    pub tables: Tables,
    /// As in cl100k.
    pub whole_end: bool,
}

impl Splitter for Llama3 {
    #[inline(always)]
    fn end(&self, bytes: &[u8], at: usize) -> usize {
        let tables = self.tables;
        if let Some(end) = tables.plain_word(bytes, at) {
            return end;
        }
        let (class, n_bytes) = tables.classes.at(bytes, at);
        if class & LETTER != 0 {
            return tables.letters(bytes, at + n_bytes);
        }
        if class & NUMBER != 0 {
            return tables.three_numbers(bytes, at, n_bytes);
        }
        if class & NEWLINE != 0 {
            return self.spaces(bytes, at);
        }
        // A symbol, or white space on the line.
        let next = at + n_bytes;
        match contraction(bytes, at, true) {
            0 => {}
            n => return at + n,
        }
        let (next_class, n_next) = tables.classes.at(bytes, next);
        if next_class & LETTER != 0 {
            return tables.letters(bytes, next + n_next);
        }
        if class & SPACE == 0 {
            return self.symbols(bytes, next);
        }
        if bytes.get(at) == Some(&b' ') && next_class & NOT_SYMBOL == 0 && n_next > 0 {
            return self.symbols(bytes, next + n_next);
        }
        self.spaces(bytes, at)
    }
}

impl Llama3 {
    #[inline(always)]
    fn symbols(&self, bytes: &[u8], at: usize) -> usize {
        let mut end = self.tables.symbols(bytes, at);
        while matches!(bytes.get(end), Some(b'\r' | b'\n')) {
            end += 1;
        }
        end
    }

    #[inline(always)]
    fn spaces(&self, bytes: &[u8], at: usize) -> usize {
        let end = self.tables.spaces(bytes, at, true);
        if self.whole_end && end < bytes.len() {
            let run = self.tables.any_of(bytes, end, SPACE);
            return if run == bytes.len() { run } else { end };
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_like_pattern, pieces};
    use super::*;

    const PATTERN: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+";

    fn llama3(whole_end: bool) -> Llama3 {
        Llama3 { tables: Tables::shared(), whole_end }
    }

    #[test]
    fn known_pieces() {
        let text = "Don'ſt (x)\n\n  12345 ..\r\n y\t\tz\u{a0}é  ";
        let want = ["Don", "'ſ", "t", " (", "x", ")\n\n", " ", " ", "123", "45", " ..\r\n", " y", "\t", "\tz", "\u{a0}é", "  "];
        assert_eq!(pieces(&llama3(false), text), want);
        assert_eq!(pieces(&llama3(false), "a \n  "), ["a", " \n", "  "]);
        assert_eq!(pieces(&llama3(true), "a \n  "), ["a", " \n  "]);
        assert_eq!(pieces(&llama3(true), "a!\n  "), ["a", "!\n", "  "]);
        assert_eq!(pieces(&llama3(true), " \n  b"), [" \n", " ", " b"]);
    }

    #[test]
    fn random_texts_are_split_as_the_pattern_does() {
        assert_like_pattern(&llama3(false), PATTERN, true, false);
        assert_like_pattern(&llama3(true), PATTERN, true, true);
    }
}
