//! `tokenmill submit`: a whole run as jobs of a scheduler, or as processes of this machine.

mod aws_batch;
mod drive;
mod engine;
mod kubernetes;
mod local;
mod notes;
mod options;
mod ray;
mod round;
mod shape;
mod slurm;
mod tool;
mod yaml;

use crate::check::check_models;
use crate::failure::Failure;
use crate::house::{DeviceArg, create_folder, open_run, read_text, shared_assets, threads};
use crate::log;
use crate::planned::{self, Planned};
use drive::{Drive, Progress, Show};
use engine::Engine;
use options::{Options, SchedulerOption};
use round::Run;
use shape::Wishes;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokenmill_engine::plan::{PhaseEstimate, RunRecord, estimate, estimate_like};
use tokenmill_engine::run::begin;
use tokenmill_store::Store;
use tokenmill_store::location::Location;

/// Run a recipe or a mix as jobs: on Slurm, Kubernetes, Ray, AWS Batch, or as processes here
#[derive(clap::Args)]
#[command(after_help = "\
Jobs are calls of `tokenmill task`. What they commit is the only truth: what a lost machine, a full memory or a time limit has
kept from being committed is submitted again, --attempts times at most; calling this again goes on where the run stands.

Options of the engines, by --option KEY=VALUE:
  slurm        any long option of sbatch: partition=…, account=…, qos=…, constraint=…
  kubernetes   image (needed), namespace, serviceAccount (of the driver), secret (variables of the containers, such as AWS keys),
               taskServiceAccount, claim=NAME:/path (a volume), nodeSelector=KEY=VALUE, priorityClass, pullPolicy
  ray          address (of the cluster; default: $RAY_ADDRESS, or the cluster of this machine), python
  aws-batch    queue (needed), definition of the jobs; or image, role and executionRole to make one

On Slurm and AWS Batch each array is followed by a small job that submits what comes next. On Ray and Kubernetes this command
stays until the run has ended; with --detach, Kubernetes runs it, too.

Examples:
  tokenmill submit configs/web-en.toml --engine local
  tokenmill submit configs/web-en.toml --engine slurm --option partition=cpu --parallel 500
  tokenmill submit --plan s3://bucket/runs/web-en --engine slurm           go on with a run
  tokenmill submit configs/web-en.toml --engine kubernetes --option image=registry.example/tokenmill:1 --write manifests/
  tokenmill submit configs/mixes/llama3-final.toml --engine ray --cores 4

Exit codes: 0 the run has ended, or the scheduler has it; 1 tasks are not committed after all attempts; 65 a task would fail
again; 75 a scheduler or a store did not answer.

docs/operations.md has a cluster of each kind in ten minutes.")]
pub struct Args {
    /// The recipe or mix
    #[arg(required_unless_present = "plan")]
    recipe: Option<String>,
    /// Override a key of the recipe
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "recipe")]
    sets: Vec<String>,
    /// Go on with a run: its directory, or the `plan.json` in it
    #[arg(long, value_name = "URI", conflicts_with = "recipe")]
    plan: Option<String>,
    /// Who runs the jobs
    #[arg(long, value_enum)]
    engine: EngineName,
    /// The phase that is wanted: those before it are ended first [default: the first that has not ended]
    #[arg(long, requires = "plan")]
    phase: Option<usize>,
    /// Said to the scheduler only; may be given several times
    #[arg(long = "option", value_name = "KEY=VALUE")]
    options: Vec<SchedulerOption>,
    /// Submit a task at most N times
    #[arg(long, value_name = "N", default_value_t = 3)]
    attempts: usize,
    /// Give a job as many tasks as take about so long
    #[arg(long, value_name = "MINUTES", default_value_t = 20)]
    job_minutes: u64,
    /// Run at most N jobs at the same time [default: what the scheduler allows; all cores of this machine]
    #[arg(long, value_name = "N")]
    parallel: Option<usize>,
    /// Submit at most N jobs at a time, with more tasks in each
    #[arg(long, value_name = "N")]
    max_jobs: Option<usize>,
    /// Cores of a job, each of which does a task
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    cores: u32,
    /// Memory of a job, for example `4GiB` [default: an estimate]
    #[arg(long, value_name = "SIZE", value_parser = options::size)]
    memory: Option<u64>,
    /// Local disk of a job [default: an estimate]
    #[arg(long, value_name = "SIZE", value_parser = options::size)]
    disk: Option<u64>,
    /// End a job after so long [default: six times what is expected, at least 60]
    #[arg(long, value_name = "MINUTES")]
    time_limit: Option<u64>,
    /// GPUs of a job of a phase that encoders score in [default: 1 if the device is `cuda`, else 0]
    #[arg(long, value_name = "N")]
    gpus: Option<u32>,
    /// Estimate by what this run took, mostly one over a sample
    #[arg(long, value_name = "RUN")]
    like: Option<String>,
    /// Let jobs begin even on machines that seem to have too little memory or disk
    #[arg(long)]
    no_checks: bool,
    #[command(flatten)]
    device: DeviceArg,
    /// The program on the machines of the cluster [default: this one]
    #[arg(long, value_name = "PATH")]
    program: Option<String>,
    /// Folder for the logs of jobs, where the scheduler has no place of its own [default: tokenmill-logs]
    #[arg(long, value_name = "FOLDER")]
    logs: Option<String>,
    /// Kubernetes: let a job in the cluster do what this command would stay for
    #[arg(long)]
    detach: bool,
    /// Plan the run, and write what would be submitted to files of this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "dry_run")]
    write: Option<PathBuf>,
    /// Print what would be submitted
    #[arg(long)]
    dry_run: bool,
    /// Rounds of the phase before --phase, as a planner job is told
    #[arg(long, value_name = "N", requires = "phase", default_value_t = 0, hide = true)]
    attempt: usize,
    /// When they began
    #[arg(long, value_name = "SECONDS", requires = "phase", default_value_t = 0, hide = true)]
    since: u64,
    /// Seconds between looks at jobs
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, hide = true)]
    poll: f64,
}

