//! The lines of a header block, for records and for HTTP alike.

use std::borrow::Cow;

use memchr::memchr;

use super::limits::Limits;

/// One field as a pair of places in the block; nothing is copied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    name: (u32, u32),
    value: (u32, u32),
    /// The value goes over several lines.
    folded: bool,
}

/// How the block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The blank line was found; bytes up to and with it.
    Complete(usize),
    /// All bytes were read without a blank line.
    Incomplete,
    /// More bytes than the limit without a blank line.
    TooLong,
    /// The body begins here without a blank line before it (HTTP).
    Markup(usize),
    /// Another record begins before the blank line (WARC).
    Interrupted,
}

/// Whose header block it is, which decides what may end one that has no blank line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    /// A version line is the next record's. Without this rule a crowd of version lines would be read again from each.
    Record,
    /// A line that begins with `<` is the body.
    Http,
}

/// What was read of a header block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parsed {
    pub end: End,
    /// A line had no colon.
    pub malformed: bool,
    /// There were more fields than the limit.
    pub dropped: bool,
}

/// Reads fields until a blank line. Lines may end in LF, CR LF or several CR and LF; a line that begins with a blank
/// continues the one before it (RFC 9112, section 5.2).
pub(super) fn parse(bytes: &[u8], limits: &Limits, block: Block, fields: &mut Vec<Field>) -> Parsed {
    fields.clear();
    let most = limits.max_header_bytes.min(u32::MAX as usize);
    let (mut at, mut malformed, mut dropped) = (0, false, false);
    let end = loop {
        if at > most {
            break End::TooLong;
        }
        if block == Block::Http && bytes.get(at) == Some(&b'<') {
            break End::Markup(at);
        }
        let Some(length) = memchr(b'\n', &bytes[at..]) else {
            break if bytes.len() > most { End::TooLong } else { End::Incomplete };
        };
        let next = at + length + 1;
        let mut line_end = at + length;
        while line_end > at && bytes[line_end - 1] == b'\r' {
            line_end -= 1;
        }
        let line = &bytes[at..line_end];
        match line.first() {
            None => break End::Complete(next),
            Some(b' ' | b'\t') => match fields.last_mut() {
                Some(last) if !dropped => {
                    last.value.1 = (at + line.trim_ascii_end().len()) as u32;
                    last.folded = true;
                }
                Some(_) => {}
                None => malformed = true,
            },
            Some(_) => match memchr(b':', line) {
                None if block == Block::Record && line.starts_with(b"WARC/") => break End::Interrupted,
                None => malformed = true,
                Some(_) if fields.len() >= limits.max_headers => dropped = true,
                Some(colon) => fields.push(Field {
                    name: span(bytes, at, at + colon),
                    value: span(bytes, at + colon + 1, line_end),
                    folded: false,
                }),
            },
        }
        at = next;
    };
    Parsed { end, malformed, dropped }
}

/// The part of a range without white space at its ends.
fn span(bytes: &[u8], mut start: usize, mut end: usize) -> (u32, u32) {
    while start < end && bytes[start].is_ascii_whitespace() {
        start += 1;
    }
    while start < end && bytes[end - 1].is_ascii_whitespace() {
        end -= 1;
    }
    (start as u32, end as u32)
}

/// Header fields in the order of the block. Names compare without regard to case.
#[derive(Debug, Clone)]
pub struct Headers<'a> {
    bytes: &'a [u8],
    fields: Cow<'a, [Field]>,
}

impl<'a> Headers<'a> {
    pub(super) fn new(bytes: &'a [u8], fields: impl Into<Cow<'a, [Field]>>) -> Self {
        Headers { bytes, fields: fields.into() }
    }

    /// No field at all.
    pub(super) fn none() -> Self {
        Headers { bytes: &[], fields: Cow::Borrowed(&[]) }
    }

