//! Take-downs: token stores, scattered uses and shards without some documents.
//!
//! Rows of token stores and scattered uses go. In a shard nothing may move, because trainers count tokens: the ids of a document
//! are overwritten by the fill, between its begin and end token, and its pieces stay with the hash of what is there now. So index,
//! sequences and packing stay right, and an audit finds exactly as many documents, of which it knows that they are blank.

use super::scattering::USES;
use super::{LAYOUT, Layout, json_of, tables};
use crate::phase::index::DATASET;
use crate::shard::dataset::{Dataset, Shard, TokenizerCard};
use crate::shard::megatron::Dtype;
use crate::shard::samples;
use crate::shard::sha256::Sha256Writer;
use crate::take::records::{Index, of_shard, uses};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use tokenmill_core::DocId;
use tokenmill_core::hash::{digest_hex, hash64};
use tokenmill_store::table::{Batches, Cell, Change, Columns, copy};
use tokenmill_store::takedown::{Trace, revise_commit};
use tokenmill_store::{Commit, Manifest, ObjectRef, Part, Spool, Store, StoreError, commit};

/// The id that is put into the place of others: the end token, else the begin token, else the first of the vocabulary.
pub fn fill(card: &TokenizerCard) -> u32 {
    card.eos.or(card.bos).unwrap_or(0)
}

/// The hash of the ids of a document that was overwritten, which has `n` of them without begin and end token.
pub fn blank_content(card: &TokenizerCard, n: u64) -> u64 {
    let ids = fill(card).to_le_bytes().repeat(usize::try_from(n).unwrap_or(0));
    hash64(0, &ids)
}

/// What is looked for, and where.
pub struct Looking<'a> {
    /// The store of the run.
    pub store: &'a dyn Store,
    /// Folder of the phase.
    pub folder: &'a str,
    /// The documents.
    pub ids: &'a BTreeSet<DocId>,
    /// Bytes of text of those that the steps of the run have kept.
    pub bytes: &'a BTreeMap<DocId, u64>,
    /// Whether the run has a token store of its own, so that its scatter takes in what that gives out.
    pub has_tokens: bool,
    /// Whether objects are written, or only looked for.
    pub writes: bool,
}

