//! `tokenmill pages`: runs the golden cases of all stage pages (a developer's verb; `cargo xtask bless` calls it).

use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::house::assets;
use std::process::ExitCode;
use tokenmill_core::page;

/// Check the golden cases of all stage pages
#[derive(clap::Args)]
pub struct Args {
    /// Rewrite the expectations
    #[arg(long)]
    bless: bool,
    /// The source tree
    #[arg(long, default_value = ".")]
    tree: std::path::PathBuf,
}

/// Checks or rewrites the pages.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let assets = assets()?;
    let mut n_problems = 0;
    for (folder, entries) in
        [("stages", tokenmill_stages::catalog::CATALOG), ("classifiers", tokenmill_classifiers::catalog::CATALOG)]
    {
        for entry in entries {
            let path = args.tree.join(folder).join(page::path(entry.name));
            let failed = |error| Failure::usage(format!("cannot use `{}`: {error}", path.display()));
            let text = std::fs::read_to_string(&path).map_err(failed)?;
            let checked = page::check(entry, &text, &assets)?;
            if args.bless && checked.blessed != text {
                std::fs::write(&path, &checked.blessed).map_err(failed)?;
                println!("rewrote {}", path.display());
            }
            let left =
                if args.bless { page::check(entry, &checked.blessed, &assets)?.problems } else { checked.problems };
            left.iter().for_each(|problem| println!("{problem}"));
            n_problems += left.len();
        }
    }
    Ok(if n_problems == 0 { ExitCode::SUCCESS } else { ExitCode::from(FOUND_PROBLEMS) })
}
