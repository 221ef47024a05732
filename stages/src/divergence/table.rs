//! A read-only map from word hashes to small values.

/// Slots that may be looked at before a place is found. Hashes at a load of one half need a few dozen; numbers that are
/// none could make every look-up as slow as the table is long.
const MAX_PROBES: usize = 256;

/// Open addressing with linear probing; the highest bits of a key choose its slot, and a key of 0 marks an empty one.
pub(super) struct Table<V> {
    slots: Vec<(u64, V)>,
    shift: u32,
}

impl<V: Copy + Default> Table<V> {
    /// A table of different keys; `None` when they are no hashes.
    pub(super) fn new(entries: impl ExactSizeIterator<Item = (u64, V)>) -> Option<Table<V>> {
        let n_slots = (2 * entries.len()).next_power_of_two().max(2);
        let mut table = Table { slots: vec![(0, V::default()); n_slots], shift: 64 - n_slots.trailing_zeros() };
        for (key, value) in entries {
            let mut places = table.places(key).take(MAX_PROBES);
            let place = places.find(|place| table.slots[*place].0 == 0).filter(|_| key != 0)?;
            table.slots[place] = (key, value);
        }
        Some(table)
    }

    /// The value of a key.
    #[inline]
    pub(super) fn get(&self, key: u64) -> Option<V> {
        for place in self.places(key) {
            let (found, value) = self.slots[place];
            if found == 0 {
                return None;
            }
            if found == key {
                return Some(value);
            }
        }
        None
    }

    #[inline]
    fn places(&self, key: u64) -> impl Iterator<Item = usize> + use<V> {
        let mask = self.slots.len() - 1;
        let home = (key >> self.shift) as usize;
        (0..=mask).map(move |step| (home + step) & mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use tokenmill_core::hash::hash64;

    #[test]
    fn finds_what_a_map_finds() {
        for n in [0u64, 1, 2, 3, 1000] {
            let map: BTreeMap<u64, u32> = (0..n).map(|i| (hash64(i, b"key"), i as u32)).collect();
            let table = Table::new(map.clone().into_iter()).unwrap();
            for i in 0..2 * n + 2 {
                let key = hash64(i, b"key");
                assert_eq!(table.get(key), map.get(&key).copied());
            }
            assert_eq!(table.get(0), None);
        }
    }

    #[test]
    fn numbers_that_are_no_hashes_are_refused() {
        assert!(Table::new((1..1000u32).map(|key| (u64::from(key), ()))).is_none());
        assert!(Table::new([(0u64, ())].into_iter()).is_none());
        // Those at the end go on at the start.
        let table = Table::new((0..9u32).map(|i| (u64::MAX - u64::from(i), i))).unwrap();
        assert!((0..9).all(|i| table.get(u64::MAX - u64::from(i)) == Some(i)));
    }
}
