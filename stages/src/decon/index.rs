//! Finds the places of a hash among millions: a filter that fits into cache turns nearly all other hashes away, then a table
//! of 32-bit places is probed.

/// A slot without a place.
const EMPTY: u32 = u32::MAX;

/// Spreads a rolling hash over all bits (2^64 / golden ratio, made odd in another way than the rolling hash's base).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c55;

/// Bits of the filter for each entry, at least; at most twice as many.
const FILTER_BITS: usize = 10;

/// Places by hash. Hashes themselves are not kept: who asks compares what stands at a place.
pub(super) struct Index {
    /// A Bloom filter in which one hash has three bits of one 64-bit word.
    filter: Vec<u64>,
    /// How far a spread hash is shifted to give the word of the filter.
    shift: u32,
    /// Open addressing; a third of the slots, or more, is empty.
    slots: Vec<u32>,
}

impl Index {
    /// Of pairs of a hash and a place; places of one hash are found in the order given.
    pub(super) fn new(entries: &[(u64, u32)]) -> Index {
        let n_words = (entries.len() * FILTER_BITS / 64).next_power_of_two().max(2);
        let mut index = Index {
            filter: vec![0; n_words],
            shift: 64 - n_words.trailing_zeros(),
            slots: vec![EMPTY; entries.len() + entries.len() / 2 + 1],
        };
        for (hash, place) in entries {
            let (word, bits) = index.filter_bits(*hash);
            index.filter[word] |= bits;
            let mut slot = index.home(*hash);
            while index.slots[slot] != EMPTY {
                slot = index.after(slot);
            }
            index.slots[slot] = *place;
        }
        index
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.len() == 1
    }

    /// Whether there may be places for a hash; wrongly so for about one other hash in a hundred.
    #[inline]
    pub(super) fn may_have(&self, hash: u64) -> bool {
        let (word, bits) = self.filter_bits(hash);
        self.filter[word] & bits == bits
    }

    /// All places of a hash, among some of other hashes.
    pub(super) fn places(&self, hash: u64) -> impl Iterator<Item = u32> + '_ {
        let mut slot = self.home(hash);
        std::iter::from_fn(move || {
            let place = self.slots[slot];
            slot = self.after(slot);
            (place != EMPTY).then_some(place)
        })
    }

    /// Bytes held.
    #[cfg(test)]
    pub(super) fn n_bytes(&self) -> usize {
        8 * self.filter.len() + 4 * self.slots.len()
    }

    #[inline]
    fn filter_bits(&self, hash: u64) -> (usize, u64) {
        let spread = hash.wrapping_mul(SPREAD);
        let bits = 1 << (spread & 63) | 1 << (spread >> 6 & 63) | 1 << (spread >> 12 & 63);
        ((spread >> self.shift) as usize, bits)
    }

    fn home(&self, hash: u64) -> usize {
        // The highest bits choose the word of the filter, so all that come here with one of them agree; mix them again.
        let mixed = tokenmill_core::text::normal::mix(hash);
        ((u128::from(mixed) * self.slots.len() as u128) >> 64) as usize
    }

    fn after(&self, slot: usize) -> usize {
        if slot + 1 == self.slots.len() { 0 } else { slot + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::hash::hash64;

    #[test]
    fn every_place_is_found_and_few_others_pass() {
        for n in [0u32, 1, 2, 77, 10_000] {
            let hash = |at: u32| hash64(1, &(at / 2).to_le_bytes());
            let entries: Vec<(u64, u32)> = (0..n).map(|at| (hash(at), at)).collect();
            let index = Index::new(&entries);
            for (hash, place) in &entries {
                assert!(index.may_have(*hash));
                assert!(index.places(*hash).any(|found| found == *place));
            }
            let n_passed = (0..10_000u32).filter(|at| index.may_have(hash64(2, &at.to_le_bytes()))).count();
            assert!(n_passed < 200, "{n_passed} of 10,000 pass a filter of {n}");
        }
        assert_eq!(Index::new(&[]).places(7).count(), 0);
    }

    #[test]
    fn places_of_one_hash_come_in_order() {
        let found: Vec<u32> = Index::new(&[(5, 9), (5, 3), (5, 7)]).places(5).collect();
        assert_eq!(found, [9, 3, 7]);
    }
}
