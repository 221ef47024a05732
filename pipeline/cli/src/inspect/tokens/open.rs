//! Finds the shard that somebody means: a file, a number in a run, or a file of an exported set.

use crate::failure::Failure;
use crate::mix::open::{Shards, dataset};
use tokenmill_mix::shard::dataset::{Dataset, Shard};
use tokenmill_store::location::open_standing;
use tokenmill_store::{Store, StoreError};

/// Folders above a shard in which its run may be: `<run>/<phase>/shards/<shard>.bin`.
const LEVELS: usize = 3;

/// What tells a run directory.
const PLAN: &str = "plan.json";

/// The manifest of an exported set.
const EXPORTED: &str = "dataset.json";

/// A shard with all that is needed to read it.
pub struct Opened {
    /// Where its files are.
    pub store: Box<dyn Store>,
    /// The set that it belongs to.
    pub dataset: Dataset,
    /// Phase of training, by number.
    pub training: usize,
    /// Number in that phase.
    pub number: usize,
}

impl Opened {
    /// The shard.
    pub fn shard(&self) -> &Shard {
        &self.dataset.phases[self.training].shards[self.number]
    }
}

/// Opens a shard: `target` is a `.bin`, or a run or mix with the number of a shard, counted over all phases of training.
pub fn open(target: &str, number: Option<usize>) -> Result<Opened, Failure> {
    match target.strip_suffix(".bin") {
        Some(_) if number.is_some() => Err(Failure::usage("a shard file needs no number")),
        Some(prefix) => file(target, prefix),
        None => {
            let Shards { store, dataset, .. } = Shards::open(target)?;
            let all = dataset.phases.iter().enumerate();
            let mut all =
                all.flat_map(|(training, phase)| (0..phase.shards.len()).map(move |number| (training, number)));
            let wanted = number.unwrap_or(0);
            let Some((training, number)) = all.nth(wanted) else {
                let n = dataset.n_shards();
                let why = format!("`{target}` has {n} shards, and number {wanted} was asked for");
                return Err(Failure::usage(why).hint("shards are counted from 0 over all phases of training"));
            };
            Ok(Opened { store, dataset, training, number })
        }
    }
}

/// Opens a shard by its file, whose run or exported set is above it.
fn file(target: &str, prefix: &str) -> Result<Opened, Failure> {
    let is_missing = |result: Result<Box<dyn Store>, StoreError>| match result {
        Ok(store) => Ok(Some(store)),
        Err(StoreError::Missing(_)) => Ok(None),
        Err(error) => Err(Failure::from(error)),
    };
    let mut folder = prefix;
    for _ in 0..LEVELS {
        let key = match folder.rsplit_once('/') {
            Some((above, _)) => {
                folder = above;
                prefix.get(above.len() + 1..).unwrap_or_default()
            }
            None if folder == "." => break,
            None => {
                folder = ".";
                prefix
            }
        };
        let found = match is_missing(open_standing(folder, EXPORTED))? {
            Some(store) => Some((Dataset::read(&*store, EXPORTED)?, store)),
            None => match is_missing(open_standing(folder, PLAN))? {
                Some(store) => Some((dataset(&*store, folder)?, store)),
                None => None,
            },
        };
        let Some((dataset, store)) = found else { continue };
        let place =
            dataset.phases.iter().enumerate().find_map(|(training, phase)| {
                Some((training, phase.shards.iter().position(|shard| shard.prefix == key)?))
            });
        return match place {
            Some((training, number)) => Ok(Opened { store, dataset, training, number }),
            None => Err(Failure::usage(format!("`{target}` is no shard of `{folder}`"))
                .hint("an earlier run may have left it there: `tokenmill gc --dry-run` lists such files")),
        };
    }
    Err(Failure::usage(format!("`{target}` belongs to no run and no exported set")).hint(
        "a shard is read with the manifest beside or above it: give the file where the run has put it, or `RUN NUMBER`",
    ))
}
