//! `normal_words/v1`: a normal word is a maximal run of letters, digits and marks, in lower case; each character of a script
//! that is written without spaces is a word by itself, because whole sentences would be.
//!
//! Such words are what texts are compared by: case, punctuation and white space do not matter. They are hashed as they are
//! found, eight bytes at a time, and shared by all stages of a segment.

use super::segment::is_unspaced;
use super::words::ascii::load;
use crate::hash::hash64;
use std::ops::Range;
use std::sync::LazyLock;
use unicode_general_category::{GeneralCategory, get_general_category};

#[cfg(any(test, not(target_arch = "x86_64")))]
const ONES: u64 = u64::from_le_bytes([1; 8]);
#[cfg(any(test, not(target_arch = "x86_64")))]
const HIGH: u64 = ONES << 7;
/// Makes ASCII letters lower case, and leaves digits as they are.
const LOWER: u64 = u64::from_le_bytes([0x20; 8]);

/// Bytes that are classed at once.
const BLOCK: usize = 64;

/// Adds a hash for every normal word of `text`, in order.
pub fn hash_normal_words(text: &str, out: &mut Vec<u64>) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2")
        && std::arch::is_x86_feature_detected!("bmi1")
        && std::arch::is_x86_feature_detected!("bmi2")
    {
        // SAFETY: the processor has the instructions that the function is compiled for.
        return unsafe { hash_avx2(text, out) };
    }
    hash_anywhere(text, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn hash_avx2(text: &str, out: &mut Vec<u64>) {
    hash_anywhere(text, out);
}

/// The same for all processors: the compiler makes of it what it may.
#[inline(always)]
fn hash_anywhere(text: &str, out: &mut Vec<u64>) {
    let bytes = text.as_bytes();
    let mut slow = String::new();
    let mut at = 0;
    // No word is being read whenever this begins anew.
    while at < bytes.len() {
        let block = bytes.get(at..).and_then(|rest| rest.first_chunk());
        let n_done = block.map_or(0, |block| hash_block(bytes, at, block, out));
        at = if n_done > 0 { at + n_done } else { decode_words(text, at, &mut slow, out) };
    }
}

/// Adds the words that end inside a block, before its first character that is not ASCII; says how many bytes are done.
#[inline(always)]
fn hash_block(bytes: &[u8], at: usize, block: &[u8; BLOCK], out: &mut Vec<u64>) -> usize {
    let (mut words, foreign) = classes_of(block);
    let end = foreign.trailing_zeros() as usize;
    words &= u64::MAX.checked_shr((BLOCK - end) as u32).unwrap_or(0);
    while words != 0 {
        let start = words.trailing_zeros() as usize;
        let n = (!(words >> start)).trailing_zeros() as usize;
        if start + n >= end {
            // It may go on.
            return start;
        }
        out.push(hash_ascii(bytes, at + start, n));
        words = words >> (start + n) << (start + n);
    }
    end
}

/// One bit for every byte that is an ASCII letter or digit, and one for every byte that is not ASCII.
#[inline(always)]
fn classes_of(block: &[u8; BLOCK]) -> (u64, u64) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every processor of this architecture has these instructions.
    let classes = unsafe { sse2::classes_of(block) };
    #[cfg(not(target_arch = "x86_64"))]
    let classes = classes_anywhere(block);
    classes
}

/// As [`classes_of`], eight bytes at a time.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn classes_anywhere(block: &[u8; BLOCK]) -> (u64, u64) {
    // The product moves the high bit of each byte to its place in the highest byte.
    let high_bits = |eight: u64| ((eight & HIGH) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    let (mut words, mut foreign) = (0, 0);
    for (at, eight) in block.as_chunks::<8>().0.iter().enumerate() {
        let eight = u64::from_le_bytes(*eight);
        words |= high_bits(letters_and_digits(eight)) << (8 * at);
        foreign |= high_bits(eight) << (8 * at);
    }
    (words, foreign)
}

/// The classes of bytes, sixteen at a time.
#[cfg(target_arch = "x86_64")]
mod sse2 {
    use super::BLOCK;
    use std::arch::x86_64::{
        __m128i, _mm_add_epi8, _mm_cmplt_epi8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
    };

    #[inline]
    #[target_feature(enable = "sse2")]
    pub fn classes_of(block: &[u8; BLOCK]) -> (u64, u64) {
        let (mut words, mut foreign) = (0, 0);
        for (at, half) in block.as_chunks::<16>().0.iter().enumerate() {
            let all = u128::from_le_bytes(*half);
            let bytes = _mm_set_epi64x((all >> 64) as i64, all as i64);
            let lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
            let is_word = _mm_or_si128(is_in(lower, b'a', 26), is_in(bytes, b'0', 10));
            words |= u64::from(_mm_movemask_epi8(is_word) as u16) << (16 * at);
            foreign |= u64::from(_mm_movemask_epi8(bytes) as u16) << (16 * at);
        }
        (words, foreign)
    }

