//! `tokenmill pages`: runs the golden cases of all stage pages (a developer's verb; `cargo xtask bless` calls it).

use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::house::assets;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokenmill_core::{Assets, BuildError, hash, page};

/// Check the golden cases of all stage pages
#[derive(clap::Args)]
pub struct Args {
    /// Rewrite the expectations
    #[arg(long)]
    bless: bool,
    /// The source tree
    #[arg(long, default_value = ".")]
    tree: PathBuf,
}

/// The small files in `docs/assets/` beside the pages, then the assets of the house.
struct PageAssets<'a> {
    folder: PathBuf,
    house: &'a dyn Assets,
}

impl Assets for PageAssets<'_> {
    fn bytes(&self, name: &str) -> Result<Arc<[u8]>, BuildError> {
        let is_plain = Path::new(name).file_name().is_some_and(|file| file == name);
        let beside = if is_plain { std::fs::read(self.folder.join(name)).ok() } else { None };
        beside.map_or_else(|| self.house.bytes(name), |bytes| Ok(bytes.into()))
    }

    fn digest(&self, name: &str) -> Result<String, BuildError> {
        self.bytes(name).map(|bytes| hash::digest_hex(&bytes))
    }
}

/// Checks or rewrites the pages.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let house = assets()?;
    let mut n_problems = 0;
    for (folder, entries) in
        [("stages", tokenmill_stages::catalog::CATALOG), ("classifiers", tokenmill_classifiers::catalog::CATALOG)]
    {
        let assets = PageAssets { folder: args.tree.join(folder).join("docs/assets"), house: &house };
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
