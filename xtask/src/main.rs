//! The house tools: `cargo xtask VERB`, one file for each verb.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic"))]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its user")]
#![allow(clippy::disallowed_methods, reason = "the house tools work on the source tree and need no store")]

mod bench;
mod bless;
mod cuda;
mod error;
mod fixtures;
mod repo;
mod soak;
mod test;
mod tidy;
mod train;

use std::process::ExitCode;

use error::{Error, Result};
use repo::Repo;

const USAGE: &str = "\
cargo xtask VERB

  test [OPTION]...      run the tests; --services adds those that need other programs, --data those that need
                        the data archives, and what stands after -- goes to nextest
  ceph start|stop       start the S3 gateway that tests use and print the variables to set, or stop it
  clusters start|stop   start the Slurm and the Ray that tests use and print the variables to set, or stop them
  tidy [RULE]...        check the house rules
  bless [--cases-only]  write what the stages say now into their pages, and renew generated files
  bench [run FILE...]   measure every stage and the whole run, and write docs/benchmarks.md
  bench ablation        fit laws of mixes to published runs, train the quickstart study, and write docs/benchmarks/ablation.md
  bench classifiers     train next to the official library, judge quality and toxicity, and write docs/benchmarks/classifiers.md
  bench dedup           score and time dedup stages next to their peers, and write docs/benchmarks/dedup.md
  bench encoder         time encoders on the CPU next to their peers, and write docs/benchmarks/encoders.md
  bench exchange        measure exchanges and object storage, and write docs/benchmarks/exchange.md
  bench extract         score and time the extractor next to its peers, and write docs/benchmarks/extraction.md
  bench filters         score and time filters next to their peers, and write docs/benchmarks/filters.md
  bench gpu [FOLDER]    check and time encoders on a GPU next to PyTorch, and write docs/benchmarks/gpu.md; with a
                        folder, only the page of what the scripts have left there
  bench tokens          time encoding next to its peers, compare ids, and write docs/benchmarks/tokens.md
  bench scale           simulate runs of up to 100,000 tasks in 12 phases, and write docs/benchmarks/scale.md
  bench inspect         time inspection of a run of a million documents, and write docs/benchmarks/inspect.md
  bench mix             time packing, shuffling, writing and reading shards, and write docs/benchmarks/tokens.md
  cuda [--check]        compile the CUDA kernels with a pinned nvcc; --check compares, and runs them on the CPU
  soak [--kills N] [--faults N] [--seed N]
                        kill the program and let its store fail over and over, and check that nothing is lost or doubled;
                        500 kills and 5000 faults unless you say otherwise
  train-extractor [--quick]
                        train the decision about blocks from the archive `extraction`, and write its files and
                        docs/benchmarks/extractor-training.md; --quick leaves out the cross-validation
  fixtures              write the mini crawl in tests/fixtures";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let repo = Repo::find()?;
    match arguments.first().map_or("help", String::as_str) {
        "test" => test::run(&repo, &arguments[1..]),
        "ceph" => test::ceph::run(&repo, &arguments[1..]),
        "clusters" => test::clusters::run(&repo, &arguments[1..]),
        "tidy" => tidy::run(&repo, &arguments[1..]),
        "bless" => bless::run(&repo, &arguments[1..]),
        "bench" => bench::run(&repo, &arguments[1..]),
        "cuda" => cuda::run(&repo, &arguments[1..]),
        "soak" => soak::run(&repo, &arguments[1..]),
        "train-extractor" => train::run(&repo, &arguments[1..]),
        "fixtures" => fixtures::run(&repo),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        verb => Err(Error::new(format!("there is no verb `{verb}`\n\n{USAGE}"))),
    }
}
