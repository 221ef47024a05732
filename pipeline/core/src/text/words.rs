//! `words/v2`: a word is a maximal run of characters that are not Unicode White_Space; where such a run holds letters of a
//! script without spaces, it falls into the words of [`super::segment`].
//!
//! The first half is the split of Gopher's public re-implementations in RefinedWeb and DCLM.

use super::blocks::{BLOCK, Classes};
use super::normal::hash_bytes;
use super::segment;

/// One word: a byte range of the text and what a single pass over it can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Unicode scalar values.
    pub n_chars: u32,
    /// Whether a scalar value is alphabetic (Unicode `Alphabetic`).
    pub has_alphabetic: bool,
}

impl Word {
    /// The bytes of the word in the text it was split from.
    pub fn of<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// Splits `text` into `out`; texts beyond 4 GiB are cut there (sources limit documents far below that).
pub fn split_words(text: &str, out: &mut Vec<Word>) {
    let text = &text[..text.floor_char_boundary(u32::MAX as usize)];
    let bytes = text.as_bytes();
    let mut at = 0;
    // No word is being read whenever this begins anew.
    while at < bytes.len() {
        let block = bytes.get(at..).and_then(|rest| rest.first_chunk());
        let n_done = block.map_or(0, |block| split_block(block, at, out));
        at += n_done;
        if n_done > 0 {
            continue;
        }
        // Where a word is not ASCII, the next one often is not either.
        loop {
            let Run { word, is_unspaced, next } = read_run(text, at);
            if is_unspaced {
                segment_run(text, word, out);
            } else if word.n_chars > 0 {
                out.push(word);
            }
            at = next;
            if bytes.get(at).is_none_or(u8::is_ascii) {
                break;
            }
        }
    }
}

/// Splits a block that begins at byte `at` and outside a word, up to a word that may go on behind the block or is not all
/// ASCII; says how many bytes are done.
#[inline(always)]
fn split_block(block: &[u8; BLOCK], at: usize, out: &mut Vec<Word>) -> usize {
    let Classes { spaces, letters, foreign, .. } = Classes::of(block);
    let end = foreign.trailing_zeros() as usize;
    let mut words = !spaces;
    while words != 0 {
        let start = words.trailing_zeros() as usize;
        let n = (!(words >> start)).trailing_zeros() as usize;
        if start + n >= end {
            return start;
        }
        let has_alphabetic = (letters >> start) & ((1 << n) - 1) != 0;
        let start = (at + start) as u32;
        out.push(Word { start, end: start + n as u32, n_chars: n as u32, has_alphabetic });
        words &= words.wrapping_add(words & words.wrapping_neg());
    }
    BLOCK
}

/// Characters up to white space.
struct Run {
    /// All of them as one word; empty before white space.
    word: Word,
    /// Whether some of them are letters of a script without spaces.
    is_unspaced: bool,
    /// Where to go on.
    next: usize,
}

/// Nothing before the Thai block is of a script without spaces.
const FIRST_UNSPACED: char = '\u{e00}';

/// Splits a run in which there are letters of a script without spaces.
#[cold]
fn segment_run(text: &str, run: Word, out: &mut Vec<Word>) {
    let mut start = run.start;
    let mut push = |end: u32| {
        let word = Word { start, end, ..run };
        let (n_chars, has_alphabetic) = (super::n_chars(word.of(text)), word.of(text).contains(char::is_alphabetic));
        out.push(Word { n_chars: n_chars as u32, has_alphabetic, ..word });
        start = end;
    };
    segment::boundaries(run.of(text), |place| push(run.start + place as u32));
    push(run.end);
}

/// Reads the run that begins at byte `start`.
fn read_run(text: &str, start: usize) -> Run {
    let (mut at, mut has_alphabetic, mut n_continuing, mut is_unspaced) = (start, false, 0, false);
    let mut next = text.len();
    'word: loop {
        let eight = ascii::load(text.as_bytes(), at);
        let n_plain = ascii::n_plain(eight);
        has_alphabetic |= ascii::has_letter(eight, n_plain);
        at += n_plain;
        if n_plain == 8 {
            continue;
        }
        // A run of other characters is decoded in one go.
        for c in text[at..].chars() {
            if c.is_whitespace() {
                next = at + c.len_utf8();
                break 'word;
            }
            has_alphabetic = has_alphabetic || c.is_alphabetic();
            is_unspaced = is_unspaced || (c >= FIRST_UNSPACED && segment::is_unspaced(c));
            n_continuing += c.len_utf8() - 1;
            at += c.len_utf8();
            if c.is_ascii() {
                continue 'word;
            }
        }
        break;
    }
    let n_chars = (at - start - n_continuing) as u32;
    Run { word: Word { start: start as u32, end: at as u32, n_chars, has_alphabetic }, is_unspaced, next }
}

/// Eight bytes at a time, as one number: the first byte is the lowest.
pub(super) mod ascii {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH_BITS: u64 = ONES << 7;

