//! What a job of a phase needs: how many tasks it does, and on how much of a machine.

use crate::failure::Failure;
use std::time::Duration;
use tokenmill_engine::Plan;
use tokenmill_store::Task;

/// What one phase takes. Fields mean the same as those of the estimates that `tokenmill plan` prints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Seconds of one core, all tasks together.
    pub core_seconds: f64,
    /// Bytes of memory that one task at a time needs, with the models that tasks share.
    pub memory_bytes: u64,
    /// Bytes of local disk that one task needs.
    pub scratch_bytes: u64,
    /// Whether a GPU would do most of the work.
    pub needs_gpu: bool,
}

/// Bytes of input for a core in a second: compressed pages through a chain of filters.
const BYTES_PER_SECOND: f64 = 2e6;

/// What a process takes to start and to read its plan.
const SECONDS_PER_TASK: f64 = 0.5;

/// Models, word lists, and buffers of streams.
const BASE_MEMORY: u64 = 1 << 30;

/// The estimate of a phase, from the bytes its tasks read.
pub fn estimate(plan: &Plan, phase: usize, tasks: &[Task]) -> Estimate {
    let bytes: u64 = tasks.iter().map(|task| task.bytes).sum();
    let largest = tasks.iter().map(|task| task.bytes).max().unwrap_or(0);
    let needs_gpu = plan.phases.get(phase).is_some_and(|planned| planned.phase.first_wins());
    Estimate {
        core_seconds: bytes as f64 / BYTES_PER_SECOND + tasks.len() as f64 * SECONDS_PER_TASK,
        memory_bytes: BASE_MEMORY + plan.memory,
        scratch_bytes: (1 << 30) + largest.saturating_mul(4),
        needs_gpu,
    }
}

/// What the user wants of jobs.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// How long a job should take.
    pub job: Duration,
    /// Jobs at the same time, at most.
    pub parallel: Option<usize>,
    /// Jobs of a round, at most.
    pub max_jobs: Option<usize>,
    /// Cores of a job.
    pub cores: u32,
    /// Bytes of memory of a job.
    pub memory: Option<u64>,
    /// Bytes of local disk of a job.
    pub disk: Option<u64>,
    /// Minutes after which a job is ended.
    pub time_limit: Option<u64>,
    /// GPUs of a job.
    pub gpus: Option<u32>,
    /// Whether encoders are to run on GPUs.
    pub wants_gpus: bool,
}

/// What a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Tasks of one job.
    pub pack: usize,
    /// Cores.
    pub cores: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of local disk.
    pub disk: u64,
    /// Minutes after which it is ended.
    pub minutes: u64,
    /// Whether the user has set this limit.
    pub is_limited: bool,
    /// GPUs.
    pub gpus: u32,
}

/// No job is ended before this: estimates may be far off.
const MIN_MINUTES: u64 = 60;

/// How much longer than expected a job may take.
const PATIENCE: f64 = 6.0;

impl Shape {
    /// The shape of jobs for `n_missing` of the `n_tasks` tasks of a phase. Later attempts (from 1) ask for more, because a
    /// task may have been ended for what it had too little of; what the user has set stays.
    pub fn new(estimate: &Estimate, wishes: &Wishes, n_tasks: usize, n_missing: usize, attempt: usize) -> Shape {
        let later = attempt.saturating_sub(1).min(4) as u32;
        let seconds = (estimate.core_seconds / n_tasks.max(1) as f64).max(1e-3);
        let wanted = wishes.job.as_secs_f64() * f64::from(wishes.cores) / seconds;
        // A job that was ended halfway has less to lose next time.
        let mut pack = ((wanted as usize) >> (2 * later)).max(1);
        if let Some(parallel) = wishes.parallel {
            pack = pack.min(n_missing.div_ceil(parallel.max(1)));
        }
        if let Some(max_jobs) = wishes.max_jobs {
            pack = pack.max(n_missing.div_ceil(max_jobs.max(1)));
        }
        let pack = pack.clamp(1, n_missing.max(1));
        // Tasks of a job share models; sorting shares a budget.
        let others = u64::from(wishes.cores.saturating_sub(1)) << 29;
        let expected = (pack as f64 * seconds * PATIENCE / f64::from(wishes.cores) / 60.0).ceil() as u64;
        Shape {
            pack,
            cores: wishes.cores,
            memory: wishes.memory.unwrap_or((estimate.memory_bytes + others) / 2 * u64::from(2 + later)),
            disk: wishes.disk.unwrap_or(estimate.scratch_bytes.saturating_mul(u64::from(wishes.cores))),
            minutes: wishes.time_limit.unwrap_or(expected.max(MIN_MINUTES) << later),
            is_limited: wishes.time_limit.is_some(),
            gpus: wishes.gpus.filter(|_| estimate.needs_gpu).unwrap_or(u32::from(
                estimate.needs_gpu && wishes.wants_gpus,
            )),
        }
    }

