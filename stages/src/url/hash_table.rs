//! A read-only map from 64-bit hashes to small values, for lists of millions of entries.

/// Slots for every five entries: searches end after three slots, which mostly lie in one cache line.
const SLOTS_FOR_FIVE: usize = 6;

/// Keys for each word of a filter: 10 bits and a false alarm in some 30 searches.
const KEYS_IN_WORD: usize = 6;

/// What a free slot holds; no key has this hash.
const FREE: u64 = u64::MAX;

/// Hash and value lie in two arrays of slots. A key lies at the place that its hash points to or soon behind it, and all
/// keys are in ascending order, so that a search is over at the first slot that holds no smaller hash (ordered hash table:
/// Amble and Knuth, 1974).
///
/// The keys themselves are not kept: two different keys are taken for one with a probability of `n / 2^64` for each
/// search in a table of `n` entries, one in four million million for five million entries.
pub(super) struct HashTable<V> {
    hashes: Vec<u64>,
    values: Vec<V>,
    /// Slots that a hash can point to; a few more may follow, for keys that found theirs taken.
    n_homes: usize,
}

impl<V: Copy + Default> HashTable<V> {
    /// From hashes with their values; of several values for one hash the first stays.
    pub(super) fn new(mut entries: Vec<(u64, V)>) -> HashTable<V> {
        for (hash, _) in &mut entries {
            *hash = key(*hash);
        }
        radsort::sort_by_key(&mut entries, |(hash, _)| *hash);
        entries.dedup_by_key(|(hash, _)| *hash);
        let n_homes = (entries.len() * SLOTS_FOR_FIVE).div_ceil(5);
        let mut table = HashTable { hashes: vec![FREE; n_homes], values: vec![V::default(); n_homes], n_homes };
        let mut next = 0;
        for (hash, value) in entries {
            let at = place(hash, n_homes).max(next);
            next = at + 1;
            if table.hashes.len() < next {
                table.hashes.push(FREE);
                table.values.push(V::default());
            }
            table.hashes[at] = hash;
            table.values[at] = value;
        }
        table.hashes.shrink_to_fit();
        table.values.shrink_to_fit();
        table
    }

    /// The value of a hash.
    pub(super) fn get(&self, hash: u64) -> Option<V> {
        let hash = key(hash);
        let mut at = place(hash, self.n_homes);
        loop {
            match *self.hashes.get(at)? {
                listed if listed < hash => at += 1,
                listed => return if listed == hash { self.values.get(at).copied() } else { None },
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Bytes that the slots take.
    pub(super) fn n_bytes(&self) -> usize {
        self.hashes.len() * (size_of::<u64>() + size_of::<V>())
    }
}

/// A set of hashes that says of a few others that they are in it, too: a Bloom filter with three bits for a key, all of them
/// in one word, so that a search looks at one place of a small array (Putze, Sanders and Singler, 2007).
pub(super) struct Filter(Vec<u64>);

impl Filter {
    pub(super) fn new(hashes: &[u64]) -> Filter {
        let mut words = vec![0; hashes.len().div_ceil(KEYS_IN_WORD)];
        let n_words = words.len();
        for hash in hashes {
            words[place(*hash, n_words)] |= bits(*hash);
        }
        Filter(words)
    }

    /// Whether the hash may be in the set; false is certain.
    pub(super) fn may_have(&self, hash: u64) -> bool {
        self.0.get(place(hash, self.0.len())).is_some_and(|word| word & bits(hash) == bits(hash))
    }

    /// Bytes that the set takes.
    pub(super) fn n_bytes(&self) -> usize {
        self.0.len() * size_of::<u64>()
    }
}

/// Which of `n` places a hash points to: a larger hash never to a smaller one.
fn place(hash: u64, n: usize) -> usize {
    ((u128::from(hash) * n as u128) >> 64) as usize
}

/// The bits of a hash in a word of the filter. They come from its low end, as its place comes from the high one.
fn bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63)
}

fn key(hash: u64) -> u64 {
    hash.min(FREE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use tokenmill_core::hash::hash64;

    #[test]
    fn finds_what_a_map_finds() {
        for n in [0, 1, 2, 3, 10, 1_000] {
            // Every third key occurs twice, and the hashes are crowded at both ends.
            let crowded = |i: u64| match i % 3 {
                0 => u64::MAX - i / 9,
                1 => i,
                _ => hash64(0, &i.to_le_bytes()),
            };
            let entries: Vec<(u64, u32)> = (0..n).map(|i| (crowded(i), i as u32)).collect();
            let table = HashTable::new(entries.clone());
            let mut expected = BTreeMap::new();
            for (hash, value) in entries {
                expected.entry(hash.min(u64::MAX - 1)).or_insert(value);
            }
            for i in 0..n * 2 {
                let hash = crowded(i);
                assert_eq!(table.get(hash), expected.get(&hash.min(u64::MAX - 1)).copied(), "{n}: {hash}");
            }
        }
    }

    #[test]
    fn filters_know_all_their_keys_and_few_others() {
        let hash = |i: u64| hash64(0, &i.to_le_bytes());
        let filter = Filter::new(&(0..30_000).map(hash).collect::<Vec<_>>());
        assert!((0..30_000).all(|i| filter.may_have(hash(i))));
        let n_false = (30_000..60_000).filter(|i| filter.may_have(hash(*i))).count();
        assert!(n_false < 1_500, "{n_false}");
        assert!(!Filter::new(&[]).may_have(0));
    }
}
