//! Lines and white space as Python has them.

/// `str.isspace`: white space and four separators among the control characters.
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// `str.strip`.
pub fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `str.splitlines`: lines without their ends, of which there are twelve kinds.
pub fn split_lines(text: &str) -> impl Iterator<Item = &str> {
    line_ranges(text).map(|(start, end, _)| &text[start..end])
}

/// For every line its first byte, the byte at which its end begins, and the one behind that.
pub fn line_ranges(text: &str) -> impl Iterator<Item = (usize, usize, usize)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let (len, len_of_end) = line_end(rest.as_bytes()).unwrap_or((rest.len(), 0));
        let line = (start, start + len, start + len + len_of_end);
        start = line.2;
        Some(line)
    })
}

/// Where the first line ends, and how many bytes its end has.
fn line_end(text: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let may_end = |byte: &u8| matches!(*byte, 0x0a..=0x0d | 0x1c..=0x1e | 0xc2 | 0xe2);
        let at = from + text.get(from..)?.iter().position(may_end)?;
        match &text[at..] {
            [b'\r', b'\n', ..] | [0xc2, 0x85, ..] => return Some((at, 2)),
            [0xe2, 0x80, 0xa8 | 0xa9, ..] => return Some((at, 3)),
            [0xc2 | 0xe2, ..] => from = at + 1,
            _ => return Some((at, 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_in_python() {
        let lines = |text| split_lines(text).collect::<Vec<_>>();
        let text = "a\nb\rc\r\nd\u{b}e\u{c}f\u{1c}g\u{1d}h\u{1e}i\u{85}j\u{2028}k\u{2029}l\u{1f}m£…\n\n";
        assert_eq!(lines(text), ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l\u{1f}m£…", ""]);
        assert_eq!(lines(""), [""; 0]);
        assert_eq!(lines("\n"), [""]);
        assert_eq!(strip("\u{1f}\u{a0} a b \u{1c}\n"), "a b");
    }
}
