//! A forward read of an object that fetches the next blocks while the reader is busy.

use crate::{Object, StoreError};
use bytes::Bytes;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Bytes that are fetched at once. Blocks begin at multiples of it.
pub const BLOCK: u64 = 8 << 20;

/// Reads a range of an object from its first byte to its last.
///
/// At most two blocks are held or fetched ahead of the one that is being read, by one helper thread, which ends with the
/// stream. So a stream takes up to 24 MiB, whatever the size of the object.
pub struct ReadAhead {
    object: Arc<dyn Object>,
    left: Range<u64>,
    blocks: Option<Receiver<Result<Bytes, StoreError>>>,
    block: Bytes,
}

impl ReadAhead {
    /// Reads `range` of `object`; nothing is fetched before the first read.
    pub fn new(object: Arc<dyn Object>, range: Range<u64>) -> ReadAhead {
        ReadAhead { object, left: range, blocks: None, block: Bytes::new() }
    }

    /// The next block. After an error the helper is gone, and the next call begins with the block that failed.
    fn next_block(&mut self) -> io::Result<Bytes> {
        if self.blocks.is_none() && block_end(&self.left) < self.left.end {
            self.blocks = Some(start(self.object.clone(), self.left.clone())?);
        }
        let block = match &self.blocks {
            Some(blocks) => blocks.recv().map_err(|_| io::Error::other("the helper thread of a stream died"))?,
            None => self.object.read_at(self.left.start..block_end(&self.left)),
        };
        match block {
            Ok(block) => {
                self.left.start += block.len() as u64;
                Ok(block)
            }
            Err(error) => {
                self.blocks = None;
                Err(error.into_io())
            }
        }
    }
}

/// Where the first block of `range` ends.
fn block_end(range: &Range<u64>) -> u64 {
    ((range.start / BLOCK + 1) * BLOCK).min(range.end)
}

/// Starts the helper. One block waits in the channel and one in the hand of the helper.
fn start(object: Arc<dyn Object>, range: Range<u64>) -> io::Result<Receiver<Result<Bytes, StoreError>>> {
    let (sender, receiver) = sync_channel(1);
    std::thread::Builder::new().name("read-ahead".to_owned()).spawn(move || fetch(&*object, range, &sender))?;
    Ok(receiver)
}

/// Sends one block after the other until the range has ended, a block fails, or nobody listens any more.
fn fetch(object: &dyn Object, mut left: Range<u64>, sender: &SyncSender<Result<Bytes, StoreError>>) {
    while left.start < left.end {
        let end = block_end(&left);
        let block = object.read_at(left.start..end);
        let is_last = block.is_err();
        if sender.send(block).is_err() || is_last {
            return;
        }
        left.start = end;
    }
}

impl Read for ReadAhead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.block.is_empty() && self.left.start < self.left.end && !out.is_empty() {
            self.block = self.next_block()?;
        }
        let n = out.len().min(self.block.len());
        out[..n].copy_from_slice(&self.block.split_to(n));
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Gives the low byte of every offset, notes what was read, and fails once at a given block.
    struct Counting {
        bytes: u64,
        reads: Mutex<Vec<Range<u64>>>,
        fails_at: Mutex<Option<u64>>,
    }

    impl Counting {
        fn new(bytes: u64, fails_at: Option<u64>) -> Arc<Counting> {
            Arc::new(Counting { bytes, reads: Mutex::default(), fails_at: Mutex::new(fails_at) })
        }
    }

    impl Object for Counting {
        fn bytes(&self) -> u64 {
            self.bytes
        }

        fn read_at(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
            self.reads.lock().unwrap().push(range.clone());
            if self.fails_at.lock().unwrap().take_if(|at| *at == range.start).is_some() {
                return Err(StoreError::transient("read", "x", "on purpose"));
            }
            Ok(range.map(|at| at as u8).collect::<Vec<_>>().into())
        }
    }

    #[test]
    fn blocks_come_in_order_and_each_once() {
        let object = Counting::new(3 * BLOCK + 5, None);
        let mut content = Vec::new();
        ReadAhead::new(object.clone(), 7..object.bytes).read_to_end(&mut content).unwrap();
        assert_eq!(content.len() as u64, object.bytes - 7);
        assert!(content.iter().zip(7u64..).all(|(byte, at)| *byte == at as u8));
        let reads = object.reads.lock().unwrap();
        assert_eq!(*reads, [7..BLOCK, BLOCK..2 * BLOCK, 2 * BLOCK..3 * BLOCK, 3 * BLOCK..object.bytes]);
    }

    #[test]
    fn a_stream_that_is_left_does_not_fetch_everything() {
        let object = Counting::new(50 * BLOCK, None);
        let mut stream = ReadAhead::new(object.clone(), 0..object.bytes);
        stream.read_exact(&mut [0; 9]).unwrap();
        drop(stream);
        while Arc::strong_count(&object) > 1 {
            std::thread::yield_now();
        }
        assert!(object.reads.lock().unwrap().len() <= 4);
    }

    #[test]
    fn a_failed_block_can_be_asked_for_again() {
        let object = Counting::new(3 * BLOCK, Some(BLOCK));
        let mut stream = ReadAhead::new(object.clone(), 0..object.bytes);
        let mut content = Vec::new();
        let error = stream.read_to_end(&mut content).unwrap_err();
        assert!(StoreError::io("read", "x")(error).is_transient());
        stream.read_to_end(&mut content).unwrap();
        assert_eq!(content.len() as u64, object.bytes);
    }
}
