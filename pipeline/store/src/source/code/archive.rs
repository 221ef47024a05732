//! Files of an archive, which is gone through twice: tar in any compression, or zip, told by its bytes.
//!
//! An archive of this machine is read where it is; one from elsewhere is fetched into a nameless file first.

use super::limits::{FREE_UNPACKED, MAX_ARCHIVE, MAX_FILE, MAX_FILES, MAX_RATIO, MAX_UNPACKED};
use super::step::{Entry, Step};
use super::tar::Tar;
use crate::location::Location;
use crate::source::{Counted, Counts, Input, decompress, stream};
use crate::{StoreError, scratch};
use bzip2::bufread::MultiBzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use zip::ZipArchive;

/// Where the files of an archive are, in either form.
enum Form {
    Tar {
        tar: Tar<Bounded>,
        counts: Counts,
    },
    Zip {
        zip: ZipArchive<BufReader<File>>,
        at: usize,
    },
    /// The archive cannot even be opened: what is wrong.
    Broken(String),
}

/// Reads an archive.
pub struct Archive {
    file: File,
    name: String,
    /// Bytes of the archive.
    bytes: u64,
    form: Form,
    n_files: u64,
    unpacked: u64,
    digest: Option<String>,
}

/// Why an archive is read no further; what it held before stays read.
#[derive(Debug)]
pub struct Broken {
    /// Completes "removed because …".
    pub reason: &'static str,
    /// What is wrong.
    pub evidence: String,
}

impl Broken {
    fn damaged(what: impl ToString) -> Broken {
        Broken { reason: "damaged_archive", evidence: what.to_string() }
    }
}

impl Archive {
    /// Opens an archive.
    ///
    /// # Errors
    /// When it is missing or cannot be fetched; one that is damaged opens, and says so when it is read.
    pub fn open(input: &Input) -> Result<Archive, StoreError> {
        let (file, bytes) = local(input)?;
        let name = input.uri.clone();
        let mut archive =
            Archive { file, name, bytes, form: Form::Broken(String::new()), n_files: 0, unpacked: 0, digest: None };
        archive.rewind()?;
        Ok(archive)
    }

    /// Back to the first file.
    ///
    /// # Errors
    /// When the machine fails.
    pub fn rewind(&mut self) -> Result<(), StoreError> {
        (self.n_files, self.unpacked) = (0, 0);
        if let Form::Zip { at, .. } = &mut self.form {
            *at = 0;
            return Ok(());
        }
        let failed = |error| StoreError::io("read", &self.name)(error);
        let mut file = self.file.try_clone().map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut magic = [0; 4];
        let n = read_full(&mut file, &mut magic).map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        self.form = if n == 4 && matches!(&magic, b"PK\x03\x04" | b"PK\x05\x06" | b"PK\x07\x08") {
            self.digest = Some(digest(&mut file, &self.name)?);
            match announced(&mut file).map_err(failed)? {
                Some(n_files) if n_files > MAX_FILES => {
                    Form::Broken(format!("it announces {n_files} files, and {MAX_FILES} are the limit"))
                }
                _ => match ZipArchive::new(BufReader::with_capacity(1 << 16, file)) {
                    Ok(zip) => Form::Zip { zip, at: 0 },
                    Err(error) => Form::Broken(error.to_string()),
                },
            }
        } else {
            let counted = Counted::new(Machine { inner: file, name: self.name.clone() });
            let counts = counted.counts();
            match unpack(counted, magic.starts_with(b"BZh")) {
                Ok(inner) => {
                    let inner = BufReader::with_capacity(1 << 18, inner);
                    Form::Tar { tar: Tar::new(Bounded { inner, unpacked: 0, archive: self.bytes }), counts }
                }
                Err(error) => Form::Broken(error.to_string()),
            }
        };
        Ok(())
    }

