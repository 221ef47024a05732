//! The byte-level alphabet of GPT-2: every byte has one printable character, so that tokens can be written as text.
//!
//! Source: `bytes_to_unicode` of the GPT-2 release. Bytes that print in Latin-1 stand for themselves, the other 68
//! take the code points from U+0100 on, in order of their value.

/// The character that stands for a byte.
pub fn char_of(byte: u8) -> char {
    match byte {
        b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF => char::from(byte),
        0x00..=0x20 => shifted(u32::from(byte)),
        0x7F..=0xA0 => shifted(u32::from(byte) - 0x7F + 33),
        0xAD => shifted(67),
    }
}

/// The byte a character stands for; `None` outside the alphabet.
pub fn byte_of(character: char) -> Option<u8> {
    let code = u32::from(character);
    let byte = match code {
        0x100..=0x120 => code - 0x100,
        0x121..=0x142 => code - 0x121 + 0x7F,
        0x143 => 0xAD,
        _ => code,
    };
    u8::try_from(byte).ok().filter(|byte| char_of(*byte) == character)
}

/// A token's bytes as text.
pub fn write(token: &[u8]) -> String {
    token.iter().map(|byte| char_of(*byte)).collect()
}

/// Inverse of [`write`]; `None` when a character is outside the alphabet.
pub fn read(text: &str) -> Option<Vec<u8>> {
    text.chars().map(byte_of).collect()
}

fn shifted(index: u32) -> char {
    char::from_u32(0x100 + index).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_own_character() {
        let characters: std::collections::BTreeSet<char> = (0..=255).map(char_of).collect();
        assert_eq!(characters.len(), 256);
        assert!((0..=255u8).all(|byte| byte_of(char_of(byte)) == Some(byte)));
    }

    #[test]
    fn known_characters_of_the_release() {
        assert_eq!((char_of(b' '), char_of(b'\n'), char_of(b'a')), ('Ġ', 'Ċ', 'a'));
        assert_eq!((char_of(0x7F), char_of(0xA0), char_of(0xAD)), ('ġ', 'ł', 'Ń'));
        assert_eq!(read("Ġthe"), Some(b" the".to_vec()));
        assert_eq!(write(" é".as_bytes()), "ĠÃ©");
    }

    #[test]
    fn characters_outside_the_alphabet_are_refused() {
        assert_eq!(read("a b"), None);
        assert_eq!(read("▁the"), None);
    }
}
