//! How far a run is, from commits alone.

use crate::plan::RunRecord;
use tokenmill_store::commit::commit_key;
use tokenmill_store::{Store, StoreError};

/// How far a phase is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseStatus {
    /// Folder of the phase.
    pub folder: String,
    /// Tasks, or `None` when they are not planned yet.
    pub n_tasks: Option<usize>,
    /// Tasks that are committed.
    pub n_done: usize,
    /// Whether the manifest stands.
    pub is_finished: bool,
    /// Labels of some tasks still to do.
    pub waiting: Vec<String>,
}

/// How many waiting tasks are named.
const NAMED: usize = 5;

/// Looks up the commits of every phase.
///
/// # Errors
/// When the folder holds no run or the store fails.
pub fn status(store: &dyn Store) -> Result<Vec<PhaseStatus>, StoreError> {
    let mut phases = Vec::new();
    for phase in RunRecord::read(store)?.phases {
        let is_finished = phase.read_manifest(store)?.is_some();
        let tasks = phase.read_tasks(store)?;
        let mut status = PhaseStatus {
            folder: phase.folder.clone(),
            n_tasks: tasks.as_ref().map(Vec::len),
            n_done: 0,
            is_finished,
            waiting: Vec::new(),
        };
        for task in tasks.iter().flatten() {
            if is_finished || store.head(&commit_key(&phase.folder, &task.key))?.is_some() {
                status.n_done += 1;
            } else if status.waiting.len() < NAMED {
                status.waiting.push(task.label.clone());
            }
        }
        phases.push(status);
    }
    Ok(phases)
}
