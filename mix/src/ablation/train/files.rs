//! The only place of the trainer that touches files.
#![expect(clippy::disallowed_methods, reason = "a trainer reads and writes plain files, outside any store")]

use super::error::TrainError;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// A whole file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, TrainError> {
    fs::read(path).map_err(at(path, "read"))
}

/// The size of a file in bytes.
pub(super) fn size(path: &Path) -> Result<u64, TrainError> {
    Ok(fs::metadata(path).map_err(at(path, "opened"))?.len())
}

/// Opens a file for [`read_at`].
pub(super) fn open(path: &Path) -> Result<File, TrainError> {
    File::open(path).map_err(at(path, "opened"))
}

/// Fills `buffer` from the byte `offset` on.
pub(super) fn read_at(file: &mut File, path: &Path, offset: u64, buffer: &mut [u8]) -> Result<(), TrainError> {
    file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(buffer)).map_err(at(path, "read"))
}

/// Writes a file under a temporary name beside its own and renames it when it is whole.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), TrainError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let write = || {
        let mut file = File::create(&part)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&part, path)
    };
    write().map_err(at(path, "written"))
}

fn at(path: &Path, doing: &'static str) -> impl FnOnce(std::io::Error) -> TrainError {
    move |error| TrainError::File { path: path.to_owned(), doing, error }
}
