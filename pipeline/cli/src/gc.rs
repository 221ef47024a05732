//! `tokenmill gc`: removes what killed attempts have left in a run directory.

use crate::failure::Failure;
use crate::house::open_run;
use crate::output::{count, table};
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};
use tokenmill_engine::gc::{self, Garbage, Why};
use tokenmill_engine::plan::human_bytes;
use tokenmill_store::Keeper;
use tokenmill_store::keeper::Unfinished;
use tokenmill_store::location::open_keeper;
use tokenmill_store::scratch::{self, Leftover};

/// Delete what no commit of a run names: leftovers of killed attempts
#[derive(clap::Args)]
#[command(after_help = "\
What goes: objects in phase folders that no commit or manifest names, unfinished uploads, and old files in the scratch
folder. Nothing younger than --older-than goes, because a running task may be about to commit it.

Examples:
  tokenmill gc s3://bucket/runs/x --dry-run               what would go, and why
  tokenmill gc s3://bucket/runs/x --stale --older-than 7d   also phases of older recipes")]
pub struct Args {
    /// The run directory
    run: String,
    /// Only say what would be deleted
    #[arg(long)]
    dry_run: bool,
    /// Spare what was written in this time: `90s`, `30m`, `24h`, `7d`
    #[arg(long, value_name = "AGE", default_value = "24h", value_parser = parse_age)]
    older_than: Duration,
    /// Also whole phases that plan.json does not name any more; not while a run is being started there
    #[arg(long)]
    stale: bool,
}

/// Finds, shows, and deletes.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    open_run(&args.run)?;
    let store = open_keeper(&args.run)?;
    let cutoff = SystemTime::now().checked_sub(args.older_than).unwrap_or(SystemTime::UNIX_EPOCH);
    let found = gc::find(&*store, cutoff, args.stale)?;
    let uploads: Vec<Unfinished> = store.unfinished()?.into_iter().filter(|upload| upload.begun < cutoff).collect();
    let files = scratch::leftovers(store.scratch())?;
    let files: Vec<Leftover> = files.into_iter().filter(|file| file.modified < cutoff).collect();
    print!("{}", table(&["what", "bytes", "why"], &rows(&found.garbage, &uploads, &files)));
    let n = found.garbage.len() + uploads.len() + files.len();
    let bytes: u64 =
        found.garbage.iter().map(|garbage| garbage.object.bytes).chain(files.iter().map(|f| f.bytes)).sum();
    let what = format!("{} leftovers, {}", count(n as u64), human_bytes(bytes));
    if args.dry_run {
        println!("{what}; nothing was deleted");
    } else {
        let n_spared = delete(&*store, &found.garbage, &uploads, &files)?;
        println!("{what} deleted, {} written again in the meantime and spared", count(n_spared));
    }
    if found.n_young > 0 {
        println!("{} objects are too young to be judged; see --older-than", count(found.n_young as u64));
    }
    if found.stale.0 > 0 && !args.stale {
        let (n, bytes) = (count(found.stale.0 as u64), human_bytes(found.stale.1));
        println!("{n} objects ({bytes}) are of phases that plan.json does not name any more; see --stale");
    }
    Ok(ExitCode::SUCCESS)
}

/// One line for each thing that goes.
fn rows(garbage: &[Garbage], uploads: &[Unfinished], files: &[Leftover]) -> Vec<Vec<String>> {
    let objects = garbage.iter().map(|garbage| {
        let why = match garbage.why {
            Why::Orphan => "no commit names it",
            Why::Stale => "plan.json does not name its phase",
        };
        vec![garbage.object.key.clone(), garbage.object.bytes.to_string(), why.to_owned()]
    });
    let uploads = uploads.iter().map(|upload| vec![upload.key.clone(), String::new(), "unfinished upload".to_owned()]);
    let files = files.iter().map(|file| {
        vec![file.path.display().to_string(), file.bytes.to_string(), "old file in the scratch folder".to_owned()]
    });
    objects.chain(uploads).chain(files).collect()
}

/// Deletes everything; says how many objects were spared after all.
fn delete(store: &dyn Keeper, garbage: &[Garbage], uploads: &[Unfinished], files: &[Leftover]) -> Result<u64, Failure> {
    let mut n_spared = 0;
    for garbage in garbage {
        n_spared += u64::from(!gc::delete(store, &garbage.object)?);
    }
    uploads.iter().try_for_each(|upload| store.abort(upload))?;
    files.iter().try_for_each(scratch::remove)?;
    let stale = garbage.iter().filter(|garbage| garbage.why == Why::Stale);
    let folders: BTreeSet<&str> = stale.filter_map(|garbage| garbage.object.key.split('/').next()).collect();
    folders.into_iter().try_for_each(|folder| store.sweep(folder))?;
    Ok(n_spared)
}

/// `90s`, `30m`, `24h`, `7d`.
fn parse_age(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no age such as `90s`, `30m`, `24h` or `7d`");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(number.saturating_mul(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_units() {
        assert_eq!(parse_age("24h"), Ok(Duration::from_secs(86_400)));
        assert_eq!(parse_age("0s"), Ok(Duration::ZERO));
        for wrong in ["", "5", "h", "-1d", "1w", "1é"] {
            assert!(parse_age(wrong).is_err(), "{wrong}");
        }
    }
}
