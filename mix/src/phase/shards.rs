//! `shards`: every task gathers the documents of one shard, packs them, and writes its files.

use super::scattering::USES;
use super::settings::ShardSettings;
use super::{LAYOUT, Layout, cost, first_part, json_of, parts_digest, work_number};
use crate::pack::{Packed, pack};
use crate::shard::megatron::{Dtype, Writer};
use crate::shard::samples;
use crate::shard::sha256::Sha256Writer;
use crate::take::records::{Use, of_shard, uses};
use serde_json::json;
use std::collections::BTreeMap;
use tokenmill_core::hash::digest_hex;
use tokenmill_core::schema;
use tokenmill_store::phase::DOCS;
use tokenmill_store::table::{Field, Table};
use tokenmill_store::{Cost, Inputs, ObjectRef, Outcome, Part, Phase, StoreError, Task, TaskContext};

/// Raised when the shards can change.
const VERSION: u32 = 2;

pub struct Shards(pub ShardSettings);

impl Phase for Shards {
    fn name(&self) -> &str {
        "shards"
    }

    fn spec(&self) -> String {
        let ShardSettings { packing, long, .. } = self.0;
        json!({"version": VERSION, "packing": packing.name(), "long": long.name()}).to_string()
    }

    /// Their keys follow from all parts they read.
    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let manifest = inputs.get(DOCS)?;
        let layout: Layout = json_of(inputs.store()?, first_part(manifest)?, LAYOUT)?;
        let parts = parts_digest(manifest);
        let bytes: u64 = manifest.parts.iter().flat_map(objects).map(|object| object.bytes).sum();
        let n_shards = layout.total_shards();
        let mut tasks = Vec::new();
        for (training, n) in layout.n_shards.iter().enumerate() {
            for number in 0..*n {
                let shard = tasks.len() as u64;
                tasks.push(Task {
                    key: digest_hex(format!("{fingerprint}\0{parts}\0{shard}/{n_shards}").as_bytes()),
                    label: format!("{} shard {} of {n}", layout.trainings[training].name, number + 1),
                    bytes: bytes / n_shards,
                    work: json!({"shard": shard, "training": training}),
                });
            }
        }
        Ok(tasks)
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let manifest = context.inputs.get(DOCS)?;
        let layout: Layout = json_of(context.store, first_part(manifest)?, LAYOUT)?;
        let (shard, training) = (work_number(task, "shard")?, work_number(task, "training")? as usize);
        let gathered = gather(context, shard, layout.total_shards())?;
        let rows = rows(context, &gathered)?;
        let around = self.0.around();
        if u32::try_from(rows.len()).is_err() {
            return Err(StoreError::Refused {
                what: format!("`{}` has {} documents, and a shard has less than 2^32", task.label, rows.len()),
                hint: "lower `shards.shard_tokens`".to_owned(),
            });
        }
        let lengths: Vec<u64> = rows.iter().map(|row| row.ids.len() as u64 / 4 + around).collect();
        let length = layout.trainings.get(training).map_or(0, |training| training.context);
        let packed = pack(&lengths, length, self.0.packing, self.0.long);
        let outcome = write(context, &layout, &rows, &packed)?;
        context.advance(task.bytes);
        Ok(outcome)
    }

    fn forecast(&self) -> String {
        format!("one task per shard, packing `{}`", self.0.packing.name())
    }

    fn cost(&self) -> Cost {
        cost::shards(self.0.shard_tokens)
    }
}

/// The objects of one part that hold uses of documents.
fn objects(part: &Part) -> impl Iterator<Item = &ObjectRef> {
    part.objects.iter().filter(|(name, _)| name.starts_with(USES)).map(|(_, object)| object)
}

/// The bytes of a shard's uses, from every part of the phase before.
fn gather<'a>(
    context: &'a TaskContext<'_>,
    shard: u64,
    n_shards: u64,
) -> Result<Vec<(&'a ObjectRef, bytes::Bytes)>, StoreError> {
    let objects = context.inputs.get(DOCS)?.parts.iter().flat_map(objects);
    objects.map(|object| Ok((object, of_shard(context.store, object, shard, n_shards)?))).collect()
}

