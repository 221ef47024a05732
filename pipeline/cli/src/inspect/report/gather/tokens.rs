//! Tokens by language and source, from the token store, and the manifest of the shards.

use super::plan::Run;
use crate::failure::Failure;
use crate::inspect::report::data::{Dataset, Tokens, Training};
use crate::inspect::report::text::shown;
use rayon::prelude::*;
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use tokenmill_mix::shard::dataset::{self, TokenizerCard, TrainingPhase};
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Part, Store, StoreError, commit};

/// What the names of tables of the token store begin with.
const TABLE: &str = "tokens-";
/// Rows of each table.
const MOST: usize = 100;
const MOST_SHARDS: usize = 200;
const NAME_CHARS: usize = 120;

/// Documents and tokens by name.
type Sums = BTreeMap<String, (u64, u64)>;

/// Tokens and shards; `None` of a run without them.
pub fn tokens(store: &dyn Store, run: &Run) -> Result<Option<Tokens>, Failure> {
    let parts: Vec<&Part> = run.manifests.iter().flat_map(|manifest| &manifest.parts).collect();
    let stores: Vec<&str> = parts
        .iter()
        .flat_map(|part| part.objects.iter().filter(|(name, _)| name.starts_with(TABLE)))
        .map(|(_, object)| object.key.as_str())
        .collect();
    let dataset = parts.iter().find_map(|part| part.objects.get("dataset"));
    if stores.is_empty() && dataset.is_none() {
        return Ok(None);
    }
    let plus = |mut sums: [Sums; 2], others: [Sums; 2]| {
        for (mine, theirs) in sums.iter_mut().zip(others) {
            theirs.into_iter().for_each(|(name, counts)| add(mine, &name, counts));
        }
        Ok::<_, StoreError>(sums)
    };
    let sums = stores.par_iter().with_max_len(1).map(|key| sums(store, key));
    let [by_language, by_source] = sums.try_reduce(Default::default, plus)?;
    let dataset = dataset.map(|object| dataset::Dataset::read(store, &object.key)).transpose()?;
    let card = parts.iter().find_map(|part| part.objects.get("tokenizer"));
    let card = card.map(|object| commit::parse::<TokenizerCard>(&object.key, &store.read(&object.key)?)).transpose()?;
    let tokenizer = card.or_else(|| dataset.as_ref().map(|dataset| dataset.tokenizer.clone()));
    let total = |of: fn(&(u64, u64)) -> u64| by_language.values().map(of).sum();
    Ok(Some(Tokens {
        tokenizer: tokenizer.map_or(String::new(), |card| format!("{}, {} ids", card.name, card.vocab_size)),
        n_documents: total(|counts| counts.0),
        n_tokens: total(|counts| counts.1),
        by_language: most(by_language),
        by_source: most(by_source),
        dataset: dataset.map(short),
    }))
}

/// Sums of one table, by language and by source.
fn sums(store: &dyn Store, key: &str) -> Result<[Sums; 2], StoreError> {
    let mut sums: [Sums; 2] = Default::default();
    for batch in Batches::open(store, key, &["lang", "source", "n_tokens"])? {
        let batch = batch?;
        let columns = Columns(&batch);
        let names = [columns.text("lang")?, columns.text("source")?];
        for (row, n) in columns.u32("n_tokens")?.iter().enumerate() {
            for (sums, names) in sums.iter_mut().zip(names) {
                add(sums, names.value(row), (1, u64::from(*n)));
            }
        }
    }
    Ok(sums)
}

fn add(sums: &mut Sums, name: &str, (n_documents, n_tokens): (u64, u64)) {
    let sum = match sums.get_mut(name) {
        Some(sum) => sum,
        None => sums.entry(name.to_owned()).or_default(),
    };
    *sum = (sum.0 + n_documents, sum.1 + n_tokens);
}

fn most(sums: Sums) -> Vec<(String, u64, u64)> {
    let mut rows: Vec<_> = sums.into_iter().map(|(name, (documents, tokens))| (name, documents, tokens)).collect();
    rows.sort_by(|a, b| (Reverse(a.2), &a.0).cmp(&(Reverse(b.2), &b.0)));
    rows.truncate(MOST);
    rows.into_iter().map(|(name, documents, tokens)| (shown(&name, NAME_CHARS), documents, tokens)).collect()
}

fn short(dataset: dataset::Dataset) -> Dataset {
    let packing = serde_json::to_value(dataset.packing).ok();
    Dataset {
        packing: packing.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(),
        format: dataset.format,
        dtype: dataset.dtype,
        n_documents: dataset.n_documents,
        n_tokens: dataset.n_tokens,
        n_sequences: dataset.n_sequences,
        phases: dataset.phases.iter().map(training).collect(),
    }
}

fn training(phase: &TrainingPhase) -> Training {
    let groups = phase.groups.iter().map(|group| {
        let name = if group.name.is_empty() { "all documents" } else { &group.name };
        (shown(name, NAME_CHARS), group.n_documents, group.n_tokens, group.share)
    });
    let shards = phase.shards.iter().take(MOST_SHARDS).map(|shard| {
        let name = shard.prefix.rsplit('/').next().unwrap_or_default();
        (shown(name, NAME_CHARS), shard.n_documents, shard.n_sequences, shard.n_tokens, shard.bin.bytes)
    });
    Training {
        name: phase.name.clone(),
        context: phase.context,
        n_documents: phase.n_documents,
        n_tokens: phase.n_tokens,
        n_sequences: phase.n_sequences,
        n_truncated: phase.n_truncated,
        groups: groups.collect(),
        n_shards: phase.shards.len(),
        shards: shards.collect(),
    }
}
