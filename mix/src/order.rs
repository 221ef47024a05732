//! The shuffled order: a function of seed and document id alone, so it is the same at any number of workers.

use std::ops::RangeInclusive;
use tokenmill_core::DocId;
use tokenmill_core::hash::{hash64, mix64};

/// The place of a document in the shuffled order of an epoch: a uniform 64-bit key. Ties are broken by the id.
pub fn shuffle_key(seed: u64, epoch: u64, id: DocId) -> u64 {
    hash64(mix64(mix64(seed, SHUFFLE), epoch), &id.to_bytes())
}

/// Sets the shuffle apart from every other use of the seed.
const SHUFFLE: u64 = u64::from_be_bytes(*b"shuffle\0");

/// The keys of shard `index` of `n_shards`: equal slices of the whole range, in order, without gaps.
pub fn shard_keys(index: u64, n_shards: u64) -> RangeInclusive<u64> {
    let n_shards = n_shards.max(1);
    let first = |index: u64| ((u128::from(index) << 64) / u128::from(n_shards)) as u64;
    let last = if index + 1 >= n_shards { u64::MAX } else { first(index + 1) - 1 };
    first(index.min(n_shards - 1))..=last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_frozen_and_depend_on_seed_and_epoch() {
        let id = DocId(7);
        assert_eq!(shuffle_key(1, 0, id), shuffle_key(1, 0, id));
        let keys = [shuffle_key(1, 0, id), shuffle_key(2, 0, id), shuffle_key(1, 1, id), shuffle_key(1, 0, DocId(8))];
        assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }

    #[test]
    fn shards_cover_every_key_once() {
        for n_shards in [1, 2, 3, 7, 1000] {
            let mut next = Some(0u64);
            for index in 0..n_shards {
                let keys = shard_keys(index, n_shards);
                assert_eq!(Some(*keys.start()), next);
                next = keys.end().checked_add(1);
            }
            assert_eq!(next, None);
        }
    }
}
