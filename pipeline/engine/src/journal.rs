//! Remembers which row a task was at when its process died, so that a document that kills the process again and again
//! is set aside instead of stopping the run.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Deaths at the same row, one after the other, before the row is set aside. One more than two, because an operator who
/// kills a job twice may hit the same row by chance.
pub const MAX_STRIKES: u32 = 3;

/// The row at work is not known yet.
const NO_ROW: u32 = u32::MAX;

/// The journal of one task: a tiny local file, removed when the task ends.
///
/// Layout, little-endian: row at work, row of the last death, deaths there, then the rows set aside.
pub struct Journal {
    file: File,
    path: PathBuf,
    poisoned: Vec<u32>,
}

impl Journal {
    /// Opens the journal of a task and counts the death it may tell of.
    ///
    /// # Errors
    /// When the file system fails.
    #[expect(clippy::disallowed_methods, reason = "a scratch file beside the store, never an object")]
    pub fn open(scratch: &Path, task: &str) -> io::Result<Journal> {
        let path = scratch.join(format!("journal-{task}"));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        let words = file.metadata()?.len() / 4;
        let word = |at: u64| {
            let mut bytes = [0; 4];
            file.read_exact_at(&mut bytes, at * 4).map(|()| u32::from_le_bytes(bytes))
        };
        let mut poisoned = Vec::new();
        if words >= 3 {
            let (at, struck, strikes) = (word(0)?, word(1)?, word(2)?);
            for index in 3..words {
                poisoned.push(word(index)?);
            }
            if at != NO_ROW {
                let strikes = if at == struck { strikes + 1 } else { 1 };
                file.write_all_at(&at.to_le_bytes(), 4)?;
                file.write_all_at(&strikes.to_le_bytes(), 8)?;
                if strikes >= MAX_STRIKES {
                    file.write_all_at(&at.to_le_bytes(), words * 4)?;
                    poisoned.push(at);
                }
            }
            file.write_all_at(&NO_ROW.to_le_bytes(), 0)?;
        } else {
            file.write_all_at(&[NO_ROW.to_le_bytes(), NO_ROW.to_le_bytes(), [0; 4]].concat(), 0)?;
        }
        Ok(Journal { file, path, poisoned })
    }

    /// Notes the row at work; false when it has been set aside.
    ///
    /// # Errors
    /// When the file system fails.
    pub fn enter(&self, row: u32) -> io::Result<bool> {
        if self.poisoned.contains(&row) {
            return Ok(false);
        }
        self.file.write_all_at(&row.to_le_bytes(), 0).map(|()| true)
    }

    /// No row is at work any more.
    ///
    /// # Errors
    /// When the file system fails.
    pub fn leave(&self) -> io::Result<()> {
        self.file.write_all_at(&NO_ROW.to_le_bytes(), 0)
    }

    /// The task is done.
    #[expect(clippy::disallowed_methods, reason = "a scratch file beside the store, never an object")]
    pub fn close(self) {
        // A journal that cannot be removed costs one strike at most.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_deaths_at_one_row_set_it_aside() {
        let folder = tempfile::tempdir().unwrap();
        for death in 1..=MAX_STRIKES {
            let journal = Journal::open(folder.path(), "t").unwrap();
            assert!(journal.enter(3).unwrap());
            assert!(journal.enter(4).unwrap(), "death {death}");
            // Dropped without `close`, as when the process dies at row 4.
        }
        let journal = Journal::open(folder.path(), "t").unwrap();
        assert!(journal.enter(3).unwrap());
        assert!(!journal.enter(4).unwrap());
        assert!(journal.enter(5).unwrap());
        drop(journal);
        let journal = Journal::open(folder.path(), "t").unwrap();
        assert!(!journal.enter(4).unwrap(), "set aside for good");
        journal.close();
        assert!(Journal::open(folder.path(), "t").unwrap().enter(4).unwrap());
    }

    #[test]
    fn deaths_at_different_rows_do_not_add_up() {
        let folder = tempfile::tempdir().unwrap();
        for row in [1, 2, 1, 2, 1, 2] {
            assert!(Journal::open(folder.path(), "t").unwrap().enter(row).unwrap());
        }
    }
}
