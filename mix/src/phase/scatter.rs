//! `scatter`: every task reads some tables of token stores and leaves each use of a document where its shard will find it.

use super::cuts::{CUTS, Planned};
use super::settings::ShardSettings;
use super::sources::{Sources, TableRef, in_tasks, store_tables, tables_digest};
use super::{LAYOUT, Layout, first_part, json_of, parts_digest, sum, tokens, work_value};
use crate::order::{shard_of, training_key};
use crate::take::records::{Index, Use};
use crate::take::{Cuts, Training};
use arrow::record_batch::RecordBatch;
use serde_json::json;
use std::io::Write;
use std::sync::Arc;
use tokenmill_core::DocId;
use tokenmill_core::hash::{digest_hex, hash64};
use tokenmill_store::phase::DOCS;
use tokenmill_store::table::{Batches, Columns, TokenLists};
use tokenmill_store::{Inputs, ObjectRef, Outcome, Phase, Store, StoreError, Task, TaskContext};

/// Raised when what is scattered, or where to, can change.
const VERSION: u32 = 1;

/// What every object with uses of documents is called, before its number.
pub const USES: &str = "uses-";

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
        let (n_lists, layout) = (lists.len(), serde_json::to_string(&layout).unwrap_or_default());
        let task = |(number, tables): (usize, Vec<TableRef>)| Task {
            key: digest_hex(format!("{fingerprint}\0{before}\0{layout}\0{}", tables_digest(&tables)).as_bytes()),
            label: format!("tables {} of {n_lists}", number + 1),
            bytes: tables.iter().map(|table| table.bytes).sum(),
            work: json!({"tables": tables}),
        };
        Ok(lists.into_iter().enumerate().map(task).collect())
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let layout = self.layout(context.inputs)?;
        let cuts = self.planned(context.inputs)?.map(|planned| planned.cuts);
        let mut scattering = Scattering {
            settings: self.settings,
            context,
            cuts: cuts.as_ref(),
            first_shards: first_shards(&layout.n_shards),
            layout: &layout,
            chunk: Chunk::default(),
            chunk_bytes: self
                .chunk_bytes
                .unwrap_or_else(|| (layout.total_shards() * RANGE_BYTES).clamp(MIN_CHUNK, MAX_CHUNK)),
            outcome: Outcome::default(),
            n_in: 0,
            n_out: 0,
        };
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
                let n_documents = sum(manifest, "n_out");
                let n_tokens = sum(manifest, "n_tokens") + self.settings.around() * n_documents;
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

/// The number of the first shard of each training phase among all shards.
fn first_shards(n_shards: &[u64]) -> Vec<u64> {
    let sums = n_shards.iter().scan(0, |sum, n| {
        let first = *sum;
        *sum += n;
        Some(first)
    });
    sums.collect()
}

/// A task at work.
struct Scattering<'a> {
    settings: ShardSettings,
    context: &'a TaskContext<'a>,
    cuts: Option<&'a Cuts>,
    layout: &'a Layout,
    first_shards: Vec<u64>,
    chunk: Chunk,
    chunk_bytes: u64,
    outcome: Outcome,
    n_in: u64,
    n_out: u64,
}

/// What one object will hold: batches as they were read, and the uses of their rows.
#[derive(Default)]
struct Chunk {
    batches: Vec<RecordBatch>,
    uses: Vec<Place>,
    groups: Vec<String>,
    bytes: u64,
}

/// A use of a document in a chunk.
struct Place {
    shard: u32,
    batch: u32,
    row: u32,
    group: u32,
    epoch: u32,
    key: u64,
}

