//! Which n-gram buckets are left after pruning, and in which row each of them is.

use super::ModelError;
use super::bytes::Bytes;

const PART: &str = "the table of pruned n-grams";

/// The map from bucket to row, counted from the first n-gram row.
pub(super) enum Prune {
    /// Nothing was pruned: the bucket is the row.
    Unpruned,
    /// Few buckets are left. A bitmap answers for the many that are gone; for the others the number of set bits
    /// before them is their place in `rows`.
    Kept { bits: Vec<u64>, before: Vec<u32>, rows: Vec<u32> },
}

impl Prune {
    /// Reads `size` pairs of bucket and row; a negative size means that nothing was pruned.
    pub(super) fn read(bytes: &mut Bytes<'_>, size: i64, buckets: u32) -> Result<Prune, ModelError> {
        let Ok(size) = u64::try_from(size) else { return Ok(Prune::Unpruned) };
        let field = |pair: &[u8], at: usize| u32::from_le_bytes([pair[at], pair[at + 1], pair[at + 2], pair[at + 3]]);
        let pairs = bytes.take(size, 8, PART)?.chunks_exact(8);
        let mut pairs: Vec<(u32, u32)> = pairs.map(|pair| (field(pair, 0), field(pair, 4))).collect();
        if let Some((bucket, row)) = pairs.iter().find(|(bucket, row)| *bucket >= buckets || *row > i32::MAX as u32) {
            let what = format!("bucket `{bucket}` is in row `{row}`, but there are `{buckets}` buckets");
            return Err(ModelError::damaged(PART, what));
        }
        // As in the library, the last of several rows for one bucket counts: a stable sort leaves it last.
        pairs.sort_by_key(|(bucket, _)| *bucket);
        let mut bits = vec![0u64; (buckets as usize).div_ceil(64)];
        let mut rows = Vec::with_capacity(pairs.len());
        for (at, (bucket, row)) in pairs.iter().enumerate() {
            if pairs.get(at + 1).is_none_or(|(next, _)| next != bucket) {
                bits[(bucket / 64) as usize] |= 1 << (bucket % 64);
                rows.push(*row);
            }
        }
        let counts = bits.iter().map(|word| word.count_ones());
        let before = counts.scan(0, |sum, count| Some(std::mem::replace(sum, *sum + count))).collect();
        Ok(Prune::Kept { bits, before, rows })
    }

    /// The row of a bucket, counted from the first n-gram row; `None` when it was pruned.
    #[inline]
    pub(super) fn row(&self, bucket: u32) -> Option<usize> {
        match self {
            Prune::Unpruned => Some(bucket as usize),
            Prune::Kept { bits, before, rows } => {
                let word = (bucket / 64) as usize;
                let bit = 1u64 << (bucket % 64);
                if bits[word] & bit == 0 {
                    return None;
                }
                let rank = before[word] + (bits[word] & (bit - 1)).count_ones();
                Some(rows[rank as usize] as usize)
            }
        }
    }

    /// Number of n-gram rows that the input matrix must have.
    pub(super) fn n_rows(&self, buckets: u32) -> usize {
        match self {
            Prune::Unpruned => buckets as usize,
            Prune::Kept { rows, .. } => rows.iter().max().map_or(0, |row| *row as usize + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(u32, u32)], buckets: u32) -> Result<Prune, ModelError> {
        let bytes: Vec<u8> = pairs.iter().flat_map(|(a, b)| [a.to_le_bytes(), b.to_le_bytes()]).flatten().collect();
        Prune::read(&mut Bytes::new(&bytes), pairs.len() as i64, buckets)
    }

    #[test]
    fn finds_exactly_the_kept_buckets() {
        let pairs: Vec<(u32, u32)> = (0..300).filter(|i| i % 7 == 3).map(|i| (299 - i, i)).collect();
        let prune = read(&pairs, 300).unwrap();
        for bucket in 0..300 {
            let expected = pairs.iter().find(|(kept, _)| *kept == bucket).map(|(_, row)| *row as usize);
            assert_eq!(prune.row(bucket), expected, "bucket {bucket}");
        }
        assert_eq!(prune.n_rows(300), 298);
    }

    #[test]
    fn nothing_kept_is_not_nothing_pruned() {
        assert_eq!(read(&[], 10).unwrap().row(3), None);
        assert_eq!(Prune::read(&mut Bytes::new(&[]), -1, 10).unwrap().row(3), Some(3));
    }

    #[test]
    fn the_last_row_of_a_bucket_counts() {
        assert_eq!(read(&[(5, 1), (6, 2), (5, 3)], 10).unwrap().row(5), Some(3));
    }

    #[test]
    fn refuses_impossible_tables() {
        assert!(read(&[(10, 0)], 10).is_err());
        assert!(read(&[(1, u32::MAX)], 10).is_err());
        assert!(Prune::read(&mut Bytes::new(&[0; 8]), 2, 10).is_err());
        assert!(Prune::read(&mut Bytes::new(&[0; 8]), i64::MAX, 10).is_err());
    }
}
