//! Counts the requests of a task as an object store would bill them, the same for every store and every run.
//!
//! The counts follow from what was asked for, not from what happened on the way: repeated attempts, reads ahead, and
//! the reading back after a lost race are not in them.

use crate::readahead::BLOCK;
use crate::s3::n_parts;
use crate::{Created, Object, ObjectMeta, Store, StoreError};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Requests by kind, and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    /// Questions for size and version.
    pub head: u64,
    /// Reads: one for a whole object or a range, one for every 8 MiB of a stream.
    pub get: u64,
    /// Writes: one for a small object; for a file in parts, one for each part, one to begin and one to complete.
    pub put: u64,
    /// Bytes that came in.
    pub bytes_read: u64,
    /// Bytes that went out.
    pub bytes_written: u64,
}

impl Requests {
    /// Adds the counts of another task.
    pub fn add(&mut self, other: &Requests) {
        self.head += other.head;
        self.get += other.get;
        self.put += other.put;
        self.bytes_read += other.bytes_read;
        self.bytes_written += other.bytes_written;
    }

    /// What a stream costs that is read to byte `bytes`.
    pub fn of_stream(bytes: u64) -> Requests {
        Requests { get: bytes.div_ceil(BLOCK).max(1), bytes_read: bytes, ..Requests::default() }
    }

    /// What a file of this size costs.
    pub fn of_file(bytes: u64) -> Requests {
        let put = match n_parts(bytes) {
            1 => 1,
            n => n + 2,
        };
        Requests { put, bytes_written: bytes, ..Requests::default() }
    }
}

/// Counts that objects and streams share with the store they came from.
#[derive(Default)]
struct Counters {
    head: AtomicU64,
    get: AtomicU64,
    put: AtomicU64,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
}

impl Counters {
    fn add(&self, requests: Requests) {
        self.head.fetch_add(requests.head, Ordering::Relaxed);
        self.get.fetch_add(requests.get, Ordering::Relaxed);
        self.put.fetch_add(requests.put, Ordering::Relaxed);
        self.bytes_read.fetch_add(requests.bytes_read, Ordering::Relaxed);
        self.bytes_written.fetch_add(requests.bytes_written, Ordering::Relaxed);
    }

    fn requests(&self) -> Requests {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Requests {
            head: read(&self.head),
            get: read(&self.get),
            put: read(&self.put),
            bytes_read: read(&self.bytes_read),
            bytes_written: read(&self.bytes_written),
        }
    }

    fn get(&self, bytes: u64) {
        self.add(Requests { get: 1, bytes_read: bytes, ..Requests::default() });
    }

    fn put(&self, content: &[u8]) {
        self.add(Requests { put: 1, bytes_written: content.len() as u64, ..Requests::default() });
    }
}

/// A store that counts. Calls that fail have their request counted, except reads of an open object.
pub struct Metered<'a> {
    inner: &'a dyn Store,
    counters: Arc<Counters>,
}

impl<'a> Metered<'a> {
    /// Counts what is asked of `inner`.
    pub fn new(inner: &'a dyn Store) -> Metered<'a> {
        Metered { inner, counters: Arc::default() }
    }

    /// The counts so far. Objects and streams that are still open count on.
    pub fn requests(&self) -> Requests {
        self.counters.requests()
    }
}

impl Store for Metered<'_> {
    fn head(&self, key: &str) -> Result<Option<ObjectMeta>, StoreError> {
        self.counters.add(Requests { head: 1, ..Requests::default() });
        self.inner.head(key)
    }

    fn read(&self, key: &str) -> Result<Vec<u8>, StoreError> {
        let content = self.inner.read(key);
        self.counters.get(content.as_ref().map_or(0, |content| content.len() as u64));
        content
    }

    fn open(&self, key: &str) -> Result<Box<dyn Object>, StoreError> {
        self.counters.add(Requests { head: 1, ..Requests::default() });
        let inner = self.inner.open(key)?;
        Ok(Box::new(MeteredObject { inner, counters: self.counters.clone() }))
    }

    fn open_committed(&self, key: &str, bytes: u64) -> Result<Box<dyn Object>, StoreError> {
        let inner = self.inner.open_committed(key, bytes)?;
        Ok(Box::new(MeteredObject { inner, counters: self.counters.clone() }))
    }

    fn stream(&self, key: &str) -> Result<Box<dyn Read + Send>, StoreError> {
        self.counters.get(0);
        let inner = self.inner.stream(key)?;
        Ok(Box::new(MeteredStream { inner, counters: self.counters.clone(), at: 0, failed: None }))
    }

    fn put_file(&self, key: &str, file: &Path) -> Result<(), StoreError> {
        #[expect(clippy::disallowed_methods, reason = "a finished file of the scratch folder")]
        let meta = std::fs::metadata(file).map_err(StoreError::io("look up", file.display()))?;
        self.counters.add(Requests::of_file(meta.len()));
        self.inner.put_file(key, file)
    }

