//! Files of a folder of this machine, in the order of their paths; links are not followed.
#![expect(clippy::disallowed_methods, reason = "inputs are the user's own files, outside any store")]

use super::limits::{MAX_DEPTH, MAX_FILE, MAX_FILES};
use super::step::{Entry, Step};
use crate::{ObjectMeta, StoreError};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tokenmill_core::hash::{Digester, digest_hex};

/// What a folder holds: files, by their paths below it, and what is passed over, by kind.
struct Listing {
    files: Vec<Listed>,
    others: Vec<&'static str>,
}

struct Listed {
    path: String,
    place: PathBuf,
    bytes: u64,
    version: String,
}

/// Reads a folder.
pub struct Folder {
    listing: Listing,
    at: usize,
    n_others: usize,
    digester: Digester,
    bytes: u64,
}

/// Size and version of a folder: the sum of its files, and a digest of their paths, sizes and times.
///
/// # Errors
/// When it cannot be walked through, or has too many files.
pub fn folder_meta(path: &Path) -> Result<ObjectMeta, StoreError> {
    let files = list(path)?.files;
    let mut said = String::new();
    for file in &files {
        said.push_str(&format!("{}\0{}\0{}\n", file.path, file.bytes, file.version));
    }
    let version = format!("{}-{}", files.len(), digest_hex(said.as_bytes()));
    Ok(ObjectMeta { bytes: files.iter().map(|file| file.bytes).sum(), version })
}

/// Walks through a folder; hidden folders in it, such as `.git`, are passed over.
fn list(root: &Path) -> Result<Listing, StoreError> {
    let (mut files, mut others) = (Vec::new(), Vec::new());
    let mut folders = vec![(root.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = folders.pop() {
        let failed = |error| StoreError::io("list", folder.display())(error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            let place = entry.path();
            let meta = entry.metadata().map_err(|error| StoreError::io("look up", place.display())(error))?;
            if meta.is_symlink() {
                others.push("link");
            } else if meta.is_file() {
                let version = format!("{}.{:09}", meta.mtime(), meta.mtime_nsec());
                files.push(Listed { path, place, bytes: meta.len(), version });
            } else if !meta.is_dir() {
                others.push("special_file");
            } else if name.starts_with('.') {
                others.push("hidden_folder");
            } else if depth == MAX_DEPTH {
                others.push("deep_folder");
            } else {
                folders.push((place, path, depth + 1));
            }
        }
        if files.len() as u64 > MAX_FILES {
            return Err(StoreError::Refused {
                what: format!("`{}` has more than {MAX_FILES} files", root.display()),
                hint: "a folder is one repository; name the folders of several by a pattern such as `repos/*`"
                    .to_owned(),
            });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    others.sort_unstable();
    Ok(Listing { files, others })
}

impl Folder {
    /// Lists a folder.
    ///
    /// # Errors
    /// As [`folder_meta`].
    pub fn open(path: &Path) -> Result<Folder, StoreError> {
        Ok(Folder { listing: list(path)?, at: 0, n_others: 0, digester: Digester::default(), bytes: 0 })
    }

    /// Back to the first file.
    pub fn rewind(&mut self) {
        (self.at, self.n_others, self.digester, self.bytes) = (0, 0, Digester::default(), 0);
    }

    /// The next file; its content is read when `is_wanted` says so of its path.
    ///
    /// # Errors
    /// When a file is gone or cannot be read.
    pub fn next(&mut self, entry: &mut Entry, is_wanted: &mut dyn FnMut(&str) -> bool) -> Result<Step, StoreError> {
        if let Some(other) = self.listing.others.get(self.n_others) {
            self.n_others += 1;
            return Ok(Step::Other(other));
        }
        let Some(file) = self.listing.files.get(self.at) else { return Ok(Step::End) };
        self.at += 1;
        entry.path.clone_from(&file.path);
        entry.bytes = file.bytes;
        entry.content.clear();
        if file.bytes <= MAX_FILE && is_wanted(&file.path) {
            let opened = File::open(&file.place).map_err(StoreError::io("open", file.place.display()))?;
            let read = opened.take(MAX_FILE + 1).read_to_end(&mut entry.content);
            read.map_err(StoreError::io("read", file.place.display()))?;
            entry.bytes = entry.content.len() as u64;
        }
        self.digester.update(format!("{}\0{}\0", file.path, entry.bytes).as_bytes());
        self.digester.update(&entry.content);
        self.bytes += file.bytes;
        Ok(Step::File)
    }

    /// Bytes of the files so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes
    }

    /// Digest of paths and contents, at the end.
    pub fn digest(&self) -> Option<String> {
        (self.at == self.listing.files.len()).then(|| self.digester.hex())
    }
}
