//! What spaCy splits from the ends of a word and inside it: punctuation, quotes, symbols, units, clitics.

use super::chars::{ALPHA, INFIX, PERIOD_AFTER, PERIOD_BETWEEN_LEFT, PERIOD_BETWEEN_RIGHT, PREFIX, SUFFIX, UPPER};
use super::facts::Facts;

/// Currencies of several letters at the start of a word.
const LETTERED_CURRENCIES: [&str; 3] = ["US$", "C$", "A$"];

/// In the order in which they are tried.
const HYPHENS: [&str; 7] = ["-", "–", "—", "--", "---", "——", "~"];

impl Facts {
    /// The length in bytes of what is split off at the start of `word`; 0 when nothing is.
    pub(super) fn prefix(&self, word: &str) -> usize {
        let mut chars = word.chars();
        let Some(first) = chars.next() else { return 0 };
        match first {
            '.' => some_dots(word.bytes()),
            '+' => usize::from(!chars.next().is_some_and(|c| c.is_ascii_digit())),
            _ if self.chars.of(first) & PREFIX != 0 => first.len_utf8(),
            'A' | 'C' | 'U' => {
                LETTERED_CURRENCIES.iter().find(|currency| word.starts_with(**currency)).map_or(0, |found| found.len())
            }
            _ => 0,
        }
    }

    /// The length in bytes of what is split off at the end of `word`; 0 when nothing is.
    pub(super) fn suffix(&self, word: &str) -> usize {
        let mut chars = word.chars();
        let Some(last) = chars.next_back() else { return 0 };
        let before = chars.next_back();
        match last {
            '.' => return self.period(word, before, chars.next_back()),
            '…' => return if before == Some('…') { 2 * '…'.len_utf8() } else { '…'.len_utf8() },
            's' | 'S' if before == Some('\'') => return 2,
            's' | 'S' if before == Some('’') => return 1 + '’'.len_utf8(),
            _ if self.chars.of(last) & SUFFIX != 0 => return last.len_utf8(),
            _ => {}
        }
        // The pattern wants a digit before the unit, and no unit has a digit itself.
        let bytes = word.as_bytes();
        let far = bytes.len().saturating_sub(self.max_after_digit + 1);
        let Some(digit) = bytes[far..].iter().rposition(u8::is_ascii_digit) else { return 0 };
        let behind = &word[far + digit + 1..];
        if self.after_digit.binary_search(&behind).is_ok() { behind.len() } else { 0 }
    }

    /// Dots at the end of a word, of which the one or two characters before the last are given.
    fn period(&self, word: &str, before: Option<char>, second: Option<char>) -> usize {
        if before == Some('.') {
            return some_dots(word.bytes().rev());
        }
        let is_degree = second == Some('°') && matches!(before, Some('F' | 'f' | 'C' | 'c' | 'K' | 'k'));
        let is_acronym = self.chars.is(before, UPPER) && self.chars.is(second, UPPER);
        usize::from(self.chars.is(before, PERIOD_AFTER) || is_degree || is_acronym)
    }

    /// The first piece at or behind byte `from` that splits `word`, as a range of bytes.
    pub(super) fn infix(&self, word: &str, from: usize) -> Option<(usize, usize)> {
        let mut before = word[..from].chars().next_back();
        for (at, c) in word[from..].char_indices() {
            if !c.is_ascii_alphanumeric()
                && let Some(len) = self.infix_at(&word[from + at..], c, before)
            {
                return Some((from + at, from + at + len));
            }
            before = Some(c);
        }
        None
    }

    /// The length of the piece that splits a word at the start of `rest`, with `c` in front.
    fn infix_at(&self, rest: &str, c: char, before: Option<char>) -> Option<usize> {
        let chars = &self.chars;
        let next = |len: usize| rest.get(len..).and_then(|rest| rest.chars().next());
        if chars.of(c) & INFIX != 0 {
            return Some(c.len_utf8());
        }
        let is_after_digit = before.is_some_and(|c| c.is_ascii_digit());
        match c {
            '.' => match some_dots(rest.bytes()) {
                0 => {
                    let splits = chars.is(before, PERIOD_BETWEEN_LEFT) && chars.is(next(1), PERIOD_BETWEEN_RIGHT);
                    return splits.then_some(1);
                }
                dots => return Some(dots),
            },
            ',' => return (chars.is(before, ALPHA) && chars.is(next(1), ALPHA)).then_some(1),
            '+' | '-' | '*' | '^' if is_after_digit && next(1).is_some_and(|c| c.is_ascii_digit() || c == '-') => {
                return Some(1);
            }
            _ if !is_after_digit && !chars.is(before, ALPHA) => return None,
            ':' | '<' | '>' | '=' | '/' => return chars.is(next(1), ALPHA).then_some(1),
            _ => {}
        }
        let fits = |hyphen: &&&str| rest.starts_with(**hyphen) && chars.is(next(hyphen.len()), ALPHA);
        HYPHENS.iter().find(fits).map(|hyphen| hyphen.len())
    }
}

/// The number of dots in front when there are two or more, else 0.
fn some_dots(bytes: impl Iterator<Item = u8>) -> usize {
    match bytes.take_while(|byte| *byte == b'.').count() {
        1 => 0,
        dots => dots,
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::FACTS;

    #[test]
    fn what_is_split_off() {
        for (word, prefix, suffix) in [
            ("", 0, 0),
            ("word", 0, 0),
            ("(word)", 1, 1),
            ("…x……", 3, 6),
            ("...x..", 3, 2),
            (".x.", 0, 1),
            ("US$5US$", 3, 3),
            ("+5+", 0, 1),
            ("+x+", 1, 0),
            ("€5€", 3, 3),
            ("x€", 0, 0),
            ("it’s", 0, 4),
            ("7km/h", 0, 4),
            ("7kmh2", 0, 0),
            ("A.", 0, 0),
            ("AB.", 0, 1),
            ("5°C.", 0, 1),
            ("5%.", 0, 1),
            ("🙂x🙂", 4, 4),
        ] {
            assert_eq!((FACTS.prefix(word), FACTS.suffix(word)), (prefix, suffix), "{word}");
        }
    }

    #[test]
    fn what_splits_a_word() {
        for (word, expected) in [
            ("well-known", Some((4, 5))),
            ("a---b", Some((1, 4))),
            ("a----b", None),
            ("5--a", Some((1, 2))),
            ("5-6", Some((1, 2))),
            ("a-5", None),
            ("a.b", None),
            ("a.B", Some((1, 2))),
            ("a...B", Some((1, 4))),
            ("x,y", Some((1, 2))),
            ("x,1", None),
            ("1:x", Some((1, 2))),
            ("naïve—é", Some((6, 9))),
            ("a🙂b", Some((1, 5))),
        ] {
            assert_eq!(FACTS.infix(word, 0), expected, "{word}");
        }
        assert_eq!(FACTS.infix("a-b-c", 2), Some((3, 4)));
    }
}
