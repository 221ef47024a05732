//! Open bins by their free space, with the smallest free space that is large enough found in a few steps.

/// No bin.
const END: u32 = u32::MAX;

/// Bins by free space. Those of equal space are a stack: the last one put there is taken first.
pub struct Capacities {
    /// By free space, the bin on top.
    heads: Vec<u32>,
    /// By bin, the one below it.
    below: Vec<u32>,
    /// A bit for every free space that has a bin; then a bit for every word of that which is not 0; and so on.
    levels: Vec<Vec<u64>>,
}

impl Capacities {
    /// For free spaces of 0 to `most` tokens.
    pub fn new(most: u32) -> Capacities {
        let mut n = most as usize + 1;
        let heads = vec![END; n];
        let mut levels = Vec::new();
        while levels.is_empty() || n > 1 {
            n = n.div_ceil(64);
            levels.push(vec![0; n]);
        }
        Capacities { heads, below: Vec::new(), levels }
    }

    /// Puts a bin where its free space belongs. Bins are numbered from 0 in the order in which they are first put.
    pub fn put(&mut self, bin: u32, free: u32) {
        let head = &mut self.heads[free as usize];
        let under = std::mem::replace(head, bin);
        match self.below.get_mut(bin as usize) {
            Some(below) => *below = under,
            None => self.below.push(under),
        }
        if under == END {
            let mut at = free as usize;
            for level in &mut self.levels {
                level[at / 64] |= 1 << (at % 64);
                at /= 64;
            }
        }
    }

    /// Takes out the bin with the smallest free space of at least `wanted`, and says how much it has.
    pub fn take(&mut self, wanted: u32) -> Option<(u32, u32)> {
        let free = self.smallest(wanted as usize)?;
        let bin = self.heads[free];
        let under = self.below[bin as usize];
        self.heads[free] = under;
        if under == END {
            let mut at = free;
            for level in &mut self.levels {
                level[at / 64] &= !(1 << (at % 64));
                if level[at / 64] != 0 {
                    break;
                }
                at /= 64;
            }
        }
        Some((bin, free as u32))
    }

    /// The smallest free space of at least `wanted` that has a bin.
    fn smallest(&self, wanted: usize) -> Option<usize> {
        let mut at = wanted;
        for (height, level) in self.levels.iter().enumerate() {
            let word = level.get(at / 64)? & (u64::MAX << (at % 64));
            if word != 0 {
                let mut found = at / 64 * 64 + word.trailing_zeros() as usize;
                for lower in self.levels[..height].iter().rev() {
                    found = found * 64 + lower[found].trailing_zeros() as usize;
                }
                return Some(found);
            }
            at = at / 64 + 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn agrees_with_a_sorted_map() {
        for most in [0, 1, 63, 64, 65, 4_095, 4_096, 300_000] {
            let (mut fast, mut plain) = (Capacities::new(most), BTreeMap::<u32, Vec<u32>>::new());
            let mut random = 7u64;
            for bin in 0..2_000u32 {
                random = tokenmill_core::hash::mix64(random, u64::from(bin));
                let free = (random % (u64::from(most) + 1)) as u32;
                fast.put(bin, free);
                plain.entry(free).or_default().push(bin);
                let wanted = ((random >> 32) % (u64::from(most) + 2)) as u32;
                let expected = plain.range_mut(wanted..).find(|(_, bins)| !bins.is_empty());
                let expected = expected.and_then(|(free, bins)| Some((bins.pop()?, *free)));
                // Half of the bins that are taken come back with less space.
                let taken = fast.take(wanted);
                assert_eq!(taken, expected);
                if let Some((bin, free)) = taken.filter(|_| random & 1 == 0) {
                    fast.put(bin, free - wanted);
                    plain.entry(free - wanted).or_default().push(bin);
                }
            }
        }
    }
}