    /// The bytes from `at` on, followed by spaces where the text ends.
    #[inline]
    pub fn load(bytes: &[u8], at: usize) -> u64 {
        let rest = bytes.get(at..).unwrap_or_default();
        if let Some(eight) = rest.first_chunk() {
            return u64::from_le_bytes(*eight);
        }
        let mut padded = [b' '; 8];
        padded.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
        u64::from_le_bytes(padded)
    }

    /// How many bytes come before the first one that is no printable ASCII character, which white space is not.
    pub fn n_plain(eight: u64) -> usize {
        // 0xa0 - byte has its high bit iff byte <= b' '; the high bits are taken away first so that nothing is borrowed.
        let stops = ((ONES * 0xa0 - (eight & !HIGH_BITS)) | eight) & HIGH_BITS;
        stops.trailing_zeros() as usize / 8
    }

    /// Whether one of the first `n` bytes is a letter.
    pub fn has_letter(eight: u64, n: usize) -> bool {
        let lower = (eight & !HIGH_BITS) | (ONES * 0x20);
        let from_a = lower + ONES * (0x80 - b'a' as u64);
        let beyond_z = lower + ONES * (0x7f - b'z' as u64);
        let letters = from_a & !beyond_z & !eight & HIGH_BITS;
        letters & ((1u128 << (8 * n)) - 1) as u64 != 0
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn every_byte_is_classed_as_the_standard_library_does() {
            for byte in 0..=u8::MAX {
                for at in 0..8 {
                    let mut bytes = [b'-'; 8];
                    bytes[at] = byte;
                    let eight = load(&bytes, 0);
                    // DEL is the one control character above the space; it is no white space and may count as plain.
                    let plain = byte.is_ascii_graphic() || byte == 0x7f;
                    assert_eq!(n_plain(eight), if plain { 8 } else { at }, "{byte:#x} at {at}");
                    assert_eq!(has_letter(eight, 8), byte.is_ascii_alphabetic(), "{byte:#x} at {at}");
                    assert!(!has_letter(eight, at));
                }
            }
            assert_eq!(n_plain(load(b"end", 0)), 3);
        }
    }
}

/// The hash of every word, for n-grams; that of a normal word, of the bytes as they are.
pub fn hash_words(text: &str, words: &[Word], out: &mut Vec<u64>) {
    let bytes = text.as_bytes();
    // No word is empty.
    let n_bytes = |word: &Word| (word.end - word.start).max(1) as usize;
    out.extend(words.iter().map(|word| hash_bytes(bytes, word.start as usize, n_bytes(word), 0)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::hash64;

    fn words(text: &str) -> Vec<&str> {
        let mut out = Vec::new();
        split_words(text, &mut out);
        out.iter().map(|word| word.of(text)).collect()
    }

    #[test]
    fn splits_at_unicode_white_space_only() {
        assert_eq!(words(" a\tb\u{00a0}c\u{3000}d\n\ne-f, "), ["a", "b", "c", "d", "e-f,"]);
        assert_eq!(words("zero\u{200b}width"), ["zero\u{200b}width"]);
        assert!(words(" \n ").is_empty());
    }

    #[test]
    fn random_texts_are_split_as_char_by_char() {
        const CHARS: [char; 12] = ['a', 'Z', '7', '-', ' ', '\n', '\u{b}', 'é', '漢', '\u{2003}', '\u{301}', '🙂'];
        for seed in 0..500u64 {
            // Every other text is ASCII, which is split in blocks.
            let n_chars = if seed % 2 == 0 { CHARS.len() } else { 7 };
            let text: String = (0..hash64(seed, b"n") % 300)
                .map(|at| CHARS[(hash64(seed, &at.to_le_bytes()) % n_chars as u64) as usize])
                .collect();
            let mut out = Vec::new();
            split_words(&text, &mut out);
            let facts = |word: &str| (word.chars().count() as u32, word.chars().any(char::is_alphabetic));
            let mut expected = Vec::new();
            for run in text.split_whitespace() {
                let mut places = vec![0];
                segment::boundaries(run, |place| places.push(place));
                places.push(run.len());
                expected.extend(places.windows(2).map(|ends| &run[ends[0]..ends[1]]).map(|word| (word, facts(word))));
            }
            let found: Vec<_> = out.iter().map(|word| (word.of(&text), (word.n_chars, word.has_alphabetic))).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn equal_words_have_equal_hashes_and_others_do_not() {
        let text = "a A a\u{0} ab abcdefgh abcdefghi abcdefgh abcdefghijklmnopq é e\u{301} a";
        let (mut out, mut hashes) = (Vec::new(), Vec::new());
        split_words(text, &mut out);
        hash_words(text, &out, &mut hashes);
        for (word, hash) in out.iter().zip(&hashes) {
            for (other, other_hash) in out.iter().zip(&hashes) {
                assert_eq!(word.of(text) == other.of(text), hash == other_hash, "{word:?} {other:?}");
            }
        }
    }

    #[test]
    fn counts_characters_and_letters() {
        let text = "naïve 42 漢字";
        let mut out = Vec::new();
        split_words(text, &mut out);
        let facts: Vec<_> = out.iter().map(|word| (word.n_chars, word.has_alphabetic)).collect();
        assert_eq!(facts, [(5, true), (2, false), (2, true)]);
    }
}