impl Looking<'_> {
    /// Looks through a part of a phase of this crate. Notes every place in `traces`; gives back the commit that is to stand
    /// instead, `None` when nothing is to be changed.
    ///
    /// # Errors
    /// When an object is missing or damaged, or the store fails.
    pub fn revise(&self, phase: &str, part: &Part, traces: &mut Vec<Trace>) -> Result<Option<Commit>, StoreError> {
        match phase {
            super::TOKENS_PHASE => self.tokens(part, traces),
            "scatter" => self.scattered(part, traces),
            "shards" => self.shard(part, traces),
            _ => Ok(None),
        }
    }

    fn trace(&self, part: &Part, table: &str, object: &ObjectRef, id: DocId, place: String) -> Trace {
        Trace {
            phase: self.folder.to_owned(),
            part: part.label.clone(),
            table: table.to_owned(),
            object: object.key.clone(),
            id,
            place,
            stays: false,
        }
    }

    fn keep(&self, spool: Spool, table: &str, extension: &str, rows: u64) -> Result<ObjectRef, StoreError> {
        let object = spool.store(self.store, &format!("{}/{table}", self.folder), extension)?;
        Ok(ObjectRef { rows, ..object })
    }

    /// The rows of a token store go.
    fn tokens(&self, part: &Part, traces: &mut Vec<Trace>) -> Result<Option<Commit>, StoreError> {
        let mut objects = part.objects.clone();
        let (mut n_gone, mut n_tokens, mut n_bytes) = (0u64, 0u64, 0u64);
        let named: Vec<(&String, &ObjectRef)> =
            part.objects.iter().filter(|(_, object)| tables(part).any(|table| table == *object)).collect();
        for (name, object) in named {
            let (mut gone, mut first) = (BTreeSet::new(), 0u64);
            for batch in Batches::open(self.store, &object.key, &["id", "n_tokens"])? {
                let batch = batch?;
                let lengths = Columns(&batch).u32("n_tokens")?;
                for (at, id) in
                    Columns(&batch).ids("id")?.into_iter().enumerate().filter(|(_, id)| self.ids.contains(id))
                {
                    gone.insert(first + at as u64);
                    n_tokens += u64::from(lengths[at]);
                    n_bytes += self.bytes.get(&id).copied().unwrap_or(0);
                    traces.push(self.trace(part, name, object, id, format!("row {}", first + at as u64)));
                }
                first += batch.num_rows() as u64;
            }
            n_gone += gone.len() as u64;
            if self.writes && !gone.is_empty() {
                let mut row = 0u64;
                let (spool, rows) = copy(self.store, &object.key, Spool::create(self.store)?, |_, _| {
                    row += 1;
                    Ok(if gone.contains(&(row - 1)) { Change::Drop } else { Change::Keep })
                })?;
                objects.insert(name.clone(), self.keep(spool, "tokens", "parquet", rows)?);
            }
        }
        let mut tally = part.tally.clone();
        for (name, less) in [("n_in", n_gone), ("n_out", n_gone), ("n_tokens", n_tokens), ("n_bytes", n_bytes)] {
            subtract(&mut tally, name, less);
        }
        Ok((n_gone > 0).then(|| revise_commit(part, objects, tally)))
    }

    /// What lies ready for shards goes.
    fn scattered(&self, part: &Part, traces: &mut Vec<Trace>) -> Result<Option<Commit>, StoreError> {
        let layout: Layout = json_of(self.store, part, LAYOUT)?;
        let n_shards = layout.total_shards();
        let (mut objects, mut n_gone) = (part.objects.clone(), 0u64);
        for (name, object) in part.objects.iter().filter(|(name, _)| name.starts_with(USES)) {
            let (mut gone, mut kept) = (0u64, 0u64);
            let mut spool = Spool::create(self.store)?;
            let (mut index, mut end) = (Index::default(), 0u64);
            for shard in 0..n_shards {
                let bytes = of_shard(self.store, object, shard, n_shards)?;
                let mut left = Vec::with_capacity(if self.writes { bytes.len() } else { 0 });
                for it in uses(&bytes) {
                    let it = it.map_err(|why| StoreError::corrupt(self.store.display(&object.key), why))?;
                    if self.ids.contains(&it.id) {
                        gone += 1;
                        traces.push(self.trace(part, name, object, it.id, format!("shard {shard}")));
                        continue;
                    }
                    kept += 1;
                    if self.writes {
                        it.head(&mut left)?;
                        left.extend_from_slice(it.ids);
                    }
                }
                spool.write_all(&left).map_err(StoreError::io("write", USES))?;
                end += left.len() as u64;
                index.shard(end, hash64(0, &left));
            }
            if self.writes && gone > 0 {
                index.finish(&mut spool).map_err(StoreError::io("write", USES))?;
                objects.insert(name.clone(), self.keep(spool, "uses", "uses", kept)?);
            }
            n_gone += gone;
        }
        let mut tally = part.tally.clone();
        subtract(&mut tally, "n_out", n_gone);
        if self.has_tokens {
            subtract(&mut tally, "n_in", n_gone);
        }
        Ok((n_gone > 0).then(|| revise_commit(part, objects, tally)))
    }

    /// The ids in a shard are overwritten.
    fn shard(&self, part: &Part, traces: &mut Vec<Trace>) -> Result<Option<Commit>, StoreError> {
        let layout: Layout = json_of(self.store, part, LAYOUT)?;
        let card = &layout.card;
        let object = |name: &str| {
            let object = part.objects.get(name);
            object.ok_or_else(|| StoreError::corrupt(&part.task, format!("the shard has no `{name}`")))
        };
        let (bin, pieces) = (object("bin")?, object("pieces")?);
        let blanks = self.blanks(card, pieces)?;
        if blanks.is_empty() {
            return Ok(None);
        }
        let offsets = samples::read(&self.store.read(&object("samples")?.key)?);
        let offsets = offsets.map_err(|why| StoreError::corrupt(&part.task, why))?;
        for blank in &blanks {
            let sequence = offsets.partition_point(|offset| *offset <= blank.at).saturating_sub(1);
            let end = blank.at + blank.len;
            let place = format!("sequence {sequence}, tokens {}..{end} of the shard", blank.at);
            traces.push(self.trace(part, "bin", bin, blank.id, place));
        }
        let n_uses = blanks.iter().filter(|blank| blank.start == 0).count() as u64;
        let mut tally = part.tally.clone();
        subtract(&mut tally, "n_in", n_uses);
        let before = tally.get("n_forgotten").and_then(Value::as_u64).unwrap_or(0);
        tally["n_forgotten"] = json!(before + n_uses);
        if !self.writes {
            return Ok(Some(revise_commit(part, part.objects.clone(), tally)));
        }
        let mut content = self.store.read(&bin.key)?;
        let dtype = Dtype::for_vocab(card.vocab_size);
        for blank in &blanks {
            blank.overwrite(&mut content, dtype, card).ok_or_else(|| {
                StoreError::corrupt(self.store.display(&bin.key), "a piece lies behind the end of the shard")
            })?;
        }
        let changes: BTreeMap<u64, Change> = blanks.iter().map(|blank| (blank.row, blank.change(card))).collect();
        let mut row = 0u64;
        let (table, rows) = copy(self.store, &pieces.key, Spool::create(self.store)?, |_, _| {
            row += 1;
            Ok(changes.get(&(row - 1)).cloned().unwrap_or(Change::Keep))
        })?;
        // The files of a shard share a prefix that follows from all of them, so two are copied under another name.
        let mut spools = BTreeMap::new();
        for name in ["bin", "idx", "samples"] {
            let mut spool = Sha256Writer::new(Spool::create(self.store)?);
            let other;
            let bytes = if name == "bin" {
                &content
            } else {
                other = self.store.read(&object(name)?.key)?;
                &other
            };
            spool.write_all(bytes).map_err(StoreError::io("write", name))?;
            spools.insert(name, spool.finish());
        }
        let digests: String = ["bin", "idx", "samples"].iter().map(|name| spools[name].0.digest()).collect();
        let prefix = format!("{}/shards/{}", self.folder, digest_hex(digests.as_bytes()));
        let mut objects = part.objects.clone();
        for (name, (spool, sha256)) in spools {
            let rows = object(name)?.rows;
            let stored = spool.store_as(self.store, format!("{prefix}.{name}"))?;
            objects.insert(name.to_owned(), ObjectRef { rows, ..stored });
            tally["sha256"][name] = sha256.into();
        }
        objects.insert("pieces".to_owned(), self.keep(table, "pieces", "parquet", rows)?);
        Ok(Some(revise_commit(part, objects, tally)))
    }

    /// The pieces of the documents that still hold their ids.
    fn blanks(&self, card: &TokenizerCard, pieces: &ObjectRef) -> Result<Vec<Blank>, StoreError> {
        let (mut blanks, mut row, mut at) = (Vec::new(), 0u64, 0u64);
        let around = u64::from(card.bos.is_some()) + u64::from(card.eos.is_some());
        for batch in Batches::open(self.store, &pieces.key, &["id", "start", "n_tokens", "n_document", "content"])? {
            let batch = batch?;
            let columns = Columns(&batch);
            let (starts, lens) = (columns.u64("start")?, columns.u32("n_tokens")?);
            let (documents, contents) = (columns.u64("n_document")?, columns.u64("content")?);
            for (place, id) in columns.ids("id")?.into_iter().enumerate() {
                let (start, len, n_document) = (starts[place], u64::from(lens[place]), documents[place]);
                if self.ids.contains(&id) && contents[place] != blank_content(card, n_document.saturating_sub(around)) {
                    blanks.push(Blank { id, row, at, start, len, n_document });
                }
                row += 1;
                at += len;
            }
        }
        Ok(blanks)
    }
}

