//! Where a run stands that others work on: which phase is under way, and which of its tasks nobody has committed.

use super::RunError;
use super::one::finish_phase;
use crate::at_once::at_once;
use crate::plan::record::RESOLVED;
use crate::plan::{Plan, RunRecord};
use tokenmill_store::commit::commit_key;
use tokenmill_store::{Inputs, Store, StoreError, Task};

/// A phase that has not ended.
#[derive(Debug)]
pub struct Standing {
    /// Its number, from 0.
    pub phase: usize,
    /// Its tasks.
    pub tasks: Vec<Task>,
    /// Numbers of those that are not committed, in order; never empty.
    pub missing: Vec<usize>,
}

/// Begins a run: writes its recipe and plans its first phase. A run that stands just as it would be planned now keeps the
/// plans of its later phases, so others may be at work on it.
///
/// # Errors
/// When the inputs cannot be found or the store fails.
pub fn begin(plan: &Plan, store: &dyn Store) -> Result<(), RunError> {
    let mut record = RunRecord::of(plan);
    if let (Some(planned), Some(first)) = (plan.phases.first(), record.phases.first_mut()) {
        first.set_tasks(store, &planned.phase.tasks(&planned.fingerprint, &Inputs::none())?)?;
    }
    store.put(RESOLVED, plan.resolved.as_bytes())?;
    let stands = store.head(crate::plan::record::PLAN)?.is_some() && is_same(&RunRecord::read(store)?, &record);
    if !stands {
        record.write(store)?;
    }
    Ok(())
}

/// Whether two records have the same phases, and the same tasks in the first of them.
fn is_same(old: &RunRecord, new: &RunRecord) -> bool {
    let phases = |record: &RunRecord| record.phases.iter().map(|phase| phase.fingerprint.clone()).collect::<Vec<_>>();
    let first = |record: &RunRecord| record.phases.first().and_then(|phase| phase.tasks.clone());
    phases(old) == phases(new) && first(old) == first(new)
}

/// Ends every phase whose tasks are all committed, plans the one after it, and says which phase has tasks to do; `None`
/// when the run has ended. Phases before `from` are taken to have ended if they have a manifest or not.
///
/// Any number of processes may do this at the same time.
///
/// # Errors
/// When the run was planned for another recipe, or the store fails.
pub fn advance(plan: &Plan, store: &dyn Store, from: usize) -> Result<Option<Standing>, RunError> {
    let mut phase = from;
    loop {
        let record = RunRecord::read(store)?;
        let standing = record.phases.iter().map(|phase| &phase.fingerprint);
        if !standing.eq(plan.phases.iter().map(|planned| &planned.fingerprint)) {
            return Err(StoreError::Usage("plan.json and config.resolved.toml do not belong together".into()).into());
        }
        let Some(recorded) = record.phases.get(phase) else { return Ok(None) };
        let has_ended = match &recorded.manifest {
            Some(key) => store.head(key)?.is_some(),
            None => false,
        };
        if has_ended {
            phase += 1;
            continue;
        }
        let Some(tasks) = recorded.read_tasks(store)? else {
            // Somebody was killed between the end of the phase before and the plan of this one.
            finish_phase(plan, store, phase.checked_sub(1))?;
            continue;
        };
        let missing = missing(store, &recorded.folder, &tasks)?;
        if !missing.is_empty() {
            return Ok(Some(Standing { phase, tasks, missing }));
        }
        finish_phase(plan, store, Some(phase))?;
        phase += 1;
    }
}

