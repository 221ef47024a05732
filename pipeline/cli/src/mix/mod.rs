//! `tokenmill mix`: training shards out of the token stores of several runs.

mod audit;
mod export;
pub mod open;
mod plan;
mod run;

pub use open::{dataset as open_dataset, folder, is_mix, parse, plan, read, stores};

use crate::failure::Failure;
use std::process::ExitCode;

/// Make training shards out of finished runs: how much of what, in which order, in sequences of which length
#[derive(clap::Args)]
#[command(after_help = "\
A mix is a file; docs/mixes.md has all its keys. It reads runs whose recipes have `[tokens]` or `[shards]`.

Examples:
  tokenmill run configs/quickstart.toml
  tokenmill mix plan configs/mixes/quickstart.toml      what there is, and what would be taken
  tokenmill mix run configs/mixes/quickstart.toml
  tokenmill mix audit configs/mixes/quickstart.toml
  tokenmill mix export configs/mixes/quickstart.toml shards/ --form mds")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    Plan(plan::Args),
    Run(run::Args),
    Audit(audit::Args),
    Export(export::Args),
}

/// Does what the second word says.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    match &args.verb {
        Verb::Plan(args) => plan::main(args),
        Verb::Run(args) => run::main(args),
        Verb::Audit(args) => audit::main(args),
        Verb::Export(args) => export::main(args),
    }
}
