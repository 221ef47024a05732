//! What stays of a document: its rows among sketches, which are hashes.

use crate::exchange::{KEPT, KEPT_ID};
use std::collections::BTreeSet;
use tokenmill_core::DocId;
use tokenmill_store::{ObjectRef, Records, Store, StoreError};

/// Where ids stand in the rows of a sketch, by the width of a row: a member, a member with a scope, a key with a rank.
const IDS: [(u64, usize); 3] = [(20, 4), (28, 4), (44, 24)];

/// Bytes of a sketch that are read at once.
const CHUNK: u64 = 4 << 20;

/// The documents among `ids` that a table of sketches has, each with its row.
pub fn rows_of(
    store: &dyn Store,
    table: &str,
    object: &ObjectRef,
    ids: &BTreeSet<DocId>,
) -> Result<Vec<(DocId, u64)>, StoreError> {
    let mut found = Vec::new();
    if table == KEPT {
        let mut records = Records::open_range(store, object, 0..object.bytes)?;
        let mut row = 0;
        while let Some(record) = records.next_record()? {
            let id = record.get(KEPT_ID..KEPT_ID + 16).and_then(DocId::from_bytes);
            found.extend(id.filter(|id| ids.contains(id)).map(|id| (id, row)));
            row += 1;
        }
        return Ok(found);
    }
    let width = object.bytes.checked_div(object.rows).unwrap_or(0);
    let place = IDS.iter().find(|(known, _)| *known == width && width * object.rows == object.bytes);
    let Some((_, at)) = place.filter(|_| table.starts_with("sketch.")) else { return Ok(found) };
    let file = store.open_committed(&object.key, object.bytes)?;
    let (mut start, step) = (0, CHUNK / width * width);
    while start < object.bytes {
        let end = object.bytes.min(start + step);
        let bytes = file.read_at(start..end)?;
        for (row, bytes) in (start / width..).zip(bytes.chunks_exact(width as usize)) {
            let id = bytes.get(*at..*at + 16).and_then(DocId::from_bytes);
            found.extend(id.filter(|id| ids.contains(id)).map(|id| (id, row)));
        }
        start = end;
    }
    Ok(found)
}