    /// Names and values. A value over several lines is joined with blanks.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], Cow<'a, [u8]>)> {
        self.fields.iter().map(|field| (self.slice(field.name), self.value(field)))
    }

    /// Value of the first field of this name.
    pub fn get(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        self.get_all(name).next()
    }

    /// Values of all fields of this name.
    pub fn get_all(&self, name: &str) -> impl Iterator<Item = Cow<'a, [u8]>> {
        let named = move |field: &&Field| self.slice(field.name).eq_ignore_ascii_case(name.as_bytes());
        self.fields.iter().filter(named).map(|field| self.value(field))
    }

    fn slice(&self, (start, end): (u32, u32)) -> &'a [u8] {
        self.bytes.get(start as usize..end as usize).unwrap_or_default()
    }

    fn value(&self, field: &Field) -> Cow<'a, [u8]> {
        let raw = self.slice(field.value);
        if !field.folded {
            return Cow::Borrowed(raw);
        }
        let mut joined = Vec::with_capacity(raw.len());
        for line in raw.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()) {
            if !joined.is_empty() {
                joined.push(b' ');
            }
            joined.extend_from_slice(line);
        }
        Cow::Owned(joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(bytes: &'a [u8], limits: &Limits) -> (Parsed, Headers<'a>) {
        let mut fields = Vec::new();
        let parsed = parse(bytes, limits, Block::Record, &mut fields);
        (parsed, Headers::new(bytes, fields))
    }

    #[test]
    fn line_ends_of_every_kind_are_read() {
        for text in ["A: 1\r\nB: 2\r\n\r\nbody", "A: 1\nB: 2\n\nbody", "A: 1\r\r\nB:2\r\r\n\r\r\nbody"] {
            let (parsed, headers) = read(text.as_bytes(), &Limits::default());
            assert_eq!(parsed.end, End::Complete(text.len() - 4), "{text:?}");
            assert_eq!(headers.get("b").as_deref(), Some(&b"2"[..]), "{text:?}");
            assert!(!parsed.malformed);
        }
    }

    #[test]
    fn folded_values_are_joined() {
        let (_, headers) = read(b"A: one\r\n  two\r\n\tthree \r\nB: x\r\n\r\n", &Limits::default());
        assert_eq!(headers.get("A").as_deref(), Some(&b"one two three"[..]));
        assert_eq!(headers.get("B").as_deref(), Some(&b"x"[..]));
    }

    #[test]
    fn repeated_fields_are_all_there() {
        let (_, headers) = read(b"A: 1\r\na: 2\r\n\r\n", &Limits::default());
        assert_eq!(headers.get_all("A").map(Cow::into_owned).collect::<Vec<_>>(), [b"1", b"2"]);
    }

    #[test]
    fn a_block_without_an_end_ends_where_something_else_begins() {
        let limits = Limits::default();
        let end = |bytes: &[u8], block| parse(bytes, &limits, block, &mut Vec::new()).end;
        assert_eq!(end(b"A: 1\r\nWARC/1.0\r\n\r\n", Block::Record), End::Interrupted);
        assert_eq!(end(b"A: 1\r\nWARC/1.0\r\n\r\n", Block::Http), End::Complete(18));
        assert_eq!(end(b"A: 1\r\n<html>", Block::Http), End::Markup(6));
    }

    #[test]
    fn limits_hold() {
        let limits = Limits { max_headers: 2, max_header_bytes: 100, ..Limits::default() };
        let (parsed, headers) = read(b"A: 1\nB: 2\nC: 3\n more\n\n", &limits);
        assert!(parsed.dropped && matches!(parsed.end, End::Complete(_)));
        assert_eq!((headers.iter().count(), headers.get("B").as_deref()), (2, Some(&b"2"[..])));
        assert_eq!(read(&[b'x'; 101], &limits).0.end, End::TooLong);
        assert_eq!(read(&b"x:y\n".repeat(50), &limits).0.end, End::TooLong);
        assert_eq!(read(b"A: 1\nB", &limits).0.end, End::Incomplete);
    }

    #[test]
    fn odd_lines_do_not_stop_the_reader() {
        let (parsed, headers) = read(b" lead\nno colon here\n: empty name\nA:\n\n", &Limits::default());
        assert!(parsed.malformed && matches!(parsed.end, End::Complete(_)));
        assert_eq!(headers.get("A").as_deref(), Some(&b""[..]));
    }
}
