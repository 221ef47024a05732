//! The HTTP response inside a record: status, headers, and the body with every encoding undone that can be.
//!
//! Servers lie and archives rewrite: a body is decoded by what it is, the headers are only a hint, and what cannot be
//! decoded is handed out as far as it goes. Headers that a crawler prefixed (`X-Crawler-Content-Encoding`) say that it
//! decoded the body already; as their names differ they change nothing.

use std::borrow::Cow;

use memchr::memchr;

use super::chunked;
use super::encoding::{self, Decoding};
use super::fields::{self, Block, End, Headers};
use super::limits::Limits;
use super::notes::{Note, Notes};

/// Interim responses (status 1xx) that are passed before the final one.
const MAX_INTERIM: usize = 8;

/// A response with its body decoded. The character encoding is left as it is.
#[derive(Debug, Clone)]
pub struct HttpResponse<'a> {
    /// Status code; 0 if there is none.
    pub status: u16,
    /// Header fields.
    pub headers: Headers<'a>,
    /// Media type in lower case without parameters, such as `text/html`; empty if there is none.
    pub mime: String,
    /// The `charset` parameter of the content type as the server writes it, without quotes.
    pub charset: Option<String>,
    /// The body: chunks joined, content encodings undone, cut at [`Limits::max_body`].
    pub body: Cow<'a, [u8]>,
    /// What was odd.
    pub notes: Notes,
}

/// Reads a response and decodes its body. Never fails: a block that is no HTTP message is all body.
pub fn response<'a>(block: &'a [u8], limits: &Limits) -> HttpResponse<'a> {
    let mut notes = Notes::default();
    let Some(head) = Head::read(block, limits, &mut notes) else {
        notes.add(Note::HttpHeadMissing);
        let body = capped(Cow::Borrowed(block), limits, &mut notes);
        return HttpResponse { status: 0, headers: Headers::none(), mime: String::new(), charset: None, body, notes };
    };
    let (mime, charset) = content_type(&head.headers);
    let mut body = Cow::Borrowed(&block[head.length..]);
    if head.is_chunked() {
        let (joined, odd) = chunked::join(&block[head.length..], limits.max_body);
        body = joined;
        notes.merge(odd);
    }
    let body = capped(body, limits, &mut notes);
    let body = decode(body, &head.headers, &mime, limits, &mut notes);
    HttpResponse { status: head.status, headers: head.headers, mime, charset, body, notes }
}

/// Whether a block begins with an HTTP status line.
pub(super) fn has_head(block: &[u8]) -> bool {
    let block = block.trim_ascii_start();
    [&b"HTTP/"[..], b"ICY "]
        .iter()
        .any(|name| block.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
}

/// What follows the first blank line of an HTTP message, request or response.
pub(super) fn after_head(block: &[u8]) -> &[u8] {
    let mut rest = block;
    while let Some(end) = memchr(b'\n', rest) {
        let blank = rest[..end].iter().all(|&b| b == b'\r');
        rest = &rest[end + 1..];
        if blank {
            return rest;
        }
    }
    &[]
}

/// Whether a message says that its body is chunked.
pub(super) fn is_chunked(block: &[u8], limits: &Limits) -> bool {
    Head::read(block, limits, &mut Notes::default()).is_some_and(|head| head.is_chunked())
}

/// Status line and fields.
struct Head<'a> {
    status: u16,
    headers: Headers<'a>,
    /// Bytes up to the body.
    length: usize,
}

impl<'a> Head<'a> {
    /// The final response's head. None if the block does not begin with a status line.
    fn read(block: &'a [u8], limits: &Limits, notes: &mut Notes) -> Option<Self> {
        let mut from = 0;
        for _ in 0..MAX_INTERIM {
            let head = Head::read_one(block, from, limits, notes)?;
            let interim = (100..200).contains(&head.status) && has_head(&block[head.length..]);
            if !interim {
                return Some(head);
            }
            from = head.length;
        }
        None
    }

    fn read_one(block: &'a [u8], from: usize, limits: &Limits, notes: &mut Notes) -> Option<Self> {
        let text = block[from..].trim_ascii_start();
        if !has_head(text) {
            return None;
        }
        let start = block.len() - text.len();
        let line_end = memchr(b'\n', text).map_or(text.len(), |end| end + 1);
        let mut list = Vec::new();
        let parsed = fields::parse(&text[line_end..], limits, Block::Http, &mut list);
        let length = match parsed.end {
            End::Complete(length) => length,
            End::Markup(length) => {
                notes.add(Note::HttpHeadUnterminated);
                length
            }
            End::Incomplete | End::TooLong | End::Interrupted => {
                notes.add(Note::HttpHeadUnterminated);
                text.len() - line_end
            }
        };
        notes.add_if(parsed.malformed, Note::HeaderMalformed);
        notes.add_if(parsed.dropped, Note::HeadersDropped);
        let headers = Headers::new(&text[line_end..], list);
        Some(Head { status: status(&text[..line_end]), headers, length: start + line_end + length })
    }

