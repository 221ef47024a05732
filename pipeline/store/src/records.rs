//! Objects of records of any length, each behind its length: what [`crate::sort::records`] sorts, read from ranges of
//! bytes.

use crate::sort::records::{LENGTH, MAX_RECORD};
use crate::{Object, ObjectRef, Store, StoreError};
use std::ops::Range;

/// Bytes that one request reads at most.
const CHUNK: u64 = 4 << 20;

/// Reads records from a range of an object.
pub struct Records {
    object: Box<dyn Object>,
    /// Bytes still to be fetched.
    left: Range<u64>,
    buffer: Vec<u8>,
    at: usize,
    name: String,
}

impl Records {
    /// Opens a range of bytes, which must begin and end between records.
    ///
    /// # Errors
    /// When the object is missing or shorter than was committed.
    pub fn open_range(store: &dyn Store, object: &ObjectRef, bytes: Range<u64>) -> Result<Records, StoreError> {
        let name = store.display(&object.key);
        if bytes.start > bytes.end || bytes.end > object.bytes {
            return Err(StoreError::corrupt(name, format!("bytes {bytes:?} of {}", object.bytes)));
        }
        let object = store.open_committed(&object.key, object.bytes)?;
        Ok(Records { object, left: bytes, buffer: Vec::new(), at: 0, name })
    }

    /// The next record without its length; `None` at the end.
    ///
    /// # Errors
    /// When the store fails or the object is damaged.
    pub fn next_record(&mut self) -> Result<Option<&[u8]>, StoreError> {
        if self.at == self.buffer.len() && self.left.is_empty() {
            return Ok(None);
        }
        self.fetch(LENGTH)?;
        let length = self.buffer.get(self.at..).and_then(|rest| rest.first_chunk());
        let length = length.map_or(0, |length| u32::from_be_bytes(*length) as usize);
        if length > MAX_RECORD {
            return Err(StoreError::corrupt(&self.name, format!("a record of {length} bytes")));
        }
        self.fetch(LENGTH + length)?;
        let start = self.at + LENGTH;
        self.at = start + length;
        Ok(self.buffer.get(start..self.at))
    }

    /// Sees to it that so many bytes lie in the buffer.
    fn fetch(&mut self, wanted: usize) -> Result<(), StoreError> {
        while self.buffer.len() - self.at < wanted {
            if self.left.is_empty() {
                return Err(StoreError::corrupt(&self.name, "it ends inside a record"));
            }
            self.buffer.drain(..self.at);
            self.at = 0;
            let end = self.left.end.min(self.left.start + CHUNK);
            let chunk = self.object.read_at(self.left.start..end)?;
            if chunk.len() as u64 != end - self.left.start {
                let why = format!("{} bytes came for {:?}", chunk.len(), self.left.start..end);
                return Err(StoreError::corrupt(&self.name, why));
            }
            self.buffer.extend_from_slice(&chunk);
            self.left.start = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sort::records::RecordSorter;
    use crate::{MemStore, Spool};
    use std::io::Write;

    #[test]
    fn ranges_of_records_are_read_back() {
        let store = MemStore::new().unwrap();
        let mut sorter = RecordSorter::<4>::new(store.scratch(), 1 << 30);
        let n = 20_000u32;
        for number in (0..n).rev() {
            sorter.push(number.to_be_bytes(), &vec![number as u8; number as usize % 700]).unwrap();
        }
        let mut spool = Spool::create(&store).unwrap();
        let (mut starts, mut bytes) = (Vec::new(), 0);
        let mut sorted = sorter.finish().unwrap();
        while let Some(record) = sorted.next_record().unwrap() {
            starts.push(bytes);
            bytes += record.len() as u64;
            spool.write_all(record).unwrap();
        }
        starts.push(bytes);
        let object = ObjectRef { rows: u64::from(n), ..spool.store(&store, "t", "records").unwrap() };
        for (from, to) in [(0, 0), (0, n), (5, 6), (700, 19_000), (n, n)] {
            let mut records = Records::open_range(&store, &object, starts[from as usize]..starts[to as usize]).unwrap();
            for number in from..to {
                let record = records.next_record().unwrap().unwrap();
                assert_eq!(record[..4], number.to_be_bytes());
                assert_eq!(record.len(), 4 + number as usize % 700);
            }
            assert!(records.next_record().unwrap().is_none());
        }
        assert!(Records::open_range(&store, &object, 0..bytes + 1).is_err());
        let mut cut = Records::open_range(&store, &object, 0..bytes - 1).unwrap();
        let failed = (0..n).find_map(|_| cut.next_record().err());
        assert!(failed.is_some(), "a record that is cut is noticed");
    }
}
