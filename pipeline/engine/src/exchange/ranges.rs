//! Ranges of the object of another task: how many rows of it belong to whom, and where they are.

use super::object;
use serde_json::{Value, json};
use std::ops::Range;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::{Manifest, Part, Rows, StoreError, Task, TaskContext};

/// What some parts are called together, for people.
pub fn label(parts: &[Part]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.label.clone(),
        [first, .., last] => format!("{} … {}", first.label, last.label),
    }
}

/// Counts as text: a matrix of 4,096 shuffles and 2,048 reducers takes a tenth of what a list of JSON values would.
pub fn join(counts: &[u64]) -> String {
    counts.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}

/// Into how many entries the counts of a field go; 1 without any part.
fn n_entries(manifest: &Manifest, field: &str) -> u64 {
    let counts = manifest.parts.first().and_then(|part| part.tally.get(field)?.as_str());
    counts.map_or(1, |counts| counts.split(' ').count() as u64)
}

/// The range that belongs to the entries `indices`, from the counts that [`join`] wrote.
pub fn range_of(part: &Part, field: &str, indices: Range<u64>) -> Result<Range<u64>, StoreError> {
    let text = part.tally.get(field).and_then(Value::as_str).unwrap_or("");
    let corrupt = |why: String| StoreError::corrupt(&part.task, format!("`{field}`: {why}"));
    let (mut range, mut n_entries) = (0..0u64, 0);
    for (at, count) in (0u64..).zip(text.split(' ')).take_while(|(at, _)| *at < indices.end) {
        let count: u64 = count.parse().map_err(|error| corrupt(format!("`{count}`: {error}")))?;
        range.end += count;
        if at < indices.start {
            range.start += count;
        }
        n_entries = at + 1;
    }
    (n_entries == indices.end).then_some(range).ok_or_else(|| corrupt(format!("it has no entries {indices:?}")))
}

/// Reads the rows of the entries `indices` from all parts of an input, in order; `take` gets the number of the part and
/// the row. Says how many there were.
pub fn read_rows<const W: usize>(
    context: &TaskContext<'_>,
    input: &str,
    table: &str,
    (field, indices): (&str, Range<u64>),
    mut take: impl FnMut(usize, [u8; W]) -> Result<(), StoreError>,
) -> Result<u64, StoreError> {
    let mut n_rows = 0;
    for (number, part) in context.inputs.get(input)?.parts.iter().enumerate() {
        let range = range_of(part, field, indices.clone())?;
        n_rows += range.end - range.start;
        if !range.is_empty() {
            for row in Rows::<W>::open_range(context.store, object(part, table)?, range)? {
                take(number, row?)?;
            }
        }
    }
    Ok(n_rows)
}

/// The keys of the parts that a shuffle task has shipped, in order.
pub fn parts_of(shuffled: &Part) -> Result<Vec<String>, StoreError> {
    let parts = shuffled.tally.get("parts").cloned().unwrap_or_default();
    serde_json::from_value(parts).map_err(|error| StoreError::corrupt(&shuffled.task, error))
}

/// The number of the first part of every shuffle, when parts are numbered over all of them.
pub fn first_parts(shuffled: &Manifest) -> Result<Vec<u32>, StoreError> {
    let (mut first_parts, mut first_part) = (Vec::with_capacity(shuffled.parts.len()), 0u32);
    for task in &shuffled.parts {
        first_parts.push(first_part);
        let n_parts = u32::try_from(parts_of(task)?.len()).ok();
        let next = n_parts.and_then(|n_parts| first_part.checked_add(n_parts));
        first_part = next.ok_or_else(|| StoreError::Usage("a run has more than 4 billion parts".into()))?;
    }
    Ok(first_parts)
}

/// The shuffle task that a part belongs to.
pub fn group_of(first_parts: &[u32], part: u32) -> usize {
    first_parts.partition_point(|first| *first <= part).saturating_sub(1)
}

/// A digest of the keys of all tasks of a phase.
pub fn tasks_digest(manifest: &Manifest) -> String {
    let keys: String = manifest.parts.iter().map(|part| part.task.as_str()).collect();
    digest_hex(keys.as_bytes())
}

/// A task for every range that the parts of an input were cut into, which `field` counts; `what` they are, for people.
pub fn range_tasks(
    fingerprint: &str,
    input: &Manifest,
    (table, field): (&str, &str),
    what: &str,
) -> Result<Vec<Task>, StoreError> {
    // The parts know best into how many ranges they were cut; without any there is nothing to do but to say so.
    let (tasks, n_ranges) = (tasks_digest(input), n_entries(input, field));
    let bytes = table_bytes(input, table)?;
    let task = |index: u64| Task {
        key: digest_hex(format!("{fingerprint}\0{tasks}\0{index}/{n_ranges}").as_bytes()),
        label: format!("{what} {} of {n_ranges}", index + 1),
        bytes: bytes / n_ranges,
        work: json!({"index": index}),
    };
    Ok((0..n_ranges).map(task).collect())
}

/// Which range a task of [`range_tasks`] is about.
pub fn range_index(task: &Task) -> u64 {
    task.work.get("index").and_then(Value::as_u64).unwrap_or(0)
}

/// Bytes of one table of all parts.
pub fn table_bytes(manifest: &Manifest, table: &str) -> Result<u64, StoreError> {
    manifest.parts.iter().map(|part| Ok(object(part, table)?.bytes)).sum()
}