    /// Memory in MiB, rounded up.
    pub fn memory_mib(&self) -> u64 {
        self.memory.div_ceil(1 << 20)
    }

    /// Local disk in MiB, rounded up.
    pub fn disk_mib(&self) -> u64 {
        self.disk.div_ceil(1 << 20)
    }
}

/// How large arrays an engine takes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Jobs of one array.
    pub jobs: usize,
    /// Arrays of one round.
    pub arrays: usize,
}

impl Limits {
    /// Jobs of one round; an error when no round can hold a phase.
    pub fn max_jobs(&self) -> Result<usize, Failure> {
        match self.jobs.saturating_mul(self.arrays) {
            0 => Err(Failure::usage("the scheduler takes no array jobs")),
            jobs => Ok(jobs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ESTIMATE: Estimate =
        Estimate { core_seconds: 60_000.0, memory_bytes: 2 << 30, scratch_bytes: 5 << 30, needs_gpu: true };

    fn wishes() -> Wishes {
        Wishes {
            job: Duration::from_secs(1200),
            parallel: None,
            max_jobs: None,
            cores: 1,
            memory: None,
            disk: None,
            time_limit: None,
            gpus: None,
            wants_gpus: false,
        }
    }

    fn pack(wishes: &Wishes, n_missing: usize, attempt: usize) -> usize {
        Shape::new(&ESTIMATE, wishes, 1000, n_missing, attempt).pack
    }

    #[test]
    fn jobs_take_as_long_as_asked_for() {
        // A minute for each task.
        assert_eq!(pack(&wishes(), 1000, 1), 20);
        assert_eq!(pack(&Wishes { cores: 4, ..wishes() }, 1000, 1), 80);
        assert_eq!(pack(&wishes(), 7, 1), 7);
        assert_eq!(pack(&Wishes { job: Duration::from_secs(1), ..wishes() }, 1000, 1), 1);
    }

    #[test]
    fn jobs_are_smaller_when_more_can_run_and_larger_when_there_are_too_many() {
        assert_eq!(pack(&Wishes { parallel: Some(100), ..wishes() }, 1000, 1), 10);
        assert_eq!(pack(&Wishes { parallel: Some(10), ..wishes() }, 1000, 1), 20);
        assert_eq!(pack(&Wishes { max_jobs: Some(10), ..wishes() }, 1000, 1), 100);
    }

    #[test]
    fn later_attempts_lose_less_and_ask_for_more() {
        let shape = |attempt| Shape::new(&ESTIMATE, &wishes(), 1000, 1000, attempt);
        assert_eq!([shape(1).pack, shape(2).pack, shape(3).pack, shape(9).pack], [20, 5, 1, 1]);
        assert_eq!([shape(1).memory, shape(2).memory, shape(3).memory], [2 << 30, 3 << 30, 4 << 30]);
        assert_eq!([shape(1).minutes, shape(2).minutes], [120, 120]);
        let set = Wishes { memory: Some(7), time_limit: Some(5), ..wishes() };
        let shape = Shape::new(&ESTIMATE, &set, 1000, 1000, 3);
        assert_eq!((shape.memory, shape.minutes), (7, 5));
    }

    #[test]
    fn gpus_are_for_those_who_can_use_them() {
        let gpus = |needs_gpu, wishes: &Wishes| {
            Shape::new(&Estimate { needs_gpu, ..ESTIMATE }, wishes, 1, 1, 1).gpus
        };
        assert_eq!(gpus(true, &wishes()), 0);
        let wants = Wishes { wants_gpus: true, ..wishes() };
        assert_eq!([gpus(true, &wants), gpus(false, &wants)], [1, 0]);
        let set = Wishes { gpus: Some(4), ..wishes() };
        assert_eq!([gpus(true, &set), gpus(false, &set)], [4, 0]);
    }
}
