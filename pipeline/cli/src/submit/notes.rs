//! What attempts have noted about themselves: for people, and to know what would fail again.

use serde::Deserialize;
use tokenmill_store::{Store, StoreError, Task, commit};

/// How many tasks are asked about: a phase that fails as a whole need not be read as a whole.
const MAX_READ: usize = 1_000;

/// Clocks of machines may differ by so many seconds.
const CLOCK_SKEW: u64 = 120;

/// The last attempt at a task.
#[derive(Debug, Deserialize)]
pub struct Note {
    /// What the task reads.
    #[serde(default)]
    pub label: String,
    /// `committed` or `failed`.
    pub outcome: String,
    /// Whether another attempt may succeed.
    #[serde(default)]
    pub transient: bool,
    /// What was wrong.
    #[serde(default)]
    pub error: Option<String>,
    /// The machine.
    #[serde(default)]
    pub host: String,
    /// When it began, in seconds since 1970.
    #[serde(default)]
    pub started: f64,
}

impl Note {
    /// One line for people.
    pub fn text(&self) -> String {
        let error = self.error.as_deref().unwrap_or("it has not said why");
        // Errors of tasks begin with the name of what they read.
        let label = if error.contains(&self.label) { String::new() } else { format!("`{}`: ", self.label) };
        let host = if self.host.is_empty() { String::new() } else { format!(" (on {})", self.host) };
        format!("{label}{error}{host}")
    }
}

/// What failed attempts that began after `since` have noted, for the first of these tasks.
///
/// # Errors
/// When the store fails.
pub fn failures<'a>(
    store: &dyn Store,
    folder: &str,
    tasks: impl Iterator<Item = &'a Task>,
    since: u64,
) -> Result<Vec<Note>, StoreError> {
    let mut notes = Vec::new();
    for task in tasks.take(MAX_READ) {
        let key = format!(".attempts/{folder}/{}.json", task.key);
        let note: Note = match store.read(&key) {
            Ok(content) => commit::parse(&key, &content)?,
            Err(StoreError::Missing(_)) => continue,
            Err(error) => return Err(error),
        };
        if note.outcome == "failed" && note.started + CLOCK_SKEW as f64 >= since as f64 {
            notes.push(note);
        }
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_store::MemStore;

    #[test]
    fn only_failures_of_this_submission_are_read() {
        let store = MemStore::new().unwrap();
        let task = |key: &str| Task { key: key.into(), label: key.into(), bytes: 0, work: serde_json::Value::Null };
        let note = |outcome: &str, started: u64| {
            format!("{{\"label\":\"x\",\"outcome\":\"{outcome}\",\"error\":\"`x` is torn\",\"host\":\"n1\",\"started\":{started}}}")
        };
        store.put(".attempts/p/a.json", note("failed", 5_000).as_bytes()).unwrap();
        store.put(".attempts/p/b.json", note("failed", 500).as_bytes()).unwrap();
        store.put(".attempts/p/c.json", note("committed", 5_000).as_bytes()).unwrap();
        let tasks = ["a", "b", "c", "d"].map(task);
        let notes = failures(&store, "p", tasks.iter(), 4_990).unwrap();
        let texts: Vec<String> = notes.iter().map(Note::text).collect();
        assert_eq!(texts, ["`x` is torn (on n1)"]);
    }
}
