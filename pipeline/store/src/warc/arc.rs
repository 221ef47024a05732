//! ARC files, version 1 and 2: the URL line in front of each record.
//!
//! Fields as in <https://archive.org/web/researcher/ArcFileFormat.php>. Version 1 is
//! `URL IP date type length`, version 2 is `URL IP date type result checksum location offset filename length`.

use memchr::memrchr;

/// Tokens looked at from the right end of a line: the ten fields of version 2 and some blanks in a content type.
const MAX_TOKENS: usize = 14;
/// Tokens behind the date in version 2.
const AFTER_DATE_V2: usize = 7;

/// A URL line, fields as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UrlLine<'a> {
    pub url: &'a [u8],
    pub ip: &'a [u8],
    pub date: &'a [u8],
    pub mime: &'a [u8],
    /// None if it is no number.
    pub length: Option<u64>,
}

impl UrlLine<'_> {
    /// Whether this heads the version block at the start of a file, not a capture.
    pub fn is_file_header(&self) -> bool {
        self.url.starts_with(b"filedesc:")
    }
}

/// Reads a line at a place where a URL line is due. One field may be damaged: three of URL, address, date and length
/// must look right.
pub(super) fn parse(line: &[u8]) -> Option<UrlLine<'_>> {
    let tokens = Tokens::of(line);
    if let Some(date) = tokens.find_date() {
        return tokens.split(date);
    }
    let found = tokens.split(2)?;
    let evidence = [has_scheme(found.url), is_address(found.ip), is_date(found.date), found.length.is_some()];
    (evidence.into_iter().filter(|&holds| holds).count() >= 3).then_some(found)
}

/// The index in a line at which a URL line without any doubt starts. A body that ends without a line end may come
/// before the URL.
pub(super) fn find_in_line(line: &[u8]) -> Option<usize> {
    let tokens = Tokens::of(line);
    let found = tokens.split(tokens.find_date()?)?;
    let url = found.url;
    // Bytes that no URL holds end what may be a body.
    let clean = url.iter().rposition(|b| b.is_ascii_control() || !b.is_ascii()).map_or(0, |last| last + 1);
    let offset = line.len() - line.trim_ascii_start().len();
    if clean == 0 && has_scheme(url) {
        return Some(offset);
    }
    let tail = &url[clean..];
    let known = SCHEMES.iter().filter_map(|scheme| memchr::memmem::find(tail, scheme));
    known.min().map(|scheme| offset + clean + scheme)
}

/// Beginnings of the URLs that crawlers fetch.
const SCHEMES: [&[u8]; 5] = [b"http://", b"https://", b"ftp://", b"dns:", b"filedesc://"];

/// Whether bytes begin with a URL that crawlers fetch.
pub(super) fn begins_url(bytes: &[u8]) -> bool {
    SCHEMES.iter().any(|scheme| bytes.starts_with(scheme))
}

/// The last tokens of a line, counted from the right: token 0 is the length.
struct Tokens<'a> {
    line: &'a [u8],
    /// Start and end of each token.
    spans: [(usize, usize); MAX_TOKENS],
    n: usize,
}

impl<'a> Tokens<'a> {
    fn of(line: &'a [u8]) -> Self {
        let line = line.trim_ascii_end();
        let (mut spans, mut n, mut end) = ([(0, 0); MAX_TOKENS], 0, line.len());
        while n < MAX_TOKENS && end > 0 {
            let start = memrchr(b' ', &line[..end]).map_or(0, |blank| blank + 1);
            if start < end {
                spans[n] = (start, end);
                n += 1;
            }
            end = start.saturating_sub(1);
        }
        Tokens { line, spans, n }
    }

    fn get(&self, i: usize) -> Option<&'a [u8]> {
        (i < self.n).then(|| &self.line[self.spans[i].0..self.spans[i].1])
    }

    /// The token that is a date behind an address.
    fn find_date(&self) -> Option<usize> {
        (2..self.n).find(|&i| self.get(i).is_some_and(is_date) && self.get(i + 1).is_some_and(is_address))
    }

    /// The fields when token `date` is the date.
    fn split(&self, date: usize) -> Option<UrlLine<'a>> {
        let length = std::str::from_utf8(self.get(0)?).ok().and_then(|digits| digits.parse().ok());
        let ip = self.get(date + 1)?;
        let url = self.line[..self.spans[date + 1].0].trim_ascii();
        let mime_end = if date >= AFTER_DATE_V2 { date - 1 } else { 1 };
        let mime = &self.line[self.spans[date - 1].0..self.spans[mime_end].1];
        (!url.is_empty()).then_some(UrlLine { url, ip, date: self.get(date)?, mime, length })
    }
}

