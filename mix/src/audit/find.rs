//! The second pass, when sums differ: which documents are lost, doubled or foreign, in the first shards where that is so.

use super::pieces::documents;
use super::shard::{Pieces, use_of};
use super::stores::Stores;
use super::sums::Use;
use super::{finding, phase_name};
use crate::shard::dataset::Dataset;
use crate::take::Cuts;
use std::collections::BTreeMap;
use tokenmill_core::DocId;
use tokenmill_store::{Store, StoreError};

/// Documents that are named, at most.
const NAMED: usize = 10;

/// Shards that are looked into.
const SHARDS: usize = 2;

/// Training phase, shard, document, epoch, group, content, tokens.
type Key = (u32, u64, DocId, u32, String, u64, u64);

/// How often a document is in the shards more than it should be; below zero when it is missing.
#[derive(Default)]
struct Tally(BTreeMap<Key, i64>);

impl Tally {
    fn add(&mut self, it: &Use<'_>, shard: u64, n: i64) {
        let key = (it.training, shard, it.id, it.epoch, it.group.to_owned(), it.content, it.n_tokens);
        *self.0.entry(key).or_default() += n;
    }

    fn tell(&self, phase: impl Fn(u32) -> String) -> Vec<String> {
        let unlike = self.0.iter().filter(|(_, n)| **n != 0).take(NAMED);
        let told = unlike.map(|((training, shard, id, epoch, group, ..), n)| {
            let what = match n {
                n if *n < 0 => format!("is missing `{}` times", n.unsigned_abs()),
                n => format!("is there `{n}` times too often, or not the one that was taken"),
            };
            let phase = phase(*training);
            format!("phase `{phase}` shard {shard}: document {id} of group `{group}` (epoch {epoch}) {what}")
        });
        told.collect()
    }
}

/// Names documents of the first of the `unlike` shards, which are training phases and numbers.
pub fn find(
    run: &dyn Store,
    dataset: &Dataset,
    stores: &Stores<'_>,
    cuts: Option<&Cuts>,
    unlike: &[(u32, u64)],
) -> Result<Vec<String>, StoreError> {
    let mut tally = Tally::default();
    let unlike = &unlike[..unlike.len().min(SHARDS)];
    for (training, number) in unlike {
        let phase = dataset.phases.get(*training as usize);
        let Some(shard) = phase.and_then(|phase| phase.shards.get(*number as usize)) else { continue };
        // A table that cannot be read has been told of before.
        let Ok(Pieces { mut rows, groups, .. }) = finding(Pieces::read(run, shard))? else { continue };
        documents(&mut rows, |pieces| {
            let first = pieces.map_or_else(Some, |rows| rows.first().copied());
            if let Some(first) = first {
                tally.add(&use_of(*training, first, &groups), *number, 1);
            }
        });
    }
    stores.each(dataset, cuts, &mut |_| {}, &mut |it| {
        let n_shards = dataset.phases.get(it.training as usize).map_or(0, |phase| phase.shards.len() as u64);
        let place = (it.training, it.shard(dataset.seed, n_shards));
        if unlike.contains(&place) {
            tally.add(it, place.1, -1);
        }
    })?;
    Ok(tally.tell(|training| phase_name(dataset, training)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_documents_that_differ_are_told() {
        let it = Use { training: 0, epoch: 0, id: DocId(1), group: "a", content: 3, n_tokens: 4 };
        let (mut tally, lost, doubled) = (Tally::default(), Use { id: DocId(2), ..it }, Use { id: DocId(3), ..it });
        tally.add(&it, 5, 1);
        tally.add(&it, 5, -1);
        tally.add(&lost, 5, -1);
        tally.add(&doubled, 5, 1);
        let told = tally.tell(|training| format!("p{training}"));
        assert_eq!(told.len(), 2);
        assert!(told[0].contains(&DocId(2).to_string()) && told[0].ends_with("is missing `1` times"), "{told:?}");
        assert!(told[1].contains(&DocId(3).to_string()) && told[1].contains("too often"), "{told:?}");
    }
}
