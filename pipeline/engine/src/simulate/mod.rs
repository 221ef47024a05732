//! A cluster that does not exist: the real planner and the real tasks of a large run, on a store and a clock of its own, to
//! see what grows faster than the number of tasks.
//!
//! Everything but the phases' own work is what a real run does: planning, task lists, commits, retries by a scheduler,
//! manifests.

mod phase;
mod store;
mod world;

pub use world::{Model, World};

use crate::plan::{Plan, RunRecord};
use crate::run::{Limits, RunError, Watch, finish_phase, run_task};
use phase::SimPhase;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::{Shared, SimStore};
use tokenmill_store::commit::commit_key;
use tokenmill_store::phase::DOCS;
use tokenmill_store::{Phase, Requests};
use world::Ask;

/// What a simulated run came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Requests of whoever plans and ends phases.
    pub planner: Requests,
    /// Requests of all attempts of all tasks for taking part in the run: plan, task list, commit.
    pub tasks: Requests,
    /// Requests of all attempts of all tasks for their own work.
    pub work: Requests,
    /// Requests that were answered with `503 SlowDown` first.
    pub n_slow_downs: u64,
    /// Attempts at tasks.
    pub n_attempts: u64,
    /// Tasks.
    pub n_tasks: u64,
    /// Seconds from the first request to the last commit.
    pub seconds: f64,
    /// Seconds of these in which the planner was at work and workers were not.
    pub planner_seconds: f64,
    /// Seconds of all workers together.
    pub worker_seconds: f64,
}

/// Nobody looks on.
struct Unwatched;

impl Watch for Unwatched {}

/// What measures the planner's work: it is handed the work and must do it once.
pub type Around<'a> = &'a mut dyn FnMut(&mut dyn FnMut() -> Result<(), RunError>) -> Result<(), RunError>;

/// Simulates a run. `around` is called around the planner's work at the end of every phase.
///
/// # Errors
/// When a task cannot be done or planned for another reason than the model's.
pub fn simulate(model: &Model, around: Around<'_>) -> Result<Report, RunError> {
    let shared = Shared::new(World::new(model.clone()));
    let store = SimStore::new(shared.clone())?;
    let n_attempts = Arc::new(AtomicU64::new(0));
    let phase = |number: usize| -> (Box<dyn Phase>, Vec<(String, usize)>) {
        let (model, shared, n_attempts) = (model.clone(), shared.clone(), n_attempts.clone());
        let inputs = number.checked_sub(1).map(|before| (DOCS.to_owned(), before)).into_iter().collect();
        (Box::new(SimPhase { number, model, shared, n_attempts }), inputs)
    };
    let phases = (0..model.n_phases).map(phase).collect();
    let plan = Plan::of_phases("simulated".to_owned(), String::new(), 1 << 30, phases);
    let mut report = Report::default();
    for ended in std::iter::once(None).chain((0..model.n_phases).map(Some)) {
        if let Some(at) = ended {
            run_phase(model, &plan, &store, &shared, at, &mut report)?;
        }
        let (before, started) = shared.so_far();
        shared.world().at_once = 256.0;
        around(&mut || finish_phase(&plan, &store, ended).map(drop))?;
        let mut world = shared.world();
        world.at_once = 1.0;
        report.planner.add(&difference(&world.requests, &before));
        report.planner_seconds += world.now - started;
        let now = world.now;
        world.forget_before(now);
    }
    report.seconds = shared.world().now;
    report.work = shared.world().work;
    report.n_slow_downs = shared.world().n_slow_downs;
    report.n_attempts = n_attempts.load(Ordering::Relaxed);
    Ok(report)
}

