//! `pair`: takes a range of keys from all shuffles, and makes a chain of the documents that share one.
//!
//! A chain of n documents has n - 1 links and connects as well as all n (n - 1) / 2 pairs would.

use super::layout::{Band, EDGE, Edge, SHIPPED};
use crate::exchange::ranges::{first_parts, range_index, range_tasks, read_rows};
use crate::exchange::shuffle::TABLE as SHUFFLED_TABLE;
use crate::exchange::{FORMAT, SHUFFLED};
use serde_json::json;
use std::io::Write;
use tokenmill_store::sort::Sorter;
use tokenmill_store::{Cost, Inputs, Outcome, Phase, StoreError, Task, TaskContext};

/// The table of pairs.
pub const TABLE: &str = "pairs";

/// Pairs the documents of one exchange step.
pub struct PairPhase {
    name: String,
}

impl PairPhase {
    /// Pairs for `step`.
    pub fn new(step: &str) -> PairPhase {
        PairPhase { name: format!("pair-{step}") }
    }
}

impl Phase for PairPhase {
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
        let first_parts = first_parts(context.inputs.get(SHUFFLED)?)?;
        let mut bands = Sorter::<SHIPPED>::new(context.store.scratch(), context.memory / 2);
        let range = ("rows_by_reducer", index..index + 1);
        let n_in = read_rows(context, SHUFFLED, SHUFFLED_TABLE, range, |number, row| {
            let band = Band::of_bytes(&row);
            bands.push(Band { part: first_parts[number] + band.part, ..band }.to_bytes())
        })?;
        let mut edges = Sorter::<EDGE>::new(context.store.scratch(), context.memory / 4);
        let mut before: Option<Band> = None;
        for row in bands.finish()? {
            let band = Band::of_bytes(&row?);
            if let Some(before) = before.filter(|before| before.key == band.key)
                && before.document() != band.document()
            {
                edges.push(Edge(before.document(), band.document()).to_bytes())?;
            }
            before = Some(band);
        }
        let mut spool = context.spool()?;
        let (mut n_out, mut last) = (0, None);
        for row in edges.finish()? {
            let row = row?;
            // Documents that share one key mostly share many.
            if last != Some(row) {
                spool.write_all(&row).map_err(StoreError::io("write", &task.label))?;
                n_out += 1;
            }
            last = Some(row);
        }
        let object = context.keep(spool, TABLE, "rows", n_out)?;
        context.advance(task.bytes);
        let tally = json!({"n_in": n_in, "n_out": n_out});
        Ok(Outcome { objects: [(TABLE.to_owned(), object)].into(), tally, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        format!(
            "finds documents that share a key: one task per range of keys, at most {}",
            crate::exchange::bounds::MAX_REDUCERS
        )
    }

    fn cost(&self) -> Cost {
        crate::exchange::cost::pair()
    }
}
