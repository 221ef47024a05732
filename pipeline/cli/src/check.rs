//! `tokenmill check`: is the recipe sound? Works without a network.

use crate::failure::Failure;
use crate::house::{RecipeArgs, assets};
use std::process::ExitCode;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::{Assets, BuildError};
use tokenmill_engine::Spec;
use tokenmill_store::assets::State;

/// Check a recipe without running it or fetching anything
#[derive(clap::Args)]
#[command(after_help = "\
Limits by language stand in the recipe, or in a file that many steps and recipes name:

  [[step]]                                        # de.toml:
  use = \"filter.gopher_quality\"                  [de]
  min_words = 50                                  labels = [\"deu_Latn\"]   # as other models call it
  lang_table = \"de.toml\"
                                                  [de.\"filter.gopher_quality\"]
  [step.lang.fr]                                  max_mean_word_length = 14
  min_words = 40

A step takes the tables of its stage; `[step.lang.…]` wins over them; what neither says is as in the step. Labels are those
that `lang.id` or the source gives. FineWeb-2's limits for 32 languages are in configs/lang/fineweb2.toml, and
`tokenmill calibrate` proposes your own.

Example:
  tokenmill check my-recipe.toml")]
pub struct Args {
    #[command(flatten)]
    recipe: RecipeArgs,
}

/// Reads the models of all scoring steps: only a model knows which scores it gives, and better before a run than in its middle.
pub fn check_models(spec: &Spec, assets: &dyn Assets) -> Result<(), BuildError> {
    spec.scores()
        .try_for_each(|step| (step.entry.build)(&step.params, assets).map(drop).map_err(|error| step.blame(error)))
}

/// Reads the recipe, builds every stage that needs no asset or combines scores, and looks up the assets of the others.
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
    tokenmill_engine::chain::check_reading(&spec, &assets)?;
    let known = assets.list()?;
    for (user, name) in spec.asset_names() {
        assets.sha256(&name).map_err(|error| {
            let failure = Failure::usage(format!("`{user}`: {error}"));
            if let Some(hint) = error.hint() { failure.hint(hint) } else { failure }
        })?;
        if let Some(asset) = known.iter().find(|status| status.asset.name == name && status.state != State::Ready) {
            println!("`{user}` will fetch `{name}` ({} bytes) at its first use", asset.asset.bytes);
        }
    }
    check_models(&spec, &assets)?;
    let n_steps: usize = spec.steps().count();
    println!("`{}` is sound: {n_steps} steps in {} map phases", args.recipe.recipe, spec.blocks.len());
    Ok(ExitCode::SUCCESS)
}