/// All tasks of a phase, each by the worker that is free first; what failed is queued again behind the others.
fn run_phase(
    model: &Model,
    plan: &Plan,
    store: &SimStore,
    shared: &Shared,
    at: usize,
    report: &mut Report,
) -> Result<(), RunError> {
    let started = shared.world().now;
    // Milliseconds, because a heap wants whole numbers.
    let milliseconds = |seconds: f64| (seconds * 1e3) as u64;
    let mut free: BinaryHeap<Reverse<u64>> = (0..model.n_workers).map(|_| Reverse(milliseconds(started))).collect();
    let mut waiting: VecDeque<usize> = (0..model.n_tasks).collect();
    let before = shared.world().requests;
    let mut ended: f64 = started;
    while let Some(index) = waiting.pop_front() {
        let begin = free.pop().map_or(started, |Reverse(time)| time as f64 / 1e3);
        {
            let mut world = shared.world();
            world.now = begin;
            // The program looks whether there is a run, and reads its recipe.
            world.ask(Ask::Head);
            world.ask(Ask::Get(4_096));
        }
        match run_task(plan, store, at, index, Limits::Ignored, &Unwatched) {
            Ok(_) => report.n_tasks += 1,
            Err(error) if error.is_transient() => waiting.push_back(index),
            Err(error) => return Err(error),
        }
        let now = shared.world().now;
        report.worker_seconds += now - begin;
        ended = ended.max(now);
        free.push(Reverse(milliseconds(now)));
    }
    let mut world = shared.world();
    world.now = ended;
    report.tasks.add(&difference(&world.requests, &before));
    drop(world);
    drop_behind(plan, store, shared, at)
}

/// Forgets what nobody reads again: lists of phases that have ended. Costs nothing in the simulated world.
fn drop_behind(plan: &Plan, store: &SimStore, shared: &Shared, at: usize) -> Result<(), RunError> {
    let Some(old) = at.checked_sub(2) else { return Ok(()) };
    let (requests, now) = shared.so_far();
    let record = RunRecord::read(store)?;
    let tasks = record.phases.get(old).map(|phase| phase.read_tasks(store)).transpose()?.flatten().unwrap_or_default();
    for task in &tasks {
        store.drop_content(&commit_key(&plan.phases[old].folder, &task.key))?;
    }
    for key in record.phases[old].manifest.iter() {
        store.drop_content(key)?;
    }
    let mut world = shared.world();
    (world.requests, world.now) = (requests, now);
    Ok(())
}

fn difference(now: &Requests, before: &Requests) -> Requests {
    Requests {
        head: now.head - before.head,
        get: now.get - before.get,
        put: now.put - before.put,
        bytes_read: now.bytes_read - before.bytes_read,
        bytes_written: now.bytes_written - before.bytes_written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simulated(n_tasks: usize, failing: f64) -> Report {
        let model = Model { n_tasks, n_phases: 3, n_workers: 50, failing, ..Model::default() };
        simulate(&model, &mut |work| work()).unwrap()
    }

    #[test]
    fn nothing_grows_faster_than_the_number_of_tasks() {
        let (small, large) = (simulated(250, 0.05), simulated(1_000, 0.05));
        for (what, count) in [
            ("reads of the planner", (|report| report.planner.get) as fn(&Report) -> u64),
            ("bytes the planner reads", |report| report.planner.bytes_read),
            ("bytes the planner writes", |report| report.planner.bytes_written),
            ("reads for taking part", |report| report.tasks.get),
            ("bytes read for taking part", |report| report.tasks.bytes_read),
            ("writes for taking part", |report| report.tasks.put),
        ] {
            let (few, many) = (count(&small), count(&large));
            assert!(few > 0 && many as f64 <= 4.3 * few as f64, "{what}: {few} and {many}");
        }
        assert_eq!((small.n_tasks, large.n_tasks), (750, 3_000));
        assert!(large.n_attempts > large.n_tasks, "some attempts fail");
    }

    #[test]
    fn what_fails_is_done_again_and_costs_time() {
        let (calm, rough) = (simulated(200, 0.0), simulated(200, 0.3));
        assert_eq!(calm.n_attempts, 600);
        assert!(rough.n_attempts > 700 && rough.worker_seconds > calm.worker_seconds, "{rough:?}");
        assert!(calm.seconds > 3.0 * 600.0 * 200.0 / 50.0 * 0.8, "{calm:?}");
    }
}
