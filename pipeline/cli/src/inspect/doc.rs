//! `tokenmill inspect doc`: a document as it left the last phase that kept it, or the sample kept of a removed one.

use super::manifests;
use super::search::{Wanted, row_of};
use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::house::open_run;
use std::process::ExitCode;
use tokenmill_core::DocId;
use tokenmill_engine::rejudge::Finished;
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Store, StoreError};

/// Show a document's fields and text
#[derive(clap::Args)]
#[command(after_help = "Example:\n  tokenmill inspect doc runs/quickstart http://example.org/page")]
pub struct Args {
    /// The run directory
    run: String,
    /// Document id, WARC-Record-ID or URL as captured
    document: String,
}

/// Prints the document.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let store = open_run(&args.run)?;
    let manifests = manifests(&store)?;
    let found = Wanted::parse(&args.document).find(&store, &manifests)?;
    for found in found.iter().rev() {
        for table in ["docs", "removed"] {
            let Some(object) = found.part.objects.get(table) else { continue };
            if let Some(row) = find_row(&store, &object.key, found.id)? {
                let mut text = String::new();
                for (name, value) in row_of(&store, &object.key, row)? {
                    if name == "text" {
                        text = value
                    } else if !value.is_empty() {
                        println!("{name}: {value}")
                    }
                }
                println!("\n{text}");
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
    if found.is_empty() {
        println!("`{}` is in no ledger of this run", args.document);
    } else {
        println!("`{}` was removed and its text was not sampled", args.document);
        println!("hint: `run.removed = 1.0` keeps the text of every removed document; `inspect why` tells the reason");
    }
    Ok(ExitCode::from(FOUND_PROBLEMS))
}

/// The row of a document in a table.
pub fn find_row(store: &dyn Store, key: &str, wanted: DocId) -> Result<Option<u32>, StoreError> {
    let mut first = 0;
    for batch in Batches::open(store, key, &["id"])? {
        let batch = batch?;
        let ids = Columns(&batch).ids("id")?;
        if let Some(at) = ids.iter().position(|id| *id == wanted) {
            return Ok(Some(first + at as u32));
        }
        first += batch.num_rows() as u32;
    }
    Ok(None)
}

/// URL and text of a document in a part of a finished run, as far as they are stored: of a kept one as it left the last phase, of one
/// that a phase has removed from the sample of that phase, or as the phase before has left it.
pub fn text_of(
    store: &dyn Store,
    run: &Finished,
    id: DocId,
    part: usize,
    removed_in: Option<usize>,
) -> Result<(String, Option<String>), Failure> {
    let part = |phase: usize| &run.phases[phase].parts[part];
    let tables = match removed_in {
        None => vec![(part(run.phases.len() - 1), "docs")],
        Some(phase) => {
            let before = phase.checked_sub(1).map(|before| (part(before), "docs"));
            std::iter::once((part(phase), "removed")).chain(before).collect()
        }
    };
    let (mut url, mut text) = (String::new(), None);
    for (part, table) in tables {
        let Some(object) = part.objects.get(table) else { continue };
        let Some(row) = find_row(store, &object.key, id)? else { continue };
        for (name, value) in row_of(store, &object.key, row)? {
            match name.as_str() {
                "url" => url = value,
                "text" if !value.is_empty() => text = Some(value),
                _ => {}
            }
        }
        break;
    }
    Ok((url, text))
}
