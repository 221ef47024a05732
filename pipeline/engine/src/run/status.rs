//! How far a run is: from commits alone, each asked for by its name. What is done stays done, so nobody is asked twice.

use super::Attempt;
use super::rate::{Pace, Rate};
use crate::at_once::at_once;
use crate::clock;
use crate::plan::{PhaseRecord, RunRecord};
use std::collections::BTreeMap;
use std::time::Instant;
use tokenmill_store::commit::commit_key;
use tokenmill_store::{Store, StoreError};

/// How many waiting tasks are named.
const NAMED: usize = 5;

/// Records of attempts that are looked for in one go: of tasks that may have failed.
const MAX_ATTEMPTS: usize = 1_000;

/// Tasks newly done whose attempts are looked at in one go, to see how fast it goes.
const MAX_PACES: usize = 64;

/// How far a phase is.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseStatus {
    /// Short name.
    pub name: String,
    /// Folder of the phase.
    pub folder: String,
    /// Tasks, or `None` when they are not planned yet.
    pub n_tasks: Option<usize>,
    /// Tasks that are committed.
    pub n_done: usize,
    /// Whether the manifest stands.
    pub is_finished: bool,
    /// Bytes that all tasks read.
    pub bytes: u64,
    /// Bytes that those read that are committed.
    pub bytes_done: u64,
    /// Labels of some tasks still to do.
    pub waiting: Vec<String>,
    /// Tasks whose last attempt failed, as far as they were looked at.
    pub failed: Vec<FailedTask>,
    /// How fast it goes, while it does.
    pub rate: Option<Rate>,
}

/// A task that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct FailedTask {
    /// Its number in the phase.
    pub index: usize,
    /// The last attempt.
    pub attempt: Attempt,
}

/// Looks up the commits of every phase.
///
/// # Errors
/// When the folder holds no run or the store fails.
pub fn status(store: &dyn Store) -> Result<Vec<PhaseStatus>, StoreError> {
    Watcher::new(store).look(usize::MAX)
}

/// Looks at a run again and again, and asks only for what it has not seen done.
pub struct Watcher<'a> {
    store: &'a dyn Store,
    began: Instant,
    phases: Vec<Watched>,
}

impl<'a> Watcher<'a> {
    /// Has seen nothing yet.
    pub fn new(store: &'a dyn Store) -> Watcher<'a> {
        Watcher { store, began: clock::now(), phases: Vec::new() }
    }

    /// How far every phase is. At most `limit` commits are asked for in each phase, so what was done in the meantime may be
    /// noticed a few looks later.
    ///
    /// # Errors
    /// As [`status`].
    pub fn look(&mut self, limit: usize) -> Result<Vec<PhaseStatus>, StoreError> {
        let records = RunRecord::read(self.store)?.phases;
        self.phases.truncate(records.len());
        let now = self.began.elapsed().as_secs_f64();
        for (at, record) in records.into_iter().enumerate() {
            match self.phases.get_mut(at) {
                Some(watched) if watched.record == record => {}
                Some(watched) => *watched = Watched::new(record),
                None => self.phases.push(Watched::new(record)),
            }
            if let Some(watched) = self.phases.get_mut(at) {
                watched.look(self.store, limit, now)?;
            }
        }
        Ok(self.phases.iter().map(Watched::status).collect())
    }
}

/// What is remembered of a task.
struct Known {
    key: Box<str>,
    label: Box<str>,
    bytes: u64,
}

/// What is known of a phase.
struct Watched {
    record: PhaseRecord,
    tasks: Option<Vec<Known>>,
    is_finished: bool,
    /// Numbers of the tasks that have not been seen done, rising.
    pending: Vec<u32>,
    /// Where in those the next round begins.
    next: usize,
    failed: BTreeMap<u32, Attempt>,
    pace: Pace,
}

impl Watched {
    fn new(record: PhaseRecord) -> Watched {
        let (pace, failed) = (Pace::default(), BTreeMap::new());
        Watched { record, tasks: None, is_finished: false, pending: Vec::new(), next: 0, failed, pace }
    }

