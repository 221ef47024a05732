//! Single-byte encodings that UTF-8 is most often read as by mistake, backwards: from characters to bytes.

use encoding_rs::{
    Encoding, MACINTOSH, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1257,
};
use std::sync::LazyLock;

/// The encodings, the most frequent mistake first.
const ENCODINGS: [&Encoding; 7] =
    [WINDOWS_1252, WINDOWS_1251, WINDOWS_1250, WINDOWS_1254, WINDOWS_1253, WINDOWS_1257, MACINTOSH];

/// One encoding: its characters beyond ASCII and their bytes, sorted.
pub(super) struct Codec(Vec<(char, u8)>);

/// All encodings.
pub(super) static CODECS: LazyLock<[Codec; 7]> = LazyLock::new(|| ENCODINGS.map(Codec::new));

impl Codec {
    fn new(encoding: &'static Encoding) -> Codec {
        let character = |byte: u8| {
            let decoded = encoding.decode_without_bom_handling(&[byte]).0.chars().next();
            decoded.filter(|c| *c != char::REPLACEMENT_CHARACTER).map(|c| (c, byte))
        };
        let mut pairs: Vec<(char, u8)> = (0x80..=u8::MAX).filter_map(character).collect();
        // Where an encoding has no character, careless programs put the control character of the same number.
        pairs.extend((0x80..=0x9f).map(|byte| (char::from(byte), byte)));
        pairs.sort_unstable();
        pairs.dedup_by_key(|(c, _)| *c);
        Codec(pairs)
    }

    /// The byte of a character beyond ASCII.
    pub(super) fn byte(&self, c: char) -> Option<u8> {
        self.0.binary_search_by_key(&c, |(other, _)| *other).ok().map(|at| self.0[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_the_bytes_they_are_read_from() {
        let [western, cyrillic, ..] = &*CODECS;
        assert_eq!(western.byte('é'), Some(0xe9));
        assert_eq!(western.byte('€'), Some(0x80));
        assert_eq!(western.byte('\u{81}'), Some(0x81));
        assert_eq!(western.byte('ж'), None);
        assert_eq!(cyrillic.byte('ж'), Some(0xe6));
        assert_eq!(CODECS[6].byte('√'), Some(0xc3));
    }
}