    /// Which bytes are one of the `n` from `first` on: moved to the lowest of the signed numbers, one comparison tells.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn is_in(bytes: __m128i, first: u8, n: i8) -> __m128i {
        let moved = _mm_add_epi8(bytes, _mm_set1_epi8(0x80u8.wrapping_sub(first) as i8));
        _mm_cmplt_epi8(moved, _mm_set1_epi8(i8::MIN + n))
    }
}

/// The hash of `n` ASCII letters and digits, of which there is at least one.
#[inline(always)]
fn hash_ascii(bytes: &[u8], mut at: usize, mut n: usize) -> u64 {
    let mut hash = Hash::new();
    while n > 8 {
        hash.chunk(load(bytes, at) | LOWER);
        (at, n) = (at + 8, n - 8);
    }
    hash.chunk((load(bytes, at) | LOWER) & (u64::MAX >> (64 - 8 * n)));
    hash.finish(n)
}

/// Adds the byte range of every normal word of `text`, in the order of their hashes: for the few texts of which it must be
/// known where the words are.
pub fn locate_normal_words(text: &str, out: &mut Vec<Range<usize>>) {
    let mut word: Option<Range<usize>> = None;
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        match (class(c), &mut word) {
            (Class::Letter(_) | Class::Other | Class::Mark, Some(word)) => word.end = end,
            (Class::Letter(_) | Class::Other, None) => word = Some(start..end),
            (Class::Mark, None) => {}
            (ended, _) => {
                out.extend(word.take());
                out.extend(matches!(ended, Class::Unspaced).then_some(start..end));
            }
        }
    }
    out.extend(word);
}

/// Reads words from byte `start` on, character by character, until one has ended and ASCII follows; says where to go on.
fn decode_words(text: &str, start: usize, word: &mut String, out: &mut Vec<u64>) -> usize {
    word.clear();
    for (at, c) in text[start..].char_indices() {
        match class(c) {
            Class::Letter(lower) => word.push(lower),
            Class::Other => word.extend(c.to_lowercase()),
            Class::Mark if !word.is_empty() => word.push(c),
            ended => {
                flush(word, out);
                word.clear();
                if matches!(ended, Class::Unspaced) {
                    out.push(hash64(0, c.encode_utf8(&mut [0; 4]).as_bytes()));
                }
                let next = start + at + c.len_utf8();
                if text.as_bytes().get(next).is_none_or(u8::is_ascii) {
                    return next;
                }
            }
        }
    }
    flush(word, out);
    text.len()
}

