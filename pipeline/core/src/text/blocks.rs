//! The classes of 64 bytes at once: one bit for each byte, the first byte the lowest.

/// Bytes that are classed at once.
pub(super) const BLOCK: usize = 64;

#[cfg(any(test, not(target_arch = "x86_64")))]
const ONES: u64 = u64::from_le_bytes([1; 8]);
#[cfg(any(test, not(target_arch = "x86_64")))]
const HIGH: u64 = ONES << 7;

/// Which bytes of a block are what. Who asks for one class does not pay for the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Classes {
    /// ASCII letters.
    pub letters: u64,
    /// ASCII letters and digits.
    pub words: u64,
    /// ASCII white space as Unicode has it: the space, and what lies from the tab to the carriage return.
    pub spaces: u64,
    /// Bytes of characters that are not ASCII.
    pub foreign: u64,
}

impl Classes {
    #[inline(always)]
    pub(super) fn of(block: &[u8; BLOCK]) -> Classes {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every processor of this architecture has these instructions.
        let classes = unsafe { sse2::classes_of(block) };
        #[cfg(not(target_arch = "x86_64"))]
        let classes = Classes::anywhere(block);
        classes
    }

    /// As [`Classes::of`], eight bytes at a time.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    fn anywhere(block: &[u8; BLOCK]) -> Classes {
        // The product moves the high bit of each byte to its place in the highest byte.
        let high_bits = |eight: u64| ((eight & HIGH) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        let mut classes = Classes::default();
        for (at, eight) in block.as_chunks::<8>().0.iter().enumerate() {
            let eight = u64::from_le_bytes(*eight);
            // Without their high bits bytes can be added to without carrying into the next: the high bit of
            // `low + 0x80 - first` says whether a byte is at least `first`.
            let low = eight & !HIGH;
            let at_least = |value: u64, first: u8| value + ONES * u64::from(0x80 - first);
            let is_in = |value: u64, first: u8, n: u8| at_least(value, first) & !at_least(value, first + n) & !eight;
            let letters = is_in(low | (ONES * 0x20), b'a', 26);
            let (digits, spaces) = (is_in(low, b'0', 10), is_in(low, b'\t', 5) | is_in(low, b' ', 1));
            classes.letters |= high_bits(letters) << (8 * at);
            classes.words |= high_bits(letters | digits) << (8 * at);
            classes.spaces |= high_bits(spaces) << (8 * at);
            classes.foreign |= high_bits(eight) << (8 * at);
        }
        classes
    }
}

/// The classes of bytes, sixteen at a time.
#[cfg(target_arch = "x86_64")]
mod sse2 {
    use super::{BLOCK, Classes};
    use std::arch::x86_64::{
        __m128i, _mm_add_epi8, _mm_cmpeq_epi8, _mm_cmplt_epi8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x,
        _mm_set1_epi8,
    };

    #[inline]
    #[target_feature(enable = "sse2")]
    pub fn classes_of(block: &[u8; BLOCK]) -> Classes {
        let mut classes = Classes::default();
        for (at, half) in block.as_chunks::<16>().0.iter().enumerate() {
            let all = u128::from_le_bytes(*half);
            let bytes = _mm_set_epi64x((all >> 64) as i64, all as i64);
            let letters = is_in(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), b'a', 26);
            let words = _mm_or_si128(letters, is_in(bytes, b'0', 10));
            let spaces = _mm_or_si128(is_in(bytes, b'\t', 5), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b' ' as i8)));
            classes.letters |= u64::from(_mm_movemask_epi8(letters) as u16) << (16 * at);
            classes.words |= u64::from(_mm_movemask_epi8(words) as u16) << (16 * at);
            classes.spaces |= u64::from(_mm_movemask_epi8(spaces) as u16) << (16 * at);
            classes.foreign |= u64::from(_mm_movemask_epi8(bytes) as u16) << (16 * at);
        }
        classes
    }

    /// Which bytes are one of the `n` from `first` on: moved to the lowest of the signed numbers, one comparison tells.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn is_in(bytes: __m128i, first: u8, n: i8) -> __m128i {
        let moved = _mm_add_epi8(bytes, _mm_set1_epi8(0x80u8.wrapping_sub(first) as i8));
        _mm_cmplt_epi8(moved, _mm_set1_epi8(i8::MIN + n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_classed_as_the_standard_library_does() {
        for byte in 0..=u8::MAX {
            for at in 0..BLOCK {
                let mut bytes = [b'-'; BLOCK];
                bytes[at] = byte;
                let bit = |is_set: bool| u64::from(is_set) << at;
                let expected = Classes {
                    letters: bit(byte.is_ascii_alphabetic()),
                    words: bit(byte.is_ascii_alphanumeric()),
                    spaces: bit(byte.is_ascii() && char::from(byte).is_whitespace()),
                    foreign: bit(!byte.is_ascii()),
                };
                assert_eq!(Classes::of(&bytes), expected, "{byte:#x} at {at}");
                assert_eq!(Classes::anywhere(&bytes), expected, "{byte:#x} at {at}");
            }
        }
    }
}
