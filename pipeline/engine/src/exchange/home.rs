//! `home`: brings the decisions about a group of parts together, sorted by part and row, as the next phase reads them.

use super::against::own;
use super::bounds::n_homes;
use super::decisions::{BY_GROUP, DECIDED, PartDecisions, TABLE as DECIDED_TABLE};
use super::ranges::{label, parts_of, read_rows, tasks_digest};
use super::rows::u32_at;
use super::{FORMAT, SETTLED, SHUFFLED};
use serde_json::{Value, json};
use std::io::Write;
use tokenmill_core::hash::{Digester, digest_hex};
use tokenmill_store::sort::{Sorted, Sorter};
use tokenmill_store::{Cost, Inputs, Outcome, Part, Phase, StoreError, Task, TaskContext};

/// The table that is brought home.
pub const TABLE: &str = "decisions";

/// Brings the decisions of one exchange step home.
pub struct HomePhase {
    name: String,
}

impl HomePhase {
    /// Brings the decisions of `step` home.
    pub fn new(step: &str) -> HomePhase {
        HomePhase { name: format!("home-{step}") }
    }
}

impl Phase for HomePhase {
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
        let mut sorter = Sorter::<DECIDED>::new(context.store.scratch(), context.memory);
        let range = (BY_GROUP, home.groups.0..home.groups.1);
        let n_in = read_rows(context, SETTLED, DECIDED_TABLE, range, |_, row| sorter.push(row))?;
        home.write(sorter.finish()?, n_in, task, context)
    }

    fn forecast(&self) -> String {
        "brings the decisions home: as many tasks as the shuffle, or fewer".to_owned()
    }

    fn cost(&self) -> Cost {
        crate::exchange::cost::home()
    }
}

/// One task for some groups of parts each, as many as the decisions are worth.
pub fn home_tasks(fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
    // Nothing is decided about the documents of earlier runs, whose groups come last.
    let (settled, shuffled) = (inputs.get(SETTLED)?, own(inputs.get(SHUFFLED)?));
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

/// What a task brings home.
pub struct Home {
    /// The groups of parts, from and to.
    pub groups: (u64, u64),
    /// Number of the first part of the first group.
    pub first_part: u32,
    parts: Vec<String>,
}

impl Home {
    /// Reads the work of a task.
    pub fn of(task: &Task) -> Result<Home, StoreError> {
        let number = |path: &str| task.work.pointer(path).and_then(Value::as_u64).unwrap_or(0);
        let parts: Vec<String> = serde_json::from_value(task.work.get("parts").cloned().unwrap_or_default())
            .map_err(|error| StoreError::corrupt(&task.label, error))?;
        let first_part =
            u32::try_from(number("/first_part")).map_err(|error| StoreError::corrupt(&task.label, error))?;
        Ok(Home { groups: (number("/groups/0"), number("/groups/1")), first_part, parts })
    }

    /// How many groups of parts there are.
    pub fn n_groups(&self) -> usize {
        (self.groups.1 - self.groups.0) as usize
    }

    /// Stores rows that begin with their part, without it, and tells where those of each part are.
    pub fn write<const W: usize>(
        self,
        rows: Sorted<W>,
        n_in: u64,
        task: &Task,
        context: &TaskContext<'_>,
    ) -> Result<Outcome, StoreError> {
        let mut spool = context.spool()?;
        let mut rows = rows.peekable();
        let (mut start, mut decided) = (0, Vec::with_capacity(self.parts.len()));
        for (part, number) in self.parts.into_iter().zip(self.first_part..) {
            let (mut digest, mut n_rows) = (Digester::new(), 0);
            // An error counts as being about the part, so that it is passed on at once.
            while let Some(row) = rows.next_if(|row| row.as_ref().map_or(true, |row| u32_at(row, 0) == number)) {
                let row = row?;
                digest.update(&row[4..]);
                n_rows += 1;
                spool.write_all(&row[4..]).map_err(StoreError::io("write", &task.label))?;
            }
            decided.push(PartDecisions { part, start, n_rows, digest: digest.hex() });
            start += n_rows;
        }
        if rows.next().is_some() {
            return Err(StoreError::corrupt(&task.label, "there are decisions about parts of another group"));
        }
        let object = context.keep(spool, TABLE, "rows", start)?;
        context.advance(task.bytes);
        let tally = json!({"n_in": n_in, "n_out": start, "parts": decided});
        Ok(Outcome { objects: [(TABLE.to_owned(), object)].into(), tally, ..Outcome::default() })
    }
}
