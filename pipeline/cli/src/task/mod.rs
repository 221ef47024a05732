//! `tokenmill task`: some tasks of a run, for any scheduler that can start an array of processes.

mod numbers;

pub use numbers::Numbers;

use crate::failure::{BAD_INPUT, Failure, RETRY};
use crate::house::{DeviceArg, create_folder, read_text, say_devices};
use crate::log::{self, RunLog};
use crate::planned::{self, Planned};
use crate::progress::Quiet;
use numbers::Share;
use rayon::prelude::*;
use std::process::ExitCode;
use tokenmill_engine::Plan;
use tokenmill_engine::plan::RunRecord;
use tokenmill_engine::run::{Limits, Performed, Watch, finish_phase, run_task};
use tokenmill_store::{Store, StoreError};

/// Where schedulers put the number of a job in its array.
const INDEX_VARIABLES: [&str; 3] = ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"];

/// Stack of a worker thread, as in a whole run.
const STACK_BYTES: usize = 8 << 20;

/// Do some tasks of a run; doing one twice, or in two processes at once, is harmless
#[derive(clap::Args)]
#[command(after_help = "\
Phases and tasks count from 0. A run by hand:
  tokenmill task --begin configs/quickstart.toml              plans phase 0, prints its number of tasks
  tokenmill task --plan runs/quickstart --phase 0 --index 0   for every index
  tokenmill task --plan runs/quickstart --phase 0 --finish    ends it, prints the number of tasks of phase 1
  …
The same with a mix, whose sources have ended:
  tokenmill task --begin configs/mixes/quickstart.toml

In an array job the index comes from SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX or AWS_BATCH_JOB_ARRAY_INDEX. The job does
the tasks OFFSET + INDEX * PACK and the PACK - 1 after it, or what is at these places of the list given by --tasks:
  tokenmill task --plan s3://bucket/runs/web --phase 0 --offset 1000 --pack 10
  tokenmill task --plan s3://bucket/runs/web --phase 0 --tasks 3,17,20-40           all of them, in this process

If a task fails, the others are still tried. Exit codes: 0 all are committed, 65 a task cannot work on its input and would fail
again, 75 a task failed and may succeed later or elsewhere, 2 the command or the recipe is wrong.

`tokenmill submit` writes such jobs for Slurm, Kubernetes, Ray and AWS Batch.")]
pub struct Args {
    /// The run directory, or the `plan.json` in it
    #[arg(long, value_name = "URI", required_unless_present = "begin")]
    plan: Option<String>,
    /// Number of the phase
    #[arg(long, requires = "plan")]
    phase: Option<usize>,
    /// Number of the job in its array [default: what the scheduler says]
    #[arg(long, requires = "phase")]
    index: Option<usize>,
    /// Where job 0 begins
    #[arg(long, env = "TOKENMILL_TASK_OFFSET", default_value_t = 0, hide_env_values = true)]
    offset: usize,
    /// Tasks of one job [default: 1]
    #[arg(long, value_name = "N", requires = "phase", value_parser = clap::value_parser!(u64).range(1..))]
    pack: Option<u64>,
    /// Numbers of tasks, for example `3,17,20-40`; with --index or --pack, only the part of this job
    #[arg(long, value_name = "LIST", requires = "phase")]
    tasks: Option<Numbers>,
    /// Tasks that are done at the same time; they share memory and models
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,
    /// End the phase: write its manifest and plan the next one
    #[arg(long, requires = "phase", conflicts_with_all = ["index", "pack", "tasks"])]
    finish: bool,
    /// Make the run directory of this recipe or mix and plan its first phase
    #[arg(long, value_name = "RECIPE", conflicts_with = "plan")]
    begin: Option<String>,
    /// With --begin: override a key of the recipe
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "begin")]
    sets: Vec<String>,
    /// Start even if the machine seems to have too little memory or disk for a task
    #[arg(long)]
    no_checks: bool,
    #[command(flatten)]
    device: DeviceArg,
}