    fn is_chunked(&self) -> bool {
        self.headers
            .get_all("Transfer-Encoding")
            .any(|value| value.split(|&b| b == b',').any(|name| name.trim_ascii().eq_ignore_ascii_case(b"chunked")))
    }
}

/// The first number of three digits behind a blank.
fn status(line: &[u8]) -> u16 {
    let numbers = line.split(|b| b.is_ascii_whitespace()).skip(1).filter(|word| word.len() == 3);
    let text = numbers.filter_map(|word| std::str::from_utf8(word).ok()?.parse().ok());
    text.into_iter().next().unwrap_or(0)
}

/// Media type and character set. Of several fields the last usable one counts, as in browsers.
fn content_type(headers: &Headers<'_>) -> (String, Option<String>) {
    let (mut mime, mut charset) = (String::new(), None);
    for value in headers.get_all("Content-Type") {
        let value = String::from_utf8_lossy(&value);
        let mut parts = value.split(';').map(str::trim);
        let first = parts.next().filter(|first| first.contains('/') && !first.contains(char::is_whitespace));
        mime = first.map_or(mime, str::to_ascii_lowercase);
        let named = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            let value = value.trim().trim_matches(['"', '\'']).trim();
            (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then(|| value.to_owned())
        });
        charset = named.or(charset);
    }
    (mime, charset)
}

/// Undoes content encodings, the last one first.
fn decode<'a>(
    mut body: Cow<'a, [u8]>,
    headers: &Headers<'_>,
    mime: &str,
    limits: &Limits,
    notes: &mut Notes,
) -> Cow<'a, [u8]> {
    let values: Vec<Cow<'_, [u8]>> = headers.get_all("Content-Encoding").collect();
    let names = values.iter().flat_map(|value| value.split(|&b| b == b',')).map(<[u8]>::trim_ascii);
    let names: Vec<&[u8]> = names.filter(|name| !encoding::is_identity(name)).collect();
    for name in names.iter().rev().take(limits.max_encodings) {
        match encoding::decode(name, &body, limits.max_body) {
            Decoding::Whole(decoded) => body = Cow::Owned(decoded),
            Decoding::Damaged(decoded) => {
                notes.add(Note::EncodingDamaged);
                body = Cow::Owned(decoded);
            }
            Decoding::Capped(decoded) => {
                notes.add(Note::BodyCapped);
                body = Cow::Owned(decoded);
            }
            Decoding::NotEncoded if body.is_empty() => {}
            Decoding::NotEncoded => notes.add(Note::NotEncoded),
            Decoding::Unknown => notes.add(Note::EncodingUnknown),
        }
    }
    notes.add_if(names.len() > limits.max_encodings, Note::EncodingUnknown);
    // Text cannot begin with the magic number of gzip.
    let text = mime.starts_with("text/") || mime.ends_with("html") || mime.ends_with("xml");
    if names.is_empty()
        && text
        && let Decoding::Whole(decoded) = encoding::decode(b"gzip", &body, limits.max_body)
    {
        notes.add(Note::EncodingUndeclared);
        return Cow::Owned(decoded);
    }
    body
}

