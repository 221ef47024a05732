//! The hash of fastText: 32-bit FNV-1a over *signed* bytes.
//!
//! Bytes of 0x80 and above are sign-extended before the exclusive or. That began as an accident of `char` and is now
//! part of the format: every published model was trained with it.

/// The hash of no bytes.
pub(super) const EMPTY: u32 = 2_166_136_261;

/// The hash of what was hashed so far, followed by `byte`.
#[inline]
pub(super) fn push(hash: u32, byte: u8) -> u32 {
    (hash ^ (byte as i8 as i32 as u32)).wrapping_mul(16_777_619)
}

/// The hash of a whole word.
#[inline]
pub(super) fn word(bytes: &[u8]) -> u32 {
    bytes.iter().fold(EMPTY, |hash, byte| push(hash, *byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_is_plain_fnv_1a() {
        assert_eq!(word(b""), 0x811c_9dc5);
        assert_eq!(word(b"a"), 0xe40c_292c);
        assert_eq!(word(b"foobar"), 0xbf9c_f968);
    }

    #[test]
    fn high_bytes_are_sign_extended() {
        let plain = (EMPTY ^ 0xc3).wrapping_mul(16_777_619);
        assert_ne!(word(&[0xc3]), plain);
        assert_eq!(word(&[0xc3]), (EMPTY ^ 0xffff_ffc3).wrapping_mul(16_777_619));
    }
}
