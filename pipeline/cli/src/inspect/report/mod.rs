//! `tokenmill inspect report`: everything that there is to see of a run, in one HTML page that needs nothing else.

mod data;
mod gather;
mod page;
mod text;

use crate::failure::Failure;
use crate::house::{assets, open_run, threads};
use crate::output::count;
use crate::sink::Output;
use std::process::ExitCode;

/// Write one HTML page about a run: funnel, removed samples, histograms with limits to try, languages, domains, lineage
#[derive(clap::Args)]
#[command(after_help = "\
The page loads nothing: it can be opened from a file, sent by mail, or kept beside the run. What the recipe redacts is not in it.

Example:
  tokenmill inspect report runs/quickstart -o report.html")]
pub struct Args {
    /// The run directory
    run: String,
    /// File or `s3://` address to write to, or `-`
    #[arg(short, long, value_name = "FILE")]
    output: String,
    /// Removed documents to show of each reason
    #[arg(long, value_name = "N", default_value_t = 3)]
    samples: usize,
    /// Leave out what the run took, so that equal runs have equal pages
    #[arg(long)]
    no_timings: bool,
    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// Writes the page.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let (assets, store) = (assets()?, open_run(&args.run)?);
    let options = gather::Options { samples: args.samples, timings: !args.no_timings };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads(args.threads).max(1)).build();
    let pool = pool.map_err(|error| Failure::for_now(format!("cannot start threads: {error}")))?;
    let report = pool.install(|| gather::gather(&*store, &assets, &options))?;
    let page = page::page(&report)?;
    let mut output = Output::create(&args.output)?;
    output.write(page.as_bytes())?;
    output.finish()?;
    if args.output != "-" {
        let totals = &report.totals;
        let (n_in, n_kept) = (count(totals.documents_in), count(totals.documents_kept));
        match report.phases.is_empty() {
            true => println!("{}: the shards of `{}`", args.output, report.name),
            false => println!("{}: {n_in} documents, of which {n_kept} are kept", args.output),
        }
    }
    Ok(ExitCode::SUCCESS)
}
