//! Phases with one task for every part of the map phase before them: what such a task is given.

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::phase::DOCS;
use tokenmill_store::{Inputs, ObjectRef, Part, StoreError, Task};

/// The work of a task.
#[derive(Serialize, Deserialize)]
pub struct Work {
    /// Key of the part's task.
    pub part: String,
    /// Its documents.
    pub docs: ObjectRef,
}

impl Work {
    /// The work of a task that [`tasks`] made.
    pub fn of(task: &Task) -> Result<Work, StoreError> {
        serde_json::from_value(task.work.clone())
            .map_err(|error| StoreError::Usage(format!("the task list of this run is of another version: {error}")))
    }
}

/// One task for every part.
pub fn tasks(fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
    let task = |part: &Part| {
        let docs = part.objects.get("docs").cloned();
        let docs = docs.ok_or_else(|| StoreError::corrupt(&part.task, "the part has no documents"))?;
        let key = digest_hex(format!("{fingerprint}\0{}", part.task).as_bytes());
        let bytes = docs.bytes;
        Ok(Task { key, label: part.label.clone(), bytes, work: json!(Work { part: part.task.clone(), docs }) })
    };
    inputs.get(DOCS)?.parts.iter().map(task).collect()
}
