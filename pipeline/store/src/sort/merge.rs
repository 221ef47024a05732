//! Merges sorted runs with a heap of their first rows.

use super::run::{Run, RunReader, Runs};
use crate::StoreError;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The rows of several runs in one order.
pub struct Merge<const W: usize> {
    /// The next row of every run that has one; the smallest is on top.
    heads: BinaryHeap<Reverse<([u8; W], usize)>>,
    runs: Vec<RunReader>,
}

impl<const W: usize> Merge<W> {
    /// Begins with the first row of every run, each read through `buffer` bytes.
    pub fn open(file: &Runs, runs: &[Run], buffer: usize) -> Result<Merge<W>, StoreError> {
        let mut runs: Vec<RunReader> = runs.iter().map(|run| file.read(run.clone(), buffer)).collect();
        let mut heads = BinaryHeap::with_capacity(runs.len());
        for (at, run) in runs.iter_mut().enumerate() {
            heads.extend(run.next()?.map(|row| Reverse((row, at))));
        }
        Ok(Merge { heads, runs })
    }

    /// The next row; the end of the run it came from is noticed here, too.
    pub fn next(&mut self) -> Option<Result<[u8; W], StoreError>> {
        let mut top = self.heads.peek_mut()?;
        let Reverse((row, at)) = *top;
        match self.runs[at].next() {
            Ok(Some(next)) => top.0.0 = next,
            Ok(None) => drop(std::collections::binary_heap::PeekMut::pop(top)),
            Err(error) => return Some(Err(error)),
        }
        Some(Ok(row))
    }
}
