//! The pieces of one shard: do they make whole documents, and are these the ids that were hashed when they were tokenised?

use crate::pack::{Long, MAX_CONTEXT, MAX_PIECE, Packing};
use crate::shard::megatron::Dtype;
use tokenmill_core::DocId;
use tokenmill_core::hash::hash64;

/// A row of the table of pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The document.
    pub id: DocId,
    /// Number of its group.
    pub group: u32,
    /// How often it was used up before.
    pub epoch: u32,
    /// First token of the piece in the document.
    pub start: u64,
    /// Tokens of the piece.
    pub len: u32,
    /// Tokens of the whole document.
    pub n_document: u64,
    /// xxh3-64 of the ids of the whole document.
    pub content: u64,
    /// First token of the piece in the shard.
    pub at: u64,
}

impl Row {
    fn document(&self) -> (DocId, u32, u32, u64, u64) {
        (self.id, self.epoch, self.group, self.content, self.n_document)
    }
}

/// How many tokens of a document are in a shard, if it is not longer than that.
pub fn kept_at_most(packing: Packing, long: Long, context: u64) -> u64 {
    match (long, packing) {
        (Long::Fragment, _) => u64::MAX,
        (Long::Truncate, Packing::Concat) if context == 0 => u64::MAX,
        (Long::Truncate, Packing::Concat) => context,
        (Long::Truncate, Packing::None) if context == 0 => MAX_PIECE,
        (Long::Truncate, Packing::None) => context.min(MAX_PIECE),
        (Long::Truncate, Packing::BestFit) => context.min(MAX_CONTEXT),
    }
}

/// Sorts the rows and hands out the uses of documents that they make: the pieces of each, from its beginning. Two uses of
/// equal documents are handed out as two. Pieces that make no documents come with `Err`.
pub fn documents(rows: &mut [Row], mut each: impl FnMut(Result<&[&Row], &Row>)) {
    rows.sort_unstable_by_key(|row| (row.document(), row.start, row.len, row.at));
    let mut own: Vec<&Row> = Vec::new();
    for rows in rows.chunk_by(|a, b| a.document() == b.document()) {
        let n_uses = rows.iter().take_while(|row| row.start == 0).count();
        if n_uses == 0 || !rows.len().is_multiple_of(n_uses) {
            each(Err(&rows[0]));
            continue;
        }
        for number in 0..n_uses {
            own.clear();
            own.extend(rows.iter().skip(number).step_by(n_uses));
            each(Ok(own.as_slice()));
        }
    }
}

/// Appends the ids of a piece, four bytes each; false when the shard is too short for it.
pub fn ids(bin: &[u8], dtype: Dtype, row: &Row, out: &mut Vec<u8>) -> bool {
    let place = || {
        let width = dtype.bytes();
        let start = usize::try_from(row.at).ok()?.checked_mul(width)?;
        bin.get(start..start.checked_add((row.len as usize).checked_mul(width)?)?)
    };
    let Some(ids) = place() else { return false };
    match dtype {
        Dtype::I32 => out.extend_from_slice(ids),
        Dtype::U16 => ids.as_chunks::<2>().0.iter().for_each(|id| out.extend_from_slice(&[id[0], id[1], 0, 0])),
    }
    true
}

/// The ids around every document.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around {
    /// Before it.
    pub bos: Option<u32>,
    /// Behind it.
    pub eos: Option<u32>,
}

impl Around {
    /// How many they are.
    pub fn n_tokens(self) -> u64 {
        u64::from(self.bos.is_some()) + u64::from(self.eos.is_some())
    }

    /// Checks the ids of a document, four bytes each. Of one that was truncated only the beginning can be checked.
    ///
    /// # Errors
    /// Says what is wrong.
    pub fn check(self, mut ids: &[u8], is_whole: bool, content: u64) -> Result<(), &'static str> {
        if let Some(bos) = self.bos {
            match ids.split_first_chunk::<4>() {
                Some((first, rest)) if u32::from_le_bytes(*first) == bos => ids = rest,
                _ => return Err("it does not begin with the begin token"),
            }
        }
        if !is_whole {
            return Ok(());
        }
        if let Some(eos) = self.eos {
            match ids.split_last_chunk::<4>() {
                Some((rest, last)) if u32::from_le_bytes(*last) == eos => ids = rest,
                _ => return Err("it does not end with the end token"),
            }
        }
        if hash64(0, ids) == content { Ok(()) } else { Err("its ids are not those that were tokenised") }
    }
}

