//! What a map task reads: one input file or the documents of one part, and the decisions about them.

use crate::exchange::Decided;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::source::Input;
use tokenmill_store::{ObjectRef, Part, StoreError, Task};

/// The work of a task.
#[derive(Debug, Serialize, Deserialize)]
pub struct Work {
    /// The input file, for phases that read the source.
    pub input: Option<Input>,
    /// The documents, for phases that read those of a phase before.
    pub docs: Option<ObjectRef>,
    /// Decisions about the rows, one entry for every exchange step of the phase.
    pub decided: Vec<Decided>,
}

/// The task that reads an input file.
pub fn of_input(fingerprint: &str, input: &Input) -> Task {
    let work = Work { input: Some(input.clone()), docs: None, decided: Vec::new() };
    task(fingerprint, &input.identity(), &input.name, input.to_read(), &work)
}

/// The task that goes on with a part: with its input file where the phase before was a scan, else with its documents.
///
/// # Errors
/// When the part lacks them, or nothing was decided about it.
pub fn of_part(
    fingerprint: &str,
    part: &Part,
    decided: &[BTreeMap<String, Decided>],
    after_scan: bool,
) -> Result<Task, StoreError> {
    let missing = |what: &str| StoreError::corrupt(&part.task, format!("the part has no {what}"));
    let decided = decided.iter().map(|decided| decided.get(&part.task).cloned());
    let decided = decided.collect::<Option<Vec<_>>>().ok_or_else(|| missing("decisions"))?;
    let digests: String = decided.iter().flat_map(|decided| ["\0", &decided.digest]).collect();
    if after_scan {
        let input = part.tally.get("input").cloned().unwrap_or_default();
        let input: Input = serde_json::from_value(input).map_err(|_| missing("input"))?;
        let identity = input.identity() + &digests;
        let (name, bytes) = (input.name.clone(), input.to_read());
        return Ok(task(fingerprint, &identity, &name, bytes, &Work { input: Some(input), docs: None, decided }));
    }
    let docs = part.objects.get("docs").cloned().ok_or_else(|| missing("documents"))?;
    let bytes = docs.bytes;
    let work = Work { input: None, docs: Some(docs), decided };
    Ok(task(fingerprint, &(part.task.clone() + &digests), &part.label, bytes, &work))
}

fn task(fingerprint: &str, identity: &str, label: &str, bytes: u64, work: &Work) -> Task {
    let key = digest_hex(format!("{fingerprint}\0{identity}").as_bytes());
    Task { key, label: label.to_owned(), bytes, work: json!(work) }
}

impl Work {
    /// Reads the work of a task.
    ///
    /// # Errors
    /// When the task list is of another version.
    pub fn of(task: &Task) -> Result<Work, StoreError> {
        let read = serde_json::from_value(task.work.clone());
        read.map_err(|error| StoreError::Usage(format!("the task list of this run is of another version: {error}")))
    }
}