/// Who runs jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum EngineName {
    /// Processes of this machine
    Local,
    /// Array jobs of Slurm
    Slurm,
    /// Indexed Jobs of Kubernetes
    Kubernetes,
    /// Tasks of a Ray cluster
    Ray,
    /// Array jobs of AWS Batch
    AwsBatch,
}

impl EngineName {
    fn text(self) -> &'static str {
        match self {
            EngineName::Local => "local",
            EngineName::Slurm => "slurm",
            EngineName::Kubernetes => "kubernetes",
            EngineName::Ray => "ray",
            EngineName::AwsBatch => "aws-batch",
        }
    }
}

/// Submits a run, or stays with it to its end.
pub fn main(args: &Args, variables: Vec<(String, String)>) -> Result<ExitCode, Failure> {
    let options = Options(args.options.clone());
    let poll = Duration::try_from_secs_f64(args.poll).unwrap_or(Duration::from_secs(10));
    let (planned, store) = open(args)?;
    let run = run(args, &planned, variables)?;
    let engine: Box<dyn Engine> = match args.engine {
        EngineName::Local => Box::new(local::Local::new(&options)?),
        EngineName::Slurm => Box::new(slurm::Slurm::new(options)),
        EngineName::Kubernetes => Box::new(kubernetes::Kubernetes::new(options, poll)?),
        EngineName::Ray => Box::new(ray::Ray::new(options, args.attempts)?),
        EngineName::AwsBatch => Box::new(aws_batch::AwsBatch::new(options, args.attempts)?),
    };
    let is_local = args.engine == EngineName::Local;
    if args.detach && args.engine != EngineName::Kubernetes {
        return Err(Failure::usage("only Kubernetes can take over this command")
            .hint("Slurm and AWS Batch go on by themselves; start it in `tmux` or by `ray job submit` for Ray"));
    }
    if !is_local && Location::is_local(&planned.folder) {
        log::note(&format!(
            "warning: `{}` is a folder; all machines of the cluster must see it under this name, else use `s3://…`",
            run.uri
        ));
    }
    let wishes = Wishes {
        job: Duration::from_secs(args.job_minutes.saturating_mul(60)),
        parallel: args.parallel.or_else(|| is_local.then(|| threads(None).div_ceil(args.cores as usize).max(1))),
        max_jobs: args.max_jobs,
        cores: args.cores,
        memory: args.memory,
        disk: args.disk,
        time_limit: args.time_limit,
        gpus: args.gpus,
        wants_gpus: device(args, &planned).starts_with("cuda"),
    };
    let show = match (&args.write, args.dry_run) {
        (Some(folder), _) => Show::Write(folder.clone()),
        (None, true) => Show::Print,
        (None, false) => Show::Nothing,
    };
    let progress =
        Progress { phase: args.phase.unwrap_or(0).saturating_sub(1), attempt: args.attempt, since: args.since };
    let planner = again(args);
    if args.detach {
        return kubernetes::Kubernetes::detach(&Options(args.options.clone()), &run, &planner, &show);
    }
    let estimates = estimates(args, &planned, &*store)?;
    Drive {
        plan: &planned.plan,
        store: &*store,
        run: &run,
        engine: &*engine,
        estimates: &estimates,
        wishes: &wishes,
        attempts: args.attempts.max(1),
        progress,
        planner,
        show,
    }
    .go()
}

