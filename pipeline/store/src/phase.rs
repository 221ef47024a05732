//! What a phase must offer to be planned, run, resumed and committed by the engine.

use crate::table::Table;
use crate::{Cost, Inputs, ObjectRef, Requests, Spool, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// One unit of work: a pure function of its inputs and of the phase's fingerprint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// 32 hexadecimal digits: phase fingerprint + identity of the input. Names the task's partition.
    pub key: String,
    /// What it reads, for people.
    pub label: String,
    /// Bytes it reads, for progress.
    pub bytes: u64,
    /// Whatever the phase needs to do the work.
    pub work: Value,
}

/// A phase of a run.
pub trait Phase: Send + Sync {
    /// Short name, part of the folder's name: `map`, `tokens`, `shards`.
    fn name(&self) -> &str;

    /// Everything besides the inputs that can change the output, in one canonical text.
    fn spec(&self) -> String;

    /// The tasks, given the fingerprint of this phase and what the phases it reads have committed.
    ///
    /// # Errors
    /// When the inputs cannot be found or a phase before did not leave what this one needs.
    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError>;

    /// Does one task.
    ///
    /// # Errors
    /// When the machine fails; bad data never is an error.
    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError>;

    /// Whether what was committed first is a fact, should another machine compute something slightly different: true of
    /// models whose arithmetic depends on the device.
    fn first_wins(&self) -> bool {
        false
    }

    /// One line for `tokenmill plan` when the tasks are not known yet.
    fn forecast(&self) -> String;

    /// What it costs, for estimates.
    fn cost(&self) -> Cost {
        Cost::default()
    }
}

/// What a task leaves behind.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Objects by table name.
    pub objects: BTreeMap<String, ObjectRef>,
    /// Counts; integers only. `n_in` and `n_out` are documents, in exchanges rows: what a phase takes in must be what the
    /// phase before gave out, which `tokenmill audit` checks.
    pub tally: Value,
    /// What reading its input files asked of object stores; what the task asks of the run's store is counted for it.
    pub requests: Requests,
    /// Seconds of thread CPU time by step; never committed.
    pub cpu_seconds: BTreeMap<String, f64>,
}

/// Where a task runs.
#[derive(Clone, Copy)]
pub struct TaskContext<'a> {
    /// The store of the run.
    pub store: &'a dyn Store,
    /// Folder of the phase in that store.
    pub folder: &'a str,
    /// What the phases that this one reads have committed.
    pub inputs: &'a Inputs<'a>,
    /// Bytes read so far by all tasks, for progress.
    pub bytes_read: &'a AtomicU64,
    /// Whether CPU time per step is wanted.
    pub timings: bool,
    /// Bytes of rows that the task may hold in memory to sort them. Never changes an output.
    pub memory: u64,
}

/// The name of the input that carries documents: what `docs/` tables, then token tables, then shards come from.
pub const DOCS: &str = "docs";

/// What the names of inputs begin with that carry what steps have measured, one for every map phase, in order.
pub const MEASURED: &str = "measured ";

impl TaskContext<'_> {
    /// Starts an object of this task.
    ///
    /// # Errors
    /// When no file can be made.
    pub fn spool(&self) -> Result<Spool, StoreError> {
        Spool::create(self.store)
    }

    /// Stores a finished file under `<phase>/<table>/<digest>.<extension>`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn keep(&self, spool: Spool, table: &str, extension: &str, rows: u64) -> Result<ObjectRef, StoreError> {
        let object = spool.store(self.store, &format!("{}/{table}", self.folder), extension)?;
        Ok(ObjectRef { rows, ..object })
    }

    /// Writes out a table and stores it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn keep_table(&self, table: Table, name: &str) -> Result<ObjectRef, StoreError> {
        let (spool, rows) = table.finish()?;
        self.keep(spool, name, "parquet", rows)
    }

    /// Reports bytes read.
    pub fn advance(&self, bytes: u64) {
        self.bytes_read.fetch_add(bytes, Ordering::Relaxed);
    }
}
