//! Finds the encoding that a page states about itself before it can be decoded.
//!
//! The [prescan of the HTML standard](https://html.spec.whatwg.org/#prescan-a-byte-stream-to-determine-its-encoding),
//! carried on past its 1,024 bytes: a parser that meets a later `meta` starts again with what it says, so the first one
//! of the head counts either way.

use memchr::{memchr, memmem};

/// Bytes searched.
const MAX_PRESCAN_BYTES: usize = 64 * 1024;

/// The name stated by the first `meta` of the page, else by its XML declaration.
pub fn stated_charset(bytes: &[u8]) -> Option<String> {
    let bytes = &bytes[..bytes.len().min(MAX_PRESCAN_BYTES)];
    meta_charset(bytes).or_else(|| xml_charset(bytes))
}

fn meta_charset(bytes: &[u8]) -> Option<String> {
    let mut at = 0;
    while let Some(open) = memchr(b'<', &bytes[at..]).map(|found| at + found) {
        let rest = &bytes[open..];
        if rest.starts_with(b"<!--") {
            at = open + 2 + memmem::find(&rest[2..], b"-->")? + 3;
        } else if is_tag(rest, b"<meta") {
            let mut attributes = Attributes { bytes, at: open + 5 };
            if let Some(charset) = charset_of_meta(&mut attributes) {
                return Some(charset);
            }
            at = attributes.at;
        } else if is_tag(rest, b"<body") {
            return None;
        } else if is_tag(rest, b"<script") || is_tag(rest, b"<style") {
            at = open + 6;
        } else if rest.get(1).is_some_and(u8::is_ascii_alphabetic) || rest.starts_with(b"</") {
            let name_end = rest.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'>')?;
            let mut attributes = Attributes { bytes, at: open + name_end };
            while attributes.next().is_some() {}
            at = attributes.at;
        } else {
            at = open + 1;
        }
    }
    None
}

fn is_tag(rest: &[u8], tag: &[u8]) -> bool {
    rest.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag))
        && rest.get(tag.len()).is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'))
}

/// `charset`, or the one inside `content` if `http-equiv` says that it is a content type.
fn charset_of_meta(attributes: &mut Attributes<'_>) -> Option<String> {
    let mut is_content_type = false;
    let mut in_content = None;
    let mut stated = None;
    while let Some((name, value)) = attributes.next() {
        match name.as_slice() {
            b"http-equiv" => is_content_type = value.eq_ignore_ascii_case(b"content-type"),
            b"content" if in_content.is_none() => in_content = charset_in_content(&value),
            b"charset" if stated.is_none() => stated = Some(text(&value)),
            _ => {}
        }
    }
    stated.or(in_content.filter(|_| is_content_type)).filter(|charset| !charset.is_empty())
}

/// The value after `charset=` in `text/html; charset=…`.
fn charset_in_content(content: &[u8]) -> Option<String> {
    let lower = content.to_ascii_lowercase();
    let mut from = 0;
    loop {
        from += memmem::find(&lower[from..], b"charset")? + b"charset".len();
        let rest = content[from..].trim_ascii_start();
        let Some(value) = rest.strip_prefix(b"=").map(<[u8]>::trim_ascii_start) else { continue };
        let (value, stop): (_, &[u8]) = match value.first()? {
            b'"' => (&value[1..], b"\""),
            b'\'' => (&value[1..], b"'"),
            _ => (value, b" \t\n\x0c\r;"),
        };
        let end = value.iter().position(|byte| stop.contains(byte)).unwrap_or(value.len());
        return Some(text(&value[..end]));
    }
}

/// `<?xml … encoding="…"?>` at the very start.
fn xml_charset(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.trim_ascii_start();
    if !bytes.starts_with(b"<?xml") {
        return None;
    }
    let declaration = &bytes[..memmem::find(bytes, b"?>")?];
    let rest = &declaration[memmem::find(declaration, b"encoding")? + b"encoding".len()..];
    let rest = rest.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (&quote, rest) = rest.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
    Some(text(&rest[..memchr(quote, rest)?]))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// Attributes of a tag, "get an attribute" of the standard; stands after the tag once it has returned `None`.
struct Attributes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Attributes<'_> {
    fn skip(&mut self, skipped: impl Fn(u8) -> bool) {
        let rest = &self.bytes[self.at..];
        self.at += rest.iter().position(|&byte| !skipped(byte)).unwrap_or(rest.len());
    }

    fn take(&mut self, taken: impl Fn(u8) -> bool) -> Vec<u8> {
        let from = self.at;
        self.skip(taken);
        self.bytes[from..self.at].to_ascii_lowercase()
    }

    fn next(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        self.skip(|byte| byte.is_ascii_whitespace() || byte == b'/');
        if self.at >= self.bytes.len() || self.bytes[self.at] == b'>' {
            self.at = (self.at + 1).min(self.bytes.len());
            return None;
        }
        let from = self.at;
        self.at += 1;
        self.skip(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'/' | b'>' | b'='));
        let name = self.bytes[from..self.at].to_ascii_lowercase();
        self.skip(|byte| byte.is_ascii_whitespace());
        if self.bytes.get(self.at) != Some(&b'=') {
            return Some((name, Vec::new()));
        }
        self.at += 1;
        self.skip(|byte| byte.is_ascii_whitespace());
        let value = match self.bytes.get(self.at) {
            Some(&quote @ (b'"' | b'\'')) => {
                self.at += 1;
                let value = self.take(|byte| byte != quote);
                self.at = (self.at + 1).min(self.bytes.len());
                value
            }
            _ => self.take(|byte| !byte.is_ascii_whitespace() && byte != b'>'),
        };
        Some((name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(html: &str) -> Option<String> {
        stated_charset(html.as_bytes())
    }

    #[test]
    fn both_kinds_of_meta() {
        assert_eq!(stated("<html><meta charset=\"UTF-8\">").as_deref(), Some("utf-8"));
        assert_eq!(stated("<META  CharSet = koi8-r />").as_deref(), Some("koi8-r"));
        let html = "<meta http-equiv='Content-Type' content=\"text/html; charset = 'big5' x\">";
        assert_eq!(stated(html).as_deref(), Some("big5"));
        assert_eq!(stated("<meta content='text/html;charset=gbk;x' http-equiv=content-type>").as_deref(), Some("gbk"));
    }

    #[test]
    fn what_only_looks_like_one_is_passed_over() {
        assert_eq!(stated("<!-- <meta charset=a> --><meta charset=b>").as_deref(), Some("b"));
        assert_eq!(stated("<p title='<meta charset=a>'><meta charset=b>").as_deref(), Some("b"));
        assert_eq!(stated("<meta name=x content='charset=a'><metal charset=c>"), None);
        assert_eq!(stated("<meta charset=''>"), None);
        assert_eq!(stated("<body><meta charset=a>"), None);
        assert_eq!(stated("<meta charset"), None);
        assert_eq!(stated("<!-- unclosed"), None);
    }

    #[test]
    fn the_xml_declaration_comes_last() {
        assert_eq!(stated("<?xml version='1.0' encoding='EUC-JP'?><html>").as_deref(), Some("EUC-JP"));
        assert_eq!(stated("<?xml version='1.0' encoding='a'?><meta charset=b>").as_deref(), Some("b"));
        assert_eq!(stated("<?xml encoding=a?>"), None);
    }
}
