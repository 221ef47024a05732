//! A sorted run: rows in an unnamed file, which disappears with the process, however it ends.

use crate::StoreError;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes that are written at once.
const WRITE_BUFFER: usize = 256 << 10;

/// Sorted rows on disk.
pub struct Run {
    file: File,
}

impl Run {
    /// Writes rows that come in order.
    pub fn write<R: AsRef<[u8]>>(
        scratch: &Path,
        rows: impl Iterator<Item = Result<R, StoreError>>,
    ) -> Result<Run, StoreError> {
        let failed = |error| StoreError::io("write a sorted run in", scratch.display())(error);
        let mut file = BufWriter::with_capacity(WRITE_BUFFER, tempfile::tempfile_in(scratch).map_err(failed)?);
        for row in rows {
            file.write_all(row?.as_ref()).map_err(failed)?;
        }
        let mut file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        Ok(Run { file })
    }

    /// Reads it from the start.
    pub fn read(self, buffer: usize) -> RunReader {
        RunReader(BufReader::with_capacity(buffer, self.file))
    }
}

/// Reads a run row by row.
pub struct RunReader(BufReader<File>);

impl RunReader {
    /// The next row; `None` at the end.
    pub fn next<const W: usize>(&mut self) -> Result<Option<[u8; W]>, StoreError> {
        let mut row = [0; W];
        let failed = StoreError::io("read", "a sorted run");
        let mut filled = 0;
        while filled < W {
            match self.0.read(&mut row[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(failed(std::io::ErrorKind::UnexpectedEof.into())),
                Ok(n) => filled += n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(Some(row))
    }
}
