//! What a job of a phase needs: how many tasks it does, and on how much of a machine.

use crate::failure::Failure;
use std::time::Duration;
use tokenmill_engine::plan::PhaseEstimate;
use tokenmill_store::cost::BASE_MEMORY;

/// How many times longer a core takes than a GPU for the scores of an encoder: docs/benchmarks/gpu.md and encoders.md.
const CORE_FOR_GPU: f64 = 4_000.0;

/// Memory that a job asks for beyond what is expected, as a factor, and at least.
const MEMORY_MARGIN: f64 = 1.5;
const MIN_MEMORY: u64 = 512 << 20;

/// Disk that a job asks for beyond what is expected.
const DISK_MARGIN: u64 = 1 << 30;

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

/// What a process takes for each task besides the work: it looks at the plan.
const START_SECONDS: f64 = 0.1;

/// How much longer than expected a job may take.
const PATIENCE: f64 = 6.0;

impl Shape {
    /// The shape of jobs for `n_missing` of the `n_tasks` tasks of a phase. Later attempts (from 1) ask for more, because a
    /// task may have been ended for what it had too little of; what the user has set stays.
    pub fn new(estimate: &PhaseEstimate, wishes: &Wishes, n_tasks: usize, n_missing: usize, attempt: usize) -> Shape {
        let later = attempt.saturating_sub(1).min(4) as u32;
        let wanted = wishes.gpus.unwrap_or(u32::from(wishes.wants_gpus));
        let gpus = if estimate.needs_gpu { wanted } else { 0 };
        let scoring = estimate.gpu_seconds * if gpus > 0 { 1.0 } else { CORE_FOR_GPU };
        let seconds = ((estimate.core_seconds + scoring) / n_tasks.max(1) as f64 + START_SECONDS).max(1e-3);
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
        let at_once = f64::from(wishes.cores).min(pack as f64);
        let own = (estimate.memory_bytes as f64 - BASE_MEMORY).max(0.0);
        let memory = ((BASE_MEMORY + own * at_once) * MEMORY_MARGIN) as u64;
        let disk = (estimate.scratch_bytes as f64 * at_once * 2.0) as u64 + DISK_MARGIN;
        let expected = (pack as f64 * seconds * PATIENCE / f64::from(wishes.cores) / 60.0).ceil() as u64;
        Shape {
            pack,
            cores: wishes.cores,
            memory: wishes.memory.unwrap_or(memory.max(MIN_MEMORY) / 2 * u64::from(2 + later)),
            disk: wishes.disk.unwrap_or(disk),
            minutes: wishes.time_limit.unwrap_or(expected.max(MIN_MINUTES) << later),
            is_limited: wishes.time_limit.is_some(),
            gpus,
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

    fn estimate(needs_gpu: bool) -> PhaseEstimate {
        PhaseEstimate {
            name: "map".into(),
            folder: String::new(),
            n_tasks: None,
            bytes_in: 0,
            bytes_out: 0,
            core_seconds: 59_900.0,
            gpu_seconds: 0.0,
            requests: tokenmill_store::Requests::default(),
            memory_bytes: (1 << 30) + BASE_MEMORY as u64,
            scratch_bytes: 5 << 30,
            needs_gpu,
            is_measured: false,
        }
    }

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
        Shape::new(&estimate(false), wishes, 1000, n_missing, attempt).pack
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
        let shape = |attempt| Shape::new(&estimate(false), &wishes(), 1000, 1000, attempt);
        assert_eq!([shape(1).pack, shape(2).pack, shape(3).pack, shape(9).pack], [20, 5, 1, 1]);
        let memory = shape(1).memory;
        assert!(memory > 3 << 29 && memory < 2 << 30, "{memory}");
        assert_eq!([shape(2).memory, shape(3).memory], [memory / 2 * 3, memory / 2 * 4]);
        assert_eq!([shape(1).minutes, shape(2).minutes], [120, 120]);
        let set = Wishes { memory: Some(7), time_limit: Some(5), ..wishes() };
        let shape = Shape::new(&estimate(false), &set, 1000, 1000, 3);
        assert_eq!((shape.memory, shape.minutes), (7, 5));
    }

    #[test]
    fn cores_of_a_job_share_what_tasks_share() {
        let memory = |cores| Shape::new(&estimate(false), &Wishes { cores, ..wishes() }, 1000, 1000, 1).memory as f64;
        assert!((memory(4) - 4.0 * memory(1) + 3.0 * BASE_MEMORY * MEMORY_MARGIN).abs() < 10.0);
    }

    #[test]
    fn gpus_are_for_those_who_can_use_them() {
        let gpus = |needs_gpu, wishes: &Wishes| Shape::new(&estimate(needs_gpu), wishes, 1, 1, 1).gpus;
        assert_eq!(gpus(true, &wishes()), 0);
        let wants = Wishes { wants_gpus: true, ..wishes() };
        assert_eq!([gpus(true, &wants), gpus(false, &wants)], [1, 0]);
        let set = Wishes { gpus: Some(4), ..wishes() };
        assert_eq!([gpus(true, &set), gpus(false, &set)], [4, 0]);
    }
}
