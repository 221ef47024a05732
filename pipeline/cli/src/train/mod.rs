//! `tokenmill train`: classifiers that users make of their own documents.

mod card;
mod fasttext;
mod recipe;

use crate::failure::Failure;
use std::process::ExitCode;

/// Train a classifier from your own documents
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    Fasttext(fasttext::Args),
}

/// Dispatches.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    match &args.verb {
        Verb::Fasttext(args) => fasttext::main(args),
    }
}
