//! Rolling hashes of word n-grams over the shared word hashes.

/// Multiplier of the polynomial hash: an odd 64-bit constant with well mixed bits (2^64 / golden ratio).
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// The hash of every window of `n` word hashes, in order; empty when there are fewer than `n` words.
///
/// A polynomial in `BASE` modulo 2^64, so the whole row costs two multiplications and two additions per word for any n.
pub fn rolling(word_hashes: &[u64], n: usize) -> impl Iterator<Item = u64> + '_ {
    let (head, tail) = word_hashes.split_at_checked(n).filter(|_| n > 0).unwrap_or_default();
    let leading = (0..n).fold(1u64, |power, _| power.wrapping_mul(BASE));
    let first = (!head.is_empty()).then(|| head.iter().copied().fold(0, extend));
    let mut window = first.unwrap_or(0);
    // What leaves the window is subtracted from what enters it, so that only one step waits for the window before.
    let rest = tail.iter().zip(word_hashes).map(move |(enters, leaves)| {
        window = extend(window, enters.wrapping_sub(leaves.wrapping_mul(leading)));
        window
    });
    first.into_iter().chain(rest)
}

/// The hash of a window made one word longer at its end.
///
/// Whoever needs only a few windows of each length grows these instead of rolling over the whole row again.
pub fn extend(window: u64, word_hash: u64) -> u64 {
    window.wrapping_mul(BASE).wrapping_add(word_hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_windows_have_equal_hashes_and_others_do_not() {
        let words = [1u64, 2, 3, 1, 2, 3, 4];
        let grams: Vec<_> = rolling(&words, 3).collect();
        assert_eq!(grams.len(), 5);
        assert_eq!(grams[0], grams[3]);
        assert_eq!(grams.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }

    #[test]
    fn a_window_grows_into_the_next_longer_one() {
        let words = [7u64, 11, 13, 17, 19];
        for n in 1..5 {
            let grown: Vec<_> = rolling(&words, n).zip(&words[n..]).map(|(gram, word)| extend(gram, *word)).collect();
            assert_eq!(grown, rolling(&words, n + 1).collect::<Vec<_>>());
        }
    }

    #[test]
    fn short_rows_have_no_grams() {
        assert_eq!(rolling(&[1, 2], 3).count(), 0);
        assert_eq!(rolling(&[], 1).count(), 0);
        assert_eq!(rolling(&[5, 6], 1).collect::<Vec<_>>(), [5, 6]);
    }
}
