//! Reads `english.txt`: classes of characters, what may stand behind a digit, and the exceptions of the tokenizer.

use super::chars::{Chars, NAMES};
use super::exceptions::Exceptions;
use std::sync::LazyLock;

/// Written by `facts.py`.
const TEXT: &str = include_str!("english.txt");

/// What the tokenizer knows.
pub(super) static FACTS: LazyLock<Facts> = LazyLock::new(|| Facts::read(TEXT));

/// The contents of `english.txt`.
#[derive(Default)]
pub(super) struct Facts {
    /// Classes of characters.
    pub chars: Chars,
    /// Units and currencies that are split from a digit before them, sorted.
    pub after_digit: Vec<&'static str>,
    /// The length in bytes of the longest of these.
    pub max_after_digit: usize,
    /// Words that are split by a list.
    pub exceptions: Exceptions,
}

impl Facts {
    fn read(text: &'static str) -> Facts {
        let mut facts = Facts::default();
        let mut section = "";
        let mut exceptions = Vec::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
                section = name;
            } else if let Some(name) = section.strip_prefix("class ") {
                let bit = NAMES.iter().position(|known| *known == name).map_or(0, |at| 1 << at);
                for (first, last) in line.split(' ').filter_map(range) {
                    facts.chars.add(first, last, bit);
                }
            } else if section.starts_with("after") {
                facts.after_digit.extend(line.split(' '));
            } else if section.starts_with("exceptions") {
                exceptions.push(line);
            }
        }
        facts.after_digit.sort_unstable();
        facts.max_after_digit = facts.after_digit.iter().map(|unit| unit.len()).max().unwrap_or(0);
        facts.exceptions = Exceptions::new(&exceptions);
        facts
    }
}

/// `41-5a` or `5f`.
fn range(text: &str) -> Option<(u32, u32)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((u32::from_str_radix(first, 16).ok()?, u32::from_str_radix(last, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_file_is_read() {
        assert_eq!(FACTS.after_digit.len(), 144);
        assert_eq!(FACTS.exceptions.len(), 1_343);
        let of = |name: &str| 1 << NAMES.iter().position(|known| *known == name).unwrap();
        for (c, names) in [
            ('a', &["alpha", "lower", "period_between_left", "period_after", "letter", "word"][..]),
            ('Z', &["alpha", "upper", "period_between_right", "letter", "word"]),
            ('7', &["period_after", "word", "decimal"]),
            (
                '\u{2a6d0}',
                &[
                    "alpha",
                    "lower",
                    "upper",
                    "period_between_left",
                    "period_between_right",
                    "period_after",
                    "letter",
                    "word",
                ],
            ),
            ('$', &["prefix", "symbol"]),
            ('.', &["punctuation", "symbol", "terminal", "sentence_end"]),
        ] {
            let expected = names.iter().fold(0, |bits, name| bits | of(name));
            assert_eq!(FACTS.chars.of(c), expected, "{c}");
        }
    }
}
