//! `tokenmill mix audit`: counts the shards again, and compares with the token stores and the plan.

use super::open::{self, Shards};
use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::output::{count, percent, plain, table};
use crate::progress::RowsBar;
use std::collections::BTreeMap;
use std::process::ExitCode;
use tokenmill_mix::audit::{Expected, MixAudit, audit};
use tokenmill_mix::{CUTS_PHASE, TOKENS_PHASE};

/// Count the shards again: no document lost, doubled or changed, shares as planned; exit code 1 if something is wrong
#[derive(clap::Args)]
#[command(after_help = "\
Reads every shard and the token stores that it was made of, and compares document by document. Works for the run of a mix,
and for that of a recipe with `[shards]`. In memory is one shard.

Examples:
  tokenmill mix audit configs/mixes/quickstart.toml
  tokenmill mix audit runs/quickstart")]
pub struct Args {
    /// The mix, or the run directory
    #[arg(value_name = "MIX.toml|RUN")]
    target: String,
}

/// Prints what was counted and what is wrong.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let shards = Shards::open(&args.target)?;
    let mix = shards.mix()?;
    let (store, folder) = (&*shards.store, shards.folder.as_str());
    let phase = if mix.is_some() { CUTS_PHASE } else { TOKENS_PHASE };
    let manifest = open::manifest(store, folder, phase)?;
    let manifest = manifest.ok_or_else(|| {
        Failure::usage(format!("the run `{folder}` has shards, but no phase `{phase}`"))
            .hint("run it again with this version of the program")
    })?;
    let expected = match &mix {
        Some(mix) => Expected::Mix { mix, stores: open::stores(mix)?, cuts: &manifest },
        None => Expected::Once { tokens: &manifest },
    };
    let bar = RowsBar::new(shards.dataset.n_documents + expected.n_documents(), "documents");
    let found = audit(store, &shards.dataset, expected, &mut |n_documents| bar.add(n_documents))?;
    bar.end();
    print(&found);
    let is_sound = found.n_problems == 0;
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::from(FOUND_PROBLEMS) })
}

fn print(found: &MixAudit) {
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    for group in &found.groups {
        *totals.entry(&group.phase).or_default() += group.n_tokens;
    }
    let rows = found.groups.iter().map(|group| {
        let total = totals.get(group.phase.as_str()).copied().unwrap_or(0);
        vec![
            format!("{} {}", group.phase, plain(&group.group)),
            count(group.n_documents),
            count(group.n_tokens),
            group.planned.map_or_else(|| "–".to_owned(), count),
            percent(group.n_tokens, total),
        ]
    });
    print!("{}", table(&["phase and group", "documents", "tokens", "planned", "share"], &rows.collect::<Vec<_>>()));
    println!(
        "checked {} shards ({} bytes) with {} documents in {} pieces against {} documents of the token stores",
        count(found.n_shards as u64),
        count(found.bytes),
        count(found.n_documents),
        count(found.n_pieces),
        count(found.n_stored)
    );
    if found.n_forgotten > 0 {
        println!("{} of them were taken down: their tokens are overwritten", count(found.n_forgotten));
    }
    for problem in &found.problems {
        println!("problem: {}", plain(problem));
    }
    if found.n_problems == 0 {
        println!("sound: every document is there as often as it should be, with the ids that were tokenised");
    } else {
        println!("{} problems", count(found.n_problems));
    }
}
