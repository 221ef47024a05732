//! Finds tags with an absurd number of attributes before the tokenizer compares each of them with all others.

use std::ops::Range;

use memchr::{memchr, memmem};

/// Attributes of one tag that are parsed; real pages stay below a hundred.
const MAX_ATTRIBUTES: usize = 256;

/// Byte ranges to leave out: the attributes of a tag past the first [`MAX_ATTRIBUTES`], up to its `>` or the end.
/// Follows the tag states of the standard closely enough that a well-formed page never yields a range.
pub(super) fn surplus_attributes(html: &str) -> Vec<Range<usize>> {
    let bytes = html.as_bytes();
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(open) = memchr(b'<', &bytes[at..]).map(|found| at + found) {
        at = open + 1;
        let name_start = if bytes.get(at) == Some(&b'/') { at + 1 } else { at };
        match bytes.get(name_start) {
            Some(letter) if letter.is_ascii_alphabetic() => {}
            Some(b'!') if bytes[at..].starts_with(b"!--") => {
                at = memmem::find(&bytes[at + 1..], b"-->").map_or(bytes.len(), |found| at + 1 + found);
                continue;
            }
            _ => continue,
        }
        let name_end = scan(bytes, name_start, |byte| byte.is_ascii_whitespace() || byte == b'/' || byte == b'>');
        let (end, surplus) = skip_attributes(bytes, name_end);
        ranges.extend(surplus.map(|from| from..end));
        at = end;
        if name_start == open + 1 {
            at = skip_raw_text(bytes, &bytes[name_start..name_end], at);
        }
    }
    ranges
}

/// First position from `at` whose byte satisfies `stop`, or the end.
fn scan(bytes: &[u8], at: usize, stop: impl Fn(u8) -> bool) -> usize {
    bytes[at..].iter().position(|&byte| stop(byte)).map_or(bytes.len(), |found| at + found)
}

/// Walks the attributes of a tag; returns the position of its `>` (or the end) and where the surplus begins.
fn skip_attributes(bytes: &[u8], mut at: usize) -> (usize, Option<usize>) {
    let mut n_attributes = 0;
    let mut surplus = None;
    loop {
        at = scan(bytes, at, |byte| !byte.is_ascii_whitespace() && byte != b'/');
        if bytes.get(at).is_none_or(|&byte| byte == b'>') {
            return (at, surplus);
        }
        n_attributes += 1;
        if n_attributes > MAX_ATTRIBUTES && surplus.is_none() {
            surplus = Some(at);
        }
        // A leading `=` belongs to the name.
        at = scan(bytes, at + 1, |byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'='));
        let equals = scan(bytes, at, |byte| !byte.is_ascii_whitespace());
        if bytes.get(equals) != Some(&b'=') {
            continue;
        }
        at = scan(bytes, equals + 1, |byte| !byte.is_ascii_whitespace());
        at = match bytes.get(at) {
            Some(&quote @ (b'"' | b'\'')) => {
                memchr(quote, &bytes[at + 1..]).map_or(bytes.len(), |found| at + 1 + found + 1)
            }
            _ => scan(bytes, at, |byte| byte.is_ascii_whitespace() || byte == b'>'),
        };
    }
}

/// Jumps over the content of an element that holds no tags.
fn skip_raw_text(bytes: &[u8], name: &[u8], mut at: usize) -> usize {
    const RAW: [&[u8]; 9] =
        [b"script", b"style", b"textarea", b"title", b"xmp", b"iframe", b"noembed", b"noframes", b"noscript"];
    if !RAW.iter().any(|raw| raw.eq_ignore_ascii_case(name)) {
        return at;
    }
    while let Some(found) = memmem::find(&bytes[at..], b"</") {
        let close = at + found;
        let end = close + 2 + name.len();
        if bytes.get(close + 2..end).is_some_and(|candidate| candidate.eq_ignore_ascii_case(name)) {
            return close;
        }
        at = close + 2;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without_surplus(html: &str) -> String {
        let mut kept = String::new();
        let mut from = 0;
        for range in surplus_attributes(html) {
            kept.push_str(&html[from..range.start]);
            from = range.end;
        }
        kept + &html[from..]
    }

    #[test]
    fn ordinary_tags_are_left_alone() {
        for html in [
            "<p class=a id='b' hidden data-x = \"> >\">text</p>",
            "<a/b/c=d/>",
            "<script>if (a<b && c) { x = '<p a b c>' }</script><p>x",
            "<!-- <p a b> --><br/>",
            "a < b <",
            "<p a=\"unclosed",
        ] {
            assert_eq!(without_surplus(html), html);
        }
    }

    #[test]
    fn the_surplus_is_cut_up_to_the_end_of_the_tag() {
        let few: String = (0..MAX_ATTRIBUTES).map(|i| format!("a{i}='>' ")).collect();
        let many: String = (0..1000).map(|i| format!("b{i} ")).collect();
        assert_eq!(without_surplus(&format!("<p {few}{many}>text")), format!("<p {few}>text"));
        assert_eq!(without_surplus(&format!("<p {few}{many}")), format!("<p {few}"));
    }

    #[test]
    fn attributes_in_raw_text_do_not_count() {
        let many: String = (0..1000).map(|i| format!("b{i} ")).collect();
        let html = format!("<script>var a = i<n {many}</script><title>x<y {many}</TITLE>");
        assert_eq!(without_surplus(&html), html);
    }
}
