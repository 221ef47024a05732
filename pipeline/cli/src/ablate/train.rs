//! `tokenmill ablate train`: the small trainer of this program, which `ablate run` starts for every model.

use crate::failure::Failure;
use std::process::ExitCode;

/// Train one small model on the processor, as a job file says; `ablate run` does this for every model
#[derive(clap::Args)]
#[command(after_help = "\
The job files of a study are beside the logs of its models.

Example:
  tokenmill ablate train runs/ablations/quickstart/work/0.2M-mix-0000-1f2e3d4c/job.json")]
pub struct Args {
    /// The job file
    #[arg(value_name = "JOB.json")]
    job: String,
}

/// Trains; the log goes to standard output.
#[cfg(feature = "trainer")]
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    use tokenmill_mix::ablation::train::{Job, train};
    let text = crate::house::read_text(&args.job, "job")?;
    let job: Job = serde_json::from_str(&text.content)
        .map_err(|error| Failure::usage(format!("`{}` is no job file: {error}", args.job)))?;
    train(&job, &mut std::io::stdout().lock()).map_err(|error| Failure::for_good(error.to_string()))?;
    Ok(ExitCode::SUCCESS)
}

/// Says that there is no trainer.
#[cfg(not(feature = "trainer"))]
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let message = format!("this program was built without its own trainer, and cannot train `{}`", args.job);
    Err(Failure::usage(message).hint("build it with the feature `trainer`, or name another `trainer.template`"))
}
