//! Sorting fixed-width rows in bounded memory: full buffers are sorted and spilled, then all runs are merged.
//!
//! Rows are compared as bytes, so whoever writes them puts the fields in order of weight, most significant byte first.
//! Equal rows are equal bytes, so the result does not depend on the buffer, on the number of runs or on arrival.

mod merge;
pub mod records;
mod run;

use crate::StoreError;
use merge::Merge;
use run::{Run, Runs};
use std::path::{Path, PathBuf};

/// Bytes that one run needs in memory while it is merged.
const RUN_BUFFER: usize = 64 << 10;

/// Runs that are merged at once at most; with more of them, some are merged into one first.
const MAX_FAN_IN: usize = 128;

/// The smallest buffer that makes sense: two runs must be mergeable in it.
pub const MIN_MEMORY: usize = 4 * RUN_BUFFER;

/// Collects rows of `W` bytes and gives them back in order.
pub struct Sorter<const W: usize> {
    buffer: Vec<[u8; W]>,
    /// Rows that the buffer may hold.
    capacity: usize,
    fan_in: usize,
    /// The spilled runs; the file is made when the buffer is full for the first time.
    runs: Vec<Run>,
    file: Option<Runs>,
    scratch: PathBuf,
}

impl<const W: usize> Sorter<W> {
    /// A sorter that holds at most `memory` bytes of rows, and spills into unnamed files in `scratch`.
    pub fn new(scratch: &Path, memory: u64) -> Sorter<W> {
        let memory = usize::try_from(memory).unwrap_or(usize::MAX).max(MIN_MEMORY);
        let fan_in = (memory / RUN_BUFFER).clamp(2, MAX_FAN_IN);
        Sorter {
            buffer: Vec::new(),
            capacity: memory / W,
            fan_in,
            runs: Vec::new(),
            file: None,
            scratch: scratch.to_owned(),
        }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When a full buffer cannot be spilled.
    pub fn push(&mut self, row: [u8; W]) -> Result<(), StoreError> {
        if self.buffer.len() >= self.capacity {
            self.spill()?;
        }
        if self.buffer.len() == self.buffer.capacity() {
            // Doubled, but never beyond the limit, as `push` alone would do.
            let more = self.buffer.len().max(1 << 10).min(self.capacity - self.buffer.len());
            self.buffer.reserve_exact(more);
        }
        self.buffer.push(row);
        Ok(())
    }

    fn spill(&mut self) -> Result<(), StoreError> {
        sort(&mut self.buffer);
        let mut file = self.file.take().map_or_else(|| Runs::create(&self.scratch), Ok)?;
        self.runs.push(file.write(self.buffer.iter().map(|row| Ok(&row[..])))?);
        self.file = Some(file);
        self.buffer.clear();
        Ok(())
    }

    /// Ends the input; the rows come in order, equal ones as often as they were added.
    ///
    /// # Errors
    /// When runs cannot be merged.
    pub fn finish(mut self) -> Result<Sorted<W>, StoreError> {
        if self.file.is_some() && !self.buffer.is_empty() {
            self.spill()?;
        }
        let Some(mut file) = self.file else {
            sort(&mut self.buffer);
            return Ok(Sorted::Memory(self.buffer.into_iter()));
        };
        self.buffer = Vec::new();
        while self.runs.len() > self.fan_in {
            let mut merged = Merge::<W>::open(&file, &self.runs[..self.fan_in], RUN_BUFFER)?;
            let run = file.write(std::iter::from_fn(|| merged.next()))?;
            self.runs.drain(..self.fan_in);
            self.runs.push(run);
        }
        Ok(Sorted::Merged(Merge::open(&file, &self.runs, RUN_BUFFER)?))
    }

    /// Runs that have been spilled so far.
    pub fn n_runs(&self) -> usize {
        self.runs.len()
    }
}

/// Rows in order.
pub enum Sorted<const W: usize> {
    /// All of them fitted into memory.
    Memory(std::vec::IntoIter<[u8; W]>),
    /// They are merged from spilled runs.
    Merged(Merge<W>),
}

impl<const W: usize> Iterator for Sorted<W> {
    type Item = Result<[u8; W], StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Sorted::Memory(rows) => rows.next().map(Ok),
            Sorted::Merged(merge) => merge.next(),
        }
    }
}

/// Sorts by the first eight bytes as one number, which settles almost every comparison of hashes, then by the rest.
fn sort<const W: usize>(rows: &mut [[u8; W]]) {
    rows.sort_unstable_by(|a, b| prefix(a).cmp(&prefix(b)).then_with(|| a.cmp(b)));
}

/// The first eight bytes as a number of the same order.
fn prefix<const W: usize>(row: &[u8; W]) -> u64 {
    row.first_chunk().map_or(0, |head| u64::from_be_bytes(*head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::hash::hash64;

    fn rows(n: u64) -> Vec<[u8; 20]> {
        let row = |i: u64| {
            let mut row = [0; 20];
            row[..8].copy_from_slice(&(hash64(1, &i.to_le_bytes()) % (n / 2 + 1)).to_be_bytes());
            row[8..16].copy_from_slice(&hash64(2, &i.to_le_bytes()).to_be_bytes());
            row
        };
        (0..n).map(row).collect()
    }

    fn sorted(rows: &[[u8; 20]], memory: u64) -> (usize, Vec<[u8; 20]>) {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(folder.path(), memory);
        rows.iter().for_each(|row| sorter.push(*row).unwrap());
        let n_runs = sorter.n_runs();
        (n_runs, sorter.finish().unwrap().map(Result::unwrap).collect())
    }

    #[test]
    fn the_order_does_not_depend_on_memory() {
        for n in [0, 1, 2, 100, 300_000] {
            let rows = rows(n);
            let mut expected = rows.clone();
            expected.sort();
            assert_eq!(sorted(&rows, 1 << 30), (0, expected.clone()));
            // So little that runs are merged in several rounds.
            let (n_runs, found) = sorted(&rows, 0);
            assert_eq!(n_runs > 4, n == 300_000, "{n_runs} runs");
            assert!(found == expected, "{n} rows");
        }
    }

    #[test]
    fn nothing_is_left_in_the_scratch_folder() {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::<20>::new(folder.path(), 0);
        rows(100_000).into_iter().for_each(|row| sorter.push(row).unwrap());
        assert!(sorter.n_runs() > 0);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
