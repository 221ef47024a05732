//! Input files: known without reading by address, size and version; read through whatever their address asks for.
#![expect(clippy::disallowed_methods, reason = "inputs are the user's own files, outside any store")]

use super::code;
use super::counted::Counted;
use super::names::file_name;
use super::picked::Picked;
use crate::local::{file_meta, open_file};
use crate::location::Location;
use crate::readahead::ReadAhead;
use crate::retry::{Patience, RetryObject};
use crate::s3::{Connection, Place, S3Uri};
use crate::{Object, ObjectMeta, Requests, StoreError, web};
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

/// One input file. Its identity is (URI, size, version), known at planning.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Input {
    /// Path or address as the recipe gives it, wildcards expanded.
    pub uri: String,
    /// What it is called in ids and tables, wherever it lies: the path below the fixed folder of its pattern.
    pub name: String,
    /// Size in bytes; 0 when a web server does not say.
    pub bytes: u64,
    /// ETag or version; size and modification time for a local file; a digest of those of all its files for a folder.
    pub version: String,
    /// The records to read, where an index has picked some of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picked: Option<Picked>,
}

impl Input {
    /// An input of which size and version are known.
    pub(super) fn of(uri: String, name: String, meta: ObjectMeta) -> Input {
        Input { uri, name, bytes: meta.bytes, version: meta.version, picked: None }
    }

    /// Bytes that will be read of it.
    pub fn to_read(&self) -> u64 {
        self.picked.as_ref().map_or(self.bytes, |picked| picked.bytes_read)
    }

    /// What reading it asks of object stores: the question whether it is unchanged, and the reads.
    pub fn requests(&self) -> Requests {
        let reads = match &self.picked {
            Some(picked) => Requests { get: picked.n_reads, bytes_read: picked.bytes_read, ..Requests::default() },
            None => Requests::of_stream(self.bytes),
        };
        Requests { head: 1, ..reads }
    }

    /// What tells it from every other input, and from itself once it has changed.
    pub fn identity(&self) -> String {
        let picked = self.picked.as_ref().map(|picked| format!("\0{}", picked.digest)).unwrap_or_default();
        format!("{}\0{}\0{}{picked}", self.uri, self.bytes, self.version)
    }

    /// Whether size and version are still the same.
    ///
    /// # Errors
    /// When it is missing or cannot be looked up.
    pub fn is_unchanged(&self) -> Result<bool, StoreError> {
        let found = find(&self.uri)?;
        Ok((found.bytes, found.version) == (self.bytes, self.version.clone()))
    }

    /// As [`Input::is_unchanged`], for tasks that must not read anything else than was planned.
    ///
    /// # Errors
    /// When it has changed, or cannot be looked up.
    pub fn must_be_unchanged(&self) -> Result<(), StoreError> {
        match self.is_unchanged()? {
            true => Ok(()),
            false => {
                Err(StoreError::Usage(format!("`{}` has changed since the run was planned; run it again", self.uri)))
            }
        }
    }

    fn meta(&self) -> ObjectMeta {
        ObjectMeta { bytes: self.bytes, version: self.version.clone() }
    }
}

/// Looks up one input file, or folder, under its name.
///
/// # Errors
/// When it is missing.
pub fn find(uri: &str) -> Result<Input, StoreError> {
    let meta = match Location::parse(uri)? {
        Location::Local(path) if path.is_dir() => Some(code::folder_meta(&path)?),
        Location::Local(path) => file_meta(&path)?,
        Location::S3 => {
            let place = place(uri)?;
            Patience::default().insist(|| place.head())?
        }
        Location::Web => Some(Patience::default().insist(|| web::find(uri))?),
    };
    let meta = meta.ok_or_else(|| StoreError::Missing(uri.to_owned()))?;
    Ok(Input::of(uri.to_owned(), file_name(uri), meta))
}

/// Opens an input for reads at any place, in the version it was found in.
pub(super) fn object(input: &Input) -> Result<Box<dyn Object>, StoreError> {
    Ok(match Location::parse(&input.uri)? {
        Location::Local(path) => open_file(&path)?,
        Location::S3 => Box::new(RetryObject::new(place(&input.uri)?.object(input.meta()))),
        Location::Web => Box::new(RetryObject::new(web::object(&input.uri, input.meta()))),
    })
}

/// Opens an input for one read from the first byte to the last, in the version it was found in.
///
/// # Errors
/// When it is missing or cannot be reached.
pub fn stream(input: &Input) -> Result<Counted, StoreError> {
    let stream: Box<dyn Read + Send> = match Location::parse(&input.uri)? {
        Location::Local(path) => Box::new(File::open(path).map_err(StoreError::io("open", &input.uri))?),
        Location::S3 => Box::new(ReadAhead::new(Arc::from(object(input)?), 0..input.bytes)),
        Location::Web => web::stream(&input.uri, input.meta())?,
    };
    Ok(Counted::new(stream))
}

/// The whole content of a small input.
///
/// # Errors
/// As [`find`] and [`stream`].
pub fn read(uri: &str) -> Result<Vec<u8>, StoreError> {
    let mut content = Vec::new();
    stream(&find(uri)?)?.read_to_end(&mut content).map_err(StoreError::io("read", uri))?;
    Ok(content)
}

fn place(uri: &str) -> Result<Place, StoreError> {
    Ok(Place::new(Connection::shared()?, S3Uri::parse(uri)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_and_told_from_a_changed_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.warc");
        std::fs::write(&path, "abc").unwrap();
        let input = find(&path.display().to_string()).unwrap();
        assert_eq!((input.name.as_str(), input.bytes), ("a.warc", 3));
        assert!(input.is_unchanged().unwrap());
        assert_eq!(read(&format!("file://{}", path.display())).unwrap(), b"abc");
        std::fs::write(&path, "abcd").unwrap();
        assert!(!input.is_unchanged().unwrap());
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(input.is_unchanged(), Err(StoreError::Missing(_))));
    }
}