/// Does tasks, or ends a phase.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    if let Some(recipe) = &args.begin {
        let sets: Vec<String> = args.sets.iter().cloned().chain(args.device.set()).collect();
        let Planned { plan, folder, .. } = planned::of_text(read_text(recipe, "recipe")?, &sets)?;
        let n_tasks = finish_phase(&plan, &create_folder(&folder)?, None)?;
        println!("{}", n_tasks.unwrap_or(0));
        return Ok(ExitCode::SUCCESS);
    }
    let sets: Vec<String> = args.device.set().into_iter().collect();
    let (Planned { mut plan, spec, .. }, store) = planned::of_run(args.plan.as_deref().unwrap_or_default(), &sets)?;
    let phase = args.phase.ok_or_else(which)?;
    if args.finish {
        println!("{}", finish_phase(&plan, &store, Some(phase))?.unwrap_or(0));
        return Ok(ExitCode::SUCCESS);
    }
    let tasks = share(args, &*store, phase)?;
    if let (Some(spec), true) = (&spec, plan.phases.get(phase).is_some_and(|planned| planned.phase.first_wins())) {
        say_devices(spec)?;
    }
    let threads = args.threads.clamp(1, tasks.len().max(1));
    plan.memory /= threads as u64;
    let limits = if args.no_checks { Limits::Ignored } else { Limits::Checked };
    let job = Job { plan: &plan, store: &*store, phase, limits };
    job.perform(&tasks, threads)
}

/// The tasks that this process was told to do.
fn share(args: &Args, store: &dyn Store, phase: usize) -> Result<Vec<usize>, Failure> {
    let pack = args.pack.map(|pack| usize::try_from(pack).unwrap_or(usize::MAX));
    let mut share = Share { tasks: args.tasks.as_ref(), index: args.index, pack, offset: args.offset };
    if share.index.is_none() && !share.is_all() {
        share.index = Some(index_of_the_job()?.ok_or_else(which)?);
    }
    let standing = RunRecord::read(store)?.phases.into_iter().nth(phase);
    let standing = standing.ok_or_else(|| Failure::usage(format!("there is no phase {phase}")))?;
    let tasks = standing.tasks.ok_or_else(|| {
        Failure::usage(format!("the tasks of phase {phase} are not planned yet"))
            .hint("end the phase before it: `tokenmill task --plan RUN --phase P --finish`")
    })?;
    share.of(tasks.n_tasks).map_err(Failure::usage)
}

fn which() -> Failure {
    Failure::usage("which tasks are to be done is not said")
        .hint("`--phase P` with `--index I`, with `--tasks LIST`, or in an array job; or `--phase P --finish`")
}

/// The number that the scheduler has given to this job.
fn index_of_the_job() -> Result<Option<usize>, Failure> {
    let value = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some((name, value)) = INDEX_VARIABLES.into_iter().find_map(|name| Some((name, value(name)?))) else {
        return Ok(None);
    };
    value.parse().map(Some).map_err(|_| Failure::usage(format!("`{name}` is `{value}`, which is no number of a job")))
}

/// Where the tasks of this process belong.
struct Job<'a> {
    plan: &'a Plan,
    store: &'a dyn Store,
    phase: usize,
    limits: Limits,
}

impl Job<'_> {
    /// Does all the tasks, whatever becomes of each.
    fn perform(&self, tasks: &[usize], threads: usize) -> Result<ExitCode, Failure> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK_BYTES).build();
        let pool = pool.map_err(|error| StoreError::transient("start", "threads", error))?;
        let watch: &dyn Watch = if log::is_json() { &RunLog::default() } else { &Quiet };
        let attempt = |task: &usize| self.attempt(*task, watch);
        let codes: Vec<u8> = pool.install(|| tasks.par_iter().with_max_len(1).filter_map(attempt).collect());
        let Some(code) = worst(&codes) else { return Ok(ExitCode::SUCCESS) };
        if tasks.len() > 1 {
            log::note(&format!("{} of {} tasks have failed", codes.len(), tasks.len()));
        }
        Ok(ExitCode::from(code))
    }

    /// Does a task; the exit code that it failed with.
    fn attempt(&self, task: usize, watch: &dyn Watch) -> Option<u8> {
        match run_task(self.plan, self.store, self.phase, task, self.limits, watch) {
            Ok(Performed { commit, is_overruled, .. }) => {
                println!("{}", commit.task);
                if is_overruled {
                    log::note("note: another process has stored other scores of these documents before; those stand");
                }
                None
            }
            Err(error) => {
                let failure = Failure::from(error);
                let code = failure.code();
                failure.report();
                Some(code)
            }
        }
    }
}

/// The exit code of a job whose tasks failed with these: what fails for good must not be tried again.
fn worst(codes: &[u8]) -> Option<u8> {
    codes.iter().copied().max_by_key(|code| match *code {
        BAD_INPUT => 3,
        RETRY => 1,
        _ => 2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::USAGE;

    #[test]
    fn what_fails_for_good_decides() {
        assert_eq!(worst(&[]), None);
        assert_eq!(worst(&[RETRY, RETRY]), Some(RETRY));
        assert_eq!(worst(&[RETRY, USAGE]), Some(USAGE));
        assert_eq!(worst(&[RETRY, BAD_INPUT, USAGE]), Some(BAD_INPUT));
    }
}
