//! Patience with a store that does not answer: transient errors are tried again, ever more slowly, up to a limit.

use crate::keeper::{Kept, Listing, Unfinished};
use crate::readahead::ReadAhead;
use crate::{Created, Keeper, Object, ObjectMeta, Store, StoreError};
use bytes::Bytes;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

/// How long and how often to try again.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The first pause; every further one is twice as long.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// Time after the first failure at which a failure is final.
    pub total: Duration,
}

impl Default for Patience {
    /// Two minutes: a gateway that is killed and started again is away for seconds, a failover for up to a minute.
    fn default() -> Patience {
        Patience {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(10),
            total: Duration::from_secs(120),
        }
    }
}

impl Patience {
    /// For what may as well stay undone.
    pub(crate) fn brief() -> Patience {
        Patience { total: Duration::from_secs(5), ..Patience::default() }
    }

    /// For tests: many attempts, no pauses worth the name.
    pub fn hasty() -> Patience {
        let instant = Duration::from_micros(10);
        Patience { first: instant, longest: instant, total: Duration::from_secs(30) }
    }

    /// Makes attempts until one succeeds, fails for good, or the patience is spent.
    ///
    /// # Errors
    /// The error of the last attempt.
    pub fn insist<T>(&self, mut attempt: impl FnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut pauses = Pauses { patience: *self, since: None, next: self.first };
        loop {
            match attempt() {
                Err(error) if error.is_transient() => pauses.pause(&error).then_some(()).ok_or(error)?,
                outcome => return outcome,
            }
        }
    }
}

/// Hears of every pause: why, and how long it will be.
type Observer = Box<dyn Fn(&StoreError, Duration) + Send + Sync>;

static OBSERVER: OnceLock<Observer> = OnceLock::new();

/// Lets somebody hear of every pause of this process, for a log. Only the first call counts.
pub fn observe(observer: impl Fn(&StoreError, Duration) + Send + Sync + 'static) {
    let _ = OBSERVER.set(Box::new(observer));
}

/// The pauses between the attempts of one call.
struct Pauses {
    patience: Patience,
    since: Option<Instant>,
    next: Duration,
}

impl Pauses {
    /// Waits; false when the patience is spent.
    fn pause(&mut self, error: &StoreError) -> bool {
        #[expect(clippy::disallowed_methods, reason = "patience is measured in real time and reaches no output")]
        let now = Instant::now();
        let since = *self.since.get_or_insert(now);
        if now.duration_since(since) >= self.patience.total {
            return false;
        }
        // Between half and all of it, so that many clients do not come back at the same moment.
        let pause = self.next.mul_f64(0.5 + 0.5 * random_share());
        if let Some(observer) = OBSERVER.get() {
            observer(error, pause);
        }
        wait(pause);
        self.next = (self.next * 2).min(self.patience.longest);
        true
    }
}

/// Waits. The only place that may.
#[expect(clippy::disallowed_methods, reason = "this is the room where waiting is done")]
pub fn wait(duration: Duration) {
    std::thread::sleep(duration);
}

/// A random number from 0 to 1; it decides how long to wait and nothing else.
fn random_share() -> f64 {
    getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX))
}

/// A store that is asked again when it fails for the moment. Reads go on at the byte they had come to.
pub struct Retry<S> {
    inner: Arc<S>,
    patience: Patience,
}

impl<S> Retry<S> {
    /// Asks `inner` again with the default patience.
    pub fn new(inner: S) -> Retry<S> {
        Retry::with(inner, Patience::default())
    }

    /// Asks `inner` again with this patience.
    pub fn with(inner: S, patience: Patience) -> Retry<S> {
        Retry { inner: Arc::new(inner), patience }
    }

    /// The store that is asked.
    pub fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S: Store + 'static> Store for Retry<S> {
    fn head(&self, key: &str) -> Result<Option<ObjectMeta>, StoreError> {
        self.patience.insist(|| self.inner.head(key))
    }

    fn read(&self, key: &str) -> Result<Vec<u8>, StoreError> {
        self.patience.insist(|| self.inner.read(key))
    }

    fn open(&self, key: &str) -> Result<Box<dyn Object>, StoreError> {
        let object = self.patience.insist(|| self.inner.open(key))?;
        Ok(Box::new(RetryObject { inner: object, patience: self.patience }))
    }

