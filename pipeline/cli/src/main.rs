//! `tokenmill`: a web crawl in, tokenized training shards out. This crate is glue: every verb is one file.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic"))]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the binary is the one that talks to people")]
#![allow(clippy::disallowed_methods, reason = "and the one that touches the files they name")]

mod ablate;
mod annotate;
mod apply;
mod assets;
mod audit;
mod bulk;
mod calibrate;
mod catalog;
mod check;
mod documents;
mod explain;
mod extract;
mod failure;
mod forget;
mod gc;
mod house;
mod html;
mod inspect;
mod log;
mod mix;
mod object_storage;
mod output;
mod pages;
mod plan;
mod planned;
mod progress;
mod quantiles;
mod reference;
mod references;
mod release;
mod retune;
mod run;
mod settle;
mod sink;
mod status;
mod submit;
mod task;
mod tokenize;
mod train;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Turns a web crawl into tokenized training shards, and can say of every document why it is in or out.
#[derive(Parser)]
#[command(name = "tokenmill", version, propagate_version = true, after_help = house::AFTER_HELP)]
struct Cli {
    #[command(flatten)]
    storage: object_storage::StorageArgs,
    #[command(flatten)]
    log: log::LogArgs,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Run(run::Args),
    Plan(plan::Args),
    Check(check::Args),
    Task(task::Args),
    Submit(submit::Args),
    Status(status::Args),
    Audit(audit::Args),
    Mix(mix::Args),
    Ablate(ablate::Args),
    Inspect(inspect::Args),
    Retune(retune::Args),
    Calibrate(calibrate::Args),
    Apply(apply::Args),
    Extract(extract::Args),
    Tokenize(tokenize::Args),
    Quantiles(quantiles::Args),
    Reference(reference::Args),
    References(references::Args),
    Release(release::Args),
    Train(train::Args),
    Annotate(annotate::Args),
    Forget(forget::Args),
    Gc(gc::Args),
    Assets(assets::Args),
    #[command(hide = true)]
    Catalog(catalog::Args),
    #[command(hide = true)]
    Pages(pages::Args),
}

fn main() -> ExitCode {
    output::quiet_broken_pipes();
    let Cli { storage, log, verb } = Cli::parse();
    log.choose();
    let variables = storage.variables().into_iter().chain(log.variable()).collect();
    tokenmill_store::s3::configure(storage.options());
    let result = match verb {
        Verb::Run(args) => run::main(&args),
        Verb::Plan(args) => plan::main(&args),
        Verb::Check(args) => check::main(&args),
        Verb::Task(args) => task::main(&args),
        Verb::Submit(args) => submit::main(&args, variables),
        Verb::Status(args) => status::main(&args),
        Verb::Audit(args) => audit::main(&args),
        Verb::Mix(args) => mix::main(&args),
        Verb::Ablate(args) => ablate::main(&args),
        Verb::Inspect(args) => inspect::main(&args),
        Verb::Retune(args) => retune::main(&args),
        Verb::Calibrate(args) => calibrate::main(&args),
        Verb::Apply(args) => apply::main(&args),
        Verb::Extract(args) => extract::main(&args),
        Verb::Tokenize(args) => tokenize::main(&args),
        Verb::Quantiles(args) => quantiles::main(&args),
        Verb::Reference(args) => reference::main(&args),
        Verb::References(args) => references::main(&args),
        Verb::Release(args) => release::main(&args),
        Verb::Train(args) => train::main(&args),
        Verb::Annotate(args) => annotate::main(&args),
        Verb::Forget(args) => forget::main(&args),
        Verb::Gc(args) => gc::main(&args),
        Verb::Assets(args) => assets::main(&args),
        Verb::Catalog(args) => catalog::main(&args),
        Verb::Pages(args) => pages::main(&args),
    };
    result.unwrap_or_else(|failure| failure.report())
}