    fn look(&mut self, store: &dyn Store, limit: usize, now: f64) -> Result<(), StoreError> {
        if self.is_finished {
            return Ok(());
        }
        if self.tasks.is_none() {
            let Some(tasks) = self.record.read_tasks(store)? else { return Ok(()) };
            self.pending = (0..u32::try_from(tasks.len()).unwrap_or(u32::MAX)).collect();
            let known = |task: tokenmill_store::Task| Known {
                key: task.key.into(),
                label: task.label.into(),
                bytes: task.bytes,
            };
            self.tasks = Some(tasks.into_iter().map(known).collect());
        }
        if let Some(manifest) = &self.record.manifest
            && store.head(manifest)?.is_some()
        {
            (self.is_finished, self.pending) = (true, Vec::new());
            self.failed.clear();
            return Ok(());
        }
        let asked = self.next_to_ask(limit);
        let folder = self.record.folder.as_str();
        let found = at_once(&asked, |at| Ok(store.head(&commit_key(folder, self.key(*at)))?.is_some()))?;
        let (done, open): (Vec<_>, Vec<_>) = asked.into_iter().zip(found).partition(|(_, is_done)| *is_done);
        let [done, open] = [done, open].map(|tasks| tasks.into_iter().map(|(at, _)| at).collect::<Vec<u32>>());
        self.pending.retain(|at| done.binary_search(at).is_err());
        self.failed.retain(|at, _| done.binary_search(at).is_err());
        let sample: Vec<u32> = done.iter().copied().step_by(done.len().div_ceil(MAX_PACES).max(1)).collect();
        for attempt in self.attempts(store, &sample)?.into_iter().flatten() {
            self.pace.attempt(&attempt);
        }
        self.pace.see(now, self.done());
        self.look_for_failures(store, open)
    }

    /// Half of what is asked for are the first tasks that are open, which are most likely done; the rest goes round.
    fn next_to_ask(&mut self, limit: usize) -> Vec<u32> {
        if limit >= self.pending.len() {
            return self.pending.clone();
        }
        let first = limit / 2;
        let (mut asked, rest) = (self.pending[..first].to_vec(), &self.pending[first..]);
        let n = limit - first;
        let start = if self.next < rest.len() { self.next } else { 0 };
        let end = (start + n).min(rest.len());
        asked.extend_from_slice(&rest[start..end]);
        self.next = end;
        asked
    }

    fn key(&self, at: u32) -> &str {
        self.tasks.as_ref().and_then(|tasks| tasks.get(at as usize)).map_or("", |task| &task.key)
    }

    fn attempts(&self, store: &dyn Store, tasks: &[u32]) -> Result<Vec<Option<Attempt>>, StoreError> {
        at_once(tasks, |at| Attempt::read(store, &self.record.folder, self.key(*at)))
    }

    /// Tasks are mostly begun in order, so the open ones before the last one that is done have been begun, and come first.
    fn look_for_failures(&mut self, store: &dyn Store, mut open: Vec<u32>) -> Result<(), StoreError> {
        open.truncate(MAX_ATTEMPTS);
        // Known failures that were not asked for stand as they were.
        for (at, attempt) in open.iter().zip(self.attempts(store, &open)?) {
            match attempt {
                Some(attempt) if !attempt.is_committed() => self.failed.insert(*at, attempt),
                _ => self.failed.remove(at),
            };
        }
        Ok(())
    }

    /// Tasks that are done, and the bytes they read.
    fn done(&self) -> (usize, u64) {
        let (n_tasks, bytes) = self.all();
        let tasks = self.tasks.as_deref().unwrap_or_default();
        let open: u64 = self.pending.iter().filter_map(|at| tasks.get(*at as usize)).map(|task| task.bytes).sum();
        (n_tasks - self.pending.len(), bytes - open)
    }

    fn all(&self) -> (usize, u64) {
        let tasks = self.tasks.as_deref().unwrap_or_default();
        (tasks.len(), tasks.iter().map(|task| task.bytes).sum())
    }