/// A piece that is to be overwritten.
struct Blank {
    id: DocId,
    /// Row in the table of pieces.
    row: u64,
    /// First token in the shard.
    at: u64,
    /// First token in the document.
    start: u64,
    len: u64,
    /// Tokens of the document, with begin and end token.
    n_document: u64,
}

impl Blank {
    /// Tokens of the document, without begin and end token.
    fn inner(&self, card: &TokenizerCard) -> std::ops::Range<u64> {
        u64::from(card.bos.is_some())..self.n_document.saturating_sub(u64::from(card.eos.is_some()))
    }

    fn overwrite(&self, bin: &mut [u8], dtype: Dtype, card: &TokenizerCard) -> Option<()> {
        let inner = self.inner(card);
        let (from, to) = (inner.start.max(self.start), inner.end.min(self.start + self.len));
        if from >= to {
            return Some(());
        }
        let place = |token: u64| usize::try_from(self.at + token - self.start).ok()?.checked_mul(dtype.bytes());
        let fill = fill(card).to_le_bytes();
        let bytes = bin.get_mut(place(from)?..place(to)?)?;
        bytes.chunks_exact_mut(dtype.bytes()).for_each(|id| id.copy_from_slice(&fill[..id.len()]));
        Some(())
    }

    fn change(&self, card: &TokenizerCard) -> Change {
        let inner = self.inner(card);
        let content = blank_content(card, inner.end.saturating_sub(inner.start));
        Change::With([("content".to_owned(), Cell::U64(content))].into())
    }
}

