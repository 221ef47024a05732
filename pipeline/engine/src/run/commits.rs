//! Reads the commits of many tasks, many at a time: one after the other, a hundred thousand of them would take an hour.

use std::sync::atomic::{AtomicUsize, Ordering};
use tokenmill_store::commit::read_commit;
use tokenmill_store::{Commit, Store, StoreError, Task};

/// Reads in flight at a time. At 150 ms each this is 1,700 a second, well below the 5,500 that S3 grants one prefix.
const AT_ONCE: usize = 256;

/// A thread is worth starting for so many reads.
const READS_OF_A_THREAD: usize = 4;

/// The commits of `tasks`, in their order; `None` for those that have not been done.
///
/// # Errors
/// When the store fails or a commit is unreadable.
pub fn read_commits(store: &dyn Store, folder: &str, tasks: &[Task]) -> Result<Vec<Option<Commit>>, StoreError> {
    let next = AtomicUsize::new(0);
    let reader = || -> Result<Vec<(usize, Option<Commit>)>, StoreError> {
        let mut read = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(task) = tasks.get(at) else { return Ok(read) };
            let commit = read_commit(store, folder, &task.key);
            if commit.is_err() {
                // The others need not go on.
                next.store(tasks.len(), Ordering::Relaxed);
            }
            read.push((at, commit?));
        }
    };
    let mut commits: Vec<Option<Commit>> = vec![None; tasks.len()];
    let parts = std::thread::scope(|scope| {
        let readers: Vec<_> =
            (0..AT_ONCE.min(tasks.len().div_ceil(READS_OF_A_THREAD))).map(|_| scope.spawn(reader)).collect();
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Vec<_>>()
    });
    for part in parts {
        for (at, commit) in part? {
            commits[at] = commit;
        }
    }
    Ok(commits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_store::commit::{commit_key, write_commit};
    use tokenmill_store::{MemStore, Requests};

    #[test]
    fn commits_come_in_the_order_of_their_tasks() {
        let store = MemStore::new().unwrap();
        let task = |number: usize| Task {
            key: format!("{number:032x}"),
            label: String::new(),
            bytes: 0,
            work: serde_json::Value::Null,
        };
        let tasks: Vec<Task> = (0..500).map(task).collect();
        for task in tasks.iter().step_by(3) {
            let (key, label) = (task.key.clone(), String::new());
            let commit = Commit {
                task: key,
                label,
                objects: Default::default(),
                tally: serde_json::json!({}),
                requests: Requests::default(),
            };
            write_commit(&store, "p", &commit).unwrap();
        }
        let commits = read_commits(&store, "p", &tasks).unwrap();
        assert_eq!(commits.len(), 500);
        for (at, commit) in commits.iter().enumerate() {
            assert_eq!(
                commit.as_ref().map(|commit| commit.task.as_str()),
                (at % 3 == 0).then_some(tasks[at].key.as_str())
            );
        }
        assert!(read_commits(&store, "p", &[]).unwrap().is_empty());
        store.put(&commit_key("p", &tasks[7].key), b"{").unwrap();
        assert!(matches!(read_commits(&store, "p", &tasks), Err(StoreError::Corrupt { .. })));
    }
}
