//! The shuffled order: a function of seed and document id alone, so it is the same at any number of workers.

use std::ops::RangeInclusive;
use tokenmill_core::DocId;
use tokenmill_core::hash::{hash64, mix64};

/// Sets the shuffle apart from every other use of the seed.
const SHUFFLE: u64 = u64::from_be_bytes(*b"shuffle\0");

/// The place of a document in the shuffled order of an epoch: a uniform 64-bit key. Ties are broken by the id.
///
/// `xxh3(seed = mix(mix(seed, "shuffle"), epoch), id)`, frozen like all hashes of the house.
pub fn shuffle_key(seed: u64, epoch: u64, id: DocId) -> u64 {
    hash64(mix64(mix64(seed, SHUFFLE), epoch), &id.to_bytes())
}

/// The keys of shard `index` of `n_shards`: equal slices of the whole range, in order, without gaps.
pub fn shard_keys(index: u64, n_shards: u64) -> RangeInclusive<u64> {
    let n_shards = n_shards.max(1);
    let index = index.min(n_shards - 1);
    let first = |index: u64| ((u128::from(index) << 64) / u128::from(n_shards)) as u64;
    let last = if index + 1 == n_shards { u64::MAX } else { first(index + 1) - 1 };
    first(index)..=last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_frozen() {
        assert_eq!(format!("{:016x}", shuffle_key(1, 0, DocId(7))), "80500aceae92ade3");
        assert_eq!(format!("{:016x}", shuffle_key(20_240_801, 3, DocId(u128::MAX))), "75aa1c5a25adec60");
    }

    #[test]
    fn keys_depend_on_seed_epoch_and_id() {
        let keys =
            [(1, 0, 7), (2, 0, 7), (1, 1, 7), (1, 0, 8)].map(|(seed, epoch, id)| shuffle_key(seed, epoch, DocId(id)));
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
