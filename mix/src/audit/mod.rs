//! Counts the shards of a run again, and compares them with the token stores they were made of and with the plan.
//!
//! Three independent sources must agree: what lies in the shards, what the token stores hold, and what was planned. Sums of
//! hashes, which do not depend on an order, find any document that is lost, doubled or foreign; then a second pass names it.
//! In memory is one shard at a time, and 16 bytes for every shard.

mod find;
mod pieces;
mod planned;
mod shard;
mod stores;
mod sums;

use crate::phase::TokenStore;
use crate::phase::cuts::{CUTS, Planned};
use crate::phase::sources::Sources;
use crate::phase::{first_part, json_of};
use crate::plan::Mix;
use crate::shard::dataset::Dataset;
use stores::Stores;
use tokenmill_store::{Manifest, Store, StoreError};

/// Problems that are told in words; all are counted.
const MAX_PROBLEMS: usize = 100;

/// What the shards must hold.
pub enum Expected<'a> {
    /// Every document of the run's own token store, once.
    Once {
        /// What the phase `tokens` of the run has committed.
        tokens: &'a Manifest,
    },
    /// What a mix takes of the token stores of other runs.
    Mix {
        /// The mix as it was run.
        mix: &'a Mix,
        /// Its token stores, in the order of its sources.
        stores: Vec<TokenStore>,
        /// What the phase `cuts` of the run has committed.
        cuts: &'a Manifest,
    },
}

impl Expected<'_> {
    /// Documents in the token stores.
    pub fn n_documents(&self) -> u64 {
        let manifests: Vec<&Manifest> = match self {
            Expected::Once { tokens } => vec![*tokens],
            Expected::Mix { stores, .. } => stores.iter().map(|source| &source.manifest).collect(),
        };
        let tables = manifests.into_iter().flat_map(|manifest| &manifest.parts).flat_map(crate::phase::tables);
        tables.map(|table| table.rows).sum()
    }
}

/// What an audit found.
#[derive(Debug, Default)]
pub struct MixAudit {
    /// Shards read.
    pub n_shards: usize,
    /// Uses of documents in them.
    pub n_documents: u64,
    /// Documents and fragments in them.
    pub n_pieces: u64,
    /// Bytes whose digests were recomputed.
    pub bytes: u64,
    /// Documents of the token stores.
    pub n_stored: u64,
    /// Uses of documents that were taken down; their ids are overwritten.
    pub n_forgotten: u64,
    /// What every training phase has of every group.
    pub groups: Vec<GroupAudit>,
    /// How many things are wrong.
    pub n_problems: u64,
    /// The first of them; empty for sound shards.
    pub problems: Vec<String>,
}

/// What a training phase has of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupAudit {
    /// Name of the training phase.
    pub phase: String,
    /// Name of the group.
    pub group: String,
    /// Documents in the shards.
    pub n_documents: u64,
    /// Their tokens, with those of truncated documents that are not in the shards.
    pub n_tokens: u64,
    /// Tokens that were planned; of a mix only.
    pub planned: Option<u64>,
}

/// What is wrong: the first problems in words, and their number.
#[derive(Default)]
pub(crate) struct Problems {
    n: u64,
    first: Vec<String>,
}

impl Problems {
    fn add(&mut self, problem: String) {
        self.n += 1;
        if self.first.len() < MAX_PROBLEMS {
            self.first.push(problem);
        }
    }

    fn count(&self) -> u64 {
        self.n
    }
}

/// Audits the shards of `dataset`, whose keys lead into `run`. `progress` is told how many documents more have been looked
/// at, of those in the shards ([`Dataset::n_documents`]) and of those in the token stores ([`Expected::n_documents`]).
///
/// # Errors
/// When a store fails, a token store is missing or damaged, or the manifest contradicts itself; what is wrong with shards is
/// a finding, not an error.
pub fn audit(
    run: &dyn Store,
    dataset: &Dataset,
    expected: Expected<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<MixAudit, StoreError> {
    dataset.check().map_err(|why| StoreError::corrupt("the manifest of the shards", why))?;
    let mut problems = Problems::default();
    let found = shard::check(run, dataset, &mut problems, progress)?;
    let planned: Option<Planned> = match &expected {
        Expected::Once { .. } => None,
        Expected::Mix { cuts, .. } => Some(json_of(run, first_part(cuts)?, CUTS)?),
    };
    let stores = match expected {
        Expected::Once { tokens } => Stores::Once { run, tokens },
        Expected::Mix { mix, stores, .. } => Stores::Mix { sources: Box::new(Sources::new(mix, stores)?) },
    };
    let others = stores.unlike(dataset);
    let (mut n_stored, mut longest) = (0, planned::Longest::new());
    if others.is_empty() {
        let cuts = planned.as_ref().map(|planned| &planned.cuts);
        let mut taken = stores.sums(dataset, cuts, &mut longest, progress)?;
        n_stored = taken.n_stored;
        // What was taken down is still there, blank, and the token stores do not have it any more.
        for it in found.forgotten.iter().map(shard::Forgotten::it) {
            planned::note(&mut longest, it.group, it.n_tokens);
            taken.sums.add(&it);
        }
        let name = |training: u32| phase_name(dataset, training);
        let differences = found.sums.differences(&taken.sums, name);
        // What lies in a damaged shard is not known, and its table must not be trusted.
        let unlike = found.sums.unlike(&taken.sums).filter(|shard| !found.damaged.contains(shard));
        let unlike: Vec<(u32, u64)> = unlike.collect();
        let named = if unlike.is_empty() { Vec::new() } else { find::find(run, dataset, &stores, cuts, &unlike)? };
        differences.into_iter().chain(named).for_each(|problem| problems.add(problem));
    }
    others.into_iter().for_each(|problem| problems.add(problem));
    if let (Some(planned), Stores::Mix { sources }) = (&planned, &stores) {
        planned::check(&sources.mix, planned, dataset, &found.sums, &longest)
            .into_iter()
            .for_each(|problem| problems.add(problem));
    }
    let tokens = planned.as_ref().map(planned::tokens);
    let group = |(training, group, sum): (u32, &str, sums::Sum)| GroupAudit {
        phase: phase_name(dataset, training),
        group: group.to_owned(),
        n_documents: sum.n_documents,
        n_tokens: sum.n_tokens,
        planned: tokens.as_ref().map(|tokens| tokens.get(&(training, group)).copied().unwrap_or(0)),
    };
    let groups: Vec<GroupAudit> = found.sums.groups().map(group).collect();
    Ok(MixAudit {
        n_shards: dataset.n_shards(),
        n_documents: groups.iter().map(|group| group.n_documents).sum(),
        n_pieces: found.n_pieces,
        bytes: found.bytes,
        n_stored,
        n_forgotten: found.forgotten.len() as u64,
        groups,
        n_problems: problems.n,
        problems: problems.first,
    })
}

fn phase_name(dataset: &Dataset, training: u32) -> String {
    dataset.phases.get(training as usize).map_or_else(|| format!("number {training}"), |phase| phase.name.clone())
}

/// What is missing or damaged is a finding; a store that fails is an error.
fn finding<T>(result: Result<T, StoreError>) -> Result<Result<T, String>, StoreError> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error @ (StoreError::Missing(_) | StoreError::Corrupt { .. })) => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}