    fn status(&self) -> PhaseStatus {
        let ((n_done, bytes_done), (n_tasks, bytes)) = (self.done(), self.all());
        let label = |at: &u32| Some(self.tasks.as_ref()?.get(*at as usize)?.label.to_string());
        let failed = |(at, attempt): (&u32, &Attempt)| FailedTask { index: *at as usize, attempt: attempt.clone() };
        let is_open = !self.is_finished && n_done < n_tasks;
        PhaseStatus {
            name: self.record.name.clone(),
            folder: self.record.folder.clone(),
            n_tasks: self.tasks.is_some().then_some(n_tasks),
            n_done,
            is_finished: self.is_finished,
            bytes,
            bytes_done,
            waiting: self.pending.iter().filter_map(label).take(NAMED).collect(),
            failed: self.failed.iter().map(failed).collect(),
            rate: self.pace.rate((n_tasks, bytes)).filter(|_| is_open),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::attempt::Begun;
    use tokenmill_store::commit::{write_commit, write_manifest};
    use tokenmill_store::{Commit, Manifest, MemStore, Metered, Requests, Task};

    const FOLDER: &str = "p1-map-0123456789ab";

    /// A run with one phase of so many tasks.
    fn run(store: &MemStore, n_tasks: usize) -> PhaseRecord {
        let mut phase = PhaseRecord {
            name: "map".into(),
            folder: FOLDER.into(),
            fingerprint: String::new(),
            inputs: BTreeMap::new(),
            sketches: Default::default(),
            tasks: None,
            manifest: None,
        };
        let tasks: Vec<Task> = (0..n_tasks).map(task).collect();
        phase.set_tasks(store, &tasks).unwrap();
        RunRecord { name: "x".into(), phases: vec![phase.clone()] }.write(store).unwrap();
        phase
    }

    fn task(at: usize) -> Task {
        Task { key: format!("{at:032x}"), label: format!("{at}.warc.gz"), bytes: 10, work: serde_json::Value::Null }
    }

    fn commit(store: &MemStore, at: usize) {
        let Task { key, label, .. } = task(at);
        let (objects, tally, requests) = (BTreeMap::new(), serde_json::json!({}), Requests::default());
        write_commit(store, FOLDER, &Commit { task: key, label, objects, tally, requests }).unwrap();
        Begun::now().end(store, FOLDER, &task(at), None);
    }

    #[test]
    fn a_phase_goes_from_open_to_finished() {
        let store = MemStore::new().unwrap();
        let phase = run(&store, 3);
        let mut watcher = Watcher::new(&store);
        let seen = |watcher: &mut Watcher<'_>| watcher.look(usize::MAX).unwrap().remove(0);
        assert_eq!((seen(&mut watcher).n_tasks, seen(&mut watcher).n_done), (Some(3), 0));
        let error = StoreError::corrupt("a.warc.gz", "it is torn");
        Begun::now().end(&store, FOLDER, &task(1), Some(&error));
        commit(&store, 2);
        let status = seen(&mut watcher);
        assert_eq!((status.n_done, status.bytes, status.bytes_done), (1, 30, 10));
        assert_eq!(status.waiting, ["0.warc.gz", "1.warc.gz"]);
        let [failed] = &status.failed[..] else { panic!("{status:?}") };
        assert_eq!((failed.index, failed.attempt.n_attempts, failed.attempt.transient), (1, 1, false));
        assert!(failed.attempt.error.as_ref().unwrap().contains("it is torn"));
        commit(&store, 0);
        commit(&store, 1);
        let status = seen(&mut watcher);
        assert_eq!((status.n_done, status.failed.len(), status.is_finished), (3, 0, false));
        write_manifest(&store, phase.manifest.as_ref().unwrap(), &Manifest::default()).unwrap();
        assert!(seen(&mut watcher).is_finished);
        assert!(status_of_another(&store).is_finished);
    }

    fn status_of_another(store: &MemStore) -> PhaseStatus {
        status(store).unwrap().remove(0)
    }

    #[test]
    fn what_is_done_is_not_asked_for_again_and_a_look_asks_for_little() {
        let store = MemStore::new().unwrap();
        run(&store, 5_000);
        (0..4_000).for_each(|at| commit(&store, at));
        let metered = Metered::new(&store);
        let mut watcher = Watcher::new(&metered);
        assert_eq!(watcher.look(usize::MAX).unwrap()[0].n_done, 4_000);
        let heads = metered.requests().head;
        assert!((5_000..5_010).contains(&heads), "{heads}");
        commit(&store, 4_000);
        commit(&store, 4_999);
        let mut n_done = 0;
        for _ in 0..10 {
            let before = metered.requests();
            n_done = watcher.look(300).unwrap()[0].n_done;
            let after = metered.requests();
            assert!(after.head - before.head <= 302 && after.get - before.get <= 400, "{before:?} {after:?}");
        }
        // The one at the front was seen at once, the last one when the round came to it.
        assert_eq!(n_done, 4_002);
    }

    #[test]
    fn a_run_that_is_planned_anew_is_looked_at_anew() {
        let store = MemStore::new().unwrap();
        run(&store, 3);
        commit(&store, 0);
        let mut watcher = Watcher::new(&store);
        assert_eq!(watcher.look(usize::MAX).unwrap()[0].n_tasks, Some(3));
        run(&store, 4);
        let status = watcher.look(usize::MAX).unwrap().remove(0);
        assert_eq!((status.n_tasks, status.n_done), (Some(4), 1));
    }
}
