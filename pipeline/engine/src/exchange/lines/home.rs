//! `home`: finds the frequent lines in what a group of parts has shipped, and sorts them by the place of the document.

use super::count::TABLE as FREQUENT_TABLE;
use super::layout::{CUT, Cut, FREQUENT, Frequent, OCCURRENCE, Occurrence};
use crate::exchange::decisions::BY_GROUP;
use crate::exchange::home::{Home, home_tasks};
use crate::exchange::ranges::{first_parts, read_rows};
use crate::exchange::shuffle::TABLE as SHUFFLED_TABLE;
use crate::exchange::{FORMAT, SETTLED, SHUFFLED, object};
use serde_json::json;
use tokenmill_store::sort::Sorter;
use tokenmill_store::{Cost, Inputs, Outcome, Phase, Rows, StoreError, Task, TaskContext};

/// Brings the decisions about lines of one exchange step home.
pub struct LinesHomePhase {
    name: String,
}

impl LinesHomePhase {
    /// Brings the decisions of `step` home.
    pub fn new(step: &str) -> LinesHomePhase {
        LinesHomePhase { name: format!("home-{step}") }
    }
}

impl Phase for LinesHomePhase {
    fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self) -> String {
        json!({"format": FORMAT}).to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        home_tasks(fingerprint, inputs)
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let home = Home::of(task)?;
        let shuffled = context.inputs.get(SHUFFLED)?;
        let first_parts = first_parts(shuffled)?;
        let mut cuts = Sorter::<CUT>::new(context.store.scratch(), context.memory / 2);
        let mut n_in = 0;
        let groups = shuffled.parts.iter().zip(first_parts).zip(0u64..);
        for ((group, first_part), number) in groups.skip(home.groups.0 as usize).take(home.n_groups()) {
            let mut frequent = Sorter::<FREQUENT>::new(context.store.scratch(), context.memory / 4);
            let range = (BY_GROUP, number..number + 1);
            n_in += read_rows(context, SETTLED, FREQUENT_TABLE, range, |_, row| frequent.push(row))?;
            let mut frequent = frequent.finish()?;
            let mut next = frequent.next().transpose()?.map(|row| Frequent::of_bytes(&row));
            for row in Rows::<OCCURRENCE>::open(context.store, object(group, SHUFFLED_TABLE)?)? {
                let Occurrence { key, order, part, row, line } = Occurrence::of_bytes(&row?);
                while next.is_some_and(|next| next.key < key) {
                    next = frequent.next().transpose()?.map(|row| Frequent::of_bytes(&row));
                }
                let Some(told) = next else { break };
                if told.key == key && order >= told.cut_from {
                    // The upper bits of the order are those of the id.
                    let check = (order >> 32) as u32;
                    cuts.push(Cut { part: first_part + part, row, line, check }.to_bytes())?;
                }
            }
        }
        home.write(cuts.finish()?, n_in, task, context)
    }

    fn forecast(&self) -> String {
        "finds the frequent lines again where they are: as many tasks as the shuffle, or fewer".to_owned()
    }

    fn cost(&self) -> Cost {
        crate::exchange::cost::home_lines()
    }
}
