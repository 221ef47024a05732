//! `tokenmill inspect`: look at what a run did.

pub mod alarms;
mod clusters;
mod diff;
pub mod doc;
pub mod funnel;
mod head;
mod labels;
pub mod mask;
mod pager;
mod report;
mod run_view;
mod scores;
pub mod search;
mod tokens;
mod trail;
mod why;

use crate::failure::Failure;
use std::process::ExitCode;
use tokenmill_engine::plan::RunRecord;
use tokenmill_store::{Manifest, Store};

/// Look at a run: what was removed and why, and at its documents; and at labels
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    Funnel(funnel::Args),
    Why(why::Args),
    Doc(doc::Args),
    Clusters(clusters::Args),
    Alarms(alarms::Args),
    Scores(scores::Args),
    Head(head::Args),
    Labels(labels::Args),
    Report(report::Args),
    Tokens(tokens::Args),
    Diff(diff::Args),
}

/// Dispatches.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    match &args.verb {
        Verb::Funnel(args) => funnel::main(args),
        Verb::Why(args) => why::main(args),
        Verb::Doc(args) => doc::main(args),
        Verb::Clusters(args) => clusters::main(args),
        Verb::Alarms(args) => alarms::main(args),
        Verb::Scores(args) => scores::main(args),
        Verb::Head(args) => head::main(args),
        Verb::Labels(args) => labels::main(args),
        Verb::Report(args) => report::main(args),
        Verb::Tokens(args) => tokens::main(args),
        Verb::Diff(args) => diff::main(args),
    }
}

/// The manifests of the phases that have ended, in order.
pub fn manifests(store: &dyn Store) -> Result<Vec<Manifest>, Failure> {
    let mut manifests = Vec::new();
    for phase in RunRecord::read(store)?.phases {
        match phase.read_manifest(store)? {
            Some(manifest) => manifests.push(manifest),
            None => break,
        }
    }
    if manifests.is_empty() {
        return Err(Failure::usage("no phase of this run has ended yet")
            .hint("run `tokenmill run` again, or `tokenmill status`"));
    }
    Ok(manifests)
}
