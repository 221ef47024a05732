//! Finds the marks of references that Wikipedia and its like leave in a text: `[1]`, `[edit]`, `[citation needed]`.

use std::ops::Range;

/// Marks with words in them, in lower case.
const WORDED: [&[u8]; 2] = [b"[edit]", b"[citation needed]"];

/// Marks of a text, from left to right, as byte ranges that can be cut; those that follow each other are one.
///
/// A range takes the white space before its marks with it, unless a letter or digit follows; and that after it, where the
/// marks begin a line.
pub(super) fn find_markers(text: &str, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut done = 0;
    for start in memchr::memchr_iter(b'[', bytes) {
        if start < done {
            continue;
        }
        let Some(mut end) = marker_end(bytes, start) else { continue };
        while let Some(next) = marker_end(bytes, skip_blanks(bytes, end)) {
            end = next;
        }
        done = end;
        let before = start - bytes[..start].iter().rev().take_while(|byte| is_blank(**byte)).count();
        if before == 0 || bytes[before - 1] == b'\n' {
            found.push(start..skip_blanks(bytes, end));
        } else if text[end..].starts_with(char::is_alphanumeric) {
            found.push(start..end);
        } else {
            found.push(before..end);
        }
    }
}

/// One past the mark that begins at byte `start`.
fn marker_end(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = bytes.get(start..)?;
    let inside = rest.strip_prefix(b"[")?;
    let n_digits = inside.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if inside.get(n_digits) == Some(&b']') {
        return Some(start + n_digits + 2);
    }
    let is_worded = |mark: &&[u8]| rest.get(..mark.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(mark));
    WORDED.into_iter().find(is_worded).map(|mark| start + mark.len())
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    from + bytes[from..].iter().take_while(|byte| is_blank(**byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_reads_well() {
        for (text, left) in [
            ("a city.[1][22] It [3] is, [4], old [ 5]", "a city. It is,, old [ 5]"),
            ("one[12] two [3]four [] [a] [1a]", "one two four [a] [1a]"),
            ("[1] Smith\n  [2] [3]\tJones\nend [4]\n[5]", "Smith\n  Jones\nend\n"),
            ("History[edit]\ntrue [Citation needed] [ edit]", "History\ntrue [ edit]"),
            ("[[[1]", "[["),
            ("[1234", "[1234"),
            ("", ""),
        ] {
            let mut found = Vec::new();
            find_markers(text, &mut found);
            let mut out = String::new();
            let mut done = 0;
            for range in found {
                out.push_str(&text[done..range.start]);
                done = range.end;
            }
            assert_eq!(out + &text[done..], left, "{text}");
        }
    }
}