    /// The next file; its content is read when `is_wanted` says so of its path. Behind what is broken there is nothing.
    ///
    /// # Errors
    /// When the machine fails; an archive that is damaged or too large is [`Broken`].
    pub fn next(
        &mut self,
        entry: &mut Entry,
        is_wanted: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Result<Step, Broken>, StoreError> {
        self.n_files += 1;
        if self.n_files > MAX_FILES {
            let evidence = format!("more than {MAX_FILES} files");
            return Ok(Err(Broken { reason: "too_many_files", evidence }));
        }
        match &mut self.form {
            Form::Broken(why) => Ok(Err(Broken::damaged(why))),
            Form::Tar { tar, .. } => match tar.next(entry, is_wanted) {
                Ok(step) => Ok(Ok(step)),
                Err(error) => broken(error, &self.name).map(Err),
            },
            Form::Zip { zip, at } => {
                let at = std::mem::replace(at, *at + 1);
                if at >= zip.len() {
                    return Ok(Ok(Step::End));
                }
                match member(zip, at, entry, is_wanted) {
                    Ok(step) => {
                        self.unpacked += entry.content.len() as u64;
                        match too_large(self.unpacked, self.bytes) {
                            None => Ok(Ok(step)),
                            Some(error) => broken(io::Error::other(error), &self.name).map(Err),
                        }
                    }
                    Err(error) => broken(error, &self.name).map(Err),
                }
            }
        }
    }

    /// Bytes of the archive that were gone through.
    pub fn bytes_read(&self) -> u64 {
        match &self.form {
            Form::Tar { counts, .. } => counts.bytes(),
            Form::Zip { zip, at } if !zip.is_empty() => {
                // Members differ, but a zip archive is read too fast for its progress to be watched.
                (u128::from(self.bytes) * (*at).min(zip.len()) as u128 / zip.len() as u128) as u64
            }
            Form::Zip { .. } | Form::Broken(_) => self.bytes,
        }
    }

    /// Digest of the whole archive, once it is known.
    pub fn digest(&self) -> Option<String> {
        match &self.form {
            Form::Tar { counts, .. } => counts.digest(),
            Form::Zip { .. } | Form::Broken(_) => self.digest.clone(),
        }
    }
}

/// The member of a zip archive at a place.
fn member(
    zip: &mut ZipArchive<BufReader<File>>,
    at: usize,
    entry: &mut Entry,
    is_wanted: &mut dyn FnMut(&str) -> bool,
) -> io::Result<Step> {
    entry.content.clear();
    let name = zip.name_for_index(at).and_then(Result::ok);
    entry.path = name.map_or_else(|| format!("member {at}"), std::borrow::Cow::into_owned);
    let mut file = match zip.by_index(at) {
        Ok(file) => file,
        Err(zip::result::ZipError::Io(error)) => return Err(error),
        // In a compression or cipher that is not known here; its neighbours may well be read.
        Err(_) => {
            entry.unreadable = Some("it is enciphered, or compressed in a way that is not known");
            return Ok(Step::File);
        }
    };
    entry.path = String::from_utf8_lossy(file.name_raw()).into_owned();
    entry.bytes = file.size();
    if file.is_dir() {
        return Ok(Step::Other("folder"));
    }
    if file.is_symlink() {
        return Ok(Step::Other("link"));
    }
    if entry.bytes <= MAX_FILE && is_wanted(&entry.path) {
        match file.by_ref().take(MAX_FILE + 1).read_to_end(&mut entry.content) {
            Ok(_) => entry.bytes = entry.bytes.max(entry.content.len() as u64),
            Err(_) => {
                entry.content.clear();
                entry.unreadable = Some("its content is damaged");
            }
        }
    }
    Ok(Step::File)
}

/// A file that can be read at any place, and its size.
#[expect(clippy::disallowed_methods, reason = "inputs are the user's own files, outside any store")]
fn local(input: &Input) -> Result<(File, u64), StoreError> {
    if let Location::Local(path) = Location::parse(&input.uri)? {
        let file = File::open(path).map_err(StoreError::io("open", &input.uri))?;
        return Ok((file, input.bytes));
    }
    let folder = scratch::folder("repositories")?;
    let fetch = || {
        let mut file = tempfile::tempfile_in(&folder)?;
        let mut from = stream(input).map_err(StoreError::into_io)?.take(MAX_ARCHIVE + 1);
        let bytes = io::copy(&mut from, &mut file)?;
        Ok((file, bytes))
    };
    let (file, bytes) = fetch().map_err(StoreError::io("fetch", &input.uri))?;
    if bytes > MAX_ARCHIVE {
        let what = format!("`{}` has more than {} GiB", input.uri, MAX_ARCHIVE >> 30);
        return Err(StoreError::Refused { what, hint: "an archive is one repository".to_owned() });
    }
    Ok((file, bytes))
}

/// Undoes the compression of a tar archive.
fn unpack(input: Counted, is_bzip2: bool) -> io::Result<Box<dyn Read + Send>> {
    if is_bzip2 {
        return Ok(Box::new(MultiBzDecoder::new(BufReader::with_capacity(1 << 16, input))));
    }
    decompress(BufReader::with_capacity(1 << 16, input))
}

/// Digest of a whole file; the file is at its beginning before and behind it.
fn digest(file: &mut File, name: &str) -> Result<String, StoreError> {
    let clone = file.try_clone().map_err(StoreError::io("read", name))?;
    let mut counted = Counted::new(clone);
    io::copy(&mut counted, &mut io::sink()).map_err(StoreError::io("read", name))?;
    file.seek(SeekFrom::Start(0)).map_err(StoreError::io("read", name))?;
    Ok(counted.counts().digest().unwrap_or_default())
}

/// How many files a zip archive announces at its end (APPNOTE 6.3.10, 4.3.14 and 4.3.16), before anybody makes room for
/// them.
fn announced(file: &mut File) -> io::Result<Option<u64>> {
    const TAIL: u64 = 22 + 0xffff + 20 + 56;
    let bytes = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(bytes.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    let number = |at: usize, n: usize| -> Option<u64> {
        let bytes = tail.get(at..at + n)?;
        Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    if let Some(at) = memchr::memmem::rfind(&tail, b"PK\x06\x06") {
        return Ok(number(at + 32, 8));
    }
    Ok(memchr::memmem::rfind(&tail, b"PK\x05\x06").and_then(|at| number(at + 10, 2)))
}

fn read_full(from: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    let mut bytes = Vec::new();
    from.take(out.len() as u64).read_to_end(&mut bytes)?;
    out[..bytes.len()].copy_from_slice(&bytes);
    Ok(bytes.len())
}

/// An archive unpacks to more than it may.
#[derive(Debug, thiserror::Error)]
#[error("it unpacks to more than {0}")]
struct TooLarge(String);

fn too_large(unpacked: u64, archive: u64) -> Option<TooLarge> {
    if unpacked > MAX_UNPACKED {
        Some(TooLarge(format!("{} GiB", MAX_UNPACKED >> 30)))
    } else if unpacked > FREE_UNPACKED && unpacked / MAX_RATIO > archive {
        Some(TooLarge(format!("{MAX_RATIO} times its size")))
    } else {
        None
    }
}

/// Tells an archive's own fault from the machine's.
fn broken(error: io::Error, name: &str) -> Result<Broken, StoreError> {
    if error.get_ref().is_some_and(|inner| inner.is::<TooLarge>()) {
        return Ok(Broken { reason: "archive_too_large", evidence: error.to_string() });
    }
    match StoreError::decode(name, error) {
        StoreError::Corrupt { why, .. } => Ok(Broken::damaged(why)),
        error => Err(error),
    }
}

/// A file whose failures are the machine's, however deep in a decoder they happen.
struct Machine {
    inner: File,
    name: String,
}

impl Read for Machine {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.inner.read(out).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => StoreError::io("read", &self.name)(error).into_io(),
        })
    }
}