/// The numbers of the tasks that nobody has committed.
///
/// # Errors
/// When the store fails.
pub fn missing(store: &dyn Store, folder: &str, tasks: &[Task]) -> Result<Vec<usize>, RunError> {
    let stands = at_once(tasks, |task| Ok::<bool, StoreError>(store.head(&commit_key(folder, &task.key))?.is_some()))?;
    Ok((0..tasks.len()).filter(|task| !stands[*task]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use tokenmill_store::commit::write_commit;
    use tokenmill_store::{Commit, MemStore, Outcome, Phase, Requests, TaskContext};

    /// A phase of so many tasks that do nothing.
    struct Idle(&'static str, u64);

    impl Phase for Idle {
        fn name(&self) -> &str {
            self.0
        }

        fn spec(&self) -> String {
            self.1.to_string()
        }

        fn tasks(&self, fingerprint: &str, _: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
            let key = |number| tokenmill_core::hash::digest_hex(format!("{fingerprint}{number}").as_bytes());
            let task = |number| Task { key: key(number), label: format!("{number}"), bytes: 1, work: Value::Null };
            Ok((0..self.1).map(task).collect())
        }

        fn run(&self, _: &Task, _: &TaskContext<'_>) -> Result<Outcome, StoreError> {
            Ok(Outcome::default())
        }

        fn forecast(&self) -> String {
            String::new()
        }
    }

    fn plan(n_tasks: [u64; 2]) -> Plan {
        let second = (Box::new(Idle("b", n_tasks[1])) as Box<dyn Phase>, vec![("docs".to_owned(), 0)]);
        Plan::of_phases("x".into(), "[run]\n".into(), 1, vec![(Box::new(Idle("a", n_tasks[0])), vec![]), second])
    }

    fn commit(store: &MemStore, plan: &Plan, standing: &Standing, number: usize) {
        let task = standing.tasks[number].key.clone();
        let (label, objects) = (String::new(), Default::default());
        let commit = Commit { task, label, objects, tally: json!({}), requests: Requests::default() };
        write_commit(store, &plan.phases[standing.phase].folder, &commit).unwrap();
    }

    #[test]
    fn phases_end_when_all_their_tasks_are_committed() {
        let (store, plan) = (MemStore::new().unwrap(), plan([3, 1]));
        begin(&plan, &store).unwrap();
        let standing = advance(&plan, &store, 0).unwrap().unwrap();
        assert_eq!((standing.phase, &standing.missing[..]), (0, &[0, 1, 2][..]));
        commit(&store, &plan, &standing, 1);
        let standing = advance(&plan, &store, 0).unwrap().unwrap();
        assert_eq!((standing.phase, &standing.missing[..]), (0, &[0, 2][..]));
        commit(&store, &plan, &standing, 0);
        commit(&store, &plan, &standing, 2);
        let standing = advance(&plan, &store, 0).unwrap().unwrap();
        assert_eq!((standing.phase, &standing.missing[..]), (1, &[0][..]));
        commit(&store, &plan, &standing, 0);
        assert!(advance(&plan, &store, 1).unwrap().is_none());
        assert!(RunRecord::read(&store).unwrap().phases[1].read_manifest(&store).unwrap().is_some());
    }

    #[test]
    fn a_phase_without_tasks_ends_at_once() {
        let (store, plan) = (MemStore::new().unwrap(), plan([0, 0]));
        begin(&plan, &store).unwrap();
        assert!(advance(&plan, &store, 0).unwrap().is_none());
    }

    #[test]
    fn beginning_again_keeps_what_is_planned_unless_something_has_changed() {
        let (store, first) = (MemStore::new().unwrap(), plan([1, 1]));
        begin(&first, &store).unwrap();
        commit(&store, &first, &advance(&first, &store, 0).unwrap().unwrap(), 0);
        advance(&first, &store, 0).unwrap();
        let before = store.read("plan.json").unwrap();
        begin(&first, &store).unwrap();
        assert_eq!(store.read("plan.json").unwrap(), before);
        let second = plan([2, 1]);
        assert!(advance(&second, &store, 0).is_err(), "the plan of another recipe");
        begin(&second, &store).unwrap();
        assert_eq!(advance(&second, &store, 0).unwrap().unwrap().missing, [0, 1]);
    }

    #[test]
    fn a_planner_that_was_killed_before_it_planned_is_made_up_for() {
        let (store, plan) = (MemStore::new().unwrap(), plan([1, 1]));
        begin(&plan, &store).unwrap();
        let before = store.read("plan.json").unwrap();
        commit(&store, &plan, &advance(&plan, &store, 0).unwrap().unwrap(), 0);
        advance(&plan, &store, 0).unwrap();
        // The manifest stands, the plan does not.
        store.put("plan.json", &before).unwrap();
        assert_eq!(advance(&plan, &store, 0).unwrap().unwrap().phase, 1);
    }
}
