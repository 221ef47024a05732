//! `plan.json` and the task lists: what other processes need to take part in a run or to look at it.

use super::{Plan, TaskList};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tokenmill_store::{Store, StoreError, commit};

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
    /// The task list; absent until the phase before has ended.
    pub tasks: Option<TaskList>,
    /// Key under which the manifest is or will be; absent as long as the tasks are.
    pub manifest: Option<String>,
    /// What the sketches of every exchange follow from that settles on this phase, by step: whoever is settled against them
    /// must have the same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sketches: BTreeMap<String, String>,
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
