//! `tokenmill inspect funnel`: documents and bytes through every step, from the tallies in the commits.

use super::groups::{self, By};
use super::manifests;
use super::pick::Filters;
use super::show::Form;
use crate::failure::Failure;
use crate::house::open_run;
use crate::output::{count, table};
use serde_json::json;
use std::borrow::Borrow;
use std::fmt::Write;
use std::process::ExitCode;
use tokenmill_engine::Tally;
use tokenmill_engine::plan::human_bytes;
use tokenmill_engine::tally::StepTally;
use tokenmill_store::{Manifest, StoreError};

/// Documents, bytes and tokens through the steps, with the reasons; also by language, source or domain
#[derive(clap::Args)]
#[command(after_help = "\
The plain funnel is added up from the counts that every task has committed, so it takes no time. By groups, the ledgers are read; there,
bytes are those of the text when the verdict fell.

Example:
  tokenmill inspect funnel runs/quickstart --by language")]
pub struct Args {
    /// The run directory
    run: String,
    /// What became of the documents of each group
    #[arg(long, value_enum)]
    by: Option<By>,
    /// Groups to show, the largest first
    #[arg(short, default_value_t = 30, requires = "by")]
    n: usize,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    form: Form,
}

/// Prints the funnel.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    if let Some(by) = args.by {
        return groups::main(&args.run, by, args.n, &args.filters, &args.form);
    }
    if !args.filters.is_empty() || args.form.parquet.is_some() {
        return Err(Failure::usage("the counts of the plain funnel are of all documents")
            .hint("with `--by language`, filters and `--parquet` can be given"));
    }
    let manifests = manifests(&open_run(&args.run)?)?;
    if args.form.json {
        let phases: Result<Vec<_>, StoreError> = manifests
            .iter()
            .map(|manifest| {
                Ok(match tally(manifest)? {
                    Some(tally) => json!({"phase": manifest.phase, "tally": tally}),
                    None => json!({"phase": manifest.phase, "tally": sums(manifest)}),
                })
            })
            .collect();
        println!("{}", serde_json::to_string_pretty(&phases?).unwrap_or_default());
    } else {
        print!("{}", text(&manifests)?);
    }
    Ok(ExitCode::SUCCESS)
}

/// The tally of a map phase; `None` for phases of another kind.
fn tally(manifest: &Manifest) -> Result<Option<Tally>, StoreError> {
    let mut sum = Tally::default();
    for part in manifest.parts.iter().filter(|part| part.objects.contains_key("ledger")) {
        let tally =
            serde_json::from_value(part.tally.clone()).map_err(|error| StoreError::corrupt(&part.task, error))?;
        sum.add(&tally);
    }
    Ok((!sum.steps.is_empty()).then_some(sum))
}

/// The sums of all counts of a phase.
fn sums(manifest: &Manifest) -> serde_json::Map<String, serde_json::Value> {
    let mut sums = std::collections::BTreeMap::<String, u64>::new();
    for (key, value) in manifest.parts.iter().filter_map(|part| part.tally.as_object()).flatten() {
        if let Some(value) = value.as_u64() {
            *sums.entry(key.clone()).or_default() += value;
        }
    }
    sums.into_iter().map(|(key, value)| (key, value.into())).collect()
}

/// The funnel of some phases as text.
pub fn text(manifests: &[impl Borrow<Manifest>]) -> Result<String, Failure> {
    let mut out = String::new();
    for manifest in manifests.iter().map(Borrow::borrow) {
        // Writing to a String cannot fail, here and below.
        match tally(manifest)? {
            Some(tally) => write_map(&mut out, manifest, &tally),
            None => {
                let sums = sums(manifest)
                    .into_iter()
                    .map(|(key, value)| format!("{key} {}", count(value.as_u64().unwrap_or(0))));
                let _ = writeln!(out, "\n{}\n  {}", manifest.phase, sums.collect::<Vec<_>>().join("  "));
            }
        }
    }
    Ok(out.trim_start().to_owned())
}

fn write_map(out: &mut String, manifest: &Manifest, tally: &Tally) {
    let _ = writeln!(out, "\n{}", manifest.phase);
    if !tally.records.is_empty() {
        let kinds: Vec<_> = tally.records.iter().map(|(kind, n)| format!("{} {kind}", count(*n))).collect();
        let _ = writeln!(out, "records that are no documents: {}", kinds.join(", "));
    }
    if !tally.notes.is_empty() {
        let notes: Vec<_> = tally.notes.iter().map(|(note, n)| format!("{} {note}", count(*n))).collect();
        let _ = writeln!(out, "oddities that did no harm: {}", notes.join(", "));
    }
    if !tally.not_compared.is_empty() {
        let steps: Vec<_> = tally.not_compared.iter().map(|(step, n)| format!("{} by {step}", count(*n))).collect();
        let _ = writeln!(out, "nothing to compare, so they stay: {}", steps.join(", "));
    }
    let mut rows = Vec::new();
    for (at, step) in tally.steps.iter().enumerate() {
        let after = tally.steps.get(at + 1).map_or(tally.bytes_out, |next| next.bytes_in);
        rows.push(row(step, after));
        let mut reasons: Vec<_> = step.reasons.iter().collect();
        reasons.sort_by_key(|(reason, n)| (std::cmp::Reverse(**n), reason.as_str()));
        rows.extend(reasons.into_iter().map(|(reason, n)| vec![format!("  {reason}"), String::new(), count(*n)]));
    }
    let _ = write!(out, "{}", table(&["step", "documents in", "removed", "out", "bytes in", "bytes out"], &rows));
}

fn row(step: &StepTally, bytes_out: u64) -> Vec<String> {
    vec![
        step.name.clone(),
        count(step.n_in),
        count(step.n_removed),
        count(step.n_in - step.n_removed),
        human_bytes(step.bytes_in),
        human_bytes(bytes_out),
    ]
}
