//! `tokenmill inspect`: look at what a run did.

pub mod alarms;
mod clusters;
mod diff;
pub mod doc;
mod domains;
mod export;
mod frame;
pub mod funnel;
mod grep;
mod groups;
mod head;
mod hist;
mod labels;
mod lives;
pub mod mask;
mod opened;
mod pager;
mod pick;
mod removed;
mod report;
mod run_view;
mod sample;
mod scores;
pub mod search;
mod show;
mod stored;
mod tokens;
mod trail;
mod why;

pub use frame::failed;

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
    Removed(removed::Args),
    Hist(hist::Args),
    Sample(sample::Args),
    Grep(grep::Args),
    Domains(domains::Args),
    Export(export::Args),
    Why(why::Args),
    Doc(doc::Args),
    Clusters(clusters::Args),
    Alarms(alarms::Args),
    Scores(scores::Args),
    Head(head::Args),
    Labels(labels::Args),
    Tokens(tokens::Args),
    Diff(diff::Args),
    Report(report::Args),
}

/// Dispatches.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    match &args.verb {
        Verb::Funnel(args) => funnel::main(args),
        Verb::Removed(args) => removed::main(args),
        Verb::Hist(args) => hist::main(args),
        Verb::Sample(args) => sample::main(args),
        Verb::Grep(args) => grep::main(args),
        Verb::Domains(args) => domains::main(args),
        Verb::Export(args) => export::main(args),
        Verb::Why(args) => why::main(args),
        Verb::Doc(args) => doc::main(args),
        Verb::Clusters(args) => clusters::main(args),
        Verb::Alarms(args) => alarms::main(args),
        Verb::Scores(args) => scores::main(args),
        Verb::Head(args) => head::main(args),
        Verb::Labels(args) => labels::main(args),
        Verb::Tokens(args) => tokens::main(args),
        Verb::Diff(args) => diff::main(args),
        Verb::Report(args) => report::main(args),
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
