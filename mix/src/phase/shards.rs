//! `shards`: every task owns a range of shuffle keys, takes it from all token tables, and writes one shard.

use super::tokens::TABLE;
use super::{Settings, parts_digest, sum, work_number};
use crate::order::shard_keys;
use crate::pack::{Long, Packing, pack};
use crate::shard::megatron::{Dtype, Writer};
use crate::shard::samples;
use crate::shard::sha256::Sha256Writer;
use serde_json::json;
use std::sync::Arc;
use tokenmill_core::DocId;
use tokenmill_core::hash::digest_hex;
use tokenmill_core::schema::Type;
use tokenmill_store::phase::DOCS;
use tokenmill_store::table::{Batches, Columns, Field, Table};
use tokenmill_store::{Inputs, ObjectRef, Outcome, Part, Phase, StoreError, Task, TaskContext};

/// Raised when the shards can change.
const VERSION: u32 = 2;

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
        let write = || StoreError::io("write", &task.label);
        let around = (card.bos.as_slice(), card.eos.as_slice());
        let around_len = (around.0.len() + around.1.len()) as u64;
        let lengths: Vec<u64> = rows.iter().map(|row| row.ids.len() as u64 + around_len).collect();
        let packed = pack(&lengths, 0, Packing::None, Long::Fragment);
        let mut writer = Writer::new(Sha256Writer::new(context.spool()?), Dtype::for_vocab(card.vocab_size));
        let field = |name: &str, kind| Field { name: name.to_owned(), kind, nullable: false };
        let fields = [("id", Type::Id), ("start", Type::U64), ("length", Type::U32)];
        let mut pieces = Table::new(context.spool()?, fields.map(|(name, kind)| field(name, kind)).to_vec());
        for row in &rows {
            writer.piece_of(&[around.0, &row.ids, around.1]).map_err(write())?;
        }
        for piece in &packed.pieces {
            pieces.row().id(rows[piece.document as usize].id).u64(piece.start).u32(piece.len).end()?;
        }
        let (n_tokens, n_documents) = (writer.n_tokens(), rows.len() as u64);
        let mut index = Sha256Writer::new(context.spool()?);
        let (bin, bin_sha256) = writer.finish(&mut index).map_err(write())?.finish();
        let (idx, idx_sha256) = index.finish();
        let mut offsets = Sha256Writer::new(context.spool()?);
        samples::write(&mut offsets, &packed.offsets).map_err(write())?;
        let (samples, samples_sha256) = offsets.finish();
        // All files of a shard share a prefix, as Megatron wants it; it follows from the content of all.
        let digests = bin.digest() + &idx.digest() + &samples.digest();
        let prefix = format!("{}/shards/{}", context.folder, digest_hex(digests.as_bytes()));
        let mut bin = bin.store_as(context.store, format!("{prefix}.bin"))?;
        let mut idx = idx.store_as(context.store, format!("{prefix}.idx"))?;
        let mut samples = samples.store_as(context.store, format!("{prefix}.samples"))?;
        let pieces = context.keep_table(pieces, "pieces")?;
        (bin.rows, idx.rows, samples.rows) = (n_documents, n_documents, packed.n_sequences());
        context.advance(task.bytes);
        let tally = json!({
            "n_in": n_documents,
            "n_out": n_documents,
            "n_tokens": n_tokens,
            "n_pieces": pieces.rows,
            "n_sequences": packed.n_sequences(),
            "sha256": {"bin": bin_sha256, "idx": idx_sha256, "samples": samples_sha256},
        });
        let objects = [("bin", bin), ("idx", idx), ("samples", samples), ("pieces", pieces)];
        let objects = objects.into_iter().map(|(name, object)| (name.to_owned(), object)).collect();
        Ok(Outcome { objects, tally, ..Outcome::default() })
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
