//! Groups of equal keys: the first of each by rank, then by id, is kept.

use super::Fate;
use crate::{Doc, DocId};

/// What travels of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sketch {
    /// The group; uniformly distributed, because reducers own ranges of its upper 64 bits.
    pub key: u128,
    /// Place in the group: the smallest is kept.
    pub rank: u64,
}

/// One of every group of equal keys is kept.
pub trait Equal: Send + Sync {
    /// Group and rank of a document; `None` for one that takes no part and stays.
    fn sketch(&self, doc: &Doc<'_>) -> Option<Sketch>;

    /// Completes "removed because …" for documents that are not the first of their group; snake_case.
    fn reason(&self) -> &'static str;
}

/// What becomes of each document, `None` for those without a twin; in the order of the documents.
///
/// This is the rule on documents in memory; the engine does the same out of core.
pub fn settle(documents: &[(DocId, Option<Sketch>)]) -> Vec<Option<Fate>> {
    let sketched = documents.iter().enumerate().filter_map(|(at, (id, sketch))| Some(((*sketch)?, *id, at)));
    let mut rows: Vec<(Sketch, DocId, usize)> = sketched.collect();
    rows.sort_unstable();
    let mut fates = vec![None; documents.len()];
    for group in rows.chunk_by(|a, b| a.0.key == b.0.key) {
        let [(_, twin, first), rest @ ..] = group else { continue };
        if !rest.is_empty() {
            fates[*first] = Some(Fate::Kept { cluster_size: u32::try_from(group.len()).unwrap_or(u32::MAX) });
        }
        for (_, _, at) in rest {
            fates[*at] = Some(Fate::Removed { twin: *twin, similarity: None });
        }
    }
    fates
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
            (DocId(9), sketch(7, 0)),
        ];
        let goes = |twin| Some(Fate::Removed { twin: DocId(twin), similarity: None });
        let stays = |cluster_size| Some(Fate::Kept { cluster_size });
        assert_eq!(settle(&documents), [goes(4), stays(3), goes(2), stays(2), None, goes(4), None]);
    }
}
