//! `scatter`: every task reads some tables of token stores and leaves each use of a document where its shard will find it.

use super::cuts::{CUTS, Planned};
use super::scattering::Scattering;
use super::settings::ShardSettings;
use super::sources::{Sources, TableRef, in_tasks, store_tables, tables_digest, tables_label};
use super::{Layout, cost, first_part, json_of, original_sum, parts_digest, tokens, work_value};
use crate::take::Training;
use serde_json::json;
use std::sync::Arc;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::phase::DOCS;
use tokenmill_store::{Cost, Inputs, Outcome, Phase, StoreError, Task, TaskContext};

/// Raised when what is scattered, or where to, can change.
const VERSION: u32 = 1;

/// Bytes that every shard finds in one object, on average: a request for less costs more than its bytes.
const RANGE_BYTES: u64 = 256 << 10;

/// An object has this many bytes at least, if there are so many; a task holds one in memory.
const MIN_CHUNK: u64 = 256 << 20;

/// And this many at most, whatever that makes of ranges.
const MAX_CHUNK: u64 = 4 << 30;

/// The shards of a run, at most.
const MAX_SHARDS: u64 = 1 << 22;

pub struct Scatter {
    pub settings: ShardSettings,
    pub selection: Selection,
    /// Bytes of ids that an object holds, about; by the number of shards outside tests.
    pub chunk_bytes: Option<u64>,
}

/// What is taken, and how often.
pub enum Selection {
    /// Every document of the recipe once, in one training phase. Its groups are its languages.
    All {
        /// Tokens of a training sequence.
        context: u64,
    },
    /// What a mix has planned.
    Mix {
        /// The token stores.
        sources: Arc<Sources>,
    },
}

impl Phase for Scatter {
    fn name(&self) -> &str {
        "scatter"
    }

    fn spec(&self) -> String {
        let ShardSettings { bos, eos, shard_tokens, seed, .. } = self.settings;
        let context = match &self.selection {
            Selection::All { context } => Some(context),
            Selection::Mix { .. } => None,
        };
        json!({"version": VERSION, "bos": bos, "eos": eos, "shard_tokens": shard_tokens, "seed": seed, "context": context})
            .to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let manifest = inputs.get(DOCS)?;
        let layout = self.layout(inputs)?;
        let (lists, before) = match &self.selection {
            Selection::All { .. } => (in_tasks(store_tables(0, manifest)), String::new()),
            Selection::Mix { sources } => (in_tasks(sources.tables()), parts_digest(manifest)),
        };
        let layout = serde_json::to_string(&layout).unwrap_or_default();
        let task = |tables: Vec<TableRef>| Task {
            key: digest_hex(format!("{fingerprint}\0{before}\0{layout}\0{}", tables_digest(&tables)).as_bytes()),
            label: tables_label(&tables),
            bytes: tables.iter().map(|table| table.bytes).sum(),
            work: json!({"tables": tables}),
        };
        Ok(lists.into_iter().map(task).collect())
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let layout = self.layout(context.inputs)?;
        let cuts = self.planned(context.inputs)?.map(|planned| planned.cuts);
        let chunk_bytes = (layout.total_shards() * RANGE_BYTES).clamp(MIN_CHUNK, MAX_CHUNK);
        let chunk_bytes = self.chunk_bytes.unwrap_or(chunk_bytes);
        let mut scattering = Scattering::new(self.settings.seed, context, cuts.as_ref(), &layout, chunk_bytes);
        for table in work_value::<Vec<TableRef>>(task, "tables")? {
            match &self.selection {
                Selection::All { .. } => scattering.table(context.store, &table, None)?,
                Selection::Mix { sources } => {
                    let source = sources.store(&table)?;
                    scattering.table(&*source.store, &table, Some((sources, &source.name)))?;
                }
            }
        }
        scattering.finish()
    }

    fn forecast(&self) -> String {
        format!("some parts of the phase before per task, to shards of {} tokens", self.settings.shard_tokens)
    }

    fn cost(&self) -> Cost {
        cost::scatter(self.chunk_bytes.unwrap_or(MAX_CHUNK))
    }
}

impl Scatter {
    /// What the mix has planned.
    fn planned(&self, inputs: &Inputs<'_>) -> Result<Option<Planned>, StoreError> {
        match &self.selection {
            Selection::All { .. } => Ok(None),
            Selection::Mix { .. } => json_of(inputs.store()?, first_part(inputs.get(DOCS)?)?, CUTS).map(Some),
        }
    }

    /// The training phases, and how many shards each has.
    fn layout(&self, inputs: &Inputs<'_>) -> Result<Layout, StoreError> {
        let manifest = inputs.get(DOCS)?;
        let (card, trainings) = match &self.selection {
            Selection::All { context } => {
                let n_documents = original_sum(manifest, "n_out");
                let n_tokens = original_sum(manifest, "n_tokens") + self.settings.around() * n_documents;
                let training = Training { name: "main".to_owned(), context: *context, n_documents, n_tokens };
                (json_of(inputs.store()?, first_part(manifest)?, tokens::CARD)?, vec![training])
            }
            Selection::Mix { sources } => {
                let planned = self.planned(inputs)?;
                (sources.card.clone(), planned.map(|planned| planned.cuts.trainings).unwrap_or_default())
            }
        };
        let shards = |training: &Training| training.n_tokens.div_ceil(self.settings.shard_tokens).max(1);
        let layout =
            Layout { card: self.settings.card(card)?, n_shards: trainings.iter().map(shards).collect(), trainings };
        if layout.total_shards() > MAX_SHARDS {
            return Err(StoreError::Refused {
                what: format!("{} shards are too many; at most {MAX_SHARDS} are written", layout.total_shards()),
                hint: "raise `shards.shard_tokens`".to_owned(),
            });
        }
        Ok(layout)
    }
}
