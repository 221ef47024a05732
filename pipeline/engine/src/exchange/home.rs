//! `home`: brings the decisions about a group of parts together, sorted by part and row, as the next phase reads them.

use super::bounds::n_homes;
use super::decisions::PartDecisions;
use super::layout::{DECIDED, Decision};
use super::settle::TABLE as SETTLED_TABLE;
use super::shuffle::{label, parts_of, range_of, tasks_digest};
use super::{FORMAT, SETTLED, SHUFFLED, object};
use serde_json::{Value, json};
use std::io::Write;
use tokenmill_core::hash::{Digester, digest_hex};
use tokenmill_store::sort::Sorter;
use tokenmill_store::{Inputs, Outcome, Part, Phase, Rows, StoreError, Task, TaskContext};

/// The table that is brought home.
pub const TABLE: &str = "decisions";

/// Brings the decisions of one exchange step home.
pub struct HomePhase {
    name: String,
    step: String,
}

impl HomePhase {
    /// Brings the decisions of `step` home.
    pub fn new(step: &str) -> HomePhase {
        HomePhase { name: format!("home-{step}"), step: step.to_owned() }
    }
}

impl Phase for HomePhase {
    fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self) -> String {
        json!({"format": FORMAT, "step": self.step}).to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let (settled, shuffled) = (inputs.get(SETTLED)?, &inputs.get(SHUFFLED)?.parts);
        let tasks = tasks_digest(settled);
        let bytes: u64 = settled.parts.iter().flat_map(|part| part.objects.values()).map(|object| object.bytes).sum();
        let n_tasks = n_homes(bytes, shuffled.len() as u64, settled.parts.len() as u64);
        let n_groups = shuffled.len().div_ceil(usize::try_from(n_tasks).unwrap_or(1)).max(1);
        let mut first_part = 0;
        let task = |(number, groups): (usize, &[Part])| {
            let parts = groups.iter().map(parts_of).collect::<Result<Vec<_>, StoreError>>()?.concat();
            let first = number * n_groups;
            let work = json!({"groups": [first, first + groups.len()], "first_part": first_part, "parts": parts});
            first_part += parts.len();
            Ok(Task {
                key: digest_hex(format!("{fingerprint}\0{tasks}\0{first}\0{}", parts.join("\0")).as_bytes()),
                label: label(groups),
                bytes: bytes / n_tasks,
                work,
            })
        };
        shuffled.chunks(n_groups).enumerate().map(task).collect()
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let number = |path: &str| task.work.pointer(path).and_then(Value::as_u64).unwrap_or(0);
        let (groups, first_part) = (number("/groups/0")..number("/groups/1"), number("/first_part"));
        let parts: Vec<String> = serde_json::from_value(task.work.get("parts").cloned().unwrap_or_default())
            .map_err(|error| StoreError::corrupt(&task.label, error))?;
        let mut sorter = Sorter::<DECIDED>::new(context.store.scratch(), context.memory);
        let mut n_in = 0u64;
        for settled in &context.inputs.get(SETTLED)?.parts {
            let range = range_of(settled, "decisions_by_group", groups.clone())?;
            n_in += range.end - range.start;
            if !range.is_empty() {
                for row in Rows::<DECIDED>::open_range(context.store, object(settled, SETTLED_TABLE)?, range)? {
                    sorter.push(row?)?;
                }
            }
        }
        let mut spool = context.spool()?;
        let mut rows = sorter.finish()?.peekable();
        let (mut start, mut decided) = (0, Vec::with_capacity(parts.len()));
        for (part, number) in parts.into_iter().zip(first_part..) {
            let (mut digest, mut n_rows) = (Digester::new(), 0);
            while let Some(row) = rows.next_if(|row| is_about(row, number)) {
                let bytes = Decision::of_bytes(&row?).to_home();
                digest.update(&bytes);
                n_rows += 1;
                spool.write_all(&bytes).map_err(StoreError::io("write", &task.label))?;
            }
            decided.push(PartDecisions { part, start, n_rows, digest: digest.hex() });
            start += n_rows;
        }
        if start != n_in {
            let why = format!("{n_in} decisions came, {start} are about parts of this group");
            return Err(StoreError::corrupt(&task.label, why));
        }
        let object = context.keep(spool, TABLE, "rows", n_in)?;
        context.advance(task.bytes);
        let tally = json!({"n_in": n_in, "n_out": n_in, "parts": decided});
        Ok(Outcome { objects: [(TABLE.to_owned(), object)].into(), tally, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        format!("brings the decisions of `{}` home: as many tasks as the shuffle, or fewer", self.step)
    }
}

/// Whether a decision is about a part; an error counts as one, so that it is passed on at once.
fn is_about(row: &Result<[u8; DECIDED], StoreError>, part: u64) -> bool {
    row.as_ref().map_or(true, |row| u64::from(Decision::of_bytes(row).part) == part)
}