/// Where the pieces of a document end that begin at 0 and follow each other without a gap; `None` if they do not.
pub fn end(rows: &[&Row]) -> Option<u64> {
    rows.iter().try_fold(0u64, |end, row| if row.start == end { end.checked_add(u64::from(row.len)) } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::pack;

    fn row(id: u128, start: u64, len: u32, n_document: u64) -> Row {
        Row { id: DocId(id), start, len, n_document, ..Row::default() }
    }

    /// The ends of all documents; `None` for pieces that make none.
    fn ends(mut rows: Vec<Row>) -> Vec<Option<u64>> {
        let mut ends = Vec::new();
        documents(&mut rows, |found| ends.push(found.ok().and_then(end)));
        ends
    }

    #[test]
    fn pieces_make_documents_in_any_order() {
        let rows = vec![row(2, 8, 3, 11), row(1, 0, 5, 5), row(2, 0, 8, 11), row(3, 0, 0, 0), row(3, 0, 0, 0)];
        assert_eq!(ends(rows), [Some(5), Some(11), Some(0), Some(0)]);
        // Two equal documents, each cut in two.
        let rows = vec![row(2, 8, 3, 11), row(2, 0, 8, 11), row(2, 8, 3, 11), row(2, 0, 8, 11)];
        assert_eq!(ends(rows), [Some(11), Some(11)]);
    }

    #[test]
    fn gaps_overlaps_and_lost_beginnings_are_found() {
        assert_eq!(ends(vec![row(2, 8, 3, 11)]), [None]);
        assert_eq!(ends(vec![row(2, 0, 7, 11), row(2, 8, 3, 11)]), [None]);
        assert_eq!(ends(vec![row(2, 0, 9, 11), row(2, 8, 3, 11)]), [None]);
        assert_eq!(ends(vec![row(2, 0, 8, 11), row(2, 0, 8, 11), row(2, 8, 3, 11)]), [None]);
        assert_eq!(ends(vec![row(2, 0, 8, 11)]), [Some(8)]);
    }

    /// What the packers really leave of documents is what is expected here.
    #[test]
    fn what_is_kept_is_what_packers_keep() {
        let lengths = [0, 3, 8, 9, 21];
        for (_, packing) in Packing::NAMES {
            for (_, long) in Long::NAMES {
                for context in [0, 8] {
                    if packing.check(context).is_err() {
                        continue;
                    }
                    let packed = pack(&lengths, context, packing, long);
                    let most = kept_at_most(packing, long, context);
                    let of = |piece: &crate::pack::Piece| {
                        row(u128::from(piece.document), piece.start, piece.len, lengths[piece.document as usize])
                    };
                    let expected: Vec<_> = lengths.iter().map(|length| Some((*length).min(most))).collect();
                    assert_eq!(ends(packed.pieces.iter().map(of).collect()), expected, "{packing:?} {long:?}");
                }
            }
        }
    }

    #[test]
    fn ids_are_checked_with_what_is_around_them() {
        let bin: Vec<u8> = [9u16, 1, 2, 300, 8].iter().flat_map(|id| id.to_le_bytes()).collect();
        let whole = Row { len: 5, ..Row::default() };
        let mut all = Vec::new();
        assert!(ids(&bin, Dtype::U16, &whole, &mut all));
        assert!(!ids(&bin, Dtype::U16, &Row { at: 1, ..whole }, &mut Vec::new()));
        assert!(!ids(&bin, Dtype::I32, &Row { at: u64::MAX, ..whole }, &mut Vec::new()));
        let inner: Vec<u8> = [1u32, 2, 300].iter().flat_map(|id| id.to_le_bytes()).collect();
        let (content, around) = (hash64(0, &inner), Around { bos: Some(9), eos: Some(8) });
        assert_eq!(around.n_tokens(), 2);
        assert_eq!(around.check(&all, true, content), Ok(()));
        assert_eq!(Around::default().check(&inner, true, content), Ok(()));
        assert_eq!(around.check(&all[..12], false, content), Ok(()));
        assert!(around.check(&all[..12], true, content).unwrap_err().contains("end token"));
        assert!(around.check(&all[4..], true, content).unwrap_err().contains("begin token"));
        assert!(around.check(&all, true, content ^ 1).unwrap_err().contains("tokenised"));
        assert!(around.check(&[], true, content).is_err());
    }
}
