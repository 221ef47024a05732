//! `tokenmill pages`: runs the golden cases of all stage pages (a developer's verb; `cargo xtask bless` calls it).

use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::house::{CATALOGUES, assets};
use std::path::{Component, Path, PathBuf};
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

impl PageAssets<'_> {
    /// Where a file beside the pages would be; a name does not lead out of the folder.
    fn beside(&self, name: &str) -> Option<PathBuf> {
        let is_inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        is_inside.then(|| self.folder.join(name))
    }
}

impl Assets for PageAssets<'_> {
    fn bytes(&self, name: &str) -> Result<Arc<[u8]>, BuildError> {
        let beside = self.beside(name).and_then(|path| std::fs::read(path).ok());
        beside.map_or_else(|| self.house.bytes(name), |bytes| Ok(bytes.into()))
    }

    fn is_there(&self, name: &str) -> bool {
        self.beside(name).is_some_and(|path| path.is_file()) || self.house.is_there(name)
    }

    fn digest(&self, name: &str) -> Result<String, BuildError> {
        self.bytes(name).map(|bytes| hash::digest_hex(&bytes))
    }
}

/// Checks or rewrites the pages.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let house = assets()?;
    let mut n_problems = 0;
    for (folder, entries) in CATALOGUES {
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
