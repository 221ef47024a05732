//! An object whose last blocks are kept: for readers that ask for many small pieces near each other, such as those of Parquet.

use crate::{Object, StoreError};
use bytes::Bytes;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Bytes of a block. Blocks begin at multiples of it.
const BLOCK: u64 = 1 << 20;

/// Blocks that are kept: two for each column that is read side by side, and some.
const KEPT: usize = 32;

/// Reads an object in blocks and keeps the last ones, up to 32 MiB. A read that is longer than that goes by them.
pub struct Cached {
    inner: Box<dyn Object>,
    /// The one that was used last comes last.
    blocks: Mutex<VecDeque<(u64, Bytes)>>,
}

impl Cached {
    /// Reads `inner` in blocks.
    pub fn new(inner: Box<dyn Object>) -> Cached {
        Cached { inner, blocks: Mutex::default() }
    }

    fn block(&self, number: u64) -> Result<Bytes, StoreError> {
        // Held while reading: two readers of one block must not both fetch it.
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let at = blocks.iter().position(|(kept, _)| *kept == number);
        let block = match at.and_then(|at| blocks.remove(at)) {
            Some((_, block)) => block,
            None => self.inner.read_at(number * BLOCK..((number + 1) * BLOCK).min(self.inner.bytes()))?,
        };
        if blocks.len() >= KEPT {
            blocks.pop_front();
        }
        blocks.push_back((number, block.clone()));
        Ok(block)
    }
}

impl Object for Cached {
    fn bytes(&self) -> u64 {
        self.inner.bytes()
    }

    fn read_at(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let is_sound = range.start <= range.end && range.end <= self.inner.bytes();
        if !is_sound || range.is_empty() || range.end - range.start > KEPT as u64 / 2 * BLOCK {
            return self.inner.read_at(range);
        }
        let part = |number: u64| {
            let (block, first) = (self.block(number)?, number * BLOCK);
            let (start, end) = (range.start.max(first) - first, (range.end - first).min(block.len() as u64));
            Ok(block.slice(start as usize..end as usize))
        };
        let (first, last) = (range.start / BLOCK, (range.end - 1) / BLOCK);
        if first == last {
            return part(first);
        }
        let parts = (first..=last).map(part).collect::<Result<Vec<Bytes>, StoreError>>()?;
        Ok(parts.concat().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::counted;

    #[test]
    fn near_reads_fetch_a_block_once_and_give_the_right_bytes() {
        let content: Vec<u8> = (0..3 * BLOCK + 77).map(|at| (at % 251) as u8).collect();
        let (object, requests) = counted(Box::new(Bytes::from(content.clone())));
        let cached = Cached::new(object);
        for range in [5..9, BLOCK - 2..BLOCK + 3, 7..7, 100..2 * BLOCK + 5, 3 * BLOCK..3 * BLOCK + 77] {
            let found = cached.read_at(range.clone()).unwrap();
            assert_eq!(&found[..], &content[range.start as usize..range.end as usize], "{range:?}");
        }
        assert_eq!((requests().get, requests().bytes_read), (4, content.len() as u64));
        assert!(cached.read_at(3 * BLOCK..3 * BLOCK + 78).is_err());
    }

    #[test]
    fn few_blocks_are_kept_and_long_reads_go_by_them() {
        let (object, requests) = counted(Box::new(Bytes::from(vec![1; 70 * BLOCK as usize])));
        let cached = Cached::new(object);
        assert_eq!(cached.read_at(0..20 * BLOCK).unwrap().len() as u64, 20 * BLOCK);
        assert_eq!(requests().get, 1);
        (0..70).chain([0]).for_each(|number| drop(cached.read_at(number * BLOCK..number * BLOCK + 1).unwrap()));
        assert_eq!(requests().get, 1 + 70 + 1, "the first block was given up");
        assert!(cached.blocks.lock().unwrap().len() <= KEPT);
    }
}
