//! Runs of characters of one class, eight ASCII bytes at a time.

use super::Tables;
use crate::tokenize::engine::class::{LETTER, NEWLINE, NOT_SYMBOL, NUMBER, SPACE};

/// A byte in each of eight places.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The high bit of each of eight bytes.
const HIGH: u64 = 0x80 * ONES;

/// How many of the eight bytes from `at` on, from the first on, are letters of ASCII; fewer than there are when the
/// text ends before.
#[inline(always)]
pub fn n_ascii_letters(bytes: &[u8], at: usize) -> usize {
    n_leading(bytes, at, 0x20 * ONES)
}

/// As [`n_ascii_letters`], lower case only.
#[inline(always)]
pub fn n_ascii_lower(bytes: &[u8], at: usize) -> usize {
    n_leading(bytes, at, 0)
}

#[inline(always)]
fn n_leading(bytes: &[u8], at: usize, case: u64) -> usize {
    let eight = match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => short(bytes, at),
    };
    let low = (eight | case) & !HIGH;
    // The high bit of a sum tells whether a byte of seven bits is at least `a`, or more than `z`.
    let letters = (low + (0x80 - 0x61) * ONES) & !(low + (0x80 - 0x7B) * ONES) & !eight & HIGH;
    ((letters ^ HIGH).trailing_zeros() / 8) as usize
}

#[cold]
fn short(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

impl Tables {
    /// End of a word of ASCII letters at `at`, with or without one space before it; `None` when there is no letter. The
    /// two forms most pieces of most texts have, and all patterns but o200k agree on them.
    #[inline(always)]
    pub fn plain_word(self, bytes: &[u8], at: usize) -> Option<usize> {
        let from = at + usize::from(bytes.get(at) == Some(&b' '));
        let n = n_ascii_letters(bytes, from);
        let end = from + n;
        if n == 0 {
            None
        } else if n < 8 && bytes.get(end).is_none_or(u8::is_ascii) {
            Some(end)
        } else {
            Some(self.letters(bytes, end))
        }
    }

    /// End of the letters (`\p{L}`) from `at` on.
    #[inline(always)]
    pub fn letters(self, bytes: &[u8], mut at: usize) -> usize {
        loop {
            let n = n_ascii_letters(bytes, at);
            at += n;
            if n == 8 {
                continue;
            }
            match bytes.get(at) {
                Some(&byte) if byte >= 0x80 => match self.foreign_letters(bytes, at) {
                    end if end == at => return at,
                    end => at = end,
                },
                _ => return at,
            }
        }
    }

    /// End of the letters that are not ASCII.
    #[inline]
    fn foreign_letters(self, bytes: &[u8], mut at: usize) -> usize {
        while let Some(&byte) = bytes.get(at)
            && byte >= 0x80
        {
            // U+5000 to U+9FFF are all letters.
            if (0xE5..=0xE9).contains(&byte) {
                at += 3;
                continue;
            }
            let (class, n_bytes) = self.classes.foreign(bytes, at, byte);
            if class & LETTER == 0 {
                break;
            }
            at += n_bytes;
        }
        at
    }

    /// End of the characters that have one of these classes.
    #[inline(always)]
    pub fn any_of(self, bytes: &[u8], mut at: usize, classes: u8) -> usize {
        loop {
            let (class, n_bytes) = self.classes.at(bytes, at);
            if class & classes == 0 {
                return at;
            }
            at += n_bytes;
        }
    }

    /// End of the characters that are neither white space nor letters nor numbers.
    #[inline(always)]
    pub fn symbols(self, bytes: &[u8], mut at: usize) -> usize {
        loop {
            let (class, n_bytes) = self.classes.at(bytes, at);
            if class & NOT_SYMBOL != 0 || n_bytes == 0 {
                return at;
            }
            at += n_bytes;
        }
    }

    /// End of at most three numbers, as `\p{N}{1,3}`; the first is known and has `n_bytes`.
    #[inline(always)]
    pub fn three_numbers(self, bytes: &[u8], at: usize, n_bytes: usize) -> usize {
        let mut end = at + n_bytes;
        for _ in 0..2 {
            let (class, n_bytes) = self.classes.at(bytes, end);
            if class & NUMBER == 0 {
                break;
            }
            end += n_bytes;
        }
        end
    }

    /// End of the piece of white space at `at`, after every alternative with something else in it has failed:
    /// `\s*[\r\n]+|\s+(?!\S)|\s+` with `newlines`, `\s+(?!\S)|\s+` without.
    ///
    /// That is up to the last newline; without one, all of the run at the end of the text, and all but the last
    /// character of it before anything else.
    #[inline(always)]
    pub fn spaces(self, bytes: &[u8], at: usize, newlines: bool) -> usize {
        let (mut end, mut last, mut after_newline) = (at, at, at);
        loop {
            let (class, n_bytes) = self.classes.at(bytes, end);
            if class & SPACE == 0 {
                break;
            }
            last = end;
            end += n_bytes;
            if class & NEWLINE != 0 {
                after_newline = end;
            }
        }
        if newlines && after_newline > at {
            return after_newline;
        }
        if end == bytes.len() || last == at { end } else { last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_ascii_are_counted_from_every_byte() {
        for byte in 0..=u8::MAX {
            for n in 0..8 {
                let mut bytes = vec![b'q'; n];
                bytes.push(byte);
                bytes.extend_from_slice(b"........");
                let want = n + usize::from(byte.is_ascii_alphabetic() && n < 8);
                assert_eq!(n_ascii_letters(&bytes, 0), want, "{byte:#x} at {n}");
                assert_eq!(n_ascii_letters(&bytes[..=n], 0), want, "{byte:#x} at {n}, then the end");
                assert_eq!(n_ascii_lower(&bytes, 0), n + usize::from(byte.is_ascii_lowercase()), "{byte:#x} at {n}");
            }
        }
        assert_eq!(n_ascii_letters(b"ab", 2), 0);
    }

    #[test]
    fn runs_end_where_the_class_does() {
        let tables = Tables::shared();
        for (text, end) in [("naïve words", 6), ("Привет, мир", 12), ("中文字。", 9), ("a", 1), ("", 0), ("abcdefghijklmnopq1", 17)] {
            assert_eq!(tables.letters(text.as_bytes(), 0), end, "{text}");
        }
        assert_eq!(tables.symbols("…—!a".as_bytes(), 0), 7);
        assert_eq!(tables.three_numbers("1٢34".as_bytes(), 0, 1), 4);
        assert_eq!(tables.any_of(b"\r\n\n a", 0, NEWLINE), 3);
    }

    #[test]
    fn plain_words_begin_in_ascii() {
        let tables = Tables::shared();
        for (text, end) in
            [(" word.", Some(5)), ("a", Some(1)), (" naïve", Some(7)), (" é", None), ("  a", None), ("", None), (" ", None)]
        {
            assert_eq!(tables.plain_word(text.as_bytes(), 0), end, "{text:?}");
        }
    }

    #[test]
    fn white_space_keeps_its_last_character_for_what_follows() {
        let tables = Tables::shared();
        for (text, with, without) in [
            ("   x", 2, 2),
            (" x", 1, 1),
            ("   ", 3, 3),
            (" \n  x", 2, 3),
            ("\n\n", 2, 2),
            ("\n x", 1, 1),
            ("\u{3000}\u{3000}x", 3, 3),
        ] {
            assert_eq!(tables.spaces(text.as_bytes(), 0, true), with, "{text:?}");
            assert_eq!(tables.spaces(text.as_bytes(), 0, false), without, "{text:?}");
        }
    }
}
