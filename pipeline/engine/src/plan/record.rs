//! `plan.json` and the task lists: what other processes need to take part in a run or to look at it.

use super::Plan;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::{Store, StoreError, Task, commit};

/// Key of the record of a run.
pub const PLAN: &str = "plan.json";
/// Key of the resolved recipe.
pub const RESOLVED: &str = "config.resolved.toml";

/// `plan.json`: the phases of the run as last planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Name of the run.
    pub name: String,
    /// The phases, in order.
    pub phases: Vec<PhaseRecord>,
}

/// One phase in `plan.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseRecord {
    /// Short name.
    pub name: String,
    /// Folder in the run directory.
    pub folder: String,
    /// Fingerprint.
    pub fingerprint: String,
    /// What it reads: the number (from 0) of the phase by the name of the input.
    pub inputs: BTreeMap<String, usize>,
    /// Key of the task list; absent until the phase before has ended.
    pub tasks: Option<String>,
    /// Key under which the manifest is or will be; absent as long as the tasks are.
    pub manifest: Option<String>,
    /// What the sketches of every exchange follow from that settles on this phase, by step: whoever is settled against them
    /// must have the same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sketches: BTreeMap<String, String>,
}

/// The tasks of a phase, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskList {
    /// The tasks.
    pub tasks: Vec<Task>,
}

impl RunRecord {
    /// The record of a plan of which nothing has run.
    pub fn of(plan: &Plan) -> RunRecord {
        let record = |planned: &super::PlannedPhase| PhaseRecord {
            name: planned.phase.name().to_owned(),
            folder: planned.folder.clone(),
            fingerprint: planned.fingerprint.clone(),
            inputs: planned.inputs.iter().cloned().collect(),
            tasks: None,
            manifest: None,
            sketches: planned.sketches.clone(),
        };
        RunRecord { name: plan.name.clone(), phases: plan.phases.iter().map(record).collect() }
    }

    /// Reads `plan.json`.
    ///
    /// # Errors
    /// When the folder holds no run.
    pub fn read(store: &dyn Store) -> Result<RunRecord, StoreError> {
        match store.read(PLAN) {
            Ok(content) => commit::parse(PLAN, &content),
            Err(StoreError::Missing(_)) => {
                Err(StoreError::Usage(format!("`{}` is not there: this is no run directory", store.display(PLAN))))
            }
            Err(error) => Err(error),
        }
    }

    /// Writes `plan.json`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn write(&self, store: &dyn Store) -> Result<(), StoreError> {
        store.put(PLAN, &commit::to_json(self)?)
    }
}

impl PhaseRecord {
    /// Stores the tasks under a name that follows from them, and notes where they and the manifest are.
    ///
    /// # Errors
    /// When the store fails.
    pub fn set_tasks(&mut self, store: &dyn Store, tasks: &[Task]) -> Result<(), StoreError> {
        let list = commit::to_json(&TaskList { tasks: tasks.to_vec() })?;
        let digest = digest_hex(&list);
        let key = format!("{}/tasks-{digest}.json", self.folder);
        store.create(&key, &list)?;
        self.manifest = Some(format!("{}/manifest-{digest}.json", self.folder));
        self.tasks = Some(key);
        Ok(())
    }

    /// Reads the tasks; `None` until the phase before has ended.
    ///
    /// # Errors
    /// When the store fails.
    pub fn read_tasks(&self, store: &dyn Store) -> Result<Option<Vec<Task>>, StoreError> {
        let Some(key) = &self.tasks else { return Ok(None) };
        commit::parse::<TaskList>(key, &store.read(key)?).map(|list| Some(list.tasks))
    }

    /// Reads the manifest; `None` until the phase has ended.
    ///
    /// # Errors
    /// When the store fails.
    pub fn read_manifest(&self, store: &dyn Store) -> Result<Option<tokenmill_store::Manifest>, StoreError> {
        match &self.manifest {
            Some(key) => commit::read_manifest(store, key),
            None => Ok(None),
        }
    }
}
