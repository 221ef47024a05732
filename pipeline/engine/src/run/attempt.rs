//! The record of the last attempt of a task: where it ran, what it took, and why it failed.
//!
//! It is no truth: commits alone say what is done. It is for people, for `tokenmill status` and for estimates, and it lies
//! under `.attempts/`, so that nobody takes it for an output.

use crate::clock;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokenmill_store::commit::{parse, to_json};
use tokenmill_store::{Store, StoreError, Task};

/// The folder that holds the records; a phase has a folder of its own in it.
pub const ATTEMPTS: &str = ".attempts/";

/// Characters of an error that are kept.
const MAX_ERROR: usize = 4_000;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The task is committed.
    Committed,
    /// It is not.
    Failed,
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Key of the task.
    pub task: String,
    /// What the task reads, for people.
    pub label: String,
    /// How it ended.
    pub outcome: Ended,
    /// Whether the same may succeed later or on another machine; false of what was committed.
    pub transient: bool,
    /// Why it failed.
    pub error: Option<String>,
    /// Name of the machine.
    pub host: String,
    /// When it began, in seconds since the beginning of 1970.
    pub started: u64,
    /// Seconds of the clock that it took.
    pub wall_seconds: f64,
    /// CPU seconds: of the whole process with its children where this was its only task at the time, else of one thread.
    pub cpu_seconds: f64,
    /// The most memory that the process has had so far, in bytes; 0 where the system does not tell.
    pub peak_bytes: u64,
    /// Attempts so far, this one included. Two at once may count as one.
    pub n_attempts: u32,
    /// Tasks that the process worked on at the same time, this one included.
    pub n_at_once: u64,
}

/// Tasks that this process is working on.
static RUNNING: AtomicU64 = AtomicU64::new(0);

/// Attempts that this process has begun.
static BEGUN: AtomicU64 = AtomicU64::new(0);

impl Attempt {
    /// The record of the last attempt of a task of a phase; `None` if there is none, or none that can be read.
    ///
    /// # Errors
    /// When the store fails.
    pub fn read(store: &dyn Store, folder: &str, task: &str) -> Result<Option<Attempt>, StoreError> {
        match store.read(&key(folder, task)) {
            Ok(content) => Ok(parse(task, &content).ok()),
            Err(StoreError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stores the record in place of the one before.
    ///
    /// # Errors
    /// When the store fails.
    pub fn write(&self, store: &dyn Store, folder: &str) -> Result<(), StoreError> {
        store.put(&key(folder, &self.task), &to_json(self)?)
    }

    /// Whether the task was committed.
    pub fn is_committed(&self) -> bool {
        self.outcome == Ended::Committed
    }

    /// When it ended, in seconds since the beginning of 1970.
    pub fn ended(&self) -> f64 {
        self.started as f64 + self.wall_seconds
    }

    /// Memory of one task, in bytes: the share of those that the process worked on at once.
    pub fn peak_of_one(&self) -> f64 {
        self.peak_bytes as f64 / self.n_at_once.max(1) as f64
    }
}

fn key(folder: &str, task: &str) -> String {
    format!("{ATTEMPTS}{folder}/{task}.json")
}

/// An attempt under way.
pub(super) struct Begun {
    number: u64,
    n_at_once: u64,
    at: Instant,
    started: u64,
    thread_seconds: f64,
    process_seconds: f64,
}

impl Begun {
    /// Begins one.
    pub fn now() -> Begun {
        let n_at_once = RUNNING.fetch_add(1, Ordering::Relaxed) + 1;
        Begun {
            number: BEGUN.fetch_add(1, Ordering::Relaxed) + 1,
            n_at_once,
            at: clock::now(),
            started: clock::unix_seconds() as u64,
            thread_seconds: clock::thread_cpu_seconds(),
            process_seconds: clock::process_cpu_seconds(),
        }
    }

    /// Ends it: what there is to say of it, and `error` if it failed. The record is stored if that can be done; if not, the
    /// task is no worse for it.
    pub fn end(self, store: &dyn Store, folder: &str, task: &Task, error: Option<&StoreError>) -> Attempt {
        let n_at_once = RUNNING.load(Ordering::Relaxed).max(self.n_at_once);
        let was_alone = n_at_once == 1 && BEGUN.load(Ordering::Relaxed) == self.number;
        let cpu_seconds = match was_alone {
            true => clock::process_cpu_seconds() - self.process_seconds,
            false => clock::thread_cpu_seconds() - self.thread_seconds,
        };
        let before = Attempt::read(store, folder, &task.key);
        let mut attempt = Attempt {
            task: task.key.clone(),
            label: task.label.clone(),
            outcome: if error.is_some() { Ended::Failed } else { Ended::Committed },
            transient: error.is_some_and(StoreError::is_transient),
            error: error.map(|error| error.to_string().chars().take(MAX_ERROR).collect()),
            host: clock::host_name(),
            started: self.started,
            wall_seconds: milliseconds(self.at.elapsed().as_secs_f64()),
            cpu_seconds: milliseconds(cpu_seconds.max(0.0)),
            peak_bytes: clock::peak_bytes(),
            n_attempts: 1,
            n_at_once,
        };
        // A store that does not answer has been asked for minutes; it is not asked again.
        if let Ok(before) = before {
            attempt.n_attempts = before.map_or(0, |before| before.n_attempts).saturating_add(1);
            let _ = attempt.write(store, folder);
        }
        attempt
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Seconds to the millisecond, which is as much as is worth reading.
fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_store::MemStore;

    fn task() -> Task {
        Task { key: "t".into(), label: "a.warc.gz".into(), bytes: 1, work: serde_json::Value::Null }
    }

    #[test]
    fn attempts_are_counted_and_the_last_one_stands() {
        let store = MemStore::new().unwrap();
        assert_eq!(Attempt::read(&store, "p", "t").unwrap(), None);
        let full = StoreError::io("write", "x")(std::io::Error::other("no space left"));
        let failed = Begun::now().end(&store, "p", &task(), Some(&full));
        assert!(failed.transient && !failed.is_committed() && failed.error.as_ref().unwrap().contains("no space left"));
        Begun::now().end(&store, "p", &task(), None);
        let last = Attempt::read(&store, "p", "t").unwrap().unwrap();
        assert_eq!((last.n_attempts, last.outcome, last.error.clone()), (2, Ended::Committed, None));
        assert!(last.started > 1_600_000_000 && last.n_at_once >= 1 && last.wall_seconds >= 0.0);
        let json: serde_json::Value = serde_json::from_slice(&store.read(".attempts/p/t.json").unwrap()).unwrap();
        assert_eq!(json["outcome"], "committed");
    }

    #[test]
    fn a_torn_record_is_as_good_as_none() {
        let store = MemStore::new().unwrap();
        store.put(".attempts/p/t.json", b"{\"task\":").unwrap();
        assert_eq!(Attempt::read(&store, "p", "t").unwrap(), None);
        assert_eq!(Begun::now().end(&store, "p", &task(), None).n_attempts, 1);
    }
}
