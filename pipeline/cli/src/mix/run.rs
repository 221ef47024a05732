//! `tokenmill mix run`: the shards of a mix, on this machine.

use super::open;
use super::plan::weigh;
use crate::failure::Failure;
use crate::house::{create_folder, threads};
use crate::output::{count, percent, plain, table};
use crate::progress::watch;
use std::process::ExitCode;
use tokenmill_engine::run::{Limits, Options, run};
use tokenmill_mix::plan::schedule;
use tokenmill_mix::shard::dataset::{Dataset, TrainingPhase};

/// Groups of a phase that are shown, at most.
const MAX_GROUPS: usize = 40;

/// Make the shards of a mix; what has been done before is not done again
#[derive(clap::Args)]
#[command(after_help = "\
A worker holds one shard in memory: 4 bytes for each of `shards.shard_tokens`, twice. For array jobs, see `tokenmill task`.

Example:
  tokenmill mix run configs/mixes/llama3-final.toml --threads 8")]
pub struct Args {
    /// The mix
    mix: String,
    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// Runs a mix and says what came of it.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let mix = open::read(&args.mix)?;
    let plan = open::plan(&mix)?;
    let folder = open::folder(&mix);
    let store = create_folder(&folder)?;
    let options =
        Options { threads: threads(args.threads).max(1), timings: false, limits: Limits::Checked, keep_going: false };
    let progress = watch();
    // What cannot be had is refused in the words of the plan, before anything is written.
    let (supply, n_weighed) = weigh(&plan, &*store, options, &*progress)?;
    schedule(&mix, &supply)?;
    let reports = run(&plan, &*store, options, &*progress)?;
    let n_tasks: usize = reports.iter().map(|report| report.manifest.parts.len()).sum();
    let n_run = n_weighed + reports.iter().map(|report| report.n_run).sum::<usize>();
    let dataset = open::dataset(&*store, &folder)?;
    print!("{}", text(&dataset));
    println!("{} of {} tasks were done now, the others stood already", count(n_run as u64), count(n_tasks as u64));
    println!("\ncount everything again:     tokenmill mix audit {folder}");
    println!("the shards in a folder:     tokenmill mix export {folder} OUT --form megatron");
    println!("read them in training:      mix/python, `Reader(\"{folder}\")`");
    Ok(ExitCode::SUCCESS)
}

/// What is in the shards, by phases and groups.
fn text(dataset: &Dataset) -> String {
    let mut text: String = dataset.phases.iter().map(phase).collect();
    text.push_str(&format!(
        "{} tokens of {} documents in {} sequences and {} shards\n",
        count(dataset.n_tokens),
        count(dataset.n_documents),
        count(dataset.n_sequences),
        count(dataset.n_shards() as u64)
    ));
    text
}

fn phase(phase: &TrainingPhase) -> String {
    let (tokens, sequences) = (count(phase.n_tokens), count(phase.n_sequences));
    let mut head = format!("phase {}: {tokens} tokens in {sequences} sequences", phase.name);
    if phase.context > 0 {
        let places = phase.n_sequences.saturating_mul(phase.context);
        let padding = percent(places.saturating_sub(phase.n_tokens), places);
        head.push_str(&format!(" of at most {}, {padding} padding", count(phase.context)));
    }
    if phase.n_truncated > 0 {
        head.push_str(&format!(", {} tokens cut off", count(phase.n_truncated)));
    }
    let mut groups: Vec<_> = phase.groups.iter().collect();
    groups.sort_by_key(|group| (std::cmp::Reverse(group.n_tokens), group.name.as_str()));
    let row = |name: String, n_documents: u64, n_tokens: u64| {
        vec![name, count(n_documents), count(n_tokens), percent(n_tokens, phase.n_tokens)]
    };
    let shown = groups.iter().take(MAX_GROUPS).map(|group| row(plain(&group.name), group.n_documents, group.n_tokens));
    let mut rows: Vec<Vec<String>> = shown.collect();
    if let Some(others) = groups.get(MAX_GROUPS..).filter(|others| !others.is_empty()) {
        let n_documents: u64 = others.iter().map(|group| group.n_documents).sum();
        rows.push(row(format!("{} more", others.len()), n_documents, others.iter().map(|group| group.n_tokens).sum()));
    }
    format!("{head}\n{}\n", table(&["group", "documents", "tokens", "share"], &rows))
}
