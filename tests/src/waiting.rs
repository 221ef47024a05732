//! Waiting for what other programs do, with an end.

use std::time::{Duration, Instant};

/// A limit of time that begins now.
pub struct Waiting {
    start: Instant,
    limit: Duration,
}

impl Waiting {
    /// Waits at most so long, from now on.
    pub fn for_seconds(seconds: u64) -> Self {
        Self { start: Instant::now(), limit: Duration::from_secs(seconds) }
    }

    /// Whether there is still time.
    pub fn goes_on(&self) -> bool {
        self.start.elapsed() < self.limit
    }

    /// Waits until something is so.
    ///
    /// # Panics
    /// When the time is over before.
    pub fn until(&self, what: &str, mut condition: impl FnMut() -> bool) {
        while !condition() {
            assert!(self.goes_on(), "after {} s, it is still not so that {what}", self.limit.as_secs());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Whether something becomes true within a minute.
pub fn comes_true(condition: impl Fn() -> bool) -> bool {
    let waiting = Waiting::for_seconds(60);
    while !condition() {
        if !waiting.goes_on() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}
