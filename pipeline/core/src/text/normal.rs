//! `normal_words/v1`: a normal word is a maximal run of letters, digits and marks, in lower case; each character of a script
//! that is written without spaces is a word by itself, because whole sentences would be.
//!
//! Such words are what texts are compared by: case, punctuation and white space do not matter. They are hashed as they are
//! found, eight bytes at a time, and shared by all stages of a segment.

use super::blocks::{BLOCK, Classes};
use super::is_mark;
use super::segment::is_unspaced;
use super::words::ascii::load;
use crate::hash::hash64;
use std::ops::Range;
use std::sync::LazyLock;

/// Makes ASCII letters lower case, and leaves digits as they are.
const LOWER: u64 = u64::from_le_bytes([0x20; 8]);

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
    let Classes { mut words, foreign, .. } = Classes::of(block);
    let end = foreign.trailing_zeros() as usize;
    words &= u64::MAX.checked_shr((BLOCK - end) as u32).unwrap_or(0);
    while words != 0 {
        let start = words.trailing_zeros() as usize;
        let n = (!(words >> start)).trailing_zeros() as usize;
        if start + n >= end {
            // It may go on.
            return start;
        }
        out.push(hash_bytes(bytes, at + start, n, LOWER));
        words = words >> (start + n) << (start + n);
    }
    end
}

/// The hash of `n` bytes from `at` on, of which there is at least one, with the bits of `case` set in each eight of them.
#[inline(always)]
pub(super) fn hash_bytes(bytes: &[u8], mut at: usize, mut n: usize, case: u64) -> u64 {
    let mut hash = Hash::new();
    while n > 8 {
        hash.chunk(load(bytes, at) | case);
        (at, n) = (at + 8, n - 8);
    }
    hash.chunk((load(bytes, at) | case) & (u64::MAX >> (64 - 8 * n)));
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
    if is_mark(c) { Class::Mark } else { Class::Gap }
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
