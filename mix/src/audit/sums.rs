//! Commutative sums of uses of documents: two sides with equal sums have the same documents, in whatever order they came.

use crate::order::{shard_of, training_key};
use crate::shard::dataset::Dataset;
use std::collections::BTreeMap;
use tokenmill_core::DocId;
use tokenmill_core::hash::hash128;

/// One use of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use<'a> {
    /// Number of the training phase.
    pub training: u32,
    /// How often the document was used up before.
    pub epoch: u32,
    /// The document.
    pub id: DocId,
    /// Group of the mix.
    pub group: &'a str,
    /// xxh3-64 of its ids, without begin and end tokens.
    pub content: u64,
    /// Its tokens, with begin and end tokens.
    pub n_tokens: u64,
}

impl Use<'_> {
    fn hash(&self) -> u128 {
        let mut bytes = Vec::with_capacity(40 + self.group.len());
        bytes.extend_from_slice(&self.training.to_le_bytes());
        bytes.extend_from_slice(&self.epoch.to_le_bytes());
        bytes.extend_from_slice(&self.id.to_bytes());
        bytes.extend_from_slice(&self.content.to_le_bytes());
        bytes.extend_from_slice(&self.n_tokens.to_le_bytes());
        bytes.extend_from_slice(self.group.as_bytes());
        hash128(&bytes)
    }

    /// The shard that it belongs into, of those of its training phase.
    pub fn shard(&self, seed: u64, n_shards: u64) -> u64 {
        shard_of(training_key(seed, u64::from(self.training), u64::from(self.epoch), self.id), n_shards)
    }
}

/// Some uses, summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Uses.
    pub n_documents: u64,
    /// Their tokens, with those of truncated documents that are in no shard.
    pub n_tokens: u64,
    /// Sum of their hashes.
    hash: u128,
}

impl Sum {
    fn add(&mut self, it: &Use<'_>) {
        self.n_documents += 1;
        self.n_tokens += it.n_tokens;
        self.hash = self.hash.wrapping_add(it.hash());
    }
}

/// All uses of one side, by training phase and group, and by training phase and shard.
pub struct Sums {
    seed: u64,
    groups: BTreeMap<(u32, String), Sum>,
    shards: Vec<Vec<u128>>,
}

impl Sums {
    /// Nothing yet, for the shards of a dataset.
    pub fn new(dataset: &Dataset) -> Sums {
        let shards = dataset.phases.iter().map(|phase| vec![0; phase.shards.len()]).collect();
        Sums { seed: dataset.seed, groups: BTreeMap::new(), shards }
    }

    /// Adds a use that was found in a shard.
    pub fn add_in(&mut self, it: &Use<'_>, shard: u64) {
        self.groups.entry((it.training, it.group.to_owned())).or_default().add(it);
        let shards = self.shards.get_mut(it.training as usize);
        if let Some(sum) = shards.and_then(|shards| shards.get_mut(shard as usize)) {
            *sum = sum.wrapping_add(it.hash());
        }
    }

    /// Adds a use that must be in the shard that it belongs into.
    pub fn add(&mut self, it: &Use<'_>) {
        let n_shards = self.shards.get(it.training as usize).map_or(0, Vec::len);
        self.add_in(it, it.shard(self.seed, n_shards as u64));
    }

    /// What there is of a group in a training phase.
    pub fn of(&self, training: u32, group: &str) -> Sum {
        self.groups.get(&(training, group.to_owned())).copied().unwrap_or_default()
    }

    /// All groups of all training phases.
    pub fn groups(&self) -> impl Iterator<Item = (u32, &str, Sum)> {
        self.groups.iter().map(|((training, group), sum)| (*training, group.as_str(), *sum))
    }

    /// What is wrong with these uses, which are those in the shards, if `expected` are those that must be there.
    pub fn differences(&self, expected: &Sums, phase: impl Fn(u32) -> String) -> Vec<String> {
        let mut keys: Vec<&(u32, String)> = self.groups.keys().chain(expected.groups.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut problems = Vec::new();
        for (training, group) in keys {
            let (found, wanted) = (self.of(*training, group), expected.of(*training, group));
            if found == wanted {
                continue;
            }
            let what = if (found.n_documents, found.n_tokens) == (wanted.n_documents, wanted.n_tokens) {
                format!(
                    "`{}` documents are in the shards, as many as were taken, but not the same ones",
                    found.n_documents
                )
            } else {
                format!(
                    "`{}` documents with `{}` tokens are in the shards, `{}` with `{}` were taken",
                    found.n_documents, found.n_tokens, wanted.n_documents, wanted.n_tokens
                )
            };
            problems.push(format!("phase `{}`, group `{group}`: {what}", phase(*training)));
        }
        problems
    }

    /// The shards, as training phase and number, with other uses than expected.
    pub fn unlike<'a>(&'a self, expected: &'a Sums) -> impl Iterator<Item = (u32, u64)> + 'a {
        self.shards.iter().zip(&expected.shards).enumerate().flat_map(|(training, (found, wanted))| {
            let unlike = move |(number, (found, wanted)): (usize, (&u128, &u128))| {
                (found != wanted).then_some((training as u32, number as u64))
            };
            found.iter().zip(wanted).enumerate().filter_map(unlike)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums() -> Sums {
        Sums { seed: 3, groups: BTreeMap::new(), shards: vec![vec![0; 4], vec![0; 1]] }
    }

    fn some(n: u64) -> Use<'static> {
        let group = if n.is_multiple_of(3) { "a" } else { "b/c" };
        Use { training: (n % 2) as u32, epoch: 0, id: DocId(u128::from(n)), group, content: n ^ 5, n_tokens: 10 + n }
    }

    #[test]
    fn the_order_does_not_matter_and_everything_else_does() {
        let (mut found, mut expected) = (sums(), sums());
        (0..100).for_each(|n| found.add(&some(n)));
        (0..100).rev().for_each(|n| expected.add(&some(n)));
        assert!(found.differences(&expected, |n| n.to_string()).is_empty());
        assert_eq!(found.unlike(&expected).count(), 0);
        assert_eq!(found.groups().map(|(_, _, sum)| sum.n_documents).sum::<u64>(), 100);

        let it = some(7);
        let others = [
            Use { epoch: 1, ..it },
            Use { id: DocId(8), ..it },
            Use { content: 0, ..it },
            Use { group: "b/d", ..it },
            Use { training: 0, ..it },
            Use { n_tokens: 18, ..it },
        ];
        for other in others {
            let mut found = sums();
            (0..100).filter(|n| *n != 7).for_each(|n| found.add(&some(n)));
            found.add(&other);
            assert!(!found.differences(&expected, |n| n.to_string()).is_empty(), "{other:?}");
            assert!(found.unlike(&expected).count() > 0, "{other:?}");
        }
    }

    #[test]
    fn a_lost_and_a_doubled_document_are_told_by_group_and_shard() {
        let (mut found, mut expected) = (sums(), sums());
        (0..10).for_each(|n| expected.add(&some(n)));
        (1..10).for_each(|n| found.add(&some(n)));
        let problems = found.differences(&expected, |n| format!("p{n}"));
        assert_eq!(
            problems,
            ["phase `p0`, group `a`: `1` documents with `16` tokens are in the shards, `2` with `26` were taken"]
        );
        assert_eq!(found.unlike(&expected).collect::<Vec<_>>(), [(0, some(0).shard(3, 4))]);
        found.add(&some(1));
        let problems = found.differences(&expected, |n| format!("p{n}"));
        assert!(problems[1].starts_with("phase `p1`, group `b/c`: `4` documents"), "{problems:?}");
    }
}
