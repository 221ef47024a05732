//! Where the tokens of a document are: shard, sequence and offset, without reading a shard.

use super::dataset::Shard;
use super::samples;
use serde::Serialize;
use tokenmill_core::DocId;
use tokenmill_store::table::{Batches, Columns, Key, find};
use tokenmill_store::{Store, StoreError};

/// Where one piece of a document is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Number of the piece in the shard, as the index has it.
    pub piece: u64,
    /// First token of the piece in the shard.
    pub at: u64,
    /// First token of the piece in its document, with begin and end tokens.
    pub start: u64,
    /// Tokens of the piece.
    pub n_tokens: u32,
    /// Tokens of the whole document, with begin and end tokens.
    pub n_document: u64,
    /// The training sequence in which the piece begins.
    pub sequence: u64,
    /// First token of the piece in that sequence.
    pub offset: u64,
    /// Group of the mix.
    pub group: String,
    /// How often the document was used up before.
    pub epoch: u32,
}

/// The pieces of a document in a shard, in its order. What is read is the filter of the table of pieces, and where it has the
/// document, the lengths of the pieces before and the offsets of sequences.
///
/// # Errors
/// When a file of the shard is missing or damaged.
pub fn locate(store: &dyn Store, shard: &Shard, id: DocId) -> Result<Vec<Place>, StoreError> {
    let rows: Vec<usize> =
        find(store, &shard.pieces, "id", &[Key::Id(id)])?.into_iter().map(|hit| hit.row as usize).collect();
    let Some(last) = rows.last().copied() else { return Ok(Vec::new()) };
    let offsets = sequence_offsets(store, shard)?;
    let mut starts = Vec::with_capacity(rows.len());
    let (mut row, mut at) = (0usize, 0u64);
    for batch in Batches::open_rows(store, &shard.pieces.key, &["n_tokens"], std::slice::from_ref(&(0..last + 1)))? {
        for n_tokens in Columns(&batch?).u32("n_tokens")? {
            if rows.binary_search(&row).is_ok() {
                starts.push(at);
            }
            at += u64::from(*n_tokens);
            row += 1;
        }
    }
    let ranges: Vec<_> = rows.iter().map(|row| *row..row + 1).collect();
    let mut places = Vec::with_capacity(rows.len());
    for batch in Batches::open_rows(store, &shard.pieces.key, &[], &ranges)? {
        let batch = batch?;
        let columns = Columns(&batch);
        let (groups, epochs) = (columns.text("group")?, columns.u32("epoch")?);
        let (begins, lengths, documents) =
            (columns.u64("start")?, columns.u32("n_tokens")?, columns.u64("n_document")?);
        for in_batch in 0..batch.num_rows() {
            let number = places.len();
            let (Some(row), Some(at)) = (rows.get(number), starts.get(number).copied()) else { break };
            let sequence = offsets.partition_point(|offset| *offset <= at).saturating_sub(1);
            places.push(Place {
                piece: *row as u64,
                at,
                start: begins[in_batch],
                n_tokens: lengths[in_batch],
                n_document: documents[in_batch],
                sequence: sequence as u64,
                offset: at - offsets.get(sequence).copied().unwrap_or(at),
                group: groups.value(in_batch).to_owned(),
                epoch: epochs[in_batch],
            });
        }
    }
    Ok(places)
}

/// Where the training sequences of a shard begin, and where the last one ends.
///
/// # Errors
/// When the file is missing or damaged.
pub fn sequence_offsets(store: &dyn Store, shard: &Shard) -> Result<Vec<u64>, StoreError> {
    let object = &shard.samples;
    let content = store.open_committed(&object.key, object.bytes)?.read_at(0..object.bytes)?;
    samples::read(&content).map_err(|why| StoreError::corrupt(store.display(&object.key), why))
}