impl Scattering<'_> {
    /// Scatters a table, in a recipe without sources.
    fn table(&mut self, store: &dyn Store, table: &TableRef, mix: Option<(&Sources, &str)>) -> Result<(), StoreError> {
        let own = ["key", "id", "content", "tokens"];
        let columns = mix.map_or_else(|| [&own[..], &["lang"]].concat(), |(sources, _)| sources.columns(&own));
        for batch in Batches::open(store, &table.key, &columns)? {
            let batch = batch?;
            self.batch(&batch, mix)?;
            if self.chunk.bytes >= self.chunk_bytes {
                self.write()?;
            }
        }
        self.context.advance(table.bytes);
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch, mix: Option<(&Sources, &str)>) -> Result<(), StoreError> {
        let columns = Columns(batch);
        let (keys, ids, lists) = (columns.u64("key")?, columns.ids("id")?, columns.tokens("tokens")?);
        let groups = mix.map(|(sources, source)| sources.groups(source, batch)).transpose()?;
        let langs = columns.text("lang")?;
        let (mut name, mut scores) = (String::new(), Vec::new());
        let (before, mut bytes) = (self.chunk.uses.len(), 0);
        for (row, id) in ids.into_iter().enumerate() {
            self.n_in += 1;
            bytes += lists.bytes(row).len() as u64;
            match (self.cuts, &groups) {
                (Some(cuts), Some(groups)) => {
                    if !groups.of(row, &mut scores, &mut name) {
                        continue;
                    }
                    for interval in cuts.uses(&name, (keys[row], id)) {
                        self.place(row, id, &name, (interval.training, interval.epoch));
                    }
                }
                _ => {
                    let lang = Some(langs.value(row)).filter(|lang| !lang.is_empty());
                    self.place(row, id, lang.unwrap_or("unknown"), (0, 0));
                }
            }
        }
        if self.chunk.uses.len() > before {
            // What a use of one row keeps in memory is the whole batch.
            self.chunk.batches.push(batch.clone());
            self.chunk.bytes += bytes;
        }
        Ok(())
    }

    /// Notes a use of a document of the batch that comes next.
    fn place(&mut self, row: usize, id: DocId, group: &str, (training, epoch): (u32, u32)) {
        let key = training_key(self.settings.seed, u64::from(training), u64::from(epoch), id);
        let at = training as usize;
        let (first, n) =
            (self.first_shards.get(at).copied().unwrap_or(0), self.layout.n_shards.get(at).copied().unwrap_or(1));
        let group = self.chunk.group(group);
        let (batch, row) = (self.chunk.batches.len() as u32, row as u32);
        self.chunk.uses.push(Place { shard: (first + shard_of(key, n)) as u32, batch, row, group, epoch, key });
        self.n_out += 1;
    }

    /// Writes out the chunk.
    fn write(&mut self) -> Result<(), StoreError> {
        let Chunk { batches, mut uses, groups, .. } = std::mem::take(&mut self.chunk);
        uses.sort_by_key(|place| (place.shard, place.key, place.epoch));
        let tokens: Vec<(Vec<DocId>, &[u64], TokenLists<'_>)> = batches
            .iter()
            .map(|batch| {
                let columns = Columns(batch);
                Ok((columns.ids("id")?, columns.u64("content")?, columns.tokens("tokens")?))
            })
            .collect::<Result<_, StoreError>>()?;
        let mut spool = self.context.spool()?;
        let (mut index, mut end, mut next) = (Index::default(), 0u64, 0usize);
        let mut shard_bytes = Vec::new();
        for shard in 0..self.layout.total_shards() {
            shard_bytes.clear();
            while let Some(place) = uses.get(next).filter(|place| u64::from(place.shard) == shard) {
                let (ids, contents, lists) = &tokens[place.batch as usize];
                let row = place.row as usize;
                let it = Use {
                    key: place.key,
                    id: ids[row],
                    content: contents[row],
                    epoch: place.epoch,
                    group: &groups[place.group as usize],
                    ids: lists.bytes(row),
                };
                it.head(&mut shard_bytes)?;
                shard_bytes.extend_from_slice(it.ids);
                next += 1;
            }
            spool.write_all(&shard_bytes).map_err(StoreError::io("write", USES))?;
            end += shard_bytes.len() as u64;
            index.shard(end, hash64(0, &shard_bytes));
        }
        index.finish(&mut spool).map_err(StoreError::io("write", USES))?;
        let object: ObjectRef = self.context.keep(spool, "uses", "uses", uses.len() as u64)?;
        let name = format!("{USES}{:05}", self.outcome.objects.len());
        self.outcome.objects.insert(name, object);
        Ok(())
    }

    fn finish(mut self) -> Result<Outcome, StoreError> {
        // Always at least one object, so that a missing one is never mistaken for an empty one.
        if !self.chunk.uses.is_empty() || self.outcome.objects.is_empty() {
            self.write()?;
        }
        self.outcome.objects.insert(LAYOUT.to_owned(), self.layout.keep(self.context)?);
        self.outcome.tally = json!({"n_in": self.n_in, "n_out": self.n_out});
        Ok(self.outcome)
    }
}

impl Chunk {
    /// The number of a group among those of the chunk.
    fn group(&mut self, name: &str) -> u32 {
        let known = self.groups.iter().rposition(|known| known == name);
        known.unwrap_or_else(|| {
            self.groups.push(name.to_owned());
            self.groups.len() - 1
        }) as u32
    }
}
