//! Puts the uses of documents into objects, each sorted by shard, without copying their ids more than once.

use super::sources::{Sources, TableRef};
use super::{LAYOUT, Layout};
use crate::order::{shard_of, training_key};
use crate::take::Cuts;
use crate::take::records::{Index, Use};
use arrow::record_batch::RecordBatch;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use tokenmill_core::DocId;
use tokenmill_core::hash::hash64;
use tokenmill_store::table::{Batches, Columns, TokenLists};
use tokenmill_store::{ObjectRef, Outcome, Store, StoreError, TaskContext};

/// What every object with uses of documents is called, before its number.
pub const USES: &str = "uses-";

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
pub struct Scattering<'a> {
    seed: u64,
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
    /// Where each stands in `groups`.
    numbers: BTreeMap<String, u32>,
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

impl<'a> Scattering<'a> {
    pub fn new(
        seed: u64,
        context: &'a TaskContext<'a>,
        cuts: Option<&'a Cuts>,
        layout: &'a Layout,
        chunk_bytes: u64,
    ) -> Scattering<'a> {
        let first_shards = first_shards(&layout.n_shards);
        let (chunk, outcome) = (Chunk::default(), Outcome::default());
        Scattering { seed, context, cuts, layout, first_shards, chunk, chunk_bytes, outcome, n_in: 0, n_out: 0 }
    }

    /// Scatters a table; in a mix, of that source.
    pub fn table(
        &mut self,
        store: &dyn Store,
        table: &TableRef,
        mix: Option<(&Sources, &str)>,
    ) -> Result<(), StoreError> {
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
        let key = training_key(self.seed, u64::from(training), u64::from(epoch), id);
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

    /// Writes the rest out.
    pub fn finish(mut self) -> Result<Outcome, StoreError> {
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
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.groups.len() as u32;
        self.groups.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }
}
