//! `tokenmill task`: one task of a run, for any scheduler that can start an array of processes.

use crate::failure::Failure;
use crate::house::{
    DeviceArg, create_folder, open_run, parse_recipe, read_text, run_folder, say_devices, shared_assets,
};
use crate::log::{self, RunLog};
use crate::mix;
use crate::progress::Quiet;
use std::process::ExitCode;
use tokenmill_engine::run::{Limits, Performed, Watch, finish_phase, run_task};
use tokenmill_engine::{Plan, Spec, Text};
use tokenmill_store::Store;

/// Do one task of a run; doing it twice, or in two processes at once, is harmless
#[derive(clap::Args)]
#[command(after_help = "\
Phases and tasks count from 0. A run by hand:
  tokenmill task --begin configs/quickstart.toml       plans phase 0, prints its number of tasks
  tokenmill task runs/quickstart --phase 0 --index 0   for every index
  tokenmill task runs/quickstart --phase 0 --finish    ends it, prints the number of tasks of phase 1
  …
The same with a mix, whose sources have ended:
  tokenmill task --begin configs/mixes/quickstart.toml")]
pub struct Args {
    /// The run directory
    #[arg(required_unless_present = "begin")]
    run: Option<String>,
    /// Number of the phase
    #[arg(long, requires = "run")]
    phase: Option<usize>,
    /// Number of the task in the phase
    #[arg(long, requires = "phase")]
    index: Option<usize>,
    /// End the phase: write its manifest and plan the next one
    #[arg(long, requires = "phase", conflicts_with = "index")]
    finish: bool,
    /// Make the run directory of this recipe or mix and plan its first phase
    #[arg(long, value_name = "RECIPE", conflicts_with = "run")]
    begin: Option<String>,
    /// With --begin: override a key of the recipe
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "begin")]
    sets: Vec<String>,
    /// Start even if the machine seems to have too little memory or disk for the task
    #[arg(long)]
    no_checks: bool,
    #[command(flatten)]
    device: DeviceArg,
}

/// Does one task, or ends a phase.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    if let Some(recipe) = &args.begin {
        let sets: Vec<String> = args.sets.iter().cloned().chain(args.device.set()).collect();
        let Opened { plan, folder, .. } = open_plan(read_text(recipe, "recipe")?, &sets)?;
        let n_tasks = finish_phase(&plan, &create_folder(&folder)?, None)?;
        println!("{}", n_tasks.unwrap_or(0));
        return Ok(ExitCode::SUCCESS);
    }
    let folder = args.run.as_deref().unwrap_or_default();
    let store = open_run(folder)?;
    let name = "config.resolved.toml";
    let content = String::from_utf8(store.read(name)?).map_err(|error| Failure::usage(format!("`{name}`: {error}")))?;
    let sets: Vec<String> = args.device.set().into_iter().collect();
    let Opened { plan, spec, .. } = open_plan(Text { name: store.display(name), content }, &sets)?;
    match (args.phase, args.index) {
        (Some(phase), Some(index)) => {
            if let (Some(spec), true) =
                (&spec, plan.phases.get(phase).is_some_and(|planned| planned.phase.first_wins()))
            {
                say_devices(spec)?;
            }
            let limits = if args.no_checks { Limits::Ignored } else { Limits::Checked };
            let watch: &dyn Watch = if log::is_json() { &RunLog::default() } else { &Quiet };
            let Performed { commit, is_overruled, .. } = run_task(&plan, &store, phase, index, limits, watch)?;
            println!("{}", commit.task);
            if is_overruled {
                log::note("note: another process has stored other scores of these documents before; those stand");
            }
        }
        (Some(phase), None) if args.finish => println!("{}", finish_phase(&plan, &store, Some(phase))?.unwrap_or(0)),
        _ => return Err(Failure::usage("say which task: `--phase P --index I`, or `--phase P --finish`")),
    }
    Ok(ExitCode::SUCCESS)
}

/// What a task belongs to.
struct Opened {
    plan: Plan,
    /// The run directory.
    folder: String,
    /// The recipe, unless it is a mix.
    spec: Option<Spec>,
}

/// The plan of a recipe or of a mix, and its run directory.
fn open_plan(text: Text, sets: &[String]) -> Result<Opened, Failure> {
    if mix::is_mix(&text.content) {
        if !sets.is_empty() {
            return Err(Failure::usage("`--set` changes recipes").hint(format!("change `{}` itself", text.name)));
        }
        let mix = mix::parse(&text)?;
        return Ok(Opened { plan: mix::plan(&mix)?, folder: mix::folder(&mix), spec: None });
    }
    let spec = parse_recipe(text, sets)?;
    let (plan, folder) = (Plan::new(&spec, &shared_assets()?)?, run_folder(&spec));
    Ok(Opened { plan, folder, spec: Some(spec) })
}
