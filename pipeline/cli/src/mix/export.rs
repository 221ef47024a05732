//! `tokenmill mix export`: the shards of a run in a folder of their own, in the form that a trainer reads.

use super::open::Shards;
use crate::failure::Failure;
use crate::output::count;
use crate::progress::RowsBar;
use std::path::Path;
use std::process::ExitCode;
use tokenmill_engine::plan::human_bytes;
use tokenmill_mix::shard::export::{Form, export};

/// Put the shards of a run into a folder, as Megatron, OLMo-core or MosaicML Streaming read them
#[derive(clap::Args)]
#[command(after_help = "\
Files of a local run are linked, not copied, where the form allows it and the disk is the same. All content is checked against
its digests on the way. The same command again goes on where it was interrupted.

Examples:
  tokenmill mix export configs/mixes/quickstart.toml shards/
  tokenmill mix export s3://bucket/runs/final /data/final --form mds")]
pub struct Args {
    /// The run directory, or the mix
    #[arg(value_name = "RUN|MIX.toml")]
    target: String,
    /// The folder to fill; empty, or not there yet
    out: String,
    /// `megatron`: .bin, .idx, .samples and dataset.json; `olmo`: .npy and .csv.gz; `mds`: index.json and .mds
    #[arg(long, value_name = "FORM", default_value = "megatron")]
    form: String,
}

/// Fills the folder.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let form = Form::of_name(&args.form)?;
    let shards = Shards::open(&args.target)?;
    let bytes: u64 = shards.dataset.phases.iter().flat_map(|phase| &phase.shards).map(|shard| shard.bin.bytes).sum();
    let bar = RowsBar::bytes(bytes, "shards");
    let out = Path::new(&args.out);
    let report = export(&*shards.store, &shards.dataset, out, form, &mut |bytes| bar.add(bytes))?;
    bar.end();
    println!(
        "{}: {} files, {}, in the form `{}`; {} are links to files of the run, {} stood there already",
        args.out,
        count(report.n_files),
        human_bytes(report.bytes),
        form.name(),
        count(report.n_linked),
        count(report.n_stood)
    );
    println!("what they are, with their sha256: {}/export.json", args.out.trim_end_matches('/'));
    Ok(ExitCode::SUCCESS)
}