fn capped<'a>(body: Cow<'a, [u8]>, limits: &Limits, notes: &mut Notes) -> Cow<'a, [u8]> {
    if body.len() <= limits.max_body {
        return body;
    }
    notes.add(Note::BodyCapped);
    match body {
        Cow::Borrowed(body) => Cow::Borrowed(&body[..limits.max_body]),
        Cow::Owned(mut body) => {
            body.truncate(limits.max_body);
            Cow::Owned(body)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warc::testing::gzip;

    fn read(block: &[u8]) -> HttpResponse<'_> {
        response(block, &Limits::default())
    }

    #[test]
    fn heads_in_the_wild_are_read() {
        for (head, status) in [
            ("HTTP/1.1 200 OK\r\nA: b\r\n\r\n", 200),
            ("HTTP/1.1 200 \r\nA: b\r\n\r\n", 200),
            ("HTTP/2 404\nA: b\n\n", 404),
            ("\r\nHTTP/1.0  301  Moved\r\nA: b\r\n\r\n", 301),
            ("ICY 200 OK\r\nA: b\r\n\r\n", 200),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\nA: b\r\n\r\n", 503),
            ("HTTP/1.1 huh\r\nA: b\r\n\r\n", 0),
        ] {
            let block = [head.as_bytes(), b"body"].concat();
            let response = read(&block);
            assert_eq!(response.status, status, "{head:?}");
            assert_eq!(response.headers.get("a").as_deref(), Some(&b"b"[..]), "{head:?}");
            assert_eq!(&*response.body, b"body", "{head:?}");
            assert!(response.notes.is_empty(), "{head:?}");
        }
    }

    #[test]
    fn a_block_without_a_head_is_all_body() {
        for block in [&b"<html>x</html>"[..], b"", b"20080430204825\nwww.archive.org.\t589\tIN\tA\t207.241.229.39\n"] {
            let response = read(block);
            assert_eq!((response.status, &*response.body), (0, block));
            assert!(response.notes.contains(Note::HttpHeadMissing));
        }
    }

    #[test]
    fn a_head_without_an_end_is_noted() {
        let response = read(b"HTTP/1.1 200 OK\r\nA: b\r\n<html>x</html>");
        assert_eq!(&*response.body, b"<html>x</html>");
        assert!(response.notes.contains(Note::HttpHeadUnterminated));
        let response = read(b"HTTP/1.1 200 OK\r\nA: b");
        assert!(response.body.is_empty() && response.notes.contains(Note::HttpHeadUnterminated));
    }

    #[test]
    fn content_types_are_taken_apart() {
        for (value, mime, charset) in [
            ("text/html; charset=UTF-8", "text/html", Some("UTF-8")),
            ("TEXT/HTML;Charset='windows-1252' ; x=y", "text/html", Some("windows-1252")),
            ("text/html;\r\n charset=\"koi8-r\"", "text/html", Some("koi8-r")),
            ("; charset=UTF-8", "", Some("UTF-8")),
            ("html", "", None),
            ("application/json\r\nContent-Type: text/plain", "text/plain", None),
        ] {
            let block = format!("HTTP/1.1 200 OK\r\nContent-Type: {value}\r\n\r\n");
            let response = read(block.as_bytes());
            assert_eq!((&*response.mime, response.charset.as_deref()), (mime, charset), "{value:?}");
        }
    }

    #[test]
    fn stacked_encodings_are_undone_last_first() {
        let zipped = gzip(&zstd::bulk::compress(b"hello", 3).unwrap());
        let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Encoding: identity, x-GZIP\r\n\r\n";
        let block = [&head[..], &zipped].concat();
        let response = read(&block);
        assert_eq!(&*response.body, b"hello");
        assert!(response.notes.is_empty());
    }

    #[test]
    fn what_is_not_encoded_stays() {
        for name in ["gzip", "br", "deflate", "zstd", "x-gzip, gzip"] {
            let block = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {name}\r\n\r\n<html>plain text</html>\n");
            let response = read(block.as_bytes());
            assert_eq!(&*response.body, b"<html>plain text</html>\n", "{name}");
            assert!(response.notes.contains(Note::NotEncoded), "{name}");
        }
        let response = read(b"HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\n\r\nuryyb");
        assert!(response.notes.contains(Note::EncodingUnknown));
        assert_eq!(&*response.body, b"uryyb");
    }

    #[test]
    fn undeclared_gzip_is_undone_for_text_only() {
        for (mime, decoded) in [("text/html", true), ("application/gzip", false)] {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {mime}\r\n\r\n");
            let block = [head.as_bytes(), &gzip(b"hello")].concat();
            let response = read(&block);
            assert_eq!(&*response.body == b"hello", decoded, "{mime}");
            assert_eq!(response.notes.contains(Note::EncodingUndeclared), decoded, "{mime}");
        }
    }

    #[test]
    fn limits_hold() {
        let limits = Limits { max_body: 1_000, max_encodings: 1, ..Limits::default() };
        let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
        let bomb = [&head[..], &gzip(&vec![0; 1 << 20])].concat();
        let plain = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[b'x'; 2_000]].concat();
        let headless = vec![b'x'; 2_000];
        for block in [bomb, plain, headless] {
            let response = response(&block, &limits);
            assert_eq!(response.body.len(), 1_000);
            assert!(response.notes.contains(Note::BodyCapped));
        }
        let twice = [&b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\n\r\n"[..], &gzip(&gzip(b"x"))].concat();
        assert!(response(&twice, &limits).notes.contains(Note::EncodingUnknown));
    }
}
