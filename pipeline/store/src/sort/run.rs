//! Sorted runs: rows one after the other in one unnamed file, which disappears with the process, however it ends.

use super::records::LENGTH;
use crate::StoreError;
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// Bytes that are written at once.
const WRITE_BUFFER: usize = 256 << 10;

/// The file that holds all runs of a sorter: one, because a process may have few files open at a time.
pub struct Runs {
    file: Arc<File>,
    end: u64,
    name: String,
}

/// Where a run lies.
pub type Run = Range<u64>;

impl Runs {
    /// An empty file.
    pub fn create(scratch: &Path) -> Result<Runs, StoreError> {
        let name = format!("a sorted run in {}", scratch.display());
        let file = tempfile::tempfile_in(scratch).map_err(StoreError::io("create", &name))?;
        Ok(Runs { file: Arc::new(file), end: 0, name })
    }

    /// Appends rows that come in order.
    pub fn write<R: AsRef<[u8]>>(
        &mut self,
        rows: impl Iterator<Item = Result<R, StoreError>>,
    ) -> Result<Run, StoreError> {
        let failed = |error: io::Error| StoreError::io("write", &self.name)(error);
        let start = self.end;
        let mut file = BufWriter::with_capacity(WRITE_BUFFER, &*self.file);
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        for row in rows {
            let row = row?;
            file.write_all(row.as_ref()).map_err(failed)?;
            self.end += row.as_ref().len() as u64;
        }
        file.flush().map_err(failed)?;
        Ok(start..self.end)
    }

    /// Reads a run from its start through `buffer` bytes.
    pub fn read(&self, run: Run, buffer: usize) -> RunReader {
        RunReader {
            file: self.file.clone(),
            left: run,
            buffer: Vec::new(),
            at: 0,
            size: buffer,
            name: self.name.clone(),
        }
    }
}

/// Reads a run row by row.
pub struct RunReader {
    file: Arc<File>,
    /// What has not been read from the file.
    left: Run,
    buffer: Vec<u8>,
    /// What has been taken from the buffer.
    at: usize,
    size: usize,
    name: String,
}

impl RunReader {
    /// Reads the next record of a run of records, with its length in front, into `out`; false at the end.
    pub fn next_record(&mut self, out: &mut Vec<u8>) -> Result<bool, StoreError> {
        out.clear();
        if self.at == self.buffer.len() && self.left.is_empty() {
            return Ok(false);
        }
        self.take(LENGTH, out)?;
        let length = out.first_chunk().map_or(0, |length| u32::from_be_bytes(*length) as usize);
        self.take(length, out)?;
        Ok(true)
    }

    /// Appends the next `n` bytes to `out`.
    fn take(&mut self, mut n: usize, out: &mut Vec<u8>) -> Result<(), StoreError> {
        while n > 0 {
            if self.at == self.buffer.len() {
                if self.left.is_empty() {
                    return Err(StoreError::corrupt(&self.name, "it ends inside a record"));
                }
                self.fill(self.size as u64)?;
            }
            let end = self.buffer.len().min(self.at + n);
            let taken = self.buffer.get(self.at..end).unwrap_or_default();
            out.extend_from_slice(taken);
            n -= taken.len();
            self.at = end;
        }
        Ok(())
    }

    /// Reads the next bytes of the run, `n` of them if there are so many.
    fn fill(&mut self, n: u64) -> Result<(), StoreError> {
        let n = n.min(self.left.end - self.left.start);
        self.buffer.resize(n as usize, 0);
        self.file.read_exact_at(&mut self.buffer, self.left.start).map_err(StoreError::io("read", &self.name))?;
        (self.left.start, self.at) = (self.left.start + n, 0);
        Ok(())
    }

    /// The next row; `None` at the end.
    pub fn next<const W: usize>(&mut self) -> Result<Option<[u8; W]>, StoreError> {
        if self.at == self.buffer.len() {
            if self.left.is_empty() {
                return Ok(None);
            }
            let rows = (self.size / W).max(1) as u64 * W as u64;
            self.fill(rows)?;
        }
        let row = self.buffer.get(self.at..).and_then(|rest| rest.first_chunk::<W>());
        let row = *row.ok_or_else(|| StoreError::corrupt(&self.name, "it ends inside a row"))?;
        self.at += W;
        Ok(Some(row))
    }
}