/// What an archive unpacks to, within its limits.
struct Bounded {
    inner: BufReader<Box<dyn Read + Send>>,
    unpacked: u64,
    archive: u64,
}

impl Read for Bounded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.unpacked += n as u64;
        too_large(self.unpacked, self.archive).map_or(Ok(n), |error| Err(io::Error::other(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bombs_are_told_by_size_and_ratio() {
        assert!(too_large(FREE_UNPACKED, 0).is_none());
        assert!(too_large(FREE_UNPACKED + 1, 1 << 20).is_none());
        assert!(too_large(FREE_UNPACKED * 4, 1 << 20).unwrap().to_string().contains("200 times"));
        assert!(too_large(MAX_UNPACKED + 1, 1 << 40).unwrap().to_string().contains("32 GiB"));
    }

    #[test]
    fn announced_counts_are_read_from_the_end() {
        let count = |end: &[u8]| {
            let mut file = tempfile::tempfile().unwrap();
            io::Write::write_all(&mut file, &[&[b'x'; 100], end].concat()).unwrap();
            announced(&mut file).unwrap()
        };
        let short = [&b"PK\x05\x06"[..], &[0; 6], &[3, 1], &[0; 10]].concat();
        assert_eq!(count(&short), Some(259));
        let long = [&b"PK\x06\x06"[..], &[0; 28], &(1u64 << 40).to_le_bytes(), &[0; 16], &short].concat();
        assert_eq!(count(&long), Some(1 << 40));
        assert_eq!(count(b""), None);
    }
}
