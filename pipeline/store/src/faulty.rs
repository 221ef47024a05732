//! A store that fails on purpose, as object stores do; for tests. Places where the process dies are in [`crate::fault`].

use crate::readahead::BLOCK;
use crate::retry::wait;
use crate::{Created, Object, ObjectMeta, Store, StoreError};
use bytes::Bytes;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokenmill_core::hash::hash64;

/// A way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// 503: the service is overloaded and did nothing.
    Unavailable,
    /// 500: the service failed and did nothing.
    Internal,
    /// The connection broke before the service acted.
    Reset,
    /// The connection broke after the service had acted, so nobody knows that it did.
    LostReply,
    /// The body of an answer ended early. Hits reads only.
    Truncated,
    /// The answer took a while; it is no failure.
    Delay,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 6] =
        [Fault::Unavailable, Fault::Internal, Fault::Reset, Fault::LostReply, Fault::Truncated, Fault::Delay];

    fn error(self, key: &str) -> StoreError {
        let (kind, why) = match self {
            Fault::Unavailable => (io::ErrorKind::Other, "503 injected"),
            Fault::Internal => (io::ErrorKind::Other, "500 injected"),
            Fault::Reset | Fault::LostReply => (io::ErrorKind::ConnectionReset, "reset injected"),
            Fault::Truncated => (io::ErrorKind::UnexpectedEof, "truncation injected"),
            Fault::Delay => (io::ErrorKind::TimedOut, "delay injected"),
        };
        StoreError::Io { action: "use", key: key.to_owned(), source: io::Error::new(kind, why) }
    }
}

/// How often each fault hits a call, from 0 to 1, in the order of [`Fault::ALL`]; together at most 1.
#[derive(Clone, Copy, Debug)]
pub struct Rates(pub [f64; 6]);

impl Rates {
    /// Every fault equally often; `share` of all calls are hit.
    pub fn even(share: f64) -> Rates {
        Rates([share / 6.0; 6])
    }
}

/// Longest injected delay.
const MAX_DELAY: Duration = Duration::from_millis(2);

/// The dice and the counts, shared with open objects and streams.
struct Dice {
    seed: u64,
    rates: Rates,
    n_calls: AtomicU64,
    n_hits: [AtomicU64; 6],
}

impl Dice {
    /// The fault that hits this call, and a further random number. A delay is served here. What is cut short only where
    /// there is a body hits other calls as a reset.
    fn roll(&self, has_body: bool) -> (Option<Fault>, u64) {
        let call = self.n_calls.fetch_add(1, Ordering::Relaxed);
        let random = hash64(self.seed, &call.to_le_bytes());
        let mut share = (random >> 11) as f64 / (1u64 << 53) as f64;
        let further = hash64(self.seed ^ 1, &call.to_le_bytes());
        for (at, fault) in Fault::ALL.into_iter().enumerate() {
            share -= self.rates.0[at];
            if share < 0.0 {
                let fault = if fault == Fault::Truncated && !has_body { Fault::Reset } else { fault };
                self.n_hits[fault as usize].fetch_add(1, Ordering::Relaxed);
                if fault == Fault::Delay {
                    wait(MAX_DELAY.mul_f64((further % 1_000) as f64 / 1e3));
                    return (None, further);
                }
                return (Some(fault), further);
            }
        }
        (None, further)
    }

    /// Makes a call that a fault may hit before or after it has acted.
    fn call<T>(&self, key: &str, act: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        match self.roll(false).0 {
            None => act(),
            Some(Fault::LostReply) => act().and(Err(Fault::LostReply.error(key))),
            Some(fault) => Err(fault.error(key)),
        }
    }

    /// Makes a read, whose body may also end early.
    fn read<T>(&self, key: &str, act: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        match self.roll(true).0 {
            None => act(),
            Some(fault) => act().and(Err(fault.error(key))),
        }
    }
}

/// A store whose calls fail by chance, from a seed.
pub struct Faulty<S> {
    inner: S,
    dice: Arc<Dice>,
}

impl<S> Faulty<S> {
    /// Lets calls to `inner` fail.
    pub fn new(inner: S, seed: u64, rates: Rates) -> Faulty<S> {
        let dice = Dice { seed, rates, n_calls: AtomicU64::new(0), n_hits: Default::default() };
        Faulty { inner, dice: Arc::new(dice) }
    }

    /// How often a fault has hit.
    pub fn count(&self, fault: Fault) -> u64 {
        self.dice.n_hits[fault as usize].load(Ordering::Relaxed)
    }

