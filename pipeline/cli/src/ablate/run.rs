//! `tokenmill ablate run`: sources, shards, models and what they say, on this machine.

use super::{gather, open, report, text};
use crate::failure::Failure;
use crate::house::{create_folder, threads};
use crate::progress::watch;
use crate::{log, run as run_recipe};
use std::process::ExitCode;
use tokenmill_engine::run::{Limits, Options, run, run_first};
use tokenmill_mix::ablation::is_training;

/// Train the models of a study on this machine, and say what they have found
#[derive(clap::Args)]
#[command(after_help = "\
The recipes of the sources are run first, unless they have been. When a trainer fails, the other models are trained, and the same
command tries the failed ones again; a model whose loss is no number any more is taken as it is. On a cluster, run the recipes
and give the study to `tokenmill submit` instead: every model is a task.

Examples:
  tokenmill ablate run configs/ablations/quickstart.toml
  tokenmill status runs/ablations/quickstart")]
pub struct Args {
    /// The study
    #[arg(value_name = "STUDY.toml")]
    study: String,
    /// Worker threads, and models at once unless the study says how many [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// Trains, and writes the report.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let study = open::read(&args.study)?;
    let threads = threads(args.threads).max(1);
    for spec in open::recipes(&study)? {
        let options = Options { threads, timings: false, limits: Limits::Checked, keep_going: false };
        run_recipe::perform(&spec, options)?;
    }
    let study = open::located(&study)?;
    let plan = open::plan(&study)?;
    let folder = study.folder();
    let store = create_folder(&folder)?;
    let progress = watch();
    let options = Options { threads, timings: false, limits: Limits::Checked, keep_going: true };
    let n_before = plan.phases.iter().take_while(|planned| !is_training(planned.phase.name())).count();
    // Shards are made by all threads, whatever a trainer takes.
    run_first(n_before, &plan, &*store, options, &*progress)?;
    let at_once = study.trainer.at_once.map_or(threads, |n| n as usize);
    let trained = run(&plan, &*store, Options { threads: at_once, ..options }, &*progress);
    drop(progress);
    let analysis = gather::analysis(&study, &*store, &folder)?;
    print!("{}", text::text(&analysis));
    match trained {
        Err(error) => {
            log::note("what has been trained is kept; the same command goes on");
            Err(error.into())
        }
        Ok(_) => {
            if let Some(output) = report::default_folder(&folder) {
                report::write(&analysis, &output)?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}
