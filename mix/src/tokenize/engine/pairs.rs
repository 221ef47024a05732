//! Which two neighbouring tokens merge, and into which: a static table with one word of 64 bits a merge.
//!
//! Tokens are numbered by rank here ([`super::rules`]): the number of the merged token is the priority of the merge.
//! Most neighbours do not merge, which a bit in a small map tells without a look into the table.

/// Bits of a number; three fit in a word.
const BITS: u32 = 21;
/// Numbers are below this; the largest possible one would make the word of an empty slot.
pub const MAX_NUMBERS: usize = (1 << BITS) - 1;
/// No token; larger than every number.
pub const NONE: u32 = u32::MAX;

const EMPTY: u64 = u64::MAX;

/// The table: open addressing, at most half full.
pub struct Pairs {
    slots: Vec<u64>,
    /// Eight bits for each slot; that of every merge is set.
    map: Vec<u64>,
    shift: u32,
}

impl Pairs {
    /// An empty table for at most `n` merges.
    pub fn with_capacity(n: usize) -> Pairs {
        let bits = (2 * n).max(2).next_power_of_two().trailing_zeros();
        Pairs { slots: vec![EMPTY; 1 << bits], map: vec![0; (1 << bits) / 8 + 1], shift: 61 - bits }
    }

    /// Adds a merge; the numbers are below [`MAX_NUMBERS`], and there are no more merges than the capacity.
    pub fn insert(&mut self, left: u32, right: u32, merged: u32) {
        let key = key(left, right);
        let (mut at, bit) = self.home(key);
        self.map[bit / 64] |= 1 << (bit % 64);
        while self.slots[at] != EMPTY && self.slots[at] >> BITS != key {
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.slots[at] = key << BITS | u64::from(merged);
    }

    /// What `left` and `right` merge into, or [`NONE`].
    #[inline(always)]
    pub fn merged(&self, left: u32, right: u32) -> u32 {
        let key = key(left, right);
        let (mut at, bit) = self.home(key);
        if (self.map[bit / 64] >> (bit % 64)) & 1 == 0 {
            return NONE;
        }
        loop {
            let slot = self.slots[at];
            if slot >> BITS == key {
                return (slot as u32) & MAX_NUMBERS as u32;
            }
            if slot == EMPTY {
                return NONE;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// The first slot of a pair, and its bit.
    #[inline(always)]
    fn home(&self, key: u64) -> (usize, usize) {
        // The multiplier is 2^64 divided by the golden ratio; the high bits depend on all of the key.
        let bit = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize;
        (bit / 8, bit)
    }
}

#[inline(always)]
fn key(left: u32, right: u32) -> u64 {
    u64::from(left) << BITS | u64::from(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_are_found_and_others_are_not() {
        let mut pairs = Pairs::with_capacity(1000);
        for i in 0..1000 {
            pairs.insert(i, i * 7 % 1000, 5000 + i);
        }
        assert!((0..1000).all(|i| pairs.merged(i, i * 7 % 1000) == 5000 + i));
        assert!((0..1000).all(|i| pairs.merged(i, i * 7 % 1000 + 1000) == NONE));
        let largest = MAX_NUMBERS as u32 - 1;
        let mut pairs = Pairs::with_capacity(1);
        pairs.insert(largest, largest, largest);
        assert_eq!(pairs.merged(largest, largest), largest);
        assert_eq!(pairs.merged(0, 0), NONE);
        assert_eq!(Pairs::with_capacity(0).merged(1, 2), NONE);
    }
}
