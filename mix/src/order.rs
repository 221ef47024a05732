//! The shuffled order: a function of seed and document id alone, so it is the same at any number of workers.

use tokenmill_core::DocId;
use tokenmill_core::hash::{hash64, mix64};

/// Sets the shuffle apart from every other use of the seed.
const SHUFFLE: u64 = u64::from_be_bytes(*b"shuffle\0");

/// Sets the order within training phases apart from that of the token store.
const TRAINING: u64 = u64::from_be_bytes(*b"training");

/// The place of a document in the shuffled order of an epoch: a uniform 64-bit key. Ties are broken by the id.
///
/// `xxh3(seed = mix(mix(seed, "shuffle"), epoch), id)`, frozen like all hashes of the house.
pub fn shuffle_key(seed: u64, epoch: u64, id: DocId) -> u64 {
    hash64(mix64(mix64(seed, SHUFFLE), epoch), &id.to_bytes())
}

/// The place of a use of a document in a training phase, among all uses that the phase makes of documents: a uniform
/// 64-bit key that has nothing to do with its place in another phase or epoch. Ties are broken by epoch and id.
///
/// `xxh3(seed = mix(mix(mix(mix(seed, "shuffle"), "training"), training), epoch), id)`, frozen.
pub fn training_key(seed: u64, training: u64, epoch: u64, id: DocId) -> u64 {
    let seed = mix64(mix64(mix64(mix64(seed, SHUFFLE), TRAINING), training), epoch);
    hash64(seed, &id.to_bytes())
}

/// Which of `n_shards` equal slices of all keys holds `key`.
pub fn shard_of(key: u64, n_shards: u64) -> u64 {
    ((u128::from(key) * u128::from(n_shards.max(1))) >> 64) as u64
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
    fn keys_of_training_are_frozen_and_depend_on_all_they_are_made_of() {
        assert_eq!(format!("{:016x}", training_key(1, 0, 0, DocId(7))), "e3b82965547b443a");
        let keys = [(1, 0, 0, 7), (2, 0, 0, 7), (1, 1, 0, 7), (1, 0, 1, 7), (1, 0, 0, 8)];
        let keys = keys.map(|(seed, training, epoch, id)| training_key(seed, training, epoch, DocId(id)));
        assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), 5);
    }

    #[test]
    fn shards_are_equal_slices_of_all_keys_in_order() {
        for n_shards in [1, 2, 3, 7, 1000] {
            assert_eq!((shard_of(0, n_shards), shard_of(u64::MAX, n_shards)), (0, n_shards - 1));
            let mut sizes = vec![0u64; n_shards as usize];
            let mut last = 0;
            for step in 0..100_000u64 {
                let shard = shard_of(step * (u64::MAX / 100_000), n_shards);
                assert!(shard >= last);
                last = shard;
                sizes[shard as usize] += 1;
            }
            let fair = 100_000 / n_shards;
            assert!(sizes.iter().all(|size| size.abs_diff(fair) <= 2), "{n_shards}: {sizes:?}");
        }
    }
}
