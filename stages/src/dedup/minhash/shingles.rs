//! Shingles: every run of n normal words (or characters) of a text, as a 32-bit hash.
//!
//! A normal word is a word of the shared split (`words/v1`) in lower case with nothing but its letters and digits; a word
//! without any is none. Each character of a script that is written without spaces is a word by itself, because whole
//! sentences would be.

use tokenmill_core::Doc;
use tokenmill_core::hash::hash64;

/// What shingles are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Normal words.
    Word,
    /// Characters of normal words, with one space between words.
    Char,
}

/// Which shingles are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shingles {
    /// Words or characters.
    pub unit: Unit,
    /// How many of them.
    pub n: usize,
}

/// Multiplies the hash of a run when it moves on by one (from PCG, the 64-bit linear congruential generator).
const STEP: u64 = 6_364_136_223_846_793_005;

/// Buffers for one document.
#[derive(Default)]
pub struct Buffers {
    /// One hash for every unit.
    units: Vec<u64>,
    /// A normal word that does not lie in the text as it is.
    word: String,
}

impl Shingles {
    /// Adds the shingles of the first `max_bytes` bytes of the text, as often as they occur, in order.
    pub fn of(&self, doc: &Doc<'_>, max_bytes: usize, buffers: &mut Buffers, out: &mut Vec<u32>) {
        let Buffers { units, word: normal } = buffers;
        units.clear();
        for word in doc.words() {
            if word.end as usize > max_bytes {
                break;
            }
            let word = doc.word(word);
            match self.unit {
                Unit::Word => push_word(word, normal, units),
                Unit::Char => push_chars(word, normal, units),
            }
        }
        roll(units, self.n, out);
    }
}

/// Adds the hash of a normal word.
fn push_word(word: &str, normal: &mut String, units: &mut Vec<u64>) {
    if let Some(hash) = short_ascii(word.as_bytes()) {
        units.push(hash);
        return;
    }
    normal.clear();
    for c in word.chars() {
        if is_unspaced(c) {
            push_hash(normal, units);
            units.push(hash64(0, c.encode_utf8(&mut [0; 4]).as_bytes()));
        } else if c.is_ascii_alphanumeric() {
            normal.push(c.to_ascii_lowercase());
        } else if c.is_alphanumeric() {
            normal.extend(c.to_lowercase());
        }
    }
    push_hash(normal, units);
}

/// Adds the hash of what has been gathered, if there is anything.
fn push_hash(normal: &mut String, units: &mut Vec<u64>) {
    if !normal.is_empty() {
        units.push(short_ascii(normal.as_bytes()).unwrap_or_else(|| hash64(0, normal.as_bytes())));
        normal.clear();
    }
}

