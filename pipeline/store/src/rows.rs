//! Objects of fixed-width rows: what exchanges ship. No header; the width is that of their kind, the count is in the
//! commit, and ranges of rows can be read on their own.

use crate::{Object, ObjectRef, Store, StoreError};
use bytes::Bytes;
use std::ops::Range;

/// Bytes that one request reads at most: few requests, and little memory.
const CHUNK: u64 = 4 << 20;

/// Reads rows of `W` bytes from a range of an object.
pub struct Rows<const W: usize> {
    object: Box<dyn Object>,
    /// Bytes still to be fetched.
    left: Range<u64>,
    chunk: Bytes,
    name: String,
}

impl<const W: usize> Rows<W> {
    /// Opens all rows of an object, after checking its size.
    ///
    /// # Errors
    /// When the object is missing or has another size than was committed.
    pub fn open(store: &dyn Store, object: &ObjectRef) -> Result<Rows<W>, StoreError> {
        Rows::open_range(store, object, 0..object.rows)
    }

    /// Opens a range of rows.
    ///
    /// # Errors
    /// As [`Rows::open`], and when the range leaves the object.
    pub fn open_range(store: &dyn Store, object: &ObjectRef, rows: Range<u64>) -> Result<Rows<W>, StoreError> {
        let (name, width) = (store.display(&object.key), W as u64);
        if object.rows.checked_mul(width) != Some(object.bytes) {
            return Err(StoreError::corrupt(name, format!("it should hold {} rows of {W} bytes", object.rows)));
        }
        if rows.start > rows.end || rows.end > object.rows {
            return Err(StoreError::corrupt(name, format!("rows {rows:?} of {}", object.rows)));
        }
        // Nothing will be read of an empty range, so this is when a lost object must be noticed.
        let opened = match rows.is_empty() {
            true => store.open(&object.key)?,
            false => store.open_committed(&object.key, object.bytes)?,
        };
        Ok(Rows { object: opened, left: rows.start * width..rows.end * width, chunk: Bytes::new(), name })
    }
}

impl<const W: usize> Iterator for Rows<W> {
    type Item = Result<[u8; W], StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.chunk.is_empty() && !self.left.is_empty() {
            let end = self.left.end.min(self.left.start + CHUNK / W as u64 * W as u64);
            match self.object.read_at(self.left.start..end) {
                Ok(chunk) if chunk.len() as u64 == end - self.left.start => self.chunk = chunk,
                Ok(chunk) => {
                    let why = format!("{} bytes came for {:?}", chunk.len(), self.left.start..end);
                    return Some(Err(StoreError::corrupt(&self.name, why)));
                }
                Err(error) => return Some(Err(error)),
            }
            self.left.start = end;
        }
        if self.chunk.is_empty() {
            return None;
        }
        let Some(row) = self.chunk.first_chunk::<W>().copied() else {
            return Some(Err(StoreError::corrupt(&self.name, "it ends inside a row")));
        };
        // Cheaper than splitting the buffer, which counts its owners.
        bytes::Buf::advance(&mut self.chunk, W);
        Some(Ok(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemStore, Spool};
    use std::io::Write;

    #[test]
    fn ranges_of_rows_are_read_back() {
        let store = MemStore::new().unwrap();
        let mut spool = Spool::create(&store).unwrap();
        let n_rows = 2_000_000u64;
        for row in 0..n_rows {
            spool.write_all(&[row.to_be_bytes(), (row * 3).to_be_bytes()].concat()).unwrap();
        }
        let object = ObjectRef { rows: n_rows, ..spool.store(&store, "t", "rows").unwrap() };
        for range in [0..0, 0..1, 5..700_001, 0..n_rows, n_rows..n_rows] {
            let rows = Rows::<16>::open_range(&store, &object, range.clone()).unwrap();
            let mut expected = range.clone();
            for row in rows {
                assert_eq!(row.unwrap()[..8], expected.next().unwrap().to_be_bytes());
            }
            assert_eq!(expected.next(), None);
        }
        assert!(Rows::<16>::open_range(&store, &object, 0..n_rows + 1).is_err());
        assert!(Rows::<20>::open(&store, &object).is_err());
    }
}
