//! `count`: takes a range of keys from all shuffles, and tells every group of parts which of its lines are frequent.

use super::layout::{COUNTED, Counted, FREQUENT, Frequent, Occurrence};
use crate::exchange::decisions::store_by_group;
use crate::exchange::ranges::{range_index, range_tasks, read_rows};
use crate::exchange::shuffle::TABLE as SHUFFLED_TABLE;
use crate::exchange::steps::Shared;
use crate::exchange::{FORMAT, SHUFFLED};
use serde_json::json;
use tokenmill_core::exchange::{LineLimits, Lines};
use tokenmill_store::sort::{Sorted, Sorter};
use tokenmill_store::{Cost, Inputs, Outcome, Phase, StoreError, Task, TaskContext};

/// The table of frequent lines.
pub const TABLE: &str = "frequent";

/// Counts the lines of one exchange step.
pub struct CountPhase {
    name: String,
    stage: Shared<dyn Lines>,
}

impl CountPhase {
    /// Counts for `step`.
    pub fn new(step: &str, stage: Shared<dyn Lines>) -> CountPhase {
        CountPhase { name: format!("count-{step}"), stage }
    }
}

impl Phase for CountPhase {
    fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self) -> String {
        json!({"format": FORMAT, "stage": self.stage.identity}).to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        range_tasks(fingerprint, inputs.get(SHUFFLED)?, (SHUFFLED_TABLE, "rows_by_reducer"), "keys")
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let index = range_index(task);
        let n_groups = u32::try_from(context.inputs.get(SHUFFLED)?.parts.len()).unwrap_or(u32::MAX);
        let mut rows = Sorter::<COUNTED>::new(context.store.scratch(), context.memory / 2);
        let range = ("rows_by_reducer", index..index + 1);
        let n_in = read_rows(context, SHUFFLED, SHUFFLED_TABLE, range, |group, row| {
            let Occurrence { key, order, .. } = Occurrence::of_bytes(&row);
            rows.push(Counted { key, order, group: group as u32 }.to_bytes())
        })?;
        let mut frequent = Sorter::<FREQUENT>::new(context.store.scratch(), context.memory / 4);
        let n_frequent = count(rows.finish()?, self.stage.stage.limits(), n_groups, &mut frequent)?;
        // Here a group counts as a part of itself.
        let groups: Vec<u32> = (0..n_groups).collect();
        let mut outcome = store_by_group(context, frequent, &groups, TABLE, n_in)?;
        outcome.tally["n_frequent"] = n_frequent.into();
        context.advance(task.bytes);
        Ok(outcome)
    }

    fn forecast(&self) -> String {
        format!("counts lines: one task per range of keys, at most {}", crate::exchange::bounds::MAX_REDUCERS)
    }

    fn cost(&self) -> Cost {
        crate::exchange::cost::count()
    }
}

/// The same rule as [`tokenmill_core::exchange::settle_lines`]. Says how many lines are frequent.
fn count(
    rows: Sorted<COUNTED>,
    limits: LineLimits,
    n_groups: u32,
    frequent: &mut Sorter<FREQUENT>,
) -> Result<u64, StoreError> {
    let mut line = Line { key: 0, n_copies: 0, last_kept: None, groups: Vec::new() };
    // Which key has seen a group last, so that each is told once.
    let mut seen = vec![0u64; n_groups as usize];
    let (mut n_keys, mut n_frequent) = (0u64, 0);
    for row in rows {
        let Counted { key, order, group } = Counted::of_bytes(&row?);
        if line.n_copies == 0 || line.key != key {
            n_frequent += u64::from(line.tell(limits, frequent)?);
            line.key = key;
            n_keys += 1;
        }
        line.n_copies += 1;
        if line.n_copies <= limits.keep_first {
            line.last_kept = Some(order);
        }
        if let Some(seen) = seen.get_mut(group as usize).filter(|seen| **seen != n_keys) {
            *seen = n_keys;
            line.groups.push(group);
        }
    }
    n_frequent += u64::from(line.tell(limits, frequent)?);
    Ok(n_frequent)
}

/// A line whose occurrences are being counted.
struct Line {
    key: u64,
    n_copies: u64,
    last_kept: Option<u64>,
    groups: Vec<u32>,
}

impl Line {
    /// Tells all groups that have it, if it is frequent, and begins anew.
    fn tell(&mut self, limits: LineLimits, frequent: &mut Sorter<FREQUENT>) -> Result<bool, StoreError> {
        let cut_from = limits.cut_from(self.n_copies, self.last_kept);
        for group in self.groups.drain(..) {
            if let Some(cut_from) = cut_from {
                frequent.push(Frequent { group, key: self.key, cut_from }.to_bytes())?;
            }
        }
        (self.n_copies, self.last_kept) = (0, None);
        Ok(cut_from.is_some())
    }
}
