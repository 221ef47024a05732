//! `tokenmill check`: is the recipe sound? Works without a network.

use crate::failure::Failure;
use crate::house::{RecipeArgs, assets};
use std::process::ExitCode;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_store::assets::State;

/// Check a recipe without running it or fetching anything
#[derive(clap::Args)]
#[command(after_help = "Example:\n  tokenmill check my-recipe.toml")]
pub struct Args {
    #[command(flatten)]
    recipe: RecipeArgs,
}

/// Reads the recipe, builds every stage that needs no asset, and looks up the assets of the others.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let spec = args.recipe.read()?;
    let assets = assets()?;
    for step in spec.steps() {
        for params in std::iter::once(&step.params).chain(step.by_lang.values()) {
            if step.entry.asset_params.is_empty() {
                (step.entry.build)(params, &MemoryAssets::default()).map_err(|error| step.blame(error))?;
            }
        }
    }
    let known = assets.list()?;
    for (user, name) in spec.asset_names() {
        assets.sha256(&name).map_err(|error| Failure::usage(format!("`{user}`: {error}")))?;
        if let Some(asset) = known.iter().find(|status| status.asset.name == name && status.state != State::Ready) {
            println!("`{user}` will fetch `{name}` ({} bytes) at its first use", asset.asset.bytes);
        }
    }
    let n_steps: usize = spec.steps().count();
    println!("`{}` is sound: {n_steps} steps in {} map phases", args.recipe.recipe, spec.blocks.len());
    Ok(ExitCode::SUCCESS)
}
