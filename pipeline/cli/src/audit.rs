//! `tokenmill audit`: proves of a finished run that nothing was lost, doubled or changed.

use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::house::open_run;
use crate::output::count;
use std::process::ExitCode;
use tokenmill_engine::audit::audit;

/// Recompute every digest of a run and check that in = kept + dropped at every step
#[derive(clap::Args)]
#[command(after_help = "Example:\n  tokenmill audit runs/quickstart")]
pub struct Args {
    /// The run directory
    run: String,
}

/// Prints what was checked and what is wrong.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let found = audit(&open_run(&args.run)?)?;
    for (folder, n_in, n_out) in &found.flow {
        println!("{folder}: {} documents in, {} out", count(*n_in), count(*n_out));
    }
    println!(
        "checked {} parts, {} objects ({} bytes), {} ledger rows",
        count(found.n_parts as u64),
        count(found.n_objects as u64),
        count(found.bytes),
        count(found.n_rows)
    );
    for problem in &found.problems {
        println!("problem: {problem}");
    }
    if found.problems.is_empty() {
        println!("sound: in = kept + dropped at every step, every object is what was committed");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} problems", found.problems.len());
    Ok(ExitCode::from(FOUND_PROBLEMS))
}
