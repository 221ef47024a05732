//! Sorting records of any length by a key of fixed width in bounded memory, as [`super::Sorter`] does with rows.
//!
//! A record is stored as its length (four bytes, most significant first), its key and the rest.

use super::run::{Run, RunReader, Runs};
use super::{MAX_FAN_IN, MIN_MEMORY, RUN_BUFFER, prefix};
use crate::StoreError;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

/// Bytes of the length in front of a record.
pub const LENGTH: usize = 4;

/// Bytes of a record at most: what claims to be longer is damaged.
pub const MAX_RECORD: usize = 64 << 20;

/// Where a record in the buffer begins, behind the first eight bytes of its key, which settle most comparisons.
type Place = (u64, usize);

/// Collects records that begin with a key of `K` bytes, and gives them back in the order of the keys.
pub struct RecordSorter<const K: usize> {
    buffer: Vec<u8>,
    places: Vec<Place>,
    memory: usize,
    runs: Vec<Run>,
    file: Option<Runs>,
    scratch: PathBuf,
}

impl<const K: usize> RecordSorter<K> {
    /// A sorter that holds at most `memory` bytes (and one record), and spills into unnamed files in `scratch`.
    pub fn new(scratch: &Path, memory: u64) -> RecordSorter<K> {
        let memory = usize::try_from(memory).unwrap_or(usize::MAX).max(MIN_MEMORY);
        let (buffer, places) = (Vec::new(), Vec::new());
        RecordSorter { buffer, places, memory, runs: Vec::new(), file: None, scratch: scratch.to_owned() }
    }

    /// Adds a record.
    ///
    /// # Errors
    /// When a full buffer cannot be spilled, or the record is longer than [`MAX_RECORD`].
    pub fn push(&mut self, key: [u8; K], rest: &[u8]) -> Result<(), StoreError> {
        let length = K + rest.len();
        let Some(claimed) = u32::try_from(length).ok().filter(|_| length <= MAX_RECORD) else {
            return Err(StoreError::Usage(format!("a record of {length} bytes is too long to be sorted")));
        };
        let taken = self.buffer.len() + self.places.len() * size_of::<Place>();
        if !self.buffer.is_empty() && taken + LENGTH + length > self.memory {
            self.spill()?;
        }
        self.grow(LENGTH + length);
        self.places.push((prefix(&key), self.buffer.len()));
        self.buffer.extend_from_slice(&claimed.to_be_bytes());
        self.buffer.extend_from_slice(&key);
        self.buffer.extend_from_slice(rest);
        Ok(())
    }

    /// Makes room: doubled, but never beyond the limit, as appending alone would do.
    fn grow(&mut self, more: usize) {
        let free = self.buffer.capacity() - self.buffer.len();
        if free < more {
            let doubled = self.buffer.len().max(64 << 10).min(self.memory.saturating_sub(self.buffer.len()));
            self.buffer.reserve_exact(doubled.max(more));
        }
    }

    fn sort(&mut self) {
        let buffer = &self.buffer;
        let key = |at: usize| &buffer[at + LENGTH..at + LENGTH + K];
        self.places.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| key(a.1).cmp(key(b.1))));
    }

    fn spill(&mut self) -> Result<(), StoreError> {
        self.sort();
        let mut file = self.file.take().map_or_else(|| Runs::create(&self.scratch), Ok)?;
        let buffer = &self.buffer;
        self.runs.push(file.write(self.places.iter().map(|(_, at)| Ok(encoded(buffer, *at))))?);
        self.file = Some(file);
        self.buffer.clear();
        self.places.clear();
        Ok(())
    }

    /// Ends the input.
    ///
    /// # Errors
    /// When runs cannot be merged.
    pub fn finish(mut self) -> Result<SortedRecords<K>, StoreError> {
        if self.file.is_some() && !self.places.is_empty() {
            self.spill()?;
        }
        let Some(mut file) = self.file.take() else {
            self.sort();
            return Ok(SortedRecords::Memory { buffer: self.buffer, places: self.places.into_iter() });
        };
        (self.buffer, self.places) = (Vec::new(), Vec::new());
        let fan_in = (self.memory / RUN_BUFFER).clamp(2, MAX_FAN_IN);
        while self.runs.len() > fan_in {
            let mut merged = MergedRecords::<K>::open(&file, &self.runs[..fan_in])?;
            let run = file.write(std::iter::from_fn(|| merged.next_encoded()))?;
            self.runs.drain(..fan_in);
            self.runs.push(run);
        }
        Ok(SortedRecords::Merged(MergedRecords::open(&file, &self.runs)?))
    }
}

