//! Training sequences as they lie in a shard: which documents they are made of, and the ids of each.

use super::dataset::{Dataset, Shard};
use super::locate::sequence_offsets;
use super::megatron::Dtype;
use std::ops::Range;
use tokenmill_core::DocId;
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Store, StoreError};

/// One training sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceView {
    /// Its number in the shard.
    pub number: usize,
    /// First token in the shard.
    pub start: u64,
    /// What it is made of, in order.
    pub parts: Vec<PartView>,
}

/// A stretch of a sequence that comes from one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartView {
    /// The document.
    pub id: DocId,
    /// Group of the mix.
    pub group: String,
    /// How often the document was used up before.
    pub epoch: u32,
    /// First token of the stretch in its document, with begin and end tokens.
    pub start: u64,
    /// Tokens of the whole document, with begin and end tokens.
    pub n_document: u64,
    /// The ids.
    pub ids: Vec<u32>,
}

/// Reads some sequences of a shard; of the shard itself, no more than they take is read.
///
/// # Errors
/// When a file of the shard is missing or damaged.
pub fn sequences(
    store: &dyn Store,
    dataset: &Dataset,
    shard: &Shard,
    wanted: Range<usize>,
) -> Result<Vec<SequenceView>, StoreError> {
    let corrupt = |key: &str, why: &str| StoreError::corrupt(store.display(key), why);
    let offsets = sequence_offsets(store, shard)?;
    let end = wanted.end.min(offsets.len().saturating_sub(1));
    let (Some(first), Some(last)) = (offsets.get(wanted.start), offsets.get(end)) else { return Ok(Vec::new()) };
    if wanted.start >= end {
        return Ok(Vec::new());
    }
    let dtype =
        Dtype::of_name(&dataset.dtype).ok_or_else(|| corrupt(&shard.bin.key, "the ids are of no known type"))?;
    let width = dtype.bytes() as u64;
    let bin = store.open_committed(&shard.bin.key, shard.bin.bytes)?.read_at(first * width..last * width)?;
    let mut places = pieces(store, shard, *first..*last)?.into_iter().peekable();
    let mut views = Vec::new();
    for number in wanted.start..end {
        let (start, stop) = (offsets[number], offsets[number + 1]);
        let mut parts = Vec::new();
        while let Some(piece) = places.peek().filter(|piece| piece.at < stop) {
            let (from, to) = (piece.at.max(start), (piece.at + piece.length).min(stop));
            let bytes = (from - first) * width..(to - first) * width;
            let bytes = bin.get(bytes.start as usize..bytes.end as usize).unwrap_or_default();
            // Little-endian, so an id of any width is the sum of its bytes by their place.
            let ids = bytes
                .chunks_exact(width as usize)
                .map(|id| id.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte)));
            if to > from || piece.length == 0 {
                parts.push(PartView {
                    id: piece.id,
                    group: piece.group.clone(),
                    epoch: piece.epoch,
                    start: piece.start + (from - piece.at.min(from)),
                    n_document: piece.n_document,
                    ids: ids.collect(),
                });
            }
            if piece.at + piece.length > stop {
                break;
            }
            places.next();
        }
        views.push(SequenceView { number, start, parts });
    }
    Ok(views)
}

struct Piece {
    id: DocId,
    group: String,
    epoch: u32,
    start: u64,
    length: u64,
    n_document: u64,
    /// First token in the shard.
    at: u64,
}

/// The pieces that have tokens in a range of the shard.
fn pieces(store: &dyn Store, shard: &Shard, range: Range<u64>) -> Result<Vec<Piece>, StoreError> {
    let key = &shard.pieces.key;
    let (mut row, mut at, mut rows, mut first_at) = (0usize, 0u64, 0..0, 0);
    'table: for batch in Batches::open(store, key, &["n_tokens"])? {
        for length in Columns(&batch?).u32("n_tokens")? {
            let end = at + u64::from(*length);
            if at >= range.end {
                break 'table;
            }
            if end > range.start {
                if rows.is_empty() {
                    (rows.start, first_at) = (row, at);
                }
                rows.end = row + 1;
            }
            (at, row) = (end, row + 1);
        }
    }
    let mut pieces = Vec::with_capacity(rows.len());
    let mut at = first_at;
    for batch in Batches::open_rows(store, key, &[], std::slice::from_ref(&rows))? {
        let batch = batch?;
        let columns = Columns(&batch);
        let (ids, groups, epochs) = (columns.ids("id")?, columns.text("group")?, columns.u32("epoch")?);
        let (starts, lengths, documents) =
            (columns.u64("start")?, columns.u32("n_tokens")?, columns.u64("n_document")?);
        for (row, id) in ids.into_iter().enumerate() {
            let length = u64::from(lengths[row]);
            let (group, epoch, start) = (groups.value(row).to_owned(), epochs[row], starts[row]);
            pieces.push(Piece { id, group, epoch, start, length, n_document: documents[row], at });
            at += length;
        }
    }
    Ok(pieces)
}