/// The uses of a shard, in shuffled order.
fn rows<'a>(context: &TaskContext<'_>, gathered: &'a [(&ObjectRef, bytes::Bytes)]) -> Result<Vec<Use<'a>>, StoreError> {
    let mut rows = Vec::new();
    for (object, bytes) in gathered {
        for it in uses(bytes) {
            rows.push(it.map_err(|why| StoreError::corrupt(context.store.display(&object.key), why))?);
        }
    }
    // Down to the ids, so that not even two documents of one id depend on where they came from.
    let rank = |it: &Use<'a>| (it.key, it.epoch, it.id, it.content, it.group, it.ids);
    rows.sort_by(|a, b| rank(a).cmp(&rank(b)));
    Ok(rows)
}

/// Writes the files of a shard.
fn write(context: &TaskContext<'_>, layout: &Layout, rows: &[Use<'_>], packed: &Packed) -> Result<Outcome, StoreError> {
    let (bos, eos) = (layout.card.bos, layout.card.eos);
    let failed = |what: &'static str| move |error| StoreError::io("write", what)(error);
    let mut writer = Writer::new(Sha256Writer::new(context.spool()?), Dtype::for_vocab(layout.card.vocab_size));
    let mut table = Table::new(context.spool()?, Field::of(schema::PIECES));
    let mut groups: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let (mut ids, mut in_ids) = (Vec::new(), None);
    for piece in &packed.pieces {
        let row = &rows[piece.document as usize];
        if in_ids != Some(piece.document) {
            in_ids = Some(piece.document);
            ids.clear();
            ids.extend(bos);
            ids.extend(row.ids.as_chunks::<4>().0.iter().map(|id| u32::from_le_bytes(*id)));
            ids.extend(eos);
        }
        let start = piece.start as usize;
        writer.piece(&ids[start..start + piece.len as usize]).map_err(failed("shard"))?;
        let group = groups.entry(row.group).or_default();
        group.0 += u64::from(piece.start == 0);
        group.1 += u64::from(piece.len);
        let line = table.row().id(row.id).text(row.group).u32(row.epoch).u64(piece.start).u32(piece.len);
        line.u64(ids.len() as u64).u64(row.content).end()?;
    }
    let n_tokens = writer.n_tokens();
    let mut idx = Sha256Writer::new(context.spool()?);
    let (bin, bin_sha256) = writer.finish(&mut idx).map_err(failed("shard"))?.finish();
    let (idx, idx_sha256) = idx.finish();
    let mut offsets = Sha256Writer::new(context.spool()?);
    samples::write(&mut offsets, &packed.offsets).map_err(failed("shard"))?;
    let (offsets, samples_sha256) = offsets.finish();
    // The files of a shard share a prefix, as Megatron wants it; it follows from the content of all of them.
    let content = bin.digest() + &idx.digest() + &offsets.digest();
    let prefix = format!("{}/shards/{}", context.folder, digest_hex(content.as_bytes()));
    let n_pieces = packed.pieces.len() as u64;
    let stored = |spool: tokenmill_store::Spool, extension: &str, rows: u64| {
        let object = spool.store_as(context.store, format!("{prefix}.{extension}"))?;
        Ok::<_, StoreError>(ObjectRef { rows, ..object })
    };
    let objects = [
        ("bin".to_owned(), stored(bin, "bin", n_tokens)?),
        ("idx".to_owned(), stored(idx, "idx", n_pieces)?),
        ("samples".to_owned(), stored(offsets, "samples", packed.n_sequences())?),
        ("pieces".to_owned(), context.keep_table(table, "pieces")?),
        (LAYOUT.to_owned(), layout.keep(context)?),
    ];
    let n_documents = rows.len() as u64;
    let tally = json!({
        "n_in": n_documents,
        "n_out": n_documents,
        "n_pieces": n_pieces,
        "n_tokens": n_tokens,
        "n_sequences": packed.n_sequences(),
        "n_truncated": packed.n_truncated,
        "groups": groups,
        "sha256": {"bin": bin_sha256, "idx": idx_sha256, "samples": samples_sha256},
    });
    Ok(Outcome { objects: objects.into(), tally, ..Outcome::default() })
}