/// A year and more, in digits only; some writers give too many.
fn is_date(token: &[u8]) -> bool {
    (12..=18).contains(&token.len())
        && token.iter().all(u8::is_ascii_digit)
        && (token.starts_with(b"19") || token.starts_with(b"20"))
}

fn is_address(token: &[u8]) -> bool {
    let v4 = || {
        let mut n = 0;
        token.split(|&b| b == b'.').all(|part| {
            n += 1;
            (1..=3).contains(&part.len()) && part.iter().all(u8::is_ascii_digit)
        }) && n == 4
    };
    let v6 = || {
        token.iter().filter(|&&b| b == b':').count() >= 2
            && token.iter().all(|&b| b.is_ascii_hexdigit() || b == b':' || b == b'.')
    };
    (3..=45).contains(&token.len()) && (v4() || v6())
}

fn has_scheme(url: &[u8]) -> bool {
    let end = url.iter().take(16).position(|&b| b == b':');
    end.is_some_and(|end| {
        end >= 2
            && url[0].is_ascii_alphabetic()
            && url[..end].iter().all(|&b| b.is_ascii_alphanumeric() || b"+.-".contains(&b))
            && url.len() > end + 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_read() {
        let v1 = parse(b"http://a.example/x 10.0.0.1 20080430204825 text/html 680").unwrap();
        assert_eq!((v1.url, v1.ip, v1.length), (&b"http://a.example/x"[..], &b"10.0.0.1"[..], Some(680)));
        assert_eq!((v1.date, v1.mime), (&b"20080430204825"[..], &b"text/html"[..]));
        let v2 =
            parse(b"http://a.example/x ::1 20080430204825 text/html 200 fac0 - 207 IAH-2008.arc.gz 680\r").unwrap();
        assert_eq!((v2.url, v2.ip, v2.length), (&b"http://a.example/x"[..], &b"::1"[..], Some(680)));
        assert_eq!((v2.date, v2.mime), (&b"20080430204825"[..], &b"text/html"[..]));
    }

    #[test]
    fn blanks_in_the_url_and_the_type_survive() {
        let line = b"http://a.example/?t=From The Web 10.0.0.1 20140216050221 text/html; charset=x 1591";
        let found = parse(line).unwrap();
        assert_eq!(found.url, b"http://a.example/?t=From The Web");
        assert_eq!(found.mime, b"text/html; charset=x");
        assert_eq!(find_in_line(line), Some(0));
    }

    #[test]
    fn one_damaged_field_is_forgiven_where_a_line_is_due_only() {
        for line in [
            &b"http://a.example/ 10.0.0.1 null text/html 680"[..],
            b"http://a.example/ 10.0.0.1 20080430204825 text/html abc",
            b"http://a.example/ ?.0.0.1 20080430204825 text/html 680",
            b"?ttp//a.example/ 10.0.0.1 20080430204825 text/html 680",
            b"http://a.example/ 10.0.0.1 201404010000000000 text/html -1",
        ] {
            assert!(parse(line).is_some(), "{}", line.escape_ascii());
        }
        assert_eq!(find_in_line(b"http://a.example/ 10.0.0.1 null text/html 680"), None);
        for line in [&b""[..], b" ", b"URL IP-address Archive-date Content-type Archive-length", b"a b c d 5"] {
            assert_eq!(parse(line), None, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn a_body_before_the_url_is_left_out() {
        let line = b"\xff\xd9http://a.example/ 10.0.0.1 20080430204825 text/html 680";
        assert_eq!(find_in_line(line), Some(2));
        let line = b"</html>http://a.example/http://b.example/ 10.0.0.1 20080430204825 text/html 680";
        assert_eq!(find_in_line(line), Some(7));
    }
}
