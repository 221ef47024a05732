//! Splits one line of text as fastText does: at seven ASCII bytes, with `</s>` at its end.

use super::hash;

/// The word that ends every line. A literal `</s>` in the text ends it as well.
pub(super) const END_OF_LINE: &[u8] = b"</s>";

/// A word and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) hash: u32,
}

/// The words of a line, the end-of-line word included. Line feeds count as blanks: the text is one line.
pub(super) struct Tokens<'a> {
    rest: &'a [u8],
    ended: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a [u8]) -> Tokens<'a> {
        Tokens { rest: text, ended: false }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    #[inline]
    fn next(&mut self) -> Option<Token<'a>> {
        if self.ended {
            return None;
        }
        let Some(start) = self.rest.iter().position(|byte| !is_blank(*byte)) else {
            self.ended = true;
            return Some(Token { bytes: END_OF_LINE, hash: hash::word(END_OF_LINE) });
        };
        let rest = &self.rest[start..];
        let mut hash = hash::EMPTY;
        let mut end = 0;
        while let Some(byte) = rest.get(end).filter(|byte| !is_blank(**byte)) {
            hash = hash::push(hash, *byte);
            end += 1;
        }
        let (bytes, rest) = rest.split_at(end);
        self.rest = rest;
        self.ended = bytes == END_OF_LINE;
        Some(Token { bytes, hash })
    }
}

/// The blanks of fastText: C's `isspace` in the "C" locale, and NUL.
#[inline]
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | 0x0b | 0x0c | 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        Tokens::new(text.as_bytes()).map(|token| String::from_utf8(token.bytes.to_vec()).unwrap()).collect()
    }

    #[test]
    fn every_line_ends() {
        assert_eq!(words(""), ["</s>"]);
        assert_eq!(words(" \t\0 "), ["</s>"]);
        assert_eq!(words("a b"), ["a", "b", "</s>"]);
    }

    #[test]
    fn seven_blanks_split_and_others_do_not() {
        assert_eq!(words("a\tb\x0bc\x0cd\re\0f\ng"), ["a", "b", "c", "d", "e", "f", "g", "</s>"]);
        assert_eq!(words("a\u{a0}b\u{2003}c\u{85}d"), ["a\u{a0}b\u{2003}c\u{85}d", "</s>"]);
    }

    #[test]
    fn a_literal_end_of_line_ends_the_text() {
        assert_eq!(words("a </s> b"), ["a", "</s>"]);
        assert_eq!(words("a x</s> b"), ["a", "x</s>", "b", "</s>"]);
    }

    #[test]
    fn hashes_are_those_of_the_words() {
        assert!(Tokens::new("déjà vu".as_bytes()).all(|token| token.hash == hash::word(token.bytes)));
    }
}
