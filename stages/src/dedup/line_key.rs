//! The normal form of a line before it is hashed: that of ccNet.

use tokenmill_core::hash::hash64;
use unicode_general_category::{GeneralCategory, get_general_category};

/// What ccNet drops besides control characters: its table of Unicode punctuation, a misprinted fullwidth 1 among it, which
/// is a digit before it can be dropped. ASCII punctuation stays. (`UNICODE_PUNCT` in `text_normalizer.py`.)
const DROPPED: &str = "，。、„”“«»１」「《》´∶：？！（）；–—．～’…━〈〉【】％►";

/// What an ASCII character becomes; 0 for control characters, which go.
const ASCII: [u8; 128] = {
    let mut table = [0; 128];
    let mut byte = b' ';
    while byte < 0x7f {
        table[byte as usize] = if byte.is_ascii_digit() { b'0' } else { byte.to_ascii_lowercase() };
        byte += 1;
    }
    table
};

/// Hash of the normal form of a line: without surrounding white space, in lower case, with `0` for every digit, without
/// Unicode punctuation and control characters (Wenzek and others: CCNet, arXiv:1911.00359, section 3.2, and its code).
/// `None` when nothing is left. `normal` is a buffer, which holds the form afterwards.
pub fn line_key(line: &str, normal: &mut Vec<u8>) -> Option<u64> {
    normal.clear();
    let line = line.trim();
    normal.reserve(line.len());
    let mut at = 0;
    while let Some(byte) = line.as_bytes().get(at) {
        match ASCII.get(usize::from(*byte)) {
            Some(0) => at += 1,
            Some(lower) => {
                normal.push(*lower);
                at += 1;
            }
            None => at = push_foreign(line, at, normal),
        }
    }
    (!normal.is_empty()).then(|| hash64(0, normal))
}

/// Adds the character at byte `at`, which is not ASCII; says where the next one begins.
fn push_foreign(line: &str, at: usize, normal: &mut Vec<u8>) -> usize {
    let Some(c) = line[at..].chars().next() else { return line.len() };
    let next = at + c.len_utf8();
    let mut push = |c: char| normal.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    match c {
        '\u{80}'..='\u{9f}' => {}
        // The last sigma of a word has a lower-case form of its own, which depends on its neighbours.
        'Σ' => push(if ends_word(&line[next..]) { 'ς' } else { 'σ' }),
        _ if c.is_numeric() && get_general_category(c) == GeneralCategory::DecimalNumber => push('0'),
        _ => c.to_lowercase().filter(|c| !DROPPED.contains(*c)).for_each(push),
    }
    next
}

/// Whether no letter follows.
fn ends_word(rest: &str) -> bool {
    !rest.starts_with(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(line: &str) -> String {
        let mut normal = Vec::new();
        line_key(line, &mut normal);
        String::from_utf8(normal).unwrap()
    }

    #[test]
    fn the_form_is_that_of_ccnet() {
        for (line, expected) in [
            ("  Hello, World!  \r", "hello, world!"),
            ("Copyright 2024 – All rights reserved", "copyright 0000  all rights reserved"),
            ("„Äpfel“ und «Birnen» …", "äpfel und birnen "),
            ("Ünïcode\u{7f}\u{85}x", "ünïcodex"),
            ("٣ und ３ und １", "0 und 0 und 0"),
            ("a\tb", "ab"),
            ("ΟΔΟΣ ΣΟΦΙΑΣ", "οδος σοφιας"),
            ("、。", ""),
            (" \u{3000} ", ""),
        ] {
            assert_eq!(normal(line), expected, "{line:?}");
        }
        assert_eq!(line_key("»«", &mut Vec::new()), None);
    }

    #[test]
    fn keys_are_frozen() {
        assert_eq!(line_key("Page 12 of 80", &mut Vec::new()), Some(FROZEN));
    }

    const FROZEN: u64 = 4_471_617_300_014_629_166;
}
