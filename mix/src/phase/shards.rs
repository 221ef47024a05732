//! `shards`: every task owns a range of shuffle keys, takes it from all token tables, and writes one shard.

use super::tokens::TABLE;
use super::{Settings, parts_digest, sum, work_number};
use crate::order::shard_keys;
use crate::shard::megatron::{Dtype, Writer};
use serde_json::json;
use std::sync::Arc;
use tokenmill_core::DocId;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::phase::DOCS;
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Inputs, ObjectRef, Outcome, Part, Phase, StoreError, Task, TaskContext};

/// Raised when the shards can change.
const VERSION: u32 = 1;

pub struct Shards(pub Arc<Settings>);

impl Phase for Shards {
    fn name(&self) -> &str {
        "shards"
    }

    fn spec(&self) -> String {
        let settings = &self.0;
        json!({"version": VERSION, "bos": settings.bos, "eos": settings.eos, "shard_tokens": settings.shard_tokens})
            .to_string()
    }

    /// As many shards as the tokens of the phase before fill; their keys follow from all parts they read.
    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let manifest = inputs.get(DOCS)?;
        let around = u64::from(self.0.bos) + u64::from(self.0.eos);
        let n_tokens = sum(manifest, "n_tokens") + around * sum(manifest, "n_out");
        let n_shards = n_tokens.div_ceil(self.0.shard_tokens).max(1);
        let parts = parts_digest(manifest);
        let bytes: u64 = manifest.parts.iter().flat_map(tables).map(|table| table.bytes).sum();
        let task = |index: u64| Task {
            key: digest_hex(format!("{fingerprint}\0{parts}\0{index}/{n_shards}").as_bytes()),
            label: format!("shard {} of {n_shards}", index + 1),
            bytes: bytes / n_shards,
            work: json!({"index": index, "n_shards": n_shards}),
        };
        Ok((0..n_shards).map(task).collect())
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let mut rows = gather(context, work_number(task, "index")?, work_number(task, "n_shards")?)?;
        // Down to the ids, so that not even two documents of one id depend on how they were parted.
        rows.sort_by(|a, b| (a.key, a.id, &a.ids).cmp(&(b.key, b.id, &b.ids)));
        let card = self.0.card()?;
        let mut writer = Writer::new(context.spool()?, Dtype::for_vocab(card.vocab_size));
        let mut n_tokens = 0;
        let mut ids = Vec::new();
        for row in &rows {
            ids.clear();
            ids.extend(card.bos);
            ids.extend_from_slice(&row.ids);
            ids.extend(card.eos);
            n_tokens += ids.len();
            writer.document(&ids).map_err(StoreError::io("write", &task.label))?;
        }
        let mut index = context.spool()?;
        let bin = writer.finish(&mut index).map_err(StoreError::io("write", &task.label))?;
        // Both files of a shard share a prefix, as Megatron wants it; it follows from the content of both.
        let prefix = format!("{}/shards/{}", context.folder, digest_hex((bin.digest() + &index.digest()).as_bytes()));
        let n_documents = rows.len() as u64;
        let mut bin = bin.store_as(context.store, format!("{prefix}.bin"))?;
        let mut idx = index.store_as(context.store, format!("{prefix}.idx"))?;
        (bin.rows, idx.rows) = (n_documents, n_documents);
        context.advance(task.bytes);
        let tally = json!({"n_in": n_documents, "n_out": n_documents, "n_tokens": n_tokens});
        Ok(Outcome { objects: [("bin".to_owned(), bin), ("idx".to_owned(), idx)].into(), tally, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        format!("one task per {} tokens, shuffled by hash", self.0.shard_tokens)
    }
}

struct Row {
    key: u64,
    id: DocId,
    ids: Vec<u32>,
}

/// The tables of token ids of one part.
fn tables(part: &Part) -> impl Iterator<Item = &ObjectRef> {
    part.objects.iter().filter(|(name, _)| name.starts_with(TABLE)).map(|(_, object)| object)
}

/// The documents of one range of keys, from every part of the phase before.
fn gather(context: &TaskContext<'_>, index: u64, n_shards: u64) -> Result<Vec<Row>, StoreError> {
    let keys = shard_keys(index, n_shards);
    let mut rows = Vec::new();
    for table in context.inputs.get(DOCS)?.parts.iter().flat_map(tables) {
        for batch in Batches::open_range(context.store, &table.key, &["key", "id", "tokens"], "key", &keys)? {
            let batch = batch?;
            let columns = Columns(&batch);
            let lists = columns.tokens("tokens")?;
            for ((at, key), id) in columns.u64("key")?.iter().enumerate().zip(columns.ids("id")?) {
                if keys.contains(key) {
                    rows.push(Row { key: *key, id, ids: lists.get(at).to_vec() });
                }
            }
        }
    }
    Ok(rows)
}
