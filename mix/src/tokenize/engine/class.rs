//! Classes of characters that the splitting patterns ask for, in a table by code point.
//!
//! The reference is the tables of the Rust crate `regex`, which tiktoken uses, and those are Unicode 16.0 as ours are
//! ([`unicode_general_category::UNICODE_VERSION`]); a test compares all code points with it.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use unicode_general_category::{GeneralCategory as Category, get_general_category};

/// `\p{L}`.
pub const LETTER: u8 = 1;
/// `\p{N}`.
pub const NUMBER: u8 = 2;
/// `\s`.
pub const SPACE: u8 = 4;
/// `[\r\n]`.
pub const NEWLINE: u8 = 8;
/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`: what may begin a word in upper case.
pub const UPPER: u8 = 16;
/// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`: what may go on in lower case.
pub const LOWER: u8 = 32;
/// Any of these makes a character neither white space nor letter nor number fail: `[^\s\p{L}\p{N}]` has none of them.
pub const NOT_SYMBOL: u8 = LETTER | NUMBER | SPACE;

/// Code points in a block of the table.
const BLOCK: usize = 256;

/// Classes of all characters: blocks of 256 code points, equal blocks stored once.
pub struct Classes {
    /// Where the block of a code point begins, by its upper bits.
    blocks: Vec<u32>,
    classes: Vec<u8>,
    /// The first 2,048 code points, which have one or two bytes, once more, without the detour.
    near: [u8; 0x800],
}

static CLASSES: LazyLock<Classes> = LazyLock::new(Classes::build);

impl Classes {
    /// The table of this process.
    pub fn shared() -> &'static Classes {
        &CLASSES
    }

    fn build() -> Classes {
        let (mut blocks, mut classes) = (Vec::new(), Vec::new());
        let mut known = BTreeMap::new();
        for first in (0..=u32::from(char::MAX)).step_by(BLOCK) {
            let block: Vec<u8> = (first..first + BLOCK as u32).map(|c| char::from_u32(c).map_or(0, class_of)).collect();
            let at = *known.entry(block).or_insert_with_key(|block| {
                classes.extend_from_slice(block);
                classes.len() - BLOCK
            });
            blocks.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
        let mut near = [0; 0x800];
        for (class, c) in near.iter_mut().zip('\0'..) {
            *class = class_of(c);
        }
        Classes { blocks, classes, near }
    }

    /// Class of an ASCII byte; of a byte above it, nothing that has a meaning.
    #[inline(always)]
    pub fn ascii(&self, byte: u8) -> u8 {
        self.near[usize::from(byte)]
    }

    /// Class and bytes of the character at `at`; no class and no bytes at the end. `bytes` are UTF-8, and a character
    /// begins at `at`.
    #[inline(always)]
    pub fn at(&self, bytes: &[u8], at: usize) -> (u8, usize) {
        match bytes.get(at) {
            None => (0, 0),
            Some(&byte) if byte < 0x80 => (self.ascii(byte), 1),
            Some(&byte) => self.foreign(bytes, at, byte),
        }
    }

    /// As [`Classes::at`], for a character that is not ASCII and begins with `first`.
    #[inline(always)]
    pub fn foreign(&self, bytes: &[u8], at: usize, first: u8) -> (u8, usize) {
        let next = |n: usize| bytes.get(at + n).map_or(0, |byte| usize::from(byte & 0x3F));
        let lead = usize::from(first);
        if first < 0xE0 {
            return (self.near[((lead & 0x1F) << 6 | next(1)) & 0x7FF], 2);
        }
        if first < 0xF0 {
            return (self.far((lead & 0x0F) << 12 | next(1) << 6 | next(2)), 3);
        }
        (self.far((lead & 0x07) << 18 | next(1) << 12 | next(2) << 6 | next(3)), 4)
    }

    #[inline(always)]
    fn far(&self, code: usize) -> u8 {
        let block = self.blocks.get(code / BLOCK).map_or(0, |at| *at as usize);
        self.classes.get(block + code % BLOCK).copied().unwrap_or(0)
    }
}

fn class_of(c: char) -> u8 {
    let category = match get_general_category(c) {
        Category::UppercaseLetter | Category::TitlecaseLetter => LETTER | UPPER,
        Category::LowercaseLetter => LETTER | LOWER,
        Category::ModifierLetter | Category::OtherLetter => LETTER | UPPER | LOWER,
        Category::NonspacingMark | Category::SpacingMark | Category::EnclosingMark => UPPER | LOWER,
        Category::DecimalNumber | Category::LetterNumber | Category::OtherNumber => NUMBER,
        _ => 0,
    };
    let space = if c.is_whitespace() { SPACE } else { 0 };
    let newline = if matches!(c, '\r' | '\n') { NEWLINE } else { 0 };
    category | space | newline
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    #[test]
    fn every_character_has_the_classes_of_the_crate_regex() {
        let patterns = [
            (LETTER, r"\p{L}"),
            (NUMBER, r"\p{N}"),
            (SPACE, r"\s"),
            (NEWLINE, r"[\r\n]"),
            (UPPER, r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"),
            (LOWER, r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"),
        ];
        let all: String = ('\0'..=char::MAX).collect();
        for (class, pattern) in patterns {
            let found = Regex::new(pattern).unwrap().find_iter(&all).map(|found| found.as_str()).collect::<String>();
            let ours = |c: &char| {
                let text = c.to_string();
                let (classes, n_bytes) = Classes::shared().at(text.as_bytes(), 0);
                assert_eq!(n_bytes, text.len());
                classes & class != 0
            };
            assert!(('\0'..=char::MAX).filter(ours).eq(found.chars()), "{pattern}");
        }
    }

    #[test]
    fn the_end_has_no_class_and_no_bytes() {
        assert_eq!(Classes::shared().at(b"a", 1), (0, 0));
        assert_eq!(Classes::shared().at(b"", 0), (0, 0));
    }
}
