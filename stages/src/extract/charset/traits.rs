//! What the bytes themselves say about their encoding.

use encoding_rs::{DecoderResult, Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};
use memchr::memmem;

/// Bytes looked at for patterns and errors; a page does not change its encoding further down.
const MAX_SAMPLE_BYTES: usize = 256 * 1024;

/// What was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trait {
    /// An encoding that can be decoded.
    Encoding(&'static Encoding),
    /// One that cannot, by name.
    Unsupported(&'static str),
}

/// A byte order mark, or the NUL bytes that UTF-16 and UTF-32 put between Latin letters.
pub fn of_marks(bytes: &[u8]) -> Option<Trait> {
    if bytes.starts_with(&[0xFF, 0xFE, 0, 0]) || bytes.starts_with(&[0, 0, 0xFE, 0xFF]) {
        return Some(Trait::Unsupported("utf-32"));
    }
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return Some(Trait::Encoding(encoding));
    }
    let sample = &bytes[..bytes.len().min(1024) / 4 * 4];
    let mut n_nuls = [0usize; 4];
    for (index, _) in sample.iter().enumerate().filter(|(_, byte)| **byte == 0) {
        n_nuls[index % 4] += 1;
    }
    let quarter = sample.len() / 4;
    let many = n_nuls.map(|n| quarter >= 4 && n * 2 > quarter);
    match many {
        [false, true, true, true] | [true, true, true, false] => Some(Trait::Unsupported("utf-32")),
        [false, true, false, true] => Some(Trait::Encoding(UTF_16LE)),
        [true, false, true, false] => Some(Trait::Encoding(UTF_16BE)),
        _ => None,
    }
}

/// Number of non-ASCII characters if all is valid UTF-8 (but for a character cut off at the end).
pub fn valid_utf8_characters(bytes: &[u8]) -> Option<usize> {
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    Some(valid.bytes().filter(|byte| *byte >= 0xC0).count())
}

/// Encodings that switch alphabets by escapes and so consist of ASCII bytes.
pub fn of_escapes(bytes: &[u8]) -> Option<Trait> {
    let has = |escape: &[u8]| memmem::find(bytes, escape).is_some();
    if has(b"\x1b$)C") {
        return Some(Trait::Unsupported("iso-2022-kr"));
    }
    if has(b"\x1b$)A") || has(b"\x1b$)G") {
        return Some(Trait::Unsupported("iso-2022-cn"));
    }
    (has(b"\x1b$B") || has(b"\x1b$@") || has(b"\x1b(J")).then_some(Trait::Encoding(ISO_2022_JP))
}

/// Share of malformed sequences among the non-ASCII bytes of a sample.
pub fn malformed_share(bytes: &[u8], encoding: &'static Encoding) -> f32 {
    let sample = &bytes[..bytes.len().min(MAX_SAMPLE_BYTES)];
    let n_high = sample.iter().filter(|byte| **byte >= 0x80).count();
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut buffer = [0u8; 4096];
    let mut rest = sample;
    let mut n_malformed = 0;
    loop {
        let (result, n_read, _) = decoder.decode_to_utf8_without_replacement(rest, &mut buffer, false);
        rest = &rest[n_read..];
        match result {
            DecoderResult::Malformed(..) => n_malformed += 1,
            DecoderResult::OutputFull => {}
            DecoderResult::InputEmpty => break,
        }
    }
    // UTF-8 spends two bytes or more on each character, which makes an error weigh more.
    let n_units = if encoding == UTF_8 { n_high / 2 } else { n_high };
    n_malformed as f32 / n_units.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{GBK, SHIFT_JIS};

    fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes_of).collect()
    }

    #[test]
    fn wide_encodings_show_by_their_nul_bytes() {
        let page = "<html><body><p>Some text</p></body></html>";
        assert_eq!(of_marks(&utf16(page, u16::to_le_bytes)), Some(Trait::Encoding(UTF_16LE)));
        assert_eq!(of_marks(&utf16(page, u16::to_be_bytes)), Some(Trait::Encoding(UTF_16BE)));
        let utf32: Vec<u8> = page.chars().flat_map(|letter| (letter as u32).to_be_bytes()).collect();
        assert_eq!(of_marks(&utf32), Some(Trait::Unsupported("utf-32")));
        assert_eq!(of_marks(b"\xff\xfe\0\0<\0\0\0"), Some(Trait::Unsupported("utf-32")));
        assert_eq!(of_marks(b"\xef\xbb\xbfx"), Some(Trait::Encoding(UTF_8)));
        assert_eq!(of_marks(b"a\0b few nul bytes\0 in a text of one byte each"), None);
        assert_eq!(of_marks(b""), None);
    }

    #[test]
    fn a_character_cut_off_at_the_end_is_still_utf8() {
        assert_eq!(valid_utf8_characters("aäö".as_bytes()), Some(2));
        assert_eq!(valid_utf8_characters(&"aäö".as_bytes()[..4]), Some(1));
        assert_eq!(valid_utf8_characters(b"a\xe4b"), None);
    }

    #[test]
    fn errors_are_counted() {
        let (bytes, ..) = SHIFT_JIS.encode("これは日本語のテキストです");
        assert_eq!(malformed_share(&bytes, SHIFT_JIS), 0.0);
        assert!(malformed_share(&bytes, UTF_8) > 0.5);
        assert!(malformed_share(&b"caf\xe9 ".repeat(9_000), GBK) > 0.9);
        assert_eq!(malformed_share(b"", UTF_8), 0.0);
    }

    #[test]
    fn escapes_name_their_encoding() {
        assert_eq!(of_escapes(b"plain"), None);
        assert_eq!(of_escapes(b"\x1b$BF|K\\\x1b(B"), Some(Trait::Encoding(ISO_2022_JP)));
        assert_eq!(of_escapes(b"\x1b$)C\x0e!!"), Some(Trait::Unsupported("iso-2022-kr")));
    }
}
