//! Commits and manifests: the only truth about what a run has done.
//!
//! A task's data goes to objects named by their digests; then one small object is created under the task's key. Whoever
//! comes second compares: equal content is fine, different content is an alarm.

use crate::{Created, Requests, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// One object a task wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRef {
    /// Key from the root of the run.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Rows, where it is a table; else documents or 0.
    pub rows: u64,
    /// xxh3-128 of the content.
    pub digest: String,
}

/// The result of one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Commit {
    /// Key of the task.
    pub task: String,
    /// What the task read, for people.
    pub label: String,
    /// Objects by table name.
    pub objects: BTreeMap<String, ObjectRef>,
    /// Counts, as the phase defines them; integers only.
    pub tally: Value,
    /// What the task asked of object stores, without this commit: equal for every store and every attempt.
    #[serde(default)]
    pub requests: Requests,
}

/// One committed task inside a manifest.
pub type Part = Commit;

/// The end of a phase: all its commits, in the order of its tasks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Folder of the phase.
    pub phase: String,
    /// One part per task.
    pub parts: Vec<Part>,
}

/// The key of a task's commit.
pub fn commit_key(phase: &str, task: &str) -> String {
    format!("{phase}/commit/{task}.json")
}

/// Reads a task's commit, or `None` when the task has not been done.
///
/// # Errors
/// When the store fails or the commit is unreadable.
pub fn read_commit(store: &dyn Store, phase: &str, task: &str) -> Result<Option<Commit>, StoreError> {
    match store.read(&commit_key(phase, task)) {
        Ok(content) => parse(&commit_key(phase, task), &content).map(Some),
        Err(StoreError::Missing(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Commits a task.
///
/// # Errors
/// When the store fails, or the task was committed before with other content.
pub fn write_commit(store: &dyn Store, phase: &str, commit: &Commit) -> Result<(), StoreError> {
    create_equal(store, &commit_key(phase, &commit.task), &to_json(commit)?)
}

/// Commits a task of a phase in which the first commit wins; says which commit stands when that is another one.
///
/// # Errors
/// When the store fails or the standing commit is unreadable.
pub fn write_first(store: &dyn Store, phase: &str, commit: &Commit) -> Result<Option<Commit>, StoreError> {
    let (key, content) = (commit_key(phase, &commit.task), to_json(commit)?);
    match store.create(&key, &content)? {
        Created::Lost(standing) if standing != content => parse(&key, &standing).map(Some),
        Created::Won | Created::Lost(_) => Ok(None),
    }
}

/// Writes the manifest of a phase under `key`.
///
/// # Errors
/// As [`write_commit`].
pub fn write_manifest(store: &dyn Store, key: &str, manifest: &Manifest) -> Result<(), StoreError> {
    create_equal(store, key, &to_json(manifest)?)
}

/// Reads a manifest as it stands after all take-downs of the run, or `None` when the phase has not ended.
///
/// # Errors
/// When the store fails or the manifest is unreadable.
pub fn read_manifest(store: &dyn Store, key: &str) -> Result<Option<Manifest>, StoreError> {
    match store.read(key) {
        Ok(content) => crate::takedown::standing(store, parse(key, &content)?).map(Some),
        Err(StoreError::Missing(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// JSON as it is committed: indented, with a final line feed.
///
/// # Errors
/// When the value has no JSON form.
pub fn to_json(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let mut json = serde_json::to_vec_pretty(value).map_err(|error| StoreError::Usage(error.to_string()))?;
    json.push(b'\n');
    Ok(json)
}

/// Reads JSON from an object.
///
/// # Errors
/// When it does not have the expected form.
pub fn parse<T: for<'a> Deserialize<'a>>(key: &str, content: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(content).map_err(|error| StoreError::corrupt(key, error))
}

fn create_equal(store: &dyn Store, key: &str, content: &[u8]) -> Result<(), StoreError> {
    match store.create(key, content)? {
        Created::Lost(standing) if standing != content => Err(StoreError::NotDeterministic { key: key.to_owned() }),
        Created::Won | Created::Lost(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemStore;

    fn commit(rows: u64) -> Commit {
        let object = ObjectRef { key: "p/docs/x.parquet".into(), bytes: 1, rows, digest: "x".into() };
        Commit {
            task: "t".into(),
            label: "a.warc.gz".into(),
            objects: [("docs".to_owned(), object)].into(),
            tally: serde_json::json!({"kept": rows}),
            requests: Requests::default(),
        }
    }

    #[test]
    fn the_second_equal_commit_is_fine_and_a_different_one_is_an_alarm() {
        let store = MemStore::new().unwrap();
        assert_eq!(read_commit(&store, "p", "t").unwrap(), None);
        write_commit(&store, "p", &commit(1)).unwrap();
        write_commit(&store, "p", &commit(1)).unwrap();
        assert!(matches!(write_commit(&store, "p", &commit(2)), Err(StoreError::NotDeterministic { .. })));
        assert_eq!(read_commit(&store, "p", "t").unwrap(), Some(commit(1)));
    }

    #[test]
    fn where_the_first_wins_it_stands() {
        let store = MemStore::new().unwrap();
        assert_eq!(write_first(&store, "p", &commit(1)).unwrap(), None);
        assert_eq!(write_first(&store, "p", &commit(1)).unwrap(), None);
        assert_eq!(write_first(&store, "p", &commit(2)).unwrap(), Some(commit(1)));
        assert_eq!(read_commit(&store, "p", "t").unwrap(), Some(commit(1)));
    }

    #[test]
    fn a_torn_commit_is_corrupt_not_missing() {
        let store = MemStore::new().unwrap();
        store.put(&commit_key("p", "t"), b"{\"task\":").unwrap();
        assert!(matches!(read_commit(&store, "p", "t"), Err(StoreError::Corrupt { .. })));
    }
}
