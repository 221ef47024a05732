//! A store in memory that takes the time and the requests of an object store far away.

use super::world::{Ask, World};
use bytes::Bytes;
use std::io::{Cursor, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokenmill_store::{Created, MemStore, Object, ObjectMeta, Requests, Store, StoreError};

/// The world, shared by a store and those who use it.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<World>>);

impl Shared {
    /// Shares a world.
    pub fn new(world: World) -> Shared {
        Shared(Arc::new(Mutex::new(world)))
    }

    /// The world, for one moment.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has been granted so far besides the tasks' own work, and the time.
    pub fn so_far(&self) -> (Requests, f64) {
        let world = self.world();
        (world.requests, world.now)
    }
}

/// A store of this world.
pub struct SimStore {
    inner: MemStore,
    shared: Shared,
}

impl SimStore {
    /// An empty store.
    ///
    /// # Errors
    /// When no folder for spooled files can be made.
    pub fn new(shared: Shared) -> Result<SimStore, StoreError> {
        Ok(SimStore { inner: MemStore::new()?, shared })
    }

    /// Puts an object in the place of one that nobody will read again, to save memory of the simulation itself.
    ///
    /// # Errors
    /// Never.
    pub fn drop_content(&self, key: &str) -> Result<(), StoreError> {
        self.inner.put(key, b"")
    }

    fn ask(&self, ask: Ask) {
        self.shared.world().ask(ask);
    }

    fn get(&self, content: &Result<Vec<u8>, StoreError>) {
        self.ask(Ask::Get(content.as_ref().map_or(0, |content| content.len() as u64)));
    }
}

impl Store for SimStore {
    fn head(&self, key: &str) -> Result<Option<ObjectMeta>, StoreError> {
        self.ask(Ask::Head);
        self.inner.head(key)
    }

    fn read(&self, key: &str) -> Result<Vec<u8>, StoreError> {
        let content = self.inner.read(key);
        self.get(&content);
        content
    }

    fn open(&self, key: &str) -> Result<Box<dyn Object>, StoreError> {
        self.ask(Ask::Head);
        Ok(Box::new(SimObject { inner: self.inner.open(key)?, shared: self.shared.clone() }))
    }

    fn open_committed(&self, key: &str, bytes: u64) -> Result<Box<dyn Object>, StoreError> {
        Ok(Box::new(SimObject { inner: self.inner.open_committed(key, bytes)?, shared: self.shared.clone() }))
    }

    fn stream(&self, key: &str) -> Result<Box<dyn Read + Send>, StoreError> {
        self.read(key).map(|content| Box::new(Cursor::new(content)) as Box<dyn Read + Send>)
    }

    fn put_file(&self, key: &str, file: &Path) -> Result<(), StoreError> {
        let stored = self.inner.put_file(key, file);
        self.ask(Ask::Put(self.inner.head(key)?.map_or(0, |meta| meta.bytes)));
        stored
    }

    fn put(&self, key: &str, content: &[u8]) -> Result<(), StoreError> {
        self.ask(Ask::Put(content.len() as u64));
        self.inner.put(key, content)
    }

    fn create(&self, key: &str, content: &[u8]) -> Result<Created, StoreError> {
        self.ask(Ask::Put(content.len() as u64));
        self.inner.create(key, content)
    }

    fn scratch(&self) -> &Path {
        self.inner.scratch()
    }

    fn display(&self, key: &str) -> String {
        format!("simulated:{key}")
    }
}

struct SimObject {
    inner: Box<dyn Object>,
    shared: Shared,
}

impl Object for SimObject {
    fn bytes(&self) -> u64 {
        self.inner.bytes()
    }

    fn read_at(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        self.shared.world().ask(Ask::Get(range.end.saturating_sub(range.start)));
        self.inner.read_at(range)
    }
}
