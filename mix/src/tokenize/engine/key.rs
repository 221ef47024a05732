//! Short pieces as numbers: up to 15 bytes and their length in 16 bytes, compared and hashed without a loop.

/// Bytes of the longest piece that is a short key.
pub const SHORT: usize = 15;

/// A piece of at most [`SHORT`] bytes: the bytes, zeros, and the length in the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub u64, pub u64);

impl Key {
    /// Equal to no piece: pieces are not empty.
    pub const NONE: Key = Key(0, 0);

    /// Key of the `n <= SHORT` bytes from `start` on.
    #[inline(always)]
    pub fn new(bytes: &[u8], start: usize, n: usize) -> Key {
        let (low, high) = sixteen(bytes, start, n);
        let mask = MASKS[n & 15];
        Key(low & mask.0, high & mask.1 | (n as u64) << 56)
    }

    /// A hash whose high bits depend on all of the key: both words multiplied, and the product folded.
    #[inline(always)]
    pub fn hash(self) -> u64 {
        let product =
            u128::from(self.0 ^ 0x9E37_79B9_7F4A_7C15) * u128::from(self.1 ^ 0xC2B2_AE3D_27D4_EB4F);
        product as u64 ^ (product >> 64) as u64
    }
}

/// Masks of the first `n` of 16 bytes.
const MASKS: [(u64, u64); 16] = {
    let mut masks = [(0, 0); 16];
    let mut n = 0;
    while n < 16 {
        let all = (1u128 << (8 * n)) - 1;
        masks[n] = (all as u64, (all >> 64) as u64);
        n += 1;
    }
    masks
};

/// The 16 bytes from `start` on; near the end of the text only the first `n` of them, and zeros.
#[inline(always)]
pub fn sixteen(bytes: &[u8], start: usize, n: usize) -> (u64, u64) {
    let all = match bytes.get(start..).and_then(|rest| rest.first_chunk()) {
        Some(chunk) => u128::from_le_bytes(*chunk),
        None => padded(bytes, start, n),
    };
    (all as u64, (all >> 64) as u64)
}

#[cold]
fn padded(bytes: &[u8], start: usize, n: usize) -> u128 {
    let piece = bytes.get(start..start + n).unwrap_or_default();
    piece.iter().rev().fold(0, |all, byte| all << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hold_the_bytes_and_nothing_else() {
        let text = b"the quick brown fox";
        for n in 1..=SHORT {
            let within = Key::new(text, 2, n);
            let mut other = [0xEE; 40];
            other[..n].copy_from_slice(&text[2..2 + n]);
            assert_eq!(within, Key::new(&other, 0, n));
            assert_eq!(within, Key::new(&text[2..2 + n], 0, n), "at the end of the text");
            assert_ne!(within, Key::new(text, 3, n));
            let bytes = [within.0.to_le_bytes(), within.1.to_le_bytes()].concat();
            assert_eq!((&bytes[..n], usize::from(bytes[15])), (&text[2..2 + n], n));
            assert!(bytes[n..15].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn a_zero_byte_is_not_nothing() {
        assert_ne!(Key::new(b"a\0\0", 0, 1), Key::new(b"a\0\0", 0, 2));
        assert_ne!(Key::new(b"\0", 0, 1), Key::NONE);
    }
}
