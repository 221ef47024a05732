//! Exchanges: decisions that need all documents. Small fixed-width rows travel, text stays where it is.
//!
//! An exchange says of every document which group it belongs to (a 128-bit key) and how much it is worth there (a
//! rank). The engine brings the rows of a group together, and of every group the first document by rank, then by id,
//! is kept. The order depends on data only, never on arrival, so the same documents are kept however they are parted.

use crate::{Doc, DocId};

/// What travels of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sketch {
    /// The group; uniformly distributed, because reducers own ranges of its upper 64 bits.
    pub key: u128,
    /// Place in the group: the smallest is kept.
    pub rank: u64,
}

/// A decision over all documents that are alive at the step: one of every group is kept.
pub trait Exchange: Send + Sync {
    /// Group and rank of a document; `None` for one that takes no part and stays.
    fn sketch(&self, doc: &Doc<'_>) -> Option<Sketch>;

    /// Completes "removed because …" for documents that are not the first of their group; snake_case.
    fn reason(&self) -> &'static str;
}

/// The reason when the document that is kept has the same id: one record was read twice.
pub const DUPLICATE_RECORD: &str = "duplicate_record";

impl dyn Exchange + '_ {
    /// Why the document `id` goes although its twin is kept.
    pub fn reason_of(&self, id: DocId, twin: DocId) -> &'static str {
        if id == twin { DUPLICATE_RECORD } else { self.reason() }
    }
}

/// The twin that is kept instead of each document, `None` for those that stay; in the order of the documents.
///
/// This is the rule of every exchange on documents in memory; the engine does the same out of core.
pub fn settle(documents: &[(DocId, Option<Sketch>)]) -> Vec<Option<DocId>> {
    let sketched = documents.iter().enumerate().filter_map(|(at, (id, sketch))| Some(((*sketch)?, *id, at)));
    let mut rows: Vec<(Sketch, DocId, usize)> = sketched.collect();
    rows.sort_unstable();
    let mut twins = vec![None; documents.len()];
    let mut first: Option<(u128, DocId)> = None;
    for (sketch, id, at) in rows {
        match first {
            Some((key, twin)) if key == sketch.key => twins[at] = Some(twin),
            _ => first = Some((sketch.key, id)),
        }
    }
    twins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_every_group_is_kept() {
        let sketch = |key, rank| Some(Sketch { key, rank });
        let documents = [
            (DocId(5), sketch(1, 9)),
            (DocId(4), sketch(1, 3)),
            (DocId(3), sketch(2, 3)),
            (DocId(2), sketch(2, 3)),
            (DocId(1), None),
            (DocId(4), sketch(1, 3)),
        ];
        let twins = settle(&documents).into_iter().map(|twin| twin.map(|id| id.0)).collect::<Vec<_>>();
        assert_eq!(twins, [Some(4), None, Some(2), None, None, Some(4)]);
    }
}
