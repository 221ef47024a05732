//! A local file of lines that only grows: locked by one process, synced line by line, and sound after a kill.
#![expect(clippy::disallowed_methods, reason = "this is the room where a file is appended to")]

use crate::StoreError;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A file that this process alone may append to, until it is dropped.
pub struct AppendLog {
    path: PathBuf,
    file: File,
    /// Calls that have written.
    written: Mutex<u64>,
    /// Calls whose lines are on disk.
    synced: Mutex<u64>,
    /// Whether a write or a sync has failed: what follows would stand behind half a line, or behind lines that are not on disk.
    is_broken: AtomicBool,
}

impl AppendLog {
    /// Opens or makes the file, which begins with `head` unless it is new, shows every line of it without its end, and cuts off a last line that has none: a kill in the
    /// middle of an append leaves one.
    ///
    /// # Errors
    /// When another process has the file open, when it has other content, which is then left as it is, or the file system fails.
    pub fn open(path: &Path, head: &[u8], see: &mut dyn FnMut(&[u8])) -> Result<AppendLog, StoreError> {
        let failed = |action| StoreError::io(action, path.display());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed("create"))?;
        let file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed("open"))?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::Refused {
                what: format!("`{}` is in use by another process", path.display()),
                hint: "wait until it has ended, or give this one a file of its own".to_owned(),
            },
            TryLockError::Error(error) => StoreError::io("lock", path.display())(error),
        })?;
        if !begins_with(path, head).map_err(failed("read"))? {
            return Err(StoreError::Refused {
                what: format!("`{}` is there and holds something else", path.display()),
                hint: "give another name; nothing was changed in it".to_owned(),
            });
        }
        let length = show(&file, see).map_err(failed("read"))?;
        let mend = || {
            if file.metadata()?.len() > length {
                file.set_len(length)?;
            }
            file.sync_all()?;
            File::open(folder)?.sync_all()
        };
        mend().map_err(failed("open"))?;
        let (written, synced) = (Mutex::new(0), Mutex::new(0));
        Ok(AppendLog { path: path.to_owned(), file, written, synced, is_broken: AtomicBool::new(false) })
    }

    /// Shows every whole line of the file without locking or changing it; nothing when there is none.
    ///
    /// # Errors
    /// When the file system fails.
    pub fn read(path: &Path, see: &mut dyn FnMut(&[u8])) -> Result<(), StoreError> {
        match File::open(path).and_then(|file| show(&file, see)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io("read", path.display())(error)),
            _ => Ok(()),
        }
    }

    /// Appends lines, each with its end, and returns when they are on disk. Many threads may do so at once: one sync serves all
    /// that have written before it.
    ///
    /// # Errors
    /// When the file system fails, and ever after.
    pub fn append(&self, lines: &[u8]) -> Result<(), StoreError> {
        let mine = {
            let mut written = lock(&self.written);
            self.check()?;
            (&self.file).write_all(lines).map_err(self.breaks())?;
            *written += 1;
            *written
        };
        let mut synced = lock(&self.synced);
        if *synced < mine {
            let upto = *lock(&self.written);
            self.check()?;
            self.file.sync_data().map_err(self.breaks())?;
            *synced = upto;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), StoreError> {
        match self.is_broken.load(Ordering::SeqCst) {
            true => Err(StoreError::Refused {
                what: format!("nothing more is written to `{}`, because a write has failed", self.path.display()),
                hint: "see that the disk is sound and not full, and start again".to_owned(),
            }),
            false => Ok(()),
        }
    }

    fn breaks(&self) -> impl Fn(io::Error) -> StoreError {
        move |error| {
            self.is_broken.store(true, Ordering::SeqCst);
            StoreError::io("write", self.path.display())(error)
        }
    }
}

fn lock(counter: &Mutex<u64>) -> MutexGuard<'_, u64> {
    counter.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a file begins with these bytes, or with some of them and nothing more.
fn begins_with(path: &Path, head: &[u8]) -> io::Result<bool> {
    let mut found = Vec::new();
    File::open(path)?.take(head.len() as u64).read_to_end(&mut found)?;
    Ok(head.starts_with(&found))
}

/// Shows all whole lines, and says where the last of them ends.
fn show(file: &File, see: &mut dyn FnMut(&[u8])) -> io::Result<u64> {
    let (mut reader, mut line, mut length) = (BufReader::with_capacity(1 << 18, file), Vec::new(), 0);
    loop {
        line.clear();
        let n = reader.read_until(b'\n', &mut line)?;
        let Some(whole) = line.strip_suffix(b"\n") else { return Ok(length) };
        see(whole);
        length += n as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> Result<(AppendLog, Vec<String>), StoreError> {
        let mut lines = Vec::new();
        let log = AppendLog::open(path, b"", &mut |line| lines.push(String::from_utf8_lossy(line).into_owned()))?;
        Ok((log, lines))
    }

    #[test]
    fn lines_are_kept_and_a_torn_one_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/log");
        let (log, lines) = open(&path).unwrap();
        assert!(lines.is_empty());
        log.append(b"one\n").unwrap();
        log.append(b"two\nthree\n").unwrap();
        drop(log);
        fs::write(&path, [&fs::read(&path).unwrap()[..], b"to"].concat()).unwrap();
        let (log, lines) = open(&path).unwrap();
        assert_eq!(lines, ["one", "two", "three"]);
        log.append(b"four\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one\ntwo\nthree\nfour\n");
        let mut n = 0;
        AppendLog::read(&path, &mut |_| n += 1).unwrap();
        AppendLog::read(&folder.path().join("none"), &mut |_| n += 1).unwrap();
        assert_eq!(n, 4);
    }

    #[test]
    fn nothing_follows_a_failed_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let (mut log, _) = open(&path).unwrap();
        log.append(b"one\n").unwrap();
        let sound = std::mem::replace(&mut log.file, File::open(&path).unwrap());
        assert!(matches!(log.append(b"two\n"), Err(StoreError::Io { .. })), "a file that can only be read");
        log.file = sound;
        let error = log.append(b"three\n").unwrap_err();
        assert!(matches!(&error, StoreError::Refused { what, .. } if what.contains("a write has failed")), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"one\n");
    }

    #[test]
    fn other_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        for (content, is_ours) in
            [("{\"is\":1}\n{", true), ("{\"i", true), ("", true), ("PAR1 no end", false), ("a\nb", false)]
        {
            fs::write(&path, content).unwrap();
            assert_eq!(AppendLog::open(&path, b"{\"is\":", &mut |_| {}).is_ok(), is_ours, "{content}");
            assert!(is_ours || fs::read_to_string(&path).unwrap() == content);
        }
    }

    #[test]
    fn one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let first = open(&path).unwrap();
        let error = open(&path).map(drop).unwrap_err();
        assert!(matches!(&error, StoreError::Refused { what, .. } if what.contains("another process")), "{error}");
        drop(first);
        assert!(open(&path).is_ok());
    }

    #[test]
    fn many_threads_append_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let (log, _) = open(&path).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let log = &log;
                scope.spawn(move || {
                    (0..20).for_each(|n| log.append(format!("{thread}-{n}\n").as_bytes()).unwrap());
                });
            }
        });
        drop(log);
        let (_, mut lines) = open(&path).unwrap();
        lines.sort();
        lines.dedup();
        assert_eq!(lines.len(), 160);
    }
}
