//! Character n-grams of a word and n-grams of words, as hashes.

use super::hash;

/// Calls `visit` with the hash of every n-gram of `min` to `max` characters of `word`, which stands between the
/// marks `<` and `>`; a mark alone is no n-gram.
///
/// Characters are UTF-8 sequences: a byte that is no continuation byte starts one, valid or not. The hash is carried
/// from one length to the next, so the work is `max` steps per byte.
#[inline]
pub(super) fn characters(word: &[u8], min: usize, max: usize, mut visit: impl FnMut(u32)) {
    for start in 0..word.len() {
        if is_continuation(word[start]) {
            continue;
        }
        let mut hash = hash::EMPTY;
        let mut end = start;
        for length in 1..=max {
            if end == word.len() {
                break;
            }
            hash = hash::push(hash, word[end]);
            end += 1;
            while let Some(byte) = word.get(end).filter(|byte| is_continuation(**byte)) {
                hash = hash::push(hash, *byte);
                end += 1;
            }
            let lone_mark = length == 1 && (start == 0 || end == word.len());
            if length >= min && !lone_mark {
                visit(hash);
            }
        }
    }
}

/// Calls `visit` with the hash of every n-gram of two to `max` words, given the hashes of the words.
///
/// Word hashes are sign-extended to 64 bits, which is part of the format.
pub(super) fn words(hashes: &[u32], max: usize, mut visit: impl FnMut(u64)) {
    let signed = |hash: u32| hash as i32 as i64 as u64;
    for (start, first) in hashes.iter().enumerate() {
        let mut hash = signed(*first);
        for next in hashes[start + 1..].iter().take(max.saturating_sub(1)) {
            hash = hash.wrapping_mul(116_049_371).wrapping_add(signed(*next));
            visit(hash);
        }
    }
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes_of(ngrams: &[&str]) -> Vec<u32> {
        ngrams.iter().map(|ngram| hash::word(ngram.as_bytes())).collect()
    }

    fn grams(word: &[u8], min: usize, max: usize) -> Vec<u32> {
        let mut seen = Vec::new();
        characters(word, min, max, |hash| seen.push(hash));
        seen
    }

    #[test]
    fn characters_not_bytes() {
        assert_eq!(
            grams("<né>".as_bytes(), 2, 3),
            hashes_of(&["<n", "<né", "né", "né>", "é>"]),
            "two to three characters"
        );
    }

    #[test]
    fn a_mark_alone_is_no_ngram() {
        assert_eq!(grams(b"<a>", 1, 1), hashes_of(&["a"]));
        assert_eq!(grams(b"<>", 1, 2), hashes_of(&["<>"]));
        assert!(grams(b"<a>", 3, 0).is_empty());
    }

    #[test]
    fn stray_continuation_bytes_belong_to_what_precedes_them() {
        assert_eq!(grams(b"<\x80\x80>", 1, 2), [hash::word(b"<\x80\x80>")]);
    }

    #[test]
    fn word_ngrams_are_sign_extended() {
        let mut seen = Vec::new();
        words(&[u32::MAX, 2, 3], 2, |hash| seen.push(hash));
        let first = u64::MAX.wrapping_mul(116_049_371).wrapping_add(2);
        assert_eq!(seen, [first, 2 * 116_049_371 + 3]);
        seen.clear();
        words(&[1, 2, 3], 3, |hash| seen.push(hash));
        assert_eq!(seen.len(), 3);
        seen.clear();
        words(&[1, 2], 0, |hash| seen.push(hash));
        assert!(seen.is_empty());
    }
}
