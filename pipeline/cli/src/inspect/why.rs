//! `tokenmill inspect why`: the whole life of one document, phase by phase.

use super::manifests;
use super::search::{Wanted, row_of};
use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::house::open_run;
use std::process::ExitCode;

/// The life of one document: verdicts, limits and every number, phase by phase
#[derive(clap::Args)]
#[command(after_help = "Example:\n  tokenmill inspect why runs/quickstart http://example.org/page")]
pub struct Args {
    /// The run directory
    run: String,
    /// Document id, WARC-Record-ID or URL as captured
    document: String,
}

/// Prints all rows of the document.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let store = open_run(&args.run)?;
    let manifests = manifests(&store)?;
    let found = Wanted::parse(&args.document).find(&store, &manifests)?;
    if found.is_empty() {
        println!("`{}` is in no ledger of this run", args.document);
        return Ok(ExitCode::from(FOUND_PROBLEMS));
    }
    for found in &found {
        let ledger = row_of(&store, &found.part.objects["ledger"].key, found.row)?;
        let cell =
            |name: &str| ledger.iter().find(|(column, _)| column == name).map_or("", |(_, value)| value.as_str());
        println!("{}  {}", found.id, found.manifest.phase);
        println!("  read from {} as row {}", found.part.label, found.row);
        if cell("kept") == "true" {
            println!("  kept, {} bytes of text", cell("bytes"));
        } else {
            let judged = match cell("metric") {
                "" => String::new(),
                metric => format!(": {metric} = {}, limit {}", cell("value"), cell("limit")),
            };
            println!("  removed by {} because {}{judged}", cell("step"), cell("reason"));
            if !cell("evidence").is_empty() {
                println!("  evidence: {}", cell("evidence"));
            }
        }
        for (metric, value) in row_of(&store, &found.part.objects["metrics"].key, found.row)? {
            if metric != "row" {
                println!("    {metric} = {value}");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
