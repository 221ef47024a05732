//! Lines: split at `\n` only; a `\r` before it belongs to the white space that trimming removes.

use super::words::Word;
use std::ops::Range;

/// One line: its byte range without the line feed, and the range without surrounding white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// First byte.
    pub start: u32,
    /// One past the last byte, before the line feed.
    pub end: u32,
    /// First byte that is not white space.
    pub trimmed_start: u32,
    /// One past the last byte that is not white space; equal to `trimmed_start` on a blank line.
    pub trimmed_end: u32,
}

impl Line {
    /// The line without its line feed.
    pub fn of<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }

    /// The line without surrounding white space.
    pub fn trimmed<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.trimmed_start as usize..self.trimmed_end as usize).unwrap_or("")
    }

    /// Whether there is nothing but white space.
    pub fn is_blank(&self) -> bool {
        self.trimmed_start == self.trimmed_end
    }
}

/// Splits `text` into `out`. A text that ends in a line feed has no empty last line; an empty text has no line.
pub fn split_lines(text: &str, out: &mut Vec<Line>) {
    let mut start = 0usize;
    for end in memchr::memchr_iter(b'\n', text.as_bytes()).chain(std::iter::once(text.len())) {
        if start == text.len() {
            break;
        }
        let line = &text[start..end];
        let (trimmed_start, trimmed_end) = match line.as_bytes() {
            // Most lines begin and end with ASCII that is no white space.
            [b'!'..=b'~', .., b'!'..=b'~'] => (start, end),
            _ => {
                let trimmed_start = start + (line.len() - line.trim_start().len());
                (trimmed_start, trimmed_start + line.trim().len())
            }
        };
        let (Ok(start32), Ok(end32)) = (u32::try_from(start), u32::try_from(end)) else { break };
        out.push(Line {
            start: start32,
            end: end32,
            trimmed_start: trimmed_start as u32,
            trimmed_end: trimmed_end as u32,
        });
        start = end + 1;
    }
}

/// The words of each line, as a range of `words`; both are of the same text.
pub fn words_by_line<'a>(lines: &'a [Line], words: &'a [Word]) -> impl Iterator<Item = (&'a Line, Range<usize>)> {
    let mut next = 0;
    lines.iter().map(move |line| {
        let start = next;
        while words.get(next).is_some_and(|word| word.start < line.end) {
            next += 1;
        }
        (line, start..next)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::words::split_words;

    fn lines(text: &str) -> Vec<&str> {
        let mut out = Vec::new();
        split_lines(text, &mut out);
        out.iter().map(|line| line.of(text)).collect()
    }

    #[test]
    fn splits_at_line_feeds_only() {
        assert_eq!(lines("a\nb\r\n\n c \n"), ["a", "b\r", "", " c "]);
        assert_eq!(lines("a\u{2028}b\u{85}c"), ["a\u{2028}b\u{85}c"]);
        assert!(lines("").is_empty());
        assert_eq!(lines("\n"), [""]);
    }

    #[test]
    fn trims_and_knows_blank_lines() {
        let text = "  x y \r\n \t\nend";
        let mut out = Vec::new();
        split_lines(text, &mut out);
        let trimmed: Vec<_> = out.iter().map(|line| (line.trimmed(text), line.is_blank())).collect();
        assert_eq!(trimmed, [("x y", false), ("", true), ("end", false)]);
    }

    #[test]
    fn every_word_is_in_the_line_it_stands_in() {
        let text = " a b\n\n \nc\r\nd e f";
        let (mut out, mut words) = (Vec::new(), Vec::new());
        split_lines(text, &mut out);
        split_words(text, &mut words);
        let found: Vec<_> = words_by_line(&out, &words).map(|(_, range)| range).collect();
        assert_eq!(found, [0..2, 2..2, 2..2, 2..3, 3..6]);
    }
}
