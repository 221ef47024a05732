//! A lock for each folder of servers: two test runs with one target folder must not stop each other's.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::error::{Error, Result};

/// Makes this process the only one that starts or stops the servers of a folder, for as long as the file is open.
///
/// # Errors
/// When the file beside the folder cannot be made or locked.
pub fn take(folder: &Path) -> Result<File> {
    let path = folder.with_extension("lock");
    std::fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, &error))?;
    let file = File::create(&path).map_err(|error| Error::io("create", &path, &error))?;
    let failed = |error| Error::io("lock", &path, &error);
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("waiting for another run to end that uses `{}`", folder.display());
            file.lock().map_err(failed)?;
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    Ok(file)
}
