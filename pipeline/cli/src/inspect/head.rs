//! `tokenmill inspect head`: the first rows of a table of a run.

use super::manifests;
use super::mask::Mask;
use crate::failure::Failure;
use crate::house::open_run;
use crate::output::shortened;
use std::process::ExitCode;
use tokenmill_store::table::{Batches, Columns};

/// How much of a text is shown.
const SHOWN_CHARS: usize = 200;

/// The first rows of a table: docs, ledger, metrics or removed
#[derive(clap::Args)]
#[command(after_help = "Example:\n  tokenmill inspect head runs/quickstart --table removed -n 3")]
pub struct Args {
    /// The run directory
    run: String,
    /// The table
    #[arg(long, default_value = "docs")]
    table: String,
    /// Rows to show
    #[arg(short, long, default_value_t = 5)]
    n: usize,
    /// Number of the phase, from 1 [default: the last that has the table]
    #[arg(long)]
    phase: Option<usize>,
}

/// Prints rows, one field a line.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let store = open_run(&args.run)?;
    let manifests = manifests(&store)?;
    let has_table = |at: &usize| manifests[*at].parts.iter().any(|part| part.objects.contains_key(&args.table));
    let phase = match args.phase {
        Some(number) => number.checked_sub(1).filter(|at| *at < manifests.len()).filter(has_table),
        None => (0..manifests.len()).rev().find(has_table),
    };
    let Some(phase) = phase else {
        return Err(Failure::usage(format!("there is no table `{}` there", args.table))
            .hint("tables of a map phase are docs, ledger, metrics and removed"));
    };
    let mask = Mask::of_run(&store)?;
    let mut left = args.n;
    for object in manifests[phase].parts.iter().filter_map(|part| part.objects.get(&args.table)) {
        for batch in Batches::open(&store, &object.key, &[])? {
            let batch = batch?;
            for row in 0..batch.num_rows().min(left) {
                let lang = Columns(&batch).show("lang", row).unwrap_or_default();
                for field in batch.schema_ref().fields() {
                    if let Some(value) = Columns(&batch).show(field.name(), row).filter(|value| !value.is_empty()) {
                        println!(
                            "{}: {}",
                            field.name(),
                            shortened(&mask.mask_cell(field.name(), &value, &lang), SHOWN_CHARS)
                        );
                    }
                }
                println!();
            }
            left = left.saturating_sub(batch.num_rows());
            if left == 0 {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