fn subtract(tally: &mut Value, name: &str, less: u64) {
    if let Some(count) = tally.get(name).and_then(Value::as_u64) {
        tally[name] = count.saturating_sub(less).into();
    }
}

/// The commit of the manifest of all shards, when some of those are others now; `None` when it says so already.
///
/// # Errors
/// When the manifest is missing or damaged, or the store fails.
pub fn revise_dataset(
    store: &dyn Store,
    folder: &str,
    part: &Part,
    shards: &Manifest,
    writes: bool,
) -> Result<Option<Commit>, StoreError> {
    let Some(object) = part.objects.get(DATASET) else { return Ok(None) };
    let mut dataset = Dataset::read(store, &object.key)?;
    let before = dataset.clone();
    let own = dataset.phases.iter_mut().flat_map(|phase| &mut phase.shards);
    for (shard, part) in own.zip(&shards.parts) {
        let changed = super::index::shard(part)?;
        let Shard { n_documents, .. } = *shard;
        *shard = Shard { n_documents, ..changed };
    }
    if dataset == before {
        return Ok(None);
    }
    if !writes {
        return Ok(Some(part.clone()));
    }
    dataset.check().map_err(|why| StoreError::corrupt(&part.task, why))?;
    let mut spool = Spool::create(store)?;
    spool.write_all(&commit::to_json(&dataset)?).map_err(StoreError::io("write", &part.task))?;
    let stored = spool.store(store, &format!("{folder}/{DATASET}"), "json")?;
    let objects = [(DATASET.to_owned(), ObjectRef { rows: dataset.n_documents, ..stored })];
    let objects = part.objects.clone().into_iter().chain(objects).collect();
    Ok(Some(revise_commit(part, objects, part.tally.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begin_and_end_tokens_stay_and_pieces_are_overwritten_where_they_are() {
        let card =
            TokenizerCard { name: String::new(), sha256: String::new(), vocab_size: 100, bos: Some(1), eos: Some(2) };
        // A document of seven ids between 1 and 2, in two pieces with another document between them.
        let ids = [1u16, 11, 12, 13, 99, 14, 15, 16, 17, 2];
        let mut bin: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
        let blank = |at, start, len| Blank { id: DocId(1), row: 0, at, start, len, n_document: 9 };
        blank(0, 0, 4).overwrite(&mut bin, Dtype::U16, &card).unwrap();
        blank(5, 4, 5).overwrite(&mut bin, Dtype::U16, &card).unwrap();
        let left: Vec<u16> = bin.as_chunks::<2>().0.iter().map(|id| u16::from_le_bytes(*id)).collect();
        assert_eq!(left, [1, 2, 2, 2, 99, 2, 2, 2, 2, 2]);
        assert!(blank(8, 4, 5).overwrite(&mut bin, Dtype::U16, &card).is_none());
        let blanked: Vec<u8> = [2u32; 7].iter().flat_map(|id| id.to_le_bytes()).collect();
        assert_eq!(blank_content(&card, 7), hash64(0, &blanked));
    }
}
