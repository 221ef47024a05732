//! `settle`: takes a range of keys from all shuffles, sorts it, and keeps the first document of every group.

use super::layout::{DECIDED, Decision, SHIPPED, Shipped};
use super::shuffle::{TABLE as SHUFFLED_TABLE, join, parts_of, range_of, tasks_digest};
use super::{FORMAT, SHUFFLED, object};
use serde_json::{Value, json};
use std::io::Write;
use tokenmill_core::DocId;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::sort::{Sorted, Sorter};
use tokenmill_store::{Inputs, Outcome, Phase, Rows, StoreError, Task, TaskContext};

/// The table that settling writes.
pub const TABLE: &str = "decided";

/// Settles one exchange step.
pub struct SettlePhase {
    name: String,
    step: String,
}

impl SettlePhase {
    /// Settles `step`.
    pub fn new(step: &str) -> SettlePhase {
        SettlePhase { name: format!("settle-{step}"), step: step.to_owned() }
    }
}

impl Phase for SettlePhase {
    fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self) -> String {
        json!({"format": FORMAT, "step": self.step}).to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let shuffled = inputs.get(SHUFFLED)?;
        let tasks = tasks_digest(shuffled);
        let mut bytes = 0;
        for part in &shuffled.parts {
            bytes += object(part, SHUFFLED_TABLE)?.bytes;
        }
        // The shuffles know best into how many ranges they were cut; without any there is nothing to settle.
        let n_reducers = shuffled.parts.first().and_then(|part| part.tally.get("rows_by_reducer")?.as_str());
        let n_reducers = n_reducers.map_or(1, |counts| counts.split(' ').count() as u64);
        let task = |index: u64| Task {
            key: digest_hex(format!("{fingerprint}\0{tasks}\0{index}/{n_reducers}").as_bytes()),
            label: format!("keys {} of {n_reducers}", index + 1),
            bytes: bytes / n_reducers,
            work: json!({"index": index}),
        };
        Ok((0..n_reducers).map(task).collect())
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let index = task.work.get("index").and_then(Value::as_u64).unwrap_or(0);
        // Rows of the group and decisions are in memory at the same time.
        let rows = Sorter::new(context.store.scratch(), context.memory / 2);
        let (rows, n_in, first_parts) = gather(rows, index, context)?;
        let mut decisions = Sorter::<DECIDED>::new(context.store.scratch(), context.memory / 4);
        let n_groups = settle(rows, &mut decisions)?;
        let mut spool = context.spool()?;
        let mut by_group = vec![0u64; first_parts.len()];
        let mut n_out = 0;
        for row in decisions.finish()? {
            let row = row?;
            let part = Decision::of_bytes(&row).part;
            let group = first_parts.partition_point(|first| *first <= part).saturating_sub(1);
            if let Some(count) = by_group.get_mut(group) {
                *count += 1;
            }
            n_out += 1;
            spool.write_all(&row).map_err(StoreError::io("write", &task.label))?;
        }
        let object = context.keep(spool, TABLE, "rows", n_out)?;
        context.advance(task.bytes);
        let tally = json!({"n_in": n_in, "n_groups": n_groups, "n_out": n_out, "decisions_by_group": join(&by_group)});
        Ok(Outcome { objects: [(TABLE.to_owned(), object)].into(), tally, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        format!("decides `{}`: one task per range of keys, at most {}", self.step, super::bounds::MAX_REDUCERS)
    }
}

/// The rows of one range of keys from all shuffles, with parts numbered over all of them; how many there are, and the
/// number of the first part of every shuffle.
fn gather(
    mut sorter: Sorter<SHIPPED>,
    index: u64,
    context: &TaskContext<'_>,
) -> Result<(Sorted<SHIPPED>, u64, Vec<u32>), StoreError> {
    let mut first_parts = Vec::new();
    let (mut first_part, mut n_in) = (0u32, 0);
    for shuffled in &context.inputs.get(SHUFFLED)?.parts {
        first_parts.push(first_part);
        let range = range_of(shuffled, "rows_by_reducer", index..index + 1)?;
        n_in += range.end - range.start;
        if !range.is_empty() {
            for row in Rows::<SHIPPED>::open_range(context.store, object(shuffled, SHUFFLED_TABLE)?, range)? {
                let shipped = Shipped::of_bytes(&row?);
                sorter.push(Shipped { part: first_part + shipped.part, ..shipped }.to_bytes())?;
            }
        }
        let n_parts = u32::try_from(parts_of(shuffled)?.len()).ok();
        let next = n_parts.and_then(|n_parts| first_part.checked_add(n_parts));
        first_part = next.ok_or_else(|| StoreError::Usage("a run has more than 4 billion parts".into()))?;
    }
    Ok((sorter.finish()?, n_in, first_parts))
}

/// Keeps the first of every group; the same rule as [`tokenmill_core::exchange::settle`]. Says how many groups there are.
fn settle(rows: Sorted<SHIPPED>, decisions: &mut Sorter<DECIDED>) -> Result<u64, StoreError> {
    let mut n_groups = 0;
    let mut first: Option<(u128, DocId)> = None;
    for row in rows {
        let Shipped { sketch, id, part, row } = Shipped::of_bytes(&row?);
        match first {
            Some((key, twin)) if key == sketch.key => decisions.push(Decision { part, row, id, twin }.to_bytes())?,
            _ => {
                first = Some((sketch.key, id));
                n_groups += 1;
            }
        }
    }
    Ok(n_groups)
}
