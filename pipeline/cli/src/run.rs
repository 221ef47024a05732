//! `tokenmill run`: all phases on this machine.

use crate::check::check_models;
use crate::failure::Failure;
use crate::house::{DeviceArg, RecipeArgs, create_run, run_folder, say_devices, shared_assets, threads};
use crate::inspect::{alarms, funnel};
use crate::log;
use crate::output::count;
use crate::progress::watch;
use std::process::ExitCode;
use tokenmill_engine::run::{Limits, Options, PhaseReport, run};
use tokenmill_engine::{Plan, Spec};
use tokenmill_gpu_scoring::fleet::usage;
use tokenmill_mix::TOKENS_PHASE;
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Store, StoreError};

/// Run a recipe on this machine; what has been done before is not done again
#[derive(clap::Args)]
#[command(after_help = "Example:\n  tokenmill run configs/quickstart.toml --set run.root=/data/runs --threads 8")]
pub struct Args {
    #[command(flatten)]
    recipe: RecipeArgs,
    #[command(flatten)]
    device: DeviceArg,
    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Start even if the machine seems to have too little memory or disk
    #[arg(long)]
    no_checks: bool,
    /// When a task fails, do the others of its phase before the run ends
    #[arg(long)]
    keep_going: bool,
    /// Measure CPU time per step and write it to FILE as JSON
    #[arg(long, value_name = "FILE")]
    timings: Option<String>,
}

/// Runs a recipe and says what came of it.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let spec = args.recipe.read_with(args.device.set())?;
    let threads = threads(args.threads);
    let limits = if args.no_checks { Limits::Ignored } else { Limits::Checked };
    let options =
        Options { threads: threads.max(1), timings: args.timings.is_some(), limits, keep_going: args.keep_going };
    let (store, reports) = perform(&spec, options)?;
    usage().iter().for_each(|line| log::note(line));
    if let Some(file) = &args.timings {
        write_timings(file, &reports)?;
    }
    print_summary(&spec, &store, &reports)?;
    Ok(ExitCode::SUCCESS)
}

/// Does what a recipe says, and prints nothing but progress.
pub fn perform(spec: &Spec, options: Options) -> Result<(Box<dyn Store>, Vec<PhaseReport>), Failure> {
    let assets = shared_assets()?;
    let plan = Plan::new(spec, &assets)?;
    say_devices(spec)?;
    check_models(spec, &*assets)?;
    let store = create_run(spec)?;
    let reports = run(&plan, &store, options, &*watch())?;
    Ok((store, reports))
}

fn print_summary(spec: &Spec, store: &dyn Store, reports: &[PhaseReport]) -> Result<(), Failure> {
    let folder = run_folder(spec);
    let manifests: Vec<_> = reports.iter().map(|report| &*report.manifest).collect();
    print!("{}", funnel::text(&manifests)?);
    let (n_tasks, n_run): (usize, usize) =
        (manifests.iter().map(|m| m.parts.len()).sum(), reports.iter().map(|r| r.n_run).sum());
    println!("\n{} of {} tasks were done now, the others stood already", count(n_run as u64), count(n_tasks as u64));
    let total = |report: &PhaseReport| -> u64 {
        report.manifest.parts.iter().filter_map(|part| part.tally.get("n_tokens")?.as_u64()).sum()
    };
    let phase = |name: &str| reports.iter().find(|report| report.name == name);
    if let Some(shards) = phase("shards") {
        println!(
            "{} tokens in {} shards: {folder}/{}",
            count(total(shards)),
            shards.manifest.parts.len(),
            shards.folder
        );
    } else if let Some(tokens) = phase(TOKENS_PHASE) {
        println!("{} tokens in a token store: {folder}/{}", count(total(tokens)), tokens.folder);
    }
    if let Some(limits) = spec.alarm {
        print!("{}", alarms::text(store, &manifests, limits)?);
    }
    println!("\nwhat each step removed:   tokenmill inspect funnel {folder}");
    if let Some(id) = a_removed_document(store, &manifests)? {
        println!("why a document was removed: tokenmill inspect why {folder} {id}");
    }
    println!("prove that nothing was lost: tokenmill audit {folder}");
    match (phase("shards"), phase(TOKENS_PHASE)) {
        (Some(_), _) => println!("and that the shards are whole: tokenmill mix audit {folder}"),
        (None, Some(_)) => {
            println!("make shards of it, alone or with others: tokenmill mix plan MIX.toml, with `run = \"{folder}\"`")
        }
        (None, None) => {}
    }
    Ok(())
}

/// The first removed document that a rule judged, as an example to look at.
fn a_removed_document(
    store: &dyn Store,
    manifests: &[&tokenmill_store::Manifest],
) -> Result<Option<String>, StoreError> {
    let ledgers =
        manifests.iter().rev().flat_map(|manifest| &manifest.parts).filter_map(|part| part.objects.get("ledger"));
    for ledger in ledgers {
        for batch in Batches::open(store, &ledger.key, &["id", "kept", "metric"])? {
            let batch = batch?;
            let columns = Columns(&batch);
            let (kept, metrics) = (columns.bool("kept")?, columns.text("metric")?);
            if let Some(row) = (0..batch.num_rows()).find(|row| !kept.value(*row) && !metrics.value(*row).is_empty()) {
                return Ok(columns.show("id", row));
            }
        }
    }
    Ok(None)
}

fn write_timings(file: &str, reports: &[PhaseReport]) -> Result<(), Failure> {
    let phases = reports.iter().map(|report| {
        serde_json::json!({
            "phase": report.name,
            "folder": report.folder,
            "tasks_run": report.n_run,
            "cpu_seconds": report.cpu_seconds,
            "tallies": report.manifest.parts.iter().map(|part| part.tally.clone()).collect::<Vec<_>>(),
        })
    });
    let json = serde_json::to_string_pretty(&phases.collect::<Vec<_>>()).unwrap_or_default();
    std::fs::write(file, json).map_err(|error| Failure::usage(format!("cannot write `{file}`: {error}")))
}
