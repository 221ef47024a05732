//! `tokenmill plan`: phases, steps with every default, and tasks, before anything runs.

use crate::failure::Failure;
use crate::house::{RecipeArgs, shared_assets};
use std::process::ExitCode;
use tokenmill_engine::Plan;
use tokenmill_engine::plan::explain;
use tokenmill_store::Inputs;

/// Explain what a recipe will do; reads no document
#[derive(clap::Args)]
#[command(after_help = "Example:\n  tokenmill plan configs/web-en.toml")]
pub struct Args {
    #[command(flatten)]
    recipe: RecipeArgs,
}

/// Prints the plan.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let spec = args.recipe.read()?;
    let plan = Plan::new(&spec, &shared_assets()?)?;
    let first =
        plan.phases.first().map(|planned| planned.phase.tasks(&planned.fingerprint, &Inputs::none())).transpose()?;
    print!("{}", explain(&spec, &plan, &first.unwrap_or_default()));
    Ok(ExitCode::SUCCESS)
}
