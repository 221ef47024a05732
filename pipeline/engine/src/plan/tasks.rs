//! The task list of a phase: an object of which a task reads its own line, however many tasks there are.

use crate::plan::PhaseRecord;
use serde::{Deserialize, Serialize};
use tokenmill_core::hash::digest_hex;
use tokenmill_store::{Created, Store, StoreError, Task};

/// Bytes of an entry of the offsets.
const OFFSET: usize = 8;

/// A task list as `plan.json` names it. One line of JSON for each task; beside it stands an object with the offset of
/// every line and the length of all, 64-bit little-endian numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskList {
    /// Key of the lines: `<phase>/tasks-<digest>.jsonl`.
    pub key: String,
    /// Number of tasks.
    pub n_tasks: usize,
    /// Bytes of the lines.
    pub bytes: u64,
}

impl TaskList {
    /// Stores the tasks of a phase under a name that follows from them; says also which digest that is.
    ///
    /// # Errors
    /// When the store fails.
    pub fn write(store: &dyn Store, folder: &str, tasks: &[Task]) -> Result<(TaskList, String), StoreError> {
        let (mut lines, mut offsets) = (Vec::new(), Vec::with_capacity((tasks.len() + 1) * OFFSET));
        for task in tasks {
            offsets.extend((lines.len() as u64).to_le_bytes());
            serde_json::to_writer(&mut lines, task).map_err(|error| StoreError::Usage(error.to_string()))?;
            lines.push(b'\n');
        }
        offsets.extend((lines.len() as u64).to_le_bytes());
        let digest = digest_hex(&lines);
        let list =
            TaskList { key: format!("{folder}/tasks-{digest}.jsonl"), n_tasks: tasks.len(), bytes: lines.len() as u64 };
        create(store, &list.offsets_key(), &offsets)?;
        create(store, &list.key, &lines)?;
        Ok((list, digest))
    }

    /// Reads all tasks.
    ///
    /// # Errors
    /// When the store fails or the list is damaged.
    pub fn read(&self, store: &dyn Store) -> Result<Vec<Task>, StoreError> {
        let lines = store.read(&self.key)?;
        let tasks = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| self.parse(line));
        let tasks: Vec<Task> = tasks.collect::<Result<_, StoreError>>()?;
        if tasks.len() != self.n_tasks {
            return Err(StoreError::corrupt(&self.key, format!("{} tasks, not {}", tasks.len(), self.n_tasks)));
        }
        Ok(tasks)
    }

    /// Reads one task; `None` when there are fewer.
    ///
    /// # Errors
    /// As [`TaskList::read`].
    pub fn read_one(&self, store: &dyn Store, index: usize) -> Result<Option<Task>, StoreError> {
        if index >= self.n_tasks {
            return Ok(None);
        }
        let n_offsets = self.n_tasks as u64 + 1;
        let offsets = store.open_committed(&self.offsets_key(), n_offsets * OFFSET as u64)?;
        let start = (index * OFFSET) as u64;
        let pair = offsets.read_at(start..start + 2 * OFFSET as u64)?;
        let (from, to) = pair.split_at(OFFSET);
        let number = |bytes: &[u8]| bytes.first_chunk().map_or(u64::MAX, |bytes| u64::from_le_bytes(*bytes));
        let (from, to) = (number(from), number(to));
        if from >= to || to > self.bytes {
            return Err(StoreError::corrupt(self.offsets_key(), format!("line {index} is said to be {from}..{to}")));
        }
        let line = store.open_committed(&self.key, self.bytes)?.read_at(from..to)?;
        self.parse(&line).map(Some)
    }

    fn parse(&self, line: &[u8]) -> Result<Task, StoreError> {
        serde_json::from_slice(line).map_err(|error| StoreError::corrupt(&self.key, error))
    }

    fn offsets_key(&self) -> String {
        format!("{}.offsets", self.key.trim_end_matches(".jsonl"))
    }
}

/// The name follows from the content, so what stands already is equal.
fn create(store: &dyn Store, key: &str, content: &[u8]) -> Result<(), StoreError> {
    match store.create(key, content)? {
        Created::Lost(standing) if standing != content => Err(StoreError::NotDeterministic { key: key.to_owned() }),
        Created::Won | Created::Lost(_) => Ok(()),
    }
}

impl PhaseRecord {
    /// Stores the tasks under a name that follows from them, and notes where they and the manifest are.
    ///
    /// # Errors
    /// When the store fails.
    pub fn set_tasks(&mut self, store: &dyn Store, tasks: &[Task]) -> Result<(), StoreError> {
        let (list, digest) = TaskList::write(store, &self.folder, tasks)?;
        self.manifest = Some(format!("{}/manifest-{digest}.json", self.folder));
        self.tasks = Some(list);
        Ok(())
    }

    /// Reads the tasks; `None` until the phase before has ended.
    ///
    /// # Errors
    /// When the store fails.
    pub fn read_tasks(&self, store: &dyn Store) -> Result<Option<Vec<Task>>, StoreError> {
        self.tasks.as_ref().map(|list| list.read(store)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_store::{MemStore, Metered};

    fn tasks(n: usize) -> Vec<Task> {
        let task = |number: usize| Task {
            key: format!("{number:032x}"),
            label: format!("a\n{number}"),
            bytes: number as u64,
            work: serde_json::json!({"x": "y".repeat(number % 7)}),
        };
        (0..n).map(task).collect()
    }

    #[test]
    fn a_task_reads_its_own_line_and_nothing_else() {
        let store = MemStore::new().unwrap();
        let all = tasks(1000);
        let (list, digest) = TaskList::write(&store, "p1-map", &all).unwrap();
        assert!(list.key.contains(&digest));
        assert_eq!(TaskList::write(&store, "p1-map", &all).unwrap().0, list, "written again");
        assert_eq!(list.read(&store).unwrap(), all);
        for index in [0, 1, 500, 999] {
            let metered = Metered::new(&store);
            assert_eq!(list.read_one(&metered, index).unwrap().as_ref(), all.get(index));
            let requests = metered.requests();
            assert!(requests.get == 2 && requests.head == 0 && requests.bytes_read < 200, "{requests:?}");
        }
        assert_eq!(list.read_one(&store, 1000).unwrap(), None);
        let (none, _) = TaskList::write(&store, "p2-map", &[]).unwrap();
        assert_eq!((none.read(&store).unwrap(), none.read_one(&store, 0).unwrap()), (Vec::new(), None));
    }

    #[test]
    fn a_damaged_list_is_told() {
        let store = MemStore::new().unwrap();
        let (list, _) = TaskList::write(&store, "p", &tasks(3)).unwrap();
        let lines = store.read(&list.key).unwrap();
        store.put(&list.key, &lines[..lines.len() / 2]).unwrap();
        assert!(matches!(list.read(&store), Err(StoreError::Corrupt { .. })));
        assert!(list.read_one(&store, 2).is_err());
        store.put(&list.offsets_key(), &[0xff; 32]).unwrap();
        assert!(matches!(list.read_one(&store, 1), Err(StoreError::Corrupt { .. })));
    }
}
