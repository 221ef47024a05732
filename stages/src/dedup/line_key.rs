//! The normal form of a line before it is hashed: that of ccNet.

use tokenmill_core::hash::hash64;
use unicode_general_category::{GeneralCategory, get_general_category};

/// What ccNet drops besides control characters: its table of Unicode punctuation, a misprinted fullwidth 1 among it, which
/// is a digit before it can be dropped. ASCII punctuation stays. (`UNICODE_PUNCT` in `text_normalizer.py`.)
const DROPPED: &str = "，。、„”“«»１」「《》´∶：？！（）；–—．～’…━〈〉【】％►";

/// Hash of the normal form of a line: without surrounding white space, in lower case, with `0` for every digit, without
/// Unicode punctuation and control characters (Wenzek and others: CCNet, arXiv:1911.00359, section 3.2, and its code).
/// `None` when nothing is left.
pub fn line_key(line: &str, normal: &mut String) -> Option<u64> {
    normal.clear();
    let line = line.trim();
    for (at, c) in line.char_indices() {
        match c {
            '0'..='9' => normal.push('0'),
            ' '..='~' => normal.push(c.to_ascii_lowercase()),
            '\0'..='\u{9f}' => {}
            // The last sigma of a word has a lower-case form of its own, which depends on its neighbours.
            'Σ' => normal.push_str(if ends_word(&line[at + c.len_utf8()..]) { "ς" } else { "σ" }),
            _ => c.to_lowercase().for_each(|c| push(c, normal)),
        }
    }
    (!normal.is_empty()).then(|| hash64(0, normal.as_bytes()))
}

fn push(c: char, normal: &mut String) {
    if c.is_numeric() && get_general_category(c) == GeneralCategory::DecimalNumber {
        normal.push('0');
    } else if !DROPPED.contains(c) {
        normal.push(c);
    }
}

/// Whether no letter follows.
fn ends_word(rest: &str) -> bool {
    !rest.starts_with(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(line: &str) -> String {
        let mut normal = String::new();
        line_key(line, &mut normal);
        normal
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
        assert_eq!(line_key("»«", &mut String::new()), None);
    }

    #[test]
    fn keys_are_frozen() {
        assert_eq!(line_key("Page 12 of 80", &mut String::new()), Some(FROZEN));
    }

    const FROZEN: u64 = 4_471_617_300_014_629_166;
}
