//! The phases of this crate. In a recipe: `tokens` (the token store), and behind it `scatter` (to shards), `shards` (packed
//! and written) and `index` (what a trainer reads first). In a mix, `weigh` and `cuts` stand for the first.

mod cost;
pub(crate) mod cuts;
pub mod forget;
mod index;
mod scatter;
mod scattering;
mod settings;
mod shards;
pub(crate) mod sources;
#[cfg(test)]
mod tests;
mod tokens;
mod weigh;

pub use cuts::CUTS;
pub use settings::ShardSettings;
pub use sources::{MixPhase, TokenStore, mix_phases};
pub use weigh::supply;

use crate::shard::dataset::{Dataset, TokenizerCard};
use crate::take::Training;
use scatter::Selection;
use serde_json::Value;
use settings::{SHARD_PARAMS, TOKEN_PARAMS, TokenSettings};
use std::io::Write;
use std::sync::Arc;
use tokenmill_core::hash::digest_hex;
use tokenmill_core::{BuildError, Params};
use tokenmill_store::takedown::{original, original_count};
use tokenmill_store::{
    Cost, Manifest, MetricUse, ObjectRef, Part, Phase, Section, SharedAssets, Store, StoreError, Task, TaskContext,
    commit,
};

/// The name of the phase whose output is a token store.
pub const TOKENS_PHASE: &str = "tokens";

/// The name of the phase that plans a mix and cuts its streams.
pub const CUTS_PHASE: &str = "cuts";

/// The name of the phase that writes the manifest of all shards.
pub const INDEX_PHASE: &str = "index";

/// The keys of both sections that name metrics.
const METRIC_PARAMS: &[(&str, MetricUse)] = &[("scores", MetricUse::Number), ("labels", MetricUse::Label)];

/// `[tokens]`: tokenise, for mixes to come.
pub const TOKENS: Section = Section {
    name: "tokens",
    about: "tokenises the kept documents into a token store, of which mixes are made.",
    params: TOKEN_PARAMS,
    // The vocabulary may be named with the rules that apply to it, so `build` takes its digest itself.
    asset_params: &[],
    metric_params: METRIC_PARAMS,
    build: build_tokens,
};

/// `[shards]`: tokenise, shuffle, pack and write training shards.
pub const SHARDS: Section = Section {
    name: "shards",
    about: "tokenises the kept documents, shuffles them by hash, packs them and writes Megatron shards.",
    params: SHARD_PARAMS,
    asset_params: &[],
    metric_params: METRIC_PARAMS,
    build: build_shards,
};

fn build_tokens(params: &Params, seed: u64, assets: Arc<dyn SharedAssets>) -> Result<Vec<Box<dyn Phase>>, BuildError> {
    let settings = Arc::new(TokenSettings::new(params, seed, assets)?);
    Ok(vec![Box::new(tokens::Tokens { settings, table_ids: tokens::TABLE_IDS })])
}

fn build_shards(params: &Params, seed: u64, assets: Arc<dyn SharedAssets>) -> Result<Vec<Box<dyn Phase>>, BuildError> {
    let (settings, context) = ShardSettings::new(params, seed)?;
    let mut phases = build_tokens(params, seed, assets)?;
    phases.push(Box::new(scatter::Scatter { settings, selection: Selection::All { context }, chunk_bytes: None }));
    phases.push(Box::new(shards::Shards(settings)));
    phases.push(Box::new(index::Index { settings, sources: Vec::new() }));
    Ok(phases)
}

/// The sum of one count over all parts of a manifest.
fn sum(manifest: &Manifest, count: &str) -> u64 {
    manifest.parts.iter().filter_map(|part| part.tally.get(count)?.as_u64()).sum()
}

/// The sum of one count over all parts of a manifest, as it was before any take-down.
fn original_sum(manifest: &Manifest, count: &str) -> u64 {
    manifest.parts.iter().filter_map(|part| original_count(part, count)).sum()
}