    fn open_committed(&self, key: &str, bytes: u64) -> Result<Box<dyn Object>, StoreError> {
        let object = self.patience.insist(|| self.inner.open_committed(key, bytes))?;
        Ok(Box::new(RetryObject { inner: object, patience: self.patience }))
    }

    fn stream(&self, key: &str) -> Result<Box<dyn Read + Send>, StoreError> {
        let stream = self.patience.insist(|| self.inner.stream(key))?;
        let (store, key) = (self.inner.clone(), key.to_owned());
        Ok(Box::new(Resumed { store, key, patience: self.patience, stream, at: 0 }))
    }

    fn put_file(&self, key: &str, file: &Path) -> Result<(), StoreError> {
        self.patience.insist(|| self.inner.put_file(key, file))
    }

    fn put(&self, key: &str, content: &[u8]) -> Result<(), StoreError> {
        self.patience.insist(|| self.inner.put(key, content))
    }

    /// When an attempt failed, it may have succeeded without our knowing. If a later one then finds exactly what we
    /// tried to write, it is taken for ours: nobody can tell it from ours, and nobody has to.
    fn create(&self, key: &str, content: &[u8]) -> Result<Created, StoreError> {
        let mut is_repeated = false;
        self.patience.insist(|| match self.inner.create(key, content) {
            Ok(Created::Lost(standing)) if is_repeated && standing == content => Ok(Created::Won),
            outcome => {
                is_repeated = true;
                outcome
            }
        })
    }

    fn self_test(&self) -> Result<(), StoreError> {
        self.patience.insist(|| self.inner.self_test())
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

/// An object that is asked again.
pub struct RetryObject<O> {
    inner: O,
    patience: Patience,
}

impl<O: Object> RetryObject<O> {
    /// Asks `inner` again with the default patience.
    pub fn new(inner: O) -> RetryObject<O> {
        RetryObject { inner, patience: Patience::default() }
    }
}

impl<O: Object> Object for RetryObject<O> {
    fn bytes(&self) -> u64 {
        self.inner.bytes()
    }

    fn read_at(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        self.patience.insist(|| self.inner.read_at(range.clone()))
    }
}

/// A stream that goes on after a failure. Objects of a run never change, so the rest is the rest of the same content.
struct Resumed<S> {
    store: Arc<S>,
    key: String,
    patience: Patience,
    stream: Box<dyn Read + Send>,
    at: u64,
}

impl<S: Store> Resumed<S> {
    /// Opens the object again and goes on where the stream broke.
    fn resume(&mut self) -> Result<(), StoreError> {
        let object = self.patience.insist(|| self.store.open(&self.key))?;
        let bytes = object.bytes();
        if bytes < self.at {
            return Err(StoreError::corrupt(self.store.display(&self.key), "it has become shorter"));
        }
        let object = RetryObject { inner: object, patience: self.patience };
        self.stream = Box::new(ReadAhead::new(Arc::new(object), self.at..bytes));
        Ok(())
    }
}

impl<S: Store> Read for Resumed<S> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = match self.stream.read(out) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                match StoreError::io("read", &self.key)(error) {
                    error if error.is_transient() => self.resume().map_err(StoreError::into_io)?,
                    error => return Err(error.into_io()),
                }
                self.stream.read(out)
            }
            read => read,
        };
        read.inspect(|n| self.at += *n as u64)
    }
}

impl<S: Keeper + 'static> Keeper for Retry<S> {
    fn list(&self, prefix: &str) -> Box<dyn Listing + '_> {
        Box::new(RetryListing { inner: self.inner.list(prefix), patience: self.patience })
    }

    fn modified(&self, key: &str) -> Result<Option<SystemTime>, StoreError> {
        self.patience.insist(|| self.inner.modified(key))
    }

    fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.patience.insist(|| self.inner.delete(key))
    }

    fn sweep(&self, prefix: &str) -> Result<(), StoreError> {
        self.patience.insist(|| self.inner.sweep(prefix))
    }

    fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        self.patience.insist(|| self.inner.unfinished())
    }

    fn abort(&self, upload: &Unfinished) -> Result<(), StoreError> {
        self.patience.insist(|| self.inner.abort(upload))
    }
}

/// A listing whose pages are asked for again.
struct RetryListing<'a> {
    inner: Box<dyn Listing + 'a>,
    patience: Patience,
}

impl Listing for RetryListing<'_> {
    fn page(&mut self) -> Result<Option<Vec<Kept>>, StoreError> {
        self.patience.insist(|| self.inner.page())
    }
}
