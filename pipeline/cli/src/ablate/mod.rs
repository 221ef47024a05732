//! `tokenmill ablate`: which data makes the better model, found by training small ones.

mod design;
mod fit;
mod gather;
mod open;
mod page;
mod report;
mod run;
mod scaling;
mod tables;
mod text;
mod train;

pub use open::{folder, is_study, parse, plan};

use crate::failure::Failure;
use std::process::ExitCode;

/// Find the best mix by experiment: train small models on many mixes, fit a law to their losses, and take its optimum
#[derive(clap::Args)]
#[command(after_help = "\
A study is a file; docs/ablations.md has all its keys. Besides mixes it compares recipes, and probes what a small set is worth at
the end of training.

Examples:
  tokenmill ablate design configs/ablations/quickstart.toml     what it will cost, and which mixes
  tokenmill ablate run configs/ablations/quickstart.toml        train; what has been trained is not trained again
  tokenmill ablate report configs/ablations/quickstart.toml     a page, tables, and the best mix as a file
  tokenmill ablate fit MIXES.csv LOSSES.csv                     a law for runs that somebody else has made
  tokenmill ablate scaling RUNS.csv                             loss by parameters and tokens, as Chinchilla")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    Design(design::Args),
    Run(run::Args),
    Report(report::Args),
    Fit(fit::Args),
    Scaling(scaling::Args),
    Train(train::Args),
}

/// Does what the second word says.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    match &args.verb {
        Verb::Design(args) => design::main(args),
        Verb::Run(args) => run::main(args),
        Verb::Report(args) => report::main(args),
        Verb::Fit(args) => fit::main(args),
        Verb::Scaling(args) => scaling::main(args),
        Verb::Train(args) => train::main(args),
    }
}
