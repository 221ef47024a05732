//! `settle`: takes a range of keys from all shuffles, sorts it, and keeps the first document of every group.

use super::layout::{RANKED, Shipped};
use crate::exchange::against::{OWN, Owners};
use crate::exchange::decisions::{Decision, DecisionWriter};
use crate::exchange::ranges::{range_index, range_tasks, read_rows};
use crate::exchange::shuffle::TABLE as SHUFFLED_TABLE;
use crate::exchange::{FORMAT, SHUFFLED};
use serde_json::json;
use tokenmill_core::Fate;
use tokenmill_store::sort::{Sorted, Sorter};
use tokenmill_store::{Cost, Inputs, Outcome, Phase, StoreError, Task, TaskContext};

/// Settles one exchange step.
pub struct SettlePhase {
    name: String,
}

impl SettlePhase {
    /// Settles `step`.
    pub fn new(step: &str) -> SettlePhase {
        SettlePhase { name: format!("settle-{step}") }
    }
}

impl Phase for SettlePhase {
    fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self) -> String {
        json!({"format": FORMAT}).to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        range_tasks(fingerprint, inputs.get(SHUFFLED)?, (SHUFFLED_TABLE, "rows_by_reducer"), "keys")
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let index = range_index(task);
        let Owners { first_parts, precedences } = Owners::of(context.inputs.get(SHUFFLED)?)?;
        // Rows of the group and decisions are in memory at the same time.
        let mut rows = Sorter::<RANKED>::new(context.store.scratch(), context.memory / 2);
        let range = ("rows_by_reducer", index..index + 1);
        let n_in = read_rows(context, SHUFFLED, SHUFFLED_TABLE, range, |number, row| {
            let shipped = Shipped::of_bytes(&row);
            rows.push(Shipped { part: first_parts[number] + shipped.part, ..shipped }.to_ranked(precedences[number]))
        })?;
        let mut decisions = DecisionWriter::new(context, context.memory / 4);
        let n_groups = settle(rows.finish()?, &mut decisions)?;
        let mut outcome = decisions.finish(context, &first_parts, n_in)?;
        outcome.tally["n_groups"] = n_groups.into();
        context.advance(task.bytes);
        Ok(outcome)
    }

    fn forecast(&self) -> String {
        format!("decides: one task per range of keys, at most {}", crate::exchange::bounds::MAX_REDUCERS)
    }

    fn cost(&self) -> Cost {
        crate::exchange::cost::settle_equal()
    }
}

/// Keeps the first of every group; the same rule as [`tokenmill_core::exchange::settle`], but that nothing is decided about
/// documents of earlier runs, which come first. Says how many groups there are.
fn settle(rows: Sorted<RANKED>, decisions: &mut DecisionWriter) -> Result<u64, StoreError> {
    let mut n_groups = 0;
    let mut first: Option<(u8, Shipped, u32)> = None;
    for row in rows {
        let (precedence, shipped) = Shipped::of_ranked(&row?);
        match &mut first {
            Some((_, twin, cluster_size)) if twin.sketch.key == shipped.sketch.key => {
                *cluster_size = cluster_size.saturating_add(1);
                if precedence == OWN {
                    let fate = Fate::Removed { twin: twin.id, similarity: None };
                    decisions.push(Decision { part: shipped.part, row: shipped.row, id: shipped.id, fate })?;
                }
            }
            _ => {
                end_group(first.replace((precedence, shipped, 1)), decisions)?;
                n_groups += 1;
            }
        }
    }
    end_group(first, decisions)?;
    Ok(n_groups)
}

fn end_group(group: Option<(u8, Shipped, u32)>, decisions: &mut DecisionWriter) -> Result<(), StoreError> {
    match group {
        Some((OWN, Shipped { id, part, row, .. }, cluster_size)) if cluster_size > 1 => {
            decisions.push(Decision { part, row, id, fate: Fate::Kept { cluster_size } })
        }
        _ => Ok(()),
    }
}
