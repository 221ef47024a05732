//! Text analysis shared by all stages: one versioned definition each of word, line, n-gram and character counts.

mod blocks;
pub mod domain;
pub mod lines;
pub mod ngrams;
pub mod normal;
pub mod segment;
pub mod sentences;
pub mod words;

use lines::Line;
use unicode_general_category::{GeneralCategory, get_general_category};
use words::Word;

/// Counts over a whole text. Lengths are in Unicode scalar values unless a name says bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Unicode scalar values.
    pub n_chars: usize,
    /// Words (`words/v2`).
    pub n_words: usize,
    /// Scalar values inside words.
    pub n_word_chars: usize,
    /// Words that hold at least one alphabetic scalar value.
    pub n_alphabetic_words: usize,
    /// Lines that are not blank.
    pub n_lines: usize,
}

impl Shape {
    pub(crate) fn of(text: &str, words: &[Word], lines: &[Line]) -> Shape {
        let (mut n_word_chars, mut n_alphabetic_words) = (0, 0);
        for word in words {
            n_word_chars += word.n_chars as usize;
            n_alphabetic_words += usize::from(word.has_alphabetic);
        }
        Shape {
            n_chars: n_chars(text),
            n_words: words.len(),
            n_word_chars,
            n_alphabetic_words,
            n_lines: lines.iter().filter(|line| !line.is_blank()).count(),
        }
    }
}

/// Unicode scalar values in `text`: every byte that does not continue a character starts one.
pub fn n_chars(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.bytes().filter(|byte| (*byte as i8) >= -0x40).count() }
}

/// Whether `c` is a mark that belongs to the character before it (Unicode general category M).
pub fn is_mark(c: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark, SpacingMark};
    // The first mark is U+0300.
    c >= '\u{300}' && matches!(get_general_category(c), NonspacingMark | SpacingMark | EnclosingMark)
}

/// The host part of a URL, without user, port and brackets' surroundings; empty when the URL has no authority.
pub fn host_of(url: &str) -> &str {
    let known = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let Some(rest) = known.or_else(|| url.split_once("://").map(|(_, rest)| rest)) else { return "" };
    let ends = |byte: u8| matches!(byte, b'/' | b'?' | b'#' | b'\\');
    let authority = &rest[..rest.bytes().position(ends).unwrap_or(rest.len())];
    let host = memchr::memrchr(b'@', authority.as_bytes()).map_or(authority, |at| &authority[at + 1..]);
    if host.starts_with('[') {
        return host.find(']').map_or(host, |end| &host[..=end]);
    }
    memchr::memchr(b':', host.as_bytes()).map_or(host, |at| &host[..at])
}

/// The host of a URL as people name a site: in lower case and without `www.`; empty when the URL has none.
pub fn site_of(url: &str) -> String {
    let host = host_of(url).to_ascii_lowercase();
    host.strip_prefix("www.").map(str::to_owned).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_hosts_without_www() {
        assert_eq!(site_of("https://user@WWW.Example.org:80/a"), "example.org");
        assert_eq!(site_of("http://news.example.org"), "news.example.org");
        assert_eq!(site_of("no url"), "");
    }

    #[test]
    fn characters_are_scalar_values() {
        assert_eq!(n_chars("aé漢🙂"), 4);
        assert_eq!(n_chars(""), 0);
    }

    #[test]
    fn marks() {
        assert!(['\u{300}', '\u{93e}', '\u{20dd}', '\u{fe0f}', '\u{e0100}'].into_iter().all(is_mark));
        assert!(!['^', '´', 'é', '漢', '\u{200d}'].into_iter().any(is_mark));
        // What the short way passes over.
        let category = |c: char| format!("{:?}", get_general_category(c));
        assert!(!('\0'..'\u{300}').any(|c| category(c).ends_with("Mark")));
    }

    #[test]
    fn hosts() {
        for (url, host) in [
            ("http://Example.org/a", "Example.org"),
            ("https://user:pw@example.org:8080?q=http://x/", "example.org"),
            ("http://[::1]:80/", "[::1]"),
            ("HTTP://a@b@c.d\\e", "c.d"),
            ("mailto:a@b.c", ""),
            ("http://", ""),
            ("http:///a://b", ""),
            ("ä://ö#ü", "ö"),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }
}
