//! `tokenmill status`: how far a run is, from commits alone.

use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::house::open_run;
use crate::output::table;
use std::process::ExitCode;
use tokenmill_engine::run::status;

/// Show how far a run is; exit code 1 while it is not finished
#[derive(clap::Args)]
#[command(after_help = "Example:\n  tokenmill status runs/quickstart")]
pub struct Args {
    /// The run directory
    run: String,
}

/// Prints one line per phase.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let phases = status(&open_run(&args.run)?)?;
    let rows = phases.iter().map(|phase| {
        let n_tasks = phase.n_tasks.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let state = if phase.is_finished {
            "finished"
        } else if phase.n_tasks.is_none() {
            "waits"
        } else {
            "open"
        };
        vec![phase.folder.clone(), phase.n_done.to_string(), n_tasks, state.to_owned()]
    });
    print!("{}", table(&["phase", "done", "tasks", "state"], &rows.collect::<Vec<_>>()));
    for phase in phases.iter().filter(|phase| !phase.waiting.is_empty()) {
        println!("{} still has to read: {}", phase.folder, phase.waiting.join(", "));
    }
    let is_finished = phases.iter().all(|phase| phase.is_finished);
    Ok(if is_finished { ExitCode::SUCCESS } else { ExitCode::from(FOUND_PROBLEMS) })
}
