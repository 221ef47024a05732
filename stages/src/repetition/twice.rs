//! Tells hashes that occur once from those that may occur twice: two bits for each of some buckets.

use crate::buffer::give_back;

/// Buckets for each hash: one in this many hashes is taken for repeated though it is not.
const BUCKETS_PER_HASH: usize = 8;

/// The same for at most [`FEW`] hashes, of which all buckets stay in the nearest cache.
const BUCKETS_PER_FEW: usize = 32;

/// Hashes of an ordinary document.
const FEW: usize = 2048;

/// Pairs of words that are kept from one document to the next (128 KiB); what a giant document needed beyond is given back.
const KEPT: usize = 1 << 13;

/// Which buckets have been hit once, and which more than once.
#[derive(Default)]
pub(crate) struct Twice {
    /// Two words for 64 buckets: hit at least once, hit again.
    buckets: Vec<[u64; 2]>,
    shift: u32,
    /// All bits that were hit again.
    any_again: u64,
}

impl Twice {
    /// Forgets all hashes and makes room for `n_hashes`.
    pub(crate) fn clear(&mut self, n_hashes: usize) {
        let n_buckets = n_hashes * if n_hashes <= FEW { BUCKETS_PER_FEW } else { BUCKETS_PER_HASH };
        let n_words = (n_buckets / 64).next_power_of_two().max(2);
        give_back(&mut self.buckets, n_words, KEPT);
        self.buckets.clear();
        self.buckets.resize(n_words, [0; 2]);
        self.shift = 64 - n_words.trailing_zeros();
        self.any_again = 0;
    }

    /// Takes note of a hash.
    #[inline]
    pub(crate) fn note(&mut self, hash: u64) {
        if let Some([once, again]) = self.buckets.get_mut((hash >> self.shift) as usize) {
            let bit = 1 << (hash & 63);
            self.any_again |= *once & bit;
            *again |= *once & bit;
            *once |= bit;
        }
    }

    /// Whether any hash may have been noted more than once.
    pub(crate) fn is_any_repeated(&self) -> bool {
        self.any_again != 0
    }

    /// Whether a hash may have been noted more than once; never false for one that was.
    #[inline]
    pub(crate) fn may_be_repeated(&self, hash: u64) -> bool {
        self.buckets.get((hash >> self.shift) as usize).is_some_and(|[_, again]| (again >> (hash & 63)) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::hash::hash64;

    #[test]
    fn nothing_repeated_is_missed_and_little_else_taken() {
        let mut twice = Twice::default();
        for n in [0u64, 1, 7, 100, 5_000, 200_000, 10] {
            twice.clear(n as usize + n as usize / 10);
            let hash = |at: u64| hash64(n, &at.to_le_bytes());
            (0..n).for_each(|at| twice.note(hash(at)));
            (0..n / 10).for_each(|at| twice.note(hash(at)));
            assert!((0..n / 10).all(|at| twice.may_be_repeated(hash(at))));
            assert!(twice.is_any_repeated() || n < 10);
            let n_wrong = (n / 10..n).filter(|at| twice.may_be_repeated(hash(*at))).count();
            assert!(n_wrong as u64 <= n / 5, "{n_wrong} of {n}");
        }
        assert!(twice.buckets.capacity() <= KEPT);
    }
}