/// The run: one that stands, or one that is begun now.
fn open(args: &Args) -> Result<(Planned, Box<dyn Store>), Failure> {
    let device = args.device.set();
    if let Some(uri) = &args.plan {
        return planned::of_run(uri, &device.into_iter().collect::<Vec<_>>());
    }
    let sets: Vec<String> = args.sets.iter().cloned().chain(device).collect();
    let recipe = args.recipe.as_deref().unwrap_or_default();
    let planned = planned::of_text(read_text(recipe, "recipe")?, &sets)?;
    if let Some(spec) = &planned.spec {
        check_models(spec, &*shared_assets()?)?;
    }
    let store: Box<dyn Store> =
        if args.dry_run { Box::new(tokenmill_store::MemStore::new()?) } else { create_folder(&planned.folder)? };
    begin(&planned.plan, &store)?;
    Ok((planned, store))
}

/// What the phases of the run will take.
fn estimates(args: &Args, planned: &Planned, store: &dyn Store) -> Result<Vec<PhaseEstimate>, Failure> {
    let first = RunRecord::read(store)?.phases.first().map(|phase| phase.read_tasks(store)).transpose()?;
    let first = first.flatten().unwrap_or_default();
    match &args.like {
        None => Ok(estimate(&planned.plan, &first)),
        Some(run) => Ok(estimate_like(&planned.plan, &first, &*open_run(run)?)?),
    }
}

/// The run as other machines must know it.
fn run(args: &Args, planned: &Planned, variables: Vec<(String, String)>) -> Result<Run, Failure> {
    let no_folder = |error| Failure::usage(format!("cannot tell in which folder this is: {error}"));
    let cwd = std::env::current_dir().map_err(no_folder)?;
    let absolute = |path: &str| match Location::parse(path) {
        Ok(Location::Local(path)) => cwd.join(path).display().to_string(),
        _ => path.to_owned(),
    };
    let program = match &args.program {
        Some(program) => program.clone(),
        None => std::env::current_exe().map_err(no_folder)?.display().to_string(),
    };
    Ok(Run {
        name: planned.plan.name.clone(),
        uri: absolute(planned.folder.trim_end_matches('/')),
        cwd: cwd.display().to_string(),
        program,
        logs: absolute(args.logs.as_deref().unwrap_or("tokenmill-logs")),
        variables,
        device: args.device.device.clone(),
        no_checks: args.no_checks,
    })
}

/// Where encoders run.
fn device(args: &Args, planned: &Planned) -> String {
    let of_recipe = || planned.spec.as_ref().map(|spec| spec.device.clone());
    args.device.device.clone().or_else(of_recipe).unwrap_or_default()
}

/// The flags that a planner job needs to go on as this command would.
fn again(args: &Args) -> Vec<String> {
    let mut flags: Vec<(&str, String)> = vec![("--engine", args.engine.text().to_owned())];
    flags.extend(args.options.iter().map(|option| ("--option", format!("{}={}", option.key, option.value))));
    flags.extend([("--attempts", args.attempts.to_string()), ("--job-minutes", args.job_minutes.to_string())]);
    flags.extend([("--cores", args.cores.to_string())]);
    let numbers = [
        ("--parallel", args.parallel.map(|n| n as u64)),
        ("--max-jobs", args.max_jobs.map(|n| n as u64)),
        ("--memory", args.memory),
        ("--disk", args.disk),
        ("--time-limit", args.time_limit),
        ("--gpus", args.gpus.map(u64::from)),
    ];
    flags.extend(numbers.into_iter().filter_map(|(name, number)| Some((name, number?.to_string()))));
    let texts = [
        ("--device", &args.device.device),
        ("--program", &args.program),
        ("--logs", &args.logs),
        ("--like", &args.like),
    ];
    flags.extend(texts.into_iter().filter_map(|(name, text)| Some((name, text.clone()?))));
    let mut flags: Vec<String> = flags.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
    flags.extend(args.no_checks.then(|| "--no-checks".to_owned()));
    flags
}
