//! The shards that all models of a study read: for every group its own, and those that no model is trained on.
//!
//! They are the shards of a mix with two phases for each group. A phase goes on where the one before has left a stream, and
//! no document is used twice, so the held-out documents are in no training phase. A trainer reads the training shards of
//! all groups at the shares of its mix: no shards are made for a mix alone.

use super::study::Study;
use crate::pack::{Long, Packing};
use crate::plan::{Budget, Epochs, Group, Mix, Phase, Proportions, ShardSpec, Shortfall};
use crate::shard::dataset::{Dataset, TrainingPhase};
use std::collections::BTreeMap;
use tokenmill_core::BuildError;

/// Tokens of a shard, about.
const SHARD_TOKENS: u64 = 64_000_000;

/// What the held-out phase of a group is called, before the name of the group.
const VALID: &str = "valid.";

/// The same for the training phase.
const TRAIN: &str = "train.";

impl Study {
    /// The mix of shards by group.
    pub fn pool(&self) -> Mix {
        let context = self.proxies.first().map_or(1, |proxy| proxy.context);
        let phase = |prefix: &str, group: &Group, budget: Budget| Phase {
            name: format!("{prefix}{}", group.name),
            budget,
            context,
            proportions: Proportions::Shares(BTreeMap::from([(group.name.clone(), 1.0)])),
            on_shortfall: Shortfall::Refuse,
        };
        let phases = |group: &Group| {
            let held_out = phase(VALID, group, Budget::Tokens(self.validation_tokens));
            [held_out, phase(TRAIN, group, Budget::AtMost(self.pool_tokens))]
        };
        let once = |group: &Group| Group { max_epochs: Epochs(Some(1_000_000_000)), ..group.clone() };
        Mix {
            name: self.name.clone(),
            root: self.root.clone(),
            seed: self.seed,
            sources: self.sources.iter().map(|source| source.source.clone()).collect(),
            groups: self.groups.iter().map(once).collect(),
            phases: self.groups.iter().flat_map(phases).collect(),
            shards: ShardSpec {
                packing: Packing::Concat,
                long: Long::Fragment,
                shard_tokens: SHARD_TOKENS,
                bos: self.marks.0,
                eos: self.marks.1,
            },
        }
    }
}

/// The shards of a group: to train on, and held out.
pub(super) fn of_group<'a>(dataset: &'a Dataset, group: &str) -> Result<[&'a TrainingPhase; 2], BuildError> {
    let find = |prefix: &str| {
        let name = format!("{prefix}{group}");
        let found = dataset.phases.iter().find(|phase| phase.name == name);
        found.ok_or_else(|| BuildError::new(format!("the shards have no phase `{name}`")))
    };
    Ok([find(TRAIN)?, find(VALID)?])
}