    /// The store behind the faults.
    pub fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S: Store> Store for Faulty<S> {
    fn head(&self, key: &str) -> Result<Option<ObjectMeta>, StoreError> {
        self.dice.call(key, || self.inner.head(key))
    }

    fn read(&self, key: &str) -> Result<Vec<u8>, StoreError> {
        self.dice.read(key, || self.inner.read(key))
    }

    fn open(&self, key: &str) -> Result<Box<dyn Object>, StoreError> {
        let inner = self.dice.call(key, || self.inner.open(key))?;
        Ok(Box::new(FaultyObject { inner, key: key.to_owned(), dice: self.dice.clone() }))
    }

    fn stream(&self, key: &str) -> Result<Box<dyn Read + Send>, StoreError> {
        let (fault, further) = self.dice.roll(true);
        match fault {
            None => self.inner.stream(key),
            Some(Fault::Truncated) => {
                let stream = self.inner.stream(key)?;
                // Anywhere in the first blocks, and sometimes right at the beginning.
                let left = further % (2 * BLOCK) / (1 + further % 97).pow(3);
                Ok(Box::new(Cut { stream, key: key.to_owned(), left }))
            }
            Some(fault) => Err(fault.error(key)),
        }
    }

    fn put_file(&self, key: &str, file: &Path) -> Result<(), StoreError> {
        self.dice.call(key, || self.inner.put_file(key, file))
    }

    fn put(&self, key: &str, content: &[u8]) -> Result<(), StoreError> {
        self.dice.call(key, || self.inner.put(key, content))
    }

    fn create(&self, key: &str, content: &[u8]) -> Result<Created, StoreError> {
        self.dice.call(key, || self.inner.create(key, content))
    }

    fn self_test(&self) -> Result<(), StoreError> {
        self.dice.call("self-test", || self.inner.self_test())
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

struct FaultyObject {
    inner: Box<dyn Object>,
    key: String,
    dice: Arc<Dice>,
}

impl Object for FaultyObject {
    fn bytes(&self) -> u64 {
        self.inner.bytes()
    }

    fn read_at(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        self.dice.read(&self.key, || self.inner.read_at(range))
    }
}

/// A stream that breaks after some bytes.
struct Cut {
    stream: Box<dyn Read + Send>,
    key: String,
    left: u64,
}

impl Read for Cut {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(Fault::Truncated.error(&self.key).into_io());
        }
        let n = self.stream.by_ref().take(self.left).read(out)?;
        self.left -= n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retry::Patience;
    use crate::testing::{check_race, check_store};
    use crate::{MemStore, Retry};

    fn patient(seed: u64) -> Retry<Faulty<MemStore>> {
        let faulty = Faulty::new(MemStore::new().unwrap(), seed, Rates::even(0.6));
        Retry::with(faulty, Patience::hasty())
    }

    #[test]
    fn a_patient_store_does_all_that_a_store_must() {
        let mut n_hits = [0; 6];
        for seed in 0..100 {
            let store = patient(seed);
            check_store(&store);
            Fault::ALL.iter().zip(&mut n_hits).for_each(|(fault, n)| *n += store.inner().count(*fault));
        }
        assert!(n_hits.iter().all(|n| *n > 100), "every fault has hit: {n_hits:?}");
    }

    #[test]
    fn a_race_under_faults_has_one_winner() {
        for seed in 0..50 {
            check_race(&patient(seed), "commit", 8);
        }
    }

    #[test]
    fn streams_go_on_where_they_broke() {
        let content: Vec<u8> = (0..3 * BLOCK + 17).map(|at| (at % 251) as u8).collect();
        let mut n_cuts = 0;
        for seed in 0..20 {
            let store = patient(seed);
            store.put("x", &content).unwrap();
            let mut read = Vec::with_capacity(content.len());
            store.stream("x").unwrap().read_to_end(&mut read).unwrap();
            assert!(read == content, "seed {seed}");
            n_cuts += store.inner().count(Fault::Truncated);
        }
        assert!(n_cuts > 0);
    }

    #[test]
    fn without_patience_faults_are_errors_of_the_machine() {
        let store = Faulty::new(MemStore::new().unwrap(), 7, Rates([0.0, 0.0, 0.0, 1.0, 0.0, 0.0]));
        assert!(store.create("x", b"1").unwrap_err().is_transient());
        assert_eq!(store.inner().read("x").unwrap(), b"1", "the store had acted");
    }
}
