//! Counts 64-bit hashes in one flat table that is cleared and used again for each document.

use crate::buffer::{KEPT, give_back};

/// How often each hash was added since the table was cleared; open addressing with linear probing.
///
/// The keys must be hashes already: their low bits choose the slot.
#[derive(Default)]
pub(crate) struct Counter {
    slots: Vec<Slot>,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    key: u64,
    /// 0 in an empty slot.
    count: u32,
}

impl Counter {
    /// Forgets all keys and makes room for `n_keys` different ones at a load of at most one half.
    pub(crate) fn clear(&mut self, n_keys: usize) {
        let n_slots = (2 * n_keys).next_power_of_two();
        give_back(&mut self.slots, n_slots, KEPT);
        self.slots.clear();
        self.slots.resize(n_slots, Slot::default());
    }

    /// Counts `key` once more and returns its place, which stays valid until the table is cleared.
    pub(crate) fn add(&mut self, key: u64) -> u32 {
        debug_assert!(!self.slots.is_empty(), "clear makes the room");
        let mask = self.slots.len().wrapping_sub(1);
        let home = key as usize & mask;
        for step in 0..self.slots.len() {
            let place = (home + step) & mask;
            let slot = &mut self.slots[place];
            if slot.count == 0 || slot.key == key {
                slot.key = key;
                slot.count += 1;
                return place as u32;
            }
        }
        debug_assert!(false, "more keys than `clear` was told of");
        home as u32
    }

    /// How often the key at `place` was added.
    pub(crate) fn count(&self, place: u32) -> u32 {
        self.slots.get(place as usize).map_or(0, |slot| slot.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use tokenmill_core::hash::hash64;

    #[test]
    fn counts_as_a_map_does() {
        let mut counter = Counter::default();
        for round in 0..20u64 {
            let keys: Vec<u64> = (0..100 * round).map(|i| hash64(round, &[(hash64(i, b"") % 150) as u8])).collect();
            let mut expected = BTreeMap::new();
            counter.clear(keys.len());
            let places: Vec<u32> = keys.iter().map(|key| counter.add(*key)).collect();
            keys.iter().for_each(|key| *expected.entry(*key).or_insert(0u32) += 1);
            for (key, place) in keys.iter().zip(places) {
                assert_eq!(counter.count(place), expected[key]);
            }
        }
    }

    #[test]
    fn keys_with_one_home_are_told_apart() {
        let mut counter = Counter::default();
        counter.clear(3);
        let places: Vec<u32> = [0u64, 1 << 60, 2 << 60, 0].into_iter().map(|key| counter.add(key)).collect();
        assert_eq!(places.iter().map(|place| counter.count(*place)).collect::<Vec<_>>(), [2, 1, 1, 2]);
    }

    #[test]
    fn the_room_of_a_giant_is_given_back() {
        let mut counter = Counter::default();
        counter.clear(1_000_000);
        counter.clear(10);
        assert!(counter.slots.capacity() <= KEPT);
    }
}
