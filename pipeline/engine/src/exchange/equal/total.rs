//! `total`: takes a range of groups from all shuffles, adds up what was counted in each, and decides about all documents of
//! those with too much of it.
//!
//! A group can have more documents than fit in memory, so the rows are read twice: to add up, and to decide.

use super::layout::{SHIPPED, Shipped};
use crate::exchange::decisions::{Decision, DecisionWriter};
use crate::exchange::ranges::{first_parts, range_index, range_tasks, read_rows};
use crate::exchange::rows::{row, u64_at, u128_at};
use crate::exchange::shuffle::TABLE as SHUFFLED_TABLE;
use crate::exchange::steps::Shared;
use crate::exchange::{FORMAT, SHUFFLED};
use serde_json::json;
use std::collections::BTreeMap;
use tokenmill_core::Fate;
use tokenmill_core::exchange::{Total, TotalLimits, Totals};
use tokenmill_store::sort::{Sorted, Sorter};
use tokenmill_store::{Cost, Inputs, Outcome, Phase, StoreError, Task, TaskContext};

/// Width of a row to be added up: group, amount.
const COUNTED: usize = 16 + 8;

/// Adds up the groups of one exchange step.
pub struct TotalPhase {
    name: String,
    exchange: Shared<dyn Totals>,
}

impl TotalPhase {
    /// Adds up for `step`.
    pub fn new(step: &str, exchange: Shared<dyn Totals>) -> TotalPhase {
        TotalPhase { name: format!("total-{step}"), exchange }
    }
}

impl Phase for TotalPhase {
    fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self) -> String {
        json!({"format": FORMAT, "step": self.exchange.identity}).to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        range_tasks(fingerprint, inputs.get(SHUFFLED)?, (SHUFFLED_TABLE, "rows_by_reducer"), "groups")
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let index = range_index(task);
        let range = ("rows_by_reducer", index..index + 1);
        let mut counted = Sorter::<COUNTED>::new(context.store.scratch(), context.memory / 2);
        let n_in = read_rows(context, SHUFFLED, SHUFFLED_TABLE, range.clone(), |_, bytes: [u8; SHIPPED]| {
            let sketch = Shipped::of_bytes(&bytes).sketch;
            counted.push(row(&[&sketch.key.to_be_bytes(), &sketch.rank.to_be_bytes()]))
        })?;
        let (n_groups, removed) = add_up(counted.finish()?, self.exchange.stage.limits())?;
        let first_parts = first_parts(context.inputs.get(SHUFFLED)?)?;
        let mut decisions = DecisionWriter::new(context, context.memory / 2);
        if !removed.is_empty() {
            read_rows(context, SHUFFLED, SHUFFLED_TABLE, range, |number, bytes: [u8; SHIPPED]| {
                let Shipped { sketch, id, part, row } = Shipped::of_bytes(&bytes);
                let Some(fate) = removed.get(&sketch.key).copied() else { return Ok(()) };
                decisions.push(Decision { part: first_parts[number] + part, row, id, fate })
            })?;
        }
        let mut outcome = decisions.finish(context, &first_parts, n_in)?;
        outcome.tally["n_groups"] = n_groups.into();
        outcome.tally["n_groups_removed"] = removed.len().into();
        context.advance(task.bytes);
        Ok(outcome)
    }

    fn forecast(&self) -> String {
        format!("decides: one task per range of groups, at most {}", crate::exchange::bounds::MAX_REDUCERS)
    }

    fn cost(&self) -> Cost {
        crate::exchange::cost::settle_equal()
    }
}

/// How many groups there are, and those that go.
fn add_up(rows: Sorted<COUNTED>, limits: TotalLimits) -> Result<(u64, BTreeMap<u128, Fate>), StoreError> {
    let mut removed = BTreeMap::new();
    let mut n_groups = 0;
    let mut open: Option<(u128, Total)> = None;
    let mut close = |group: Option<(u128, Total)>| {
        let fate = group.and_then(|(key, total)| Some((key, limits.judge(total)?)));
        removed.extend(fate);
    };
    for row in rows {
        let row = row?;
        let (key, amount) = (u128_at(&row, 0), u64_at(&row, 16));
        match &mut open {
            Some((group, total)) if *group == key => total.add(amount),
            _ => {
                let mut total = Total::default();
                total.add(amount);
                close(open.replace((key, total)));
                n_groups += 1;
            }
        }
    }
    close(open);
    Ok((n_groups, removed))
}