/// Most words have few letters: their hash without a call, if they are one to eight ASCII letters and digits.
fn short_ascii(word: &[u8]) -> Option<u64> {
    if word.is_empty() || word.len() > 8 {
        return None;
    }
    let mut eight = [b'0'; 8];
    eight[..word.len()].copy_from_slice(word);
    let eight = u64::from_le_bytes(eight);
    if !all_alphanumeric(eight) {
        return None;
    }
    // This makes letters lower case and leaves digits as they are; the length tells `a` from `a0`.
    let lower = eight | u64::from_le_bytes([0x20; 8]);
    Some(mix(lower ^ (word.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// Whether eight bytes are ASCII letters and digits.
fn all_alphanumeric(eight: u64) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let low = eight & !HIGH;
    // For bytes without their high bit: the high bit of `low + 0x80 - first` says whether a byte is at least `first`.
    let at_least = |value: u64, first: u8| value + ONES * u64::from(0x80 - first);
    let letters = low | ONES * 0x20;
    let is_letter = at_least(letters, b'a') & !at_least(letters, b'z' + 1);
    let is_digit = at_least(low, b'0') & !at_least(low, b'9' + 1);
    (is_letter | is_digit) & !eight & HIGH == HIGH
}

/// A bijection of 64 bits in which every bit depends on every other (the finaliser of MurmurHash3).
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    x = (x ^ (x >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}

/// Adds a hash for every character of a normal word, and one for the space behind the word before.
fn push_chars(word: &str, normal: &mut String, units: &mut Vec<u64>) {
    normal.clear();
    for c in word.chars().filter(|c| c.is_alphanumeric()) {
        normal.extend(c.to_lowercase());
    }
    if !normal.is_empty() && !units.is_empty() {
        units.push(mix(u64::from(b' ')));
    }
    units.extend(normal.chars().map(|c| mix(u64::from(u32::from(c)))));
}

/// Adds the hash of every run of `n` units: a polynomial in [`STEP`], which moves on in two multiplications.
fn roll(units: &[u64], n: usize, out: &mut Vec<u32>) {
    if n == 0 || units.len() < n {
        return;
    }
    let leaves = (0..n).fold(1u64, |power, _| power.wrapping_mul(STEP));
    let mut run = units[..n].iter().fold(0u64, |run, unit| run.wrapping_mul(STEP).wrapping_add(*unit));
    out.reserve(units.len() - n + 1);
    out.push((mix(run) >> 32) as u32);
    for (first, next) in units.iter().zip(&units[n..]) {
        run = run.wrapping_mul(STEP).wrapping_add(*next).wrapping_sub(first.wrapping_mul(leaves));
        out.push((mix(run) >> 32) as u32);
    }
}

/// Whether a character belongs to a script that is written without spaces between words: Han, Kana, Thai, Lao, Myanmar,
/// Khmer, Tibetan.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0e00..=0x0fff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x2e80..=0x2fdf | 0x3005..=0x3007 | 0x3040..=0x30ff
        | 0x31f0..=0x31ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xa9e0..=0xa9ff | 0xaa60..=0xaa7f | 0xf900..=0xfaff
        | 0xff66..=0xff9f | 0x2_0000..=0x3_ffff)
        && c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::{Analysis, Document};

    fn shingles(unit: Unit, n: usize, text: &str) -> Vec<u32> {
        let document = Document { text: text.into(), ..Document::default() };
        let mut out = Vec::new();
        Shingles { unit, n }.of(&Doc::new(&document, &Analysis::default()), 1 << 20, &mut Buffers::default(), &mut out);
        out
    }

    #[test]
    fn case_and_punctuation_do_not_matter() {
        let same = shingles(Unit::Word, 3, "The quick, brown FOX jumps — over");
        assert_eq!(same.len(), 4);
        assert_eq!(same, shingles(Unit::Word, 3, "the (quick) brown fox: jumps over!"));
        assert_ne!(same, shingles(Unit::Word, 3, "the quick brown dog jumps over"));
        assert_eq!(
            shingles(Unit::Word, 1, "Straße Extraordinarily x-y"),
            shingles(Unit::Word, 1, "STRAßE eXtraordinarily xy")
        );
    }

    #[test]
    fn short_words_have_one_hash_however_they_are_read() {
        let one = |text: &str| shingles(Unit::Word, 1, text)[0];
        for (as_it_lies, gathered) in [("abc", "a.bc"), ("Z9", "«z9»"), ("abcdefgh", "ABCD'EFGH"), ("0", "0.")] {
            assert_eq!(one(as_it_lies), one(gathered), "{as_it_lies}");
        }
        let words = ["a", "a0", "a00", "0a", "00a", "aa"];
        let hashes: std::collections::BTreeSet<u32> = words.into_iter().map(one).collect();
        assert_eq!(hashes.len(), words.len());
    }

    #[test]
    fn every_byte_is_classed_as_the_standard_library_does() {
        for byte in 0..=u8::MAX {
            for at in 0..8 {
                let mut bytes = [b'x'; 8];
                bytes[at] = byte;
                assert_eq!(
                    all_alphanumeric(u64::from_le_bytes(bytes)),
                    byte.is_ascii_alphanumeric(),
                    "{byte:#x} at {at}"
                );
            }
        }
    }

    #[test]
    fn texts_without_spaces_are_compared_by_their_characters() {
        assert_eq!(shingles(Unit::Word, 5, "今日は良い天気ですね。").len(), 6);
        assert_eq!(shingles(Unit::Word, 1, "abc漢字def").len(), 4);
    }

    #[test]
    fn characters_are_those_of_the_normal_text() {
        assert_eq!(shingles(Unit::Char, 4, "Ab, c"), shingles(Unit::Char, 4, "ab  C!"));
        assert_eq!(shingles(Unit::Char, 4, "ab c").len(), 1);
        assert_ne!(shingles(Unit::Char, 4, "ab c"), shingles(Unit::Char, 4, "a bc"));
    }

    #[test]
    fn rolling_is_the_same_as_beginning_anew() {
        let units: Vec<u64> = (0..40).map(mix).collect();
        for n in [1, 2, 5, 24] {
            let (mut rolled, mut anew) = (Vec::new(), Vec::new());
            roll(&units, n, &mut rolled);
            units.windows(n).for_each(|run| roll(run, n, &mut anew));
            assert_eq!(rolled, anew);
        }
        assert!(shingles(Unit::Word, 5, "four words are few").is_empty());
    }

    #[test]
    fn hashes_are_frozen() {
        assert_eq!(shingles(Unit::Word, 2, "To be, or Naïve 字"), FROZEN);
    }

    const FROZEN: [u32; 4] = [0; 4];
}