/// The record that begins at a place, with its length in front.
fn encoded(buffer: &[u8], at: usize) -> &[u8] {
    let rest = buffer.get(at..).unwrap_or_default();
    let length = rest.first_chunk().map_or(0, |length| u32::from_be_bytes(*length) as usize);
    rest.get(..LENGTH + length).unwrap_or_default()
}

/// Records in order.
pub enum SortedRecords<const K: usize> {
    /// All of them fitted into memory.
    Memory {
        /// The records.
        buffer: Vec<u8>,
        /// Where they begin, in order.
        places: std::vec::IntoIter<Place>,
    },
    /// They are merged from spilled runs.
    Merged(MergedRecords<K>),
}

impl<const K: usize> SortedRecords<K> {
    /// The next record with its length in front; `None` at the end.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn next_record(&mut self) -> Result<Option<&[u8]>, StoreError> {
        match self {
            SortedRecords::Memory { buffer, places } => Ok(places.next().map(|(_, at)| encoded(buffer, at))),
            SortedRecords::Merged(merged) => merged.next(),
        }
    }
}

/// Merges sorted runs with a heap of the keys of their first records.
pub struct MergedRecords<const K: usize> {
    heads: BinaryHeap<Reverse<([u8; K], usize)>>,
    runs: Vec<(RunReader, Vec<u8>)>,
    current: Vec<u8>,
}

impl<const K: usize> MergedRecords<K> {
    fn open(file: &Runs, runs: &[Run]) -> Result<MergedRecords<K>, StoreError> {
        let runs = runs.iter().map(|run| (file.read(run.clone(), RUN_BUFFER), Vec::new())).collect();
        let mut merged = MergedRecords { heads: BinaryHeap::new(), runs, current: Vec::new() };
        (0..merged.runs.len()).try_for_each(|run| merged.advance(run))?;
        Ok(merged)
    }

    /// Reads the next record of a run.
    fn advance(&mut self, run: usize) -> Result<(), StoreError> {
        let (reader, record) = &mut self.runs[run];
        if reader.next_record(record)? {
            let key = record.get(LENGTH..).and_then(|rest| rest.first_chunk()).copied();
            self.heads.push(Reverse((key.unwrap_or([0; K]), run)));
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Option<&[u8]>, StoreError> {
        let Some(Reverse((_, run))) = self.heads.pop() else { return Ok(None) };
        std::mem::swap(&mut self.current, &mut self.runs[run].1);
        self.advance(run)?;
        Ok(Some(&self.current))
    }

    /// As [`MergedRecords::next`], as an iterator of owned records.
    fn next_encoded(&mut self) -> Option<Result<Vec<u8>, StoreError>> {
        self.next().map(|record| record.map(<[u8]>::to_vec)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::hash::hash64;

    fn sorted(n: u64, memory: u64) -> (bool, Vec<Vec<u8>>) {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = RecordSorter::<12>::new(folder.path(), memory);
        for i in 0..n {
            let mut key = [0; 12];
            key[..8].copy_from_slice(&(hash64(1, &i.to_le_bytes()) % (n / 3 + 1)).to_be_bytes());
            key[8..].copy_from_slice(&(i as u32).to_be_bytes());
            sorter.push(key, &vec![i as u8; (hash64(2, &i.to_le_bytes()) % 300) as usize]).unwrap();
        }
        let mut sorted = sorter.finish().unwrap();
        let was_merged = matches!(sorted, SortedRecords::Merged(_));
        let mut out = Vec::new();
        while let Some(record) = sorted.next_record().unwrap() {
            out.push(record.to_vec());
        }
        (was_merged, out)
    }

    #[test]
    fn the_order_does_not_depend_on_memory() {
        for n in [0, 1, 100, 30_000] {
            let (was_merged, in_memory) = sorted(n, 1 << 30);
            assert!(!was_merged);
            assert_eq!(in_memory.len() as u64, n);
            assert!(in_memory.is_sorted_by(|a, b| a[4..16] < b[4..16]));
            assert!(
                in_memory
                    .iter()
                    .all(|record| record.len() == 4 + u32::from_be_bytes(*record.first_chunk().unwrap()) as usize)
            );
            // So little that runs are merged in several rounds.
            let (was_merged, merged) = sorted(n, 0);
            assert_eq!(was_merged, n == 30_000);
            assert!(merged == in_memory, "{n} records");
        }
    }
}
