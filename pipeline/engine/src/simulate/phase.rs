//! A phase that only takes time: its tasks read and write what the model says, and some of their attempts fail.

use super::store::Shared;
use super::world::{Ask, Model, share};
use crate::parts;
use serde_json::json;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokenmill_core::hash::{digest_hex, hash64};
use tokenmill_store::phase::DOCS;
use tokenmill_store::{Inputs, ObjectRef, Outcome, Phase, StoreError, Task, TaskContext};

/// Bytes of a read and of a part of a written file.
const BLOCK: u64 = 8 << 20;

/// A phase of the simulated run.
pub struct SimPhase {
    /// Its number.
    pub number: usize,
    /// What it is like.
    pub model: Model,
    /// Where its requests go.
    pub shared: Shared,
    /// Attempts so far, of all tasks.
    pub n_attempts: Arc<AtomicU64>,
}

impl Phase for SimPhase {
    fn name(&self) -> &str {
        "simulated"
    }

    fn spec(&self) -> String {
        self.number.to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        if self.number > 0 {
            return parts::tasks(fingerprint, inputs);
        }
        let task = |number: usize| Task {
            key: digest_hex(format!("{fingerprint}\0{number}").as_bytes()),
            label: format!("crawl-data/CC-MAIN-2024-33/segments/1722640353668.0/warc/CC-MAIN-{number:05}.warc.gz"),
            bytes: self.model.task_bytes,
            work: json!({}),
        };
        Ok((0..self.model.n_tasks).map(task).collect())
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let attempt = self.n_attempts.fetch_add(1, Ordering::Relaxed);
        let fails = share(self.model.seed ^ 2, attempt) < self.model.failing;
        let length = 0.5 + 1.5 * share(self.model.seed ^ 3, hash64(0, task.key.as_bytes()));
        // What fails, fails somewhere on the way.
        let done = if fails { share(self.model.seed ^ 4, attempt) } else { 1.0 };
        let mut world = self.shared.world();
        world.is_at_work = true;
        let n_blocks = ((self.model.task_bytes.div_ceil(BLOCK)) as f64 * done) as u64;
        (0..n_blocks).for_each(|_| world.ask(Ask::Get(BLOCK)));
        world.now += self.model.task_seconds * length * done;
        if fails {
            world.is_at_work = false;
            let gone = io::Error::new(io::ErrorKind::ConnectionReset, "the node is gone");
            return Err(StoreError::io("run", &task.label)(gone));
        }
        // Documents, ledger and metrics.
        (0..n_blocks + 2).for_each(|_| world.ask(Ask::Put(BLOCK)));
        world.is_at_work = false;
        drop(world);
        let object = |table: &str, bytes| {
            let digest = digest_hex(format!("{table}\0{}", task.key).as_bytes());
            ObjectRef { key: format!("{}/{table}/{digest}.parquet", context.folder), bytes, rows: 40_000, digest }
        };
        let tables = [DOCS, "ledger", "metrics"];
        let objects = tables.map(|table| (table.to_owned(), object(table, self.model.task_bytes))).into();
        let by_step: serde_json::Map<String, _> =
            (0..20).map(|step| (format!("filter.number_{step}"), json!({"seen": 40_000, "removed": 1_234}))).collect();
        let tally = json!({"n_in": 40_000, "n_out": 40_000, "steps": by_step});
        Ok(Outcome { objects, tally, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        "one task per part of the phase before".to_owned()
    }
}
