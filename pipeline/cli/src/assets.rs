//! `tokenmill assets`: models, lists and vocabularies, and where they are.

use crate::failure::Failure;
use crate::house::assets;
use crate::output::table;
use std::process::ExitCode;
use tokenmill_store::assets::State;

/// List the assets stages can name, or fetch some ahead of time
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  tokenmill assets                       what there is, and what is in the cache
  tokenmill assets fetch lid.176.ftz     fetch one, for a machine that will be offline")]
pub struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Fetch and verify assets now
    Fetch {
        /// Names; all of them when none is given
        names: Vec<String>,
    },
}

/// Lists or fetches.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let assets = assets()?;
    match &args.verb {
        Some(Verb::Fetch { names }) => {
            let all: Vec<String> = assets.list()?.into_iter().map(|status| status.asset.name).collect();
            for name in if names.is_empty() { &all } else { names } {
                println!("{name}  {}", assets.path(name)?.display());
            }
        }
        None => {
            let rows = assets.list()?.into_iter().map(|status| {
                let asset = status.asset;
                vec![
                    asset.name,
                    asset.version,
                    asset.bytes.to_string(),
                    asset.licence,
                    state_name(status.state).to_owned(),
                ]
            });
            print!("{}", table(&["name", "version", "bytes", "licence", "state"], &rows.collect::<Vec<_>>()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Ready => "ready",
        State::Missing => "not fetched",
        State::Damaged => "damaged, will be fetched again",
    }
}
