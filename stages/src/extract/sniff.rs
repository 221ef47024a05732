//! Whether a payload is a web page at all: the stated type, and what the first bytes look like.

/// First bytes of formats that are served as HTML by mistake.
const BINARY_SIGNATURES: &[&[u8]] = &[
    b"%PDF-",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"RIFF",
    b"\0\0\0\x20ftyp",
    b"\0\0\0\x18ftyp",
    b"\x7fELF",
    b"ID3",
    b"OggS",
    b"wOFF",
    b"wOF2",
    b"\xd0\xcf\x11\xe0",
    b"{\\rtf",
];
/// Bytes searched for a sign of HTML when the type says something else.
const MAX_SNIFF_BYTES: usize = 1024;

/// Whether to read the payload as HTML. A type that names another format is overruled by a page that begins as one,
/// for servers call pages `text/plain`; a type that names HTML is overruled by the signature of a binary format.
pub fn is_html(mime: &str, body: &[u8]) -> bool {
    if BINARY_SIGNATURES.iter().any(|signature| body.starts_with(signature)) {
        return false;
    }
    mime.is_empty() || mime.contains("html") || begins_like_html(body)
}

/// A document type, or one of the tags that begin a page, after white space, a byte order mark and comments.
fn begins_like_html(body: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&body[..body.len().min(MAX_SNIFF_BYTES)]).to_ascii_lowercase();
    let mut start = start.trim_start_matches('\u{feff}').trim_start();
    while let Some((_, rest)) = start.strip_prefix("<!--").and_then(|comment| comment.split_once("-->")) {
        start = rest.trim_start();
    }
    ["<!doctype html", "<html", "<head", "<body"].iter().any(|sign| start.starts_with(sign))
        || start.starts_with("<?xml") && start.contains("<html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_decides_unless_the_bytes_know_better() {
        for (mime, body) in [
            ("text/html", "anything"),
            ("application/xhtml+xml", "<p>"),
            ("", "no type"),
            ("text/plain", " \n<!DOCTYPE HTML>"),
            ("application/octet-stream", "\u{feff}<!-- x --><html lang=en>"),
            ("text/xml", "<?xml version='1.0'?><html xmlns='x'>"),
        ] {
            assert!(is_html(mime, body.as_bytes()), "{mime} {body}");
        }
        for (mime, body) in [
            ("text/html", b"%PDF-1.4".as_slice()),
            ("", b"\x89PNG\r\n"),
            ("text/plain", b"just text <html>"),
            ("application/json", b"{}"),
            ("text/xml", b"<?xml version='1.0'?><rss>"),
        ] {
            assert!(!is_html(mime, body), "{mime}");
        }
    }
}