    fn put(&self, key: &str, content: &[u8]) -> Result<(), StoreError> {
        self.counters.put(content);
        self.inner.put(key, content)
    }

    fn create(&self, key: &str, content: &[u8]) -> Result<Created, StoreError> {
        self.counters.put(content);
        self.inner.create(key, content)
    }

    fn self_test(&self) -> Result<(), StoreError> {
        self.inner.self_test()
    }

    fn scratch(&self) -> &Path {
        self.inner.scratch()
    }

    fn local_file(&self, key: &str) -> Option<PathBuf> {
        self.inner.local_file(key)
    }

    fn display(&self, key: &str) -> String {
        self.inner.display(key)
    }
}

/// An object of no store, whose reads are counted as well, and what they have come to so far.
pub fn counted(inner: Box<dyn Object>) -> (Box<dyn Object>, impl Fn() -> Requests) {
    let counters = Arc::<Counters>::default();
    let object = MeteredObject { inner, counters: counters.clone() };
    (Box::new(object), move || counters.requests())
}

struct MeteredObject {
    inner: Box<dyn Object>,
    counters: Arc<Counters>,
}

impl Object for MeteredObject {
    fn bytes(&self) -> u64 {
        self.inner.bytes()
    }

    fn read_at(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let content = self.inner.read_at(range)?;
        if !content.is_empty() {
            self.counters.get(content.len() as u64);
        }
        Ok(content)
    }
}

/// Counts a request whenever the reader enters another block. A read ends at the end of a block and is filled up to
/// there, so that where a reader stops does not depend on how a store cuts its answers.
struct MeteredStream {
    inner: Box<dyn Read + Send>,
    counters: Arc<Counters>,
    at: u64,
    /// An error that came after some bytes, which go first.
    failed: Option<io::Error>,
}

impl Read for MeteredStream {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let room = out.len().min((BLOCK - self.at % BLOCK) as usize);
        let mut n = 0;
        while n < room {
            match self.inner.read(&mut out[n..room]) {
                Ok(0) => break,
                Ok(read) => n += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if n == 0 => return Err(error),
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
        }
        // The first block was counted when the stream was opened.
        let enters_block = n > 0 && self.at > 0 && self.at.is_multiple_of(BLOCK);
        self.counters.add(Requests { get: u64::from(enters_block), bytes_read: n as u64, ..Requests::default() });
        self.at += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::PART;
    use crate::{LocalStore, MemStore, Spool};
    use std::io::Write;

    /// Does a bit of everything.
    fn use_store(store: &dyn Store) {
        let content = vec![7; (2 * BLOCK + 9) as usize];
        store.put("x", &content).unwrap();
        store.create("c", b"12").unwrap();
        store.create("c", b"345").unwrap();
        store.head("x").unwrap();
        assert!(store.read("none").is_err());
        store.read("c").unwrap();
        store.stream("x").unwrap().read_to_end(&mut Vec::new()).unwrap();
        store.stream("x").unwrap().read_exact(&mut vec![0; BLOCK as usize + 1]).unwrap();
        let object = store.open("x").unwrap();
        object.read_at(5..9).unwrap();
        object.read_many(&[0..4, 8..12, BLOCK..BLOCK + 1]).unwrap();
        let mut spool = Spool::create(store).unwrap();
        spool.write_all(&vec![1; PART as usize + 1]).unwrap();
        spool.store(store, "d", "bin").unwrap();
    }

    #[test]
    fn every_store_costs_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (local, memory) = (LocalStore::open(folder.path()).unwrap(), MemStore::new().unwrap());
        let counts = [&local as &dyn Store, &memory].map(|store| {
            let metered = Metered::new(store);
            use_store(&metered);
            metered.requests()
        });
        assert_eq!(counts[0], counts[1]);
        let expected = Requests {
            head: 2,
            // none, c, three and two blocks of streams, one range, two that lie together and one that does not
            get: 1 + 1 + 3 + 2 + 1 + 2,
            // x, c twice, and a file in two parts
            put: 1 + 2 + 4,
            bytes_read: 2 + (2 * BLOCK + 9) + (BLOCK + 1) + 4 + 12 + 1,
            bytes_written: (2 * BLOCK + 9) + 2 + 3 + (PART + 1),
        };
        assert_eq!(counts[0], expected);
    }

    #[test]
    fn the_model_of_streams_and_files() {
        assert_eq!(Requests::of_stream(0).get, 1);
        assert_eq!(Requests::of_stream(BLOCK).get, 1);
        assert_eq!(Requests::of_stream(BLOCK + 1).get, 2);
        assert_eq!(Requests::of_file(PART).put, 1);
        assert_eq!(Requests::of_file(40 << 20).put, 5);
        let mut sum = Requests::of_stream(3);
        sum.add(&Requests::of_file(4));
        assert_eq!(sum, Requests { get: 1, put: 1, bytes_read: 3, bytes_written: 4, head: 0 });
    }
}