/// Adds the hash of what has been gathered, if there is anything.
fn flush(word: &str, out: &mut Vec<u64>) {
    let mut rest = word.as_bytes();
    if rest.is_empty() {
        return;
    }
    let mut hash = Hash::new();
    while let Some((chunk, more)) = rest.split_first_chunk().filter(|(_, more)| !more.is_empty()) {
        hash.chunk(u64::from_le_bytes(*chunk));
        rest = more;
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    hash.chunk(u64::from_le_bytes(last));
    out.push(hash.finish(rest.len()));
}

/// What a character does to the word in hand.
#[derive(Clone, Copy)]
enum Class {
    /// Adds this letter or digit.
    Letter(char),
    /// Adds more than one character in lower case.
    Other,
    /// Adds itself, inside a word only.
    Mark,
    /// Is a word by itself.
    Unspaced,
    /// Ends the word.
    Gap,
}

/// The classes of the characters that have up to two bytes: Latin, Greek, Cyrillic, Hebrew, Arabic and others.
static CLASSES: LazyLock<Vec<Class>> =
    LazyLock::new(|| (0..0x800).map(|c| look_up(char::from_u32(c).unwrap_or(' '))).collect());

fn class(c: char) -> Class {
    CLASSES.get(c as usize).copied().unwrap_or_else(|| look_up(c))
}

fn look_up(c: char) -> Class {
    if is_unspaced(c) {
        return Class::Unspaced;
    }
    if c.is_alphanumeric() {
        let mut lower = c.to_lowercase();
        return match (lower.next(), lower.next()) {
            (Some(lower), None) => Class::Letter(lower),
            _ => Class::Other,
        };
    }
    use GeneralCategory::{EnclosingMark, NonspacingMark, SpacingMark};
    match get_general_category(c) {
        NonspacingMark | SpacingMark | EnclosingMark => Class::Mark,
        _ => Class::Gap,
    }
}

/// The hash of a word from its bytes in chunks of eight, the last of which has one to eight.
struct Hash(u64);

impl Hash {
    fn new() -> Hash {
        Hash(0x243f_6a88_85a3_08d3)
    }

    #[inline(always)]
    fn chunk(&mut self, eight: u64) {
        let mixed = (self.0 ^ eight).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    /// The length of the last chunk tells `a` from `a` with a zero byte.
    #[inline(always)]
    fn finish(self, n_tail: usize) -> u64 {
        let mixed = self.0.wrapping_add(n_tail as u64).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed ^ (mixed >> 29)
    }
}

/// A bijection of 64 bits in which every bit depends on every other (the finaliser of MurmurHash3).
#[inline(always)]
pub fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    x = (x ^ (x >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}

/// The high bit of every byte that is an ASCII letter or digit.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn letters_and_digits(eight: u64) -> u64 {
    // Without their high bits bytes can be added to without carrying into the next: the high bit of
    // `low + 0x80 - first` says whether a byte is at least `first`.
    let low = eight & !HIGH;
    let at_least = |value: u64, first: u8| value + ONES * u64::from(0x80 - first);
    let folded = low | LOWER;
    let is_letter = at_least(folded, b'a') & !at_least(folded, b'z' + 1);
    let is_digit = at_least(low, b'0') & !at_least(low, b'9' + 1);
    (is_letter | is_digit) & !eight & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(text: &str) -> Vec<u64> {
        let mut out = Vec::new();
        hash_normal_words(text, &mut out);
        out
    }

    /// The definition, one character after the other.
    fn words(text: &str) -> Vec<String> {
        let (mut words, mut word) = (Vec::new(), String::new());
        for c in text.chars().chain([' ']) {
            match class(c) {
                Class::Letter(lower) => word.push(lower),
                Class::Other => word.extend(c.to_lowercase()),
                Class::Mark if !word.is_empty() => word.push(c),
                other => {
                    words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
                    words.extend(matches!(other, Class::Unspaced).then(|| c.to_string()));
                }
            }
        }
        words
    }

    #[test]
    fn words_are_runs_of_letters_digits_and_marks() {
        for (text, expected) in [
            ("The quick-brown FOX's 42nd, e_mail!", "the quick brown fox s 42nd e mail"),
            ("Größe ÇA naïve (Ärger)", "größe ça naïve ärger"),
            ("İstanbul", "i\u{307}stanbul"),
            ("cafe\u{301} \u{301}x", "cafe\u{301} x"),
            ("हिन्दी भाषा", "हिन्दी भाषा"),
            ("abc漢字def 今日は。", "abc 漢 字 def 今 日 は"),
            ("ПРИВЕТ, мир", "привет мир"),
            ("— … !", ""),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text:?}");
        }
    }

    #[test]
    fn random_texts_are_hashed_as_their_words_are() {
        const CHARS: [char; 16] =
            ['a', 'Z', '7', '-', ' ', '\n', 'é', 'É', '漢', '\u{2003}', '\u{301}', '🙂', 'İ', 'x', 'q', 'B'];
        for seed in 0..2_000u64 {
            let text: String = (0..hash64(seed, b"n") % 60)
                .map(|at| CHARS[(hash64(seed, &at.to_le_bytes()) % CHARS.len() as u64) as usize])
                .collect();
            let expected: Vec<u64> = words(&text)
                .iter()
                .map(|word| match word.chars().next().filter(|c| is_unspaced(*c)) {
                    Some(_) => hash64(0, word.as_bytes()),
                    None => hashes(word)[0],
                })
                .collect();
            assert_eq!(hashes(&text), expected, "{text:?}");
            let mut ranges = Vec::new();
            locate_normal_words(&text, &mut ranges);
            assert_eq!(ranges.iter().flat_map(|range| hashes(&text[range.clone()])).collect::<Vec<_>>(), expected);
            assert_eq!(ranges.len(), expected.len(), "{text:?}");
        }
    }

    #[test]
    fn every_processor_finds_the_same() {
        let text = "Some words, naïve ones and 漢字, of every kind; ".repeat(20);
        let mut anywhere = Vec::new();
        hash_anywhere(&text, &mut anywhere);
        assert_eq!(hashes(&text), anywhere);
    }

    #[test]
    fn words_that_differ_have_hashes_that_differ() {
        let words = ["a", "a0", "a00", "0a", "aa", "abcdefgh", "abcdefg", "abcdefghi", "h", "é", "e"];
        let different: std::collections::BTreeSet<u64> = words.into_iter().map(|word| hashes(word)[0]).collect();
        assert_eq!(different.len(), words.len());
        // A word has one hash whether it is read eight bytes at a time or character by character.
        assert_eq!(hashes("abcdefghijk漢")[0], hashes("ABCDEFGHIJK")[0]);
        assert_eq!(hashes("abcdefgh\u{2003}")[0], hashes("abcdefgh")[0]);
    }

    #[test]
    fn every_byte_is_classed_as_the_standard_library_does() {
        for byte in 0..=u8::MAX {
            for at in 0..BLOCK {
                let mut bytes = [b'-'; BLOCK];
                bytes[at] = byte;
                let bit = |is_set: bool| u64::from(is_set) << at;
                let expected = (bit(byte.is_ascii_alphanumeric()), bit(!byte.is_ascii()));
                assert_eq!(classes_of(&bytes), expected, "{byte:#x} at {at}");
                assert_eq!(classes_anywhere(&bytes), expected, "{byte:#x} at {at}");
            }
        }
    }

    #[test]
    fn hashes_are_frozen() {
        assert_eq!(hashes("To be, naïvely extraordinary 字"), FROZEN);
    }

    const FROZEN: [u64; 5] = [
        554_068_538_882_072_144,
        13_540_021_467_180_193_448,
        2_959_908_935_886_644_642,
        13_408_377_082_920_394_135,
        10_106_998_871_491_330_753,
    ];
}