/// A digest of the keys of all parts: the identity of everything a gathering phase reads.
fn parts_digest(manifest: &Manifest) -> String {
    let keys: String = manifest.parts.iter().map(|part| part.task.as_str()).collect();
    digest_hex(keys.as_bytes())
}

/// A digest of everything that a phase has written, wherever and under whatever names of tasks.
fn objects_digest(manifest: &Manifest) -> String {
    // A take-down makes no other token store of it: what was made of it stays what it is.
    let objects = manifest.parts.iter().flat_map(|part| part.objects.keys().map(move |name| original(part, name)));
    let digests: String = objects.flatten().map(|object| object.digest).collect();
    digest_hex(digests.as_bytes())
}

/// The tables of token ids of one part.
pub(crate) fn tables(part: &Part) -> impl Iterator<Item = &ObjectRef> {
    part.objects.iter().filter(|(name, _)| name.starts_with(tokens::TABLE)).map(|(_, object)| object)
}

/// Reads a JSON object of a part.
pub(crate) fn json_of<T: serde::de::DeserializeOwned>(
    store: &dyn Store,
    part: &Part,
    name: &str,
) -> Result<T, StoreError> {
    let object = part.objects.get(name);
    let object = object.ok_or_else(|| StoreError::corrupt(&part.task, format!("the part has no `{name}`")))?;
    commit::parse(&store.display(&object.key), &store.read(&object.key)?)
}

/// The first part of a phase that has gathered something.
pub(crate) fn first_part(manifest: &Manifest) -> Result<&Part, StoreError> {
    manifest.parts.first().ok_or_else(|| StoreError::Refused {
        what: format!("`{}` has no parts, so there is nothing to make shards of", manifest.phase),
        hint: "the source of the recipe has found no files".to_owned(),
    })
}

/// What every phase behind the scatter knows of the training phases: how many shards each has.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Layout {
    /// The vocabulary, with the ids that are put around documents.
    card: TokenizerCard,
    /// The training phases.
    trainings: Vec<Training>,
    /// Shards of each.
    n_shards: Vec<u64>,
}

/// The object with the [`Layout`], the same in every part of `scatter` and `shards`.
const LAYOUT: &str = "layout";

impl Layout {
    fn keep(&self, context: &TaskContext<'_>) -> Result<ObjectRef, StoreError> {
        let mut spool = context.spool()?;
        spool.write_all(&commit::to_json(self)?).map_err(StoreError::io("write", LAYOUT))?;
        context.keep(spool, LAYOUT, "json", 0)
    }

    fn total_shards(&self) -> u64 {
        self.n_shards.iter().sum()
    }
}

/// The manifest of the shards that phase `index` has written.
pub(crate) fn dataset_of(store: &dyn Store, index: &Manifest) -> Result<Dataset, StoreError> {
    let part = first_part(index)?;
    let object = part.objects.get(index::DATASET);
    let object = object.ok_or_else(|| StoreError::corrupt(&part.task, "the part has no manifest of shards"))?;
    Dataset::read(store, &object.key)
}

/// The cost of a task that reads next to nothing through the store.
pub(crate) fn one_task_cost() -> Cost {
    cost::small()
}

/// A text of a task's work.
fn work_text<'a>(task: &'a Task, name: &str) -> Result<&'a str, StoreError> {
    task.work.get(name).and_then(Value::as_str).ok_or_else(|| other_version(name))
}

/// A number of a task's work.
fn work_number(task: &Task, name: &str) -> Result<u64, StoreError> {
    task.work.get(name).and_then(Value::as_u64).ok_or_else(|| other_version(name))
}

/// Any value of a task's work.
pub(crate) fn work_value<T: serde::de::DeserializeOwned>(task: &Task, name: &str) -> Result<T, StoreError> {
    let value = task.work.get(name).ok_or_else(|| other_version(name))?;
    serde_json::from_value(value.clone()).map_err(|_| other_version(name))
}

fn other_version(name: &str) -> StoreError {
    StoreError::Usage(format!("the task list of this run has no `{name}`; it is of another version"))
}
