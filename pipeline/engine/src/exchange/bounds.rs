//! How many tasks an exchange has: bounded on both sides, so that neither objects nor requests grow as their product.
//!
//! A peer whose shuffle had 162,535 map outputs for 4,096 reducers read 666 million small objects. Here shuffles are at
//! most [`MAX_SHUFFLES`], reducers at most [`MAX_REDUCERS`], and a range that one of them reads from another is at least
//! [`MIN_RANGE`] bytes on average, however small or many the parts are.

/// Shuffle tasks, at most.
pub const MAX_SHUFFLES: u64 = 4_096;
/// Settle tasks, at most.
pub const MAX_REDUCERS: u64 = 2_048;
/// Bytes of a range, on average at least, as long as there is more than one reducer.
pub const MIN_RANGE: u64 = 256 << 10;

/// The sizes that tasks aim at, within the bounds.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Bytes that a shuffle task ships, about at least; smaller parts share one.
    pub shuffle: u64,
    /// Bytes of a range, on average at least.
    pub range: u64,
    /// Bytes that a settle task reads, about, as long as the other bounds allow it.
    pub reducer: u64,
}

impl Default for Sizes {
    fn default() -> Sizes {
        Sizes { shuffle: 1 << 20, range: MIN_RANGE, reducer: 256 << 20 }
    }
}

impl Sizes {
    /// Which parts share a shuffle task: consecutive ones of one list, given the bytes that each part of every list ships.
    ///
    /// A group is closed when it is large enough, so there are at most [`MAX_SHUFFLES`], and one for the end of every list.
    pub fn groups(&self, lists: &[Vec<u64>]) -> Vec<Vec<std::ops::Range<usize>>> {
        let total: u64 = lists.iter().flatten().sum();
        let enough = (total / MAX_SHUFFLES + 1).max(self.shuffle);
        lists.iter().map(|bytes| cut(bytes, enough)).collect()
    }

    /// How many ranges the keys are cut into, given the bytes of all shuffles and their number.
    pub fn n_reducers(&self, bytes: u64, n_shuffles: u64) -> u64 {
        let allowed = (bytes / (n_shuffles.max(1) * self.range)).min(MAX_REDUCERS);
        bytes.div_ceil(self.reducer).min(allowed).max(1)
    }
}

/// Consecutive parts that have so many bytes together, and what is left at the end.
fn cut(bytes: &[u64], enough: u64) -> Vec<std::ops::Range<usize>> {
    let mut groups = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (at, bytes) in bytes.iter().enumerate() {
        sum += bytes;
        if sum >= enough {
            groups.push(start..at + 1);
            (start, sum) = (at + 1, 0);
        }
    }
    if start < bytes.len() {
        groups.push(start..bytes.len());
    }
    groups
}

/// How many tasks bring decisions home: as many as the shuffles, or fewer, so that a range that one of them reads from a
/// settled object is [`MIN_RANGE`] bytes on average; but none has more than [`MAX_GROUPS`] groups of parts.
pub fn n_homes(decision_bytes: u64, n_shuffles: u64, n_reducers: u64) -> u64 {
    let allowed = decision_bytes / (n_reducers.max(1) * MIN_RANGE);
    allowed.clamp(n_shuffles.div_ceil(MAX_GROUPS), n_shuffles.max(1)).max(1)
}

/// Groups of parts whose decisions one task brings home, at most: it lists their parts in its commit.
const MAX_GROUPS: u64 = 64;

/// The range that a key belongs to.
pub fn reducer_of(key: u64, n_reducers: u64) -> u64 {
    ((u128::from(key) * u128::from(n_reducers)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a row of an exchange of equal keys.
    const ROW: u64 = 48;

    #[test]
    fn both_sides_are_bounded_at_any_scale() {
        let sizes = Sizes::default();
        for (n_parts, bytes_of_a_part) in [(1, 10), (64, 1), (90_000, 50_000), (1_000_000, 1), (5_000, 2_000_000)] {
            let bytes = vec![bytes_of_a_part * ROW; n_parts];
            let groups = sizes.groups(std::slice::from_ref(&bytes)).remove(0);
            assert_eq!(groups.first().map(|group| group.start), Some(0));
            assert_eq!(groups.last().map(|group| group.end), Some(n_parts));
            assert!(groups.windows(2).all(|pair| pair[0].end == pair[1].start));
            let (n_shuffles, total) = (groups.len() as u64, bytes.iter().sum::<u64>());
            assert!(n_shuffles <= MAX_SHUFFLES, "{n_shuffles} shuffles for {n_parts} parts");
            let n_reducers = sizes.n_reducers(total, n_shuffles);
            assert!(n_reducers <= MAX_REDUCERS);
            assert!(n_reducers == 1 || total / (n_shuffles * n_reducers) >= MIN_RANGE);
        }
        assert!(sizes.groups(&[]).is_empty());
        // Parts of different runs never share a task.
        let one_and_two: [Vec<std::ops::Range<usize>>; 3] =
            [(0..1, 1), (0..0, 0), (0..2, 1)].map(|(range, n)| vec![range; n]);
        assert_eq!(sizes.groups(&[vec![1], vec![], vec![1, 1]]), one_and_two);
        assert_eq!(sizes.n_reducers(0, 0), 1);
        // A whole crawl of a month: 3 * 10^9 pages in 90,000 files.
        assert_eq!(sizes.n_reducers(3_000_000_000 * ROW, 4_096), 134);
        // A tenth of them removed: 12 GB of decisions.
        assert_eq!(n_homes(300_000_000 * 40, 4_096, 134), 341);
        assert_eq!((n_homes(0, 0, 1), n_homes(0, 4_096, 134), n_homes(u64::MAX, 7, 1)), (1, 64, 7));
    }

    #[test]
    fn ranges_of_keys_are_in_order_and_cover_all() {
        for n in [1, 3, 2_048] {
            assert_eq!((reducer_of(0, n), reducer_of(u64::MAX, n)), (0, n - 1));
        }
        assert_eq!([0, 1 << 62, 1 << 63, 3 << 62].map(|key| reducer_of(key, 2)), [0, 0, 1, 1]);
    }
}
