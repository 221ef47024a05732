//! `tokenmill inspect why`: the whole life of one document, phase by phase.

mod life;
mod rules;
mod text;
mod tokens;

use super::run_view::View;
use super::search::{Found, Wanted};
use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::output::plain;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;
use tokenmill_core::DocId;

/// The life of one document: every number beside its limit, edits, twins, and where its tokens are
#[derive(clap::Args)]
#[command(after_help = "\
A URL is looked for as it was captured, then as others write it: with and without `www.` and a slash at the end, and by the other \
scheme.

Example:
  tokenmill inspect why runs/quickstart http://example.org/page")]
pub struct Args {
    /// The run directory
    run: String,
    /// Document id, WARC-Record-ID or URL as captured
    document: String,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Prints all that is known of the document.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let view = View::open(&args.run)?;
    let found = Wanted::parse(&args.document).look_up(&*view.store, &view.manifests)?;
    let lives = by_document(&found.rows).into_values().map(|rows| life::of(&view, &rows));
    let lives = lives.collect::<Result<Vec<_>, Failure>>()?;
    let as_url = found.as_url.as_deref().map(|url| view.mask.mask(url));
    if args.json {
        let said = json!({"asked": view.mask.mask(&args.document), "found_as": as_url, "documents": lives});
        println!("{}", serde_json::to_string_pretty(&said).unwrap_or_default());
    } else {
        if let Some(url) = &as_url {
            println!("`{}` is in no ledger of this run, but this is: {}\n", plain(&args.document), plain(url));
        }
        if lives.len() > 1 {
            println!("{} captures have this URL\n", lives.len());
        }
        let texts: Vec<String> = lives.iter().map(text::life).collect();
        print!("{}", texts.join("\n"));
    }
    if lives.is_empty() {
        if !args.json {
            println!("{}", nothing(&args.document));
        }
        return Ok(ExitCode::from(FOUND_PROBLEMS));
    }
    Ok(ExitCode::SUCCESS)
}

/// What is said of a document that no ledger has.
pub fn nothing(document: &str) -> String {
    let hint = "hint: documents are known by their id, their WARC-Record-ID and their URL as captured";
    format!("`{}` is in no ledger of this run\n{hint}", plain(document))
}

/// The rows by document, each in the order of phases: captures of one URL are documents of their own.
pub fn by_document<'a, 'b>(rows: &'b [Found<'a>]) -> BTreeMap<DocId, Vec<&'b Found<'a>>> {
    let mut documents: BTreeMap<DocId, Vec<&Found<'_>>> = BTreeMap::new();
    rows.iter().for_each(|found| documents.entry(found.id).or_default().push(found));
    documents
}
