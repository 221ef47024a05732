//! `tokenmill mix plan`: what there is, what would be taken, and what is missing; writes no shard.

use super::open;
use crate::failure::Failure;
use crate::house::{create_folder, threads};
use crate::progress::{Quiet, RunProgress};
use std::io::IsTerminal;
use std::process::ExitCode;
use tokenmill_engine::Plan;
use tokenmill_engine::run::{Limits, Options, Watch, run_first};
use tokenmill_mix::plan::{Supply, schedule};
use tokenmill_mix::supply;
use tokenmill_store::{Store, StoreError};

/// Count what the sources have, and show what every phase of training would take; exit code 2 if there is no plan
#[derive(clap::Args)]
#[command(after_help = "\
Reads everything but the tokens, so it takes a small part of the time of a run, and nothing is counted twice.

Example:
  tokenmill mix plan configs/mixes/llama3-final.toml")]
pub struct Args {
    /// The mix
    mix: String,
    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// Prints the plan.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let mix = open::read(&args.mix)?;
    let plan = open::plan(&mix)?;
    let store = create_folder(&open::folder(&mix))?;
    let options =
        Options { threads: threads(args.threads).max(1), timings: false, limits: Limits::Checked, keep_going: false };
    // A plan is short; a line for every task would hide why there is none.
    let progress = RunProgress::default();
    let watch: &dyn Watch = if std::io::stderr().is_terminal() { &progress } else { &Quiet };
    let (supply, _) = weigh(&plan, &*store, options, watch)?;
    let schedule = schedule(&mix, &supply)?;
    print!("{}", schedule.table(&mix, &supply));
    println!("\nmake the shards: tokenmill mix run {}", args.mix);
    Ok(ExitCode::SUCCESS)
}

/// Counts what the sources have; says how many tasks that took now.
pub fn weigh(plan: &Plan, store: &dyn Store, options: Options, watch: &dyn Watch) -> Result<(Supply, usize), Failure> {
    let reports = run_first(1, plan, store, options, watch)?;
    let weighed = reports.first().ok_or_else(|| StoreError::Usage("the mix has no phases".to_owned()))?;
    Ok((supply(store, &weighed.manifest)?, weighed.n_run))
}
