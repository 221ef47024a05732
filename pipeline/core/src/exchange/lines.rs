//! Lines that occur in many documents: all documents of a scope are dealt into buckets, and in each bucket the lines that
//! occur more often than a limit are cut.

use crate::hash::{hash64, mix64};
use crate::{Doc, DocId, Edits, Numbers};
use std::collections::BTreeMap;

/// One line of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineKey {
    /// Number of the line in [`Doc::lines`].
    pub line: u32,
    /// Hash of what makes it the same line as another.
    pub hash: u64,
}

/// When a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineLimits {
    /// Documents of a scope that are counted together, at most (on average over the buckets).
    pub bucket_documents: u64,
    /// Occurrences in a bucket that are tolerated.
    pub max_copies: u64,
    /// Of a line that occurs more often, so many occurrences are kept; 0 cuts all of them.
    pub keep_first: u64,
}

/// Lines are counted over all documents.
pub trait Lines: Send + Sync {
    /// What documents are counted within: a language, or nothing.
    fn scope<'a>(&self, doc: &Doc<'a>) -> &'a str;

    /// Adds the lines of a document that take part, in order.
    fn keys(&self, doc: &Doc<'_>, keys: &mut Vec<LineKey>);

    /// When a line goes.
    fn limits(&self) -> LineLimits;

    /// Cuts the lines with these numbers (ascending), and sets the numbers of the stage.
    fn cut(&self, doc: &Doc<'_>, lines: &[u32], edits: &mut Edits, numbers: &mut Numbers);

    /// Completes "cut because …"; snake_case.
    fn reason(&self) -> &'static str;
}

/// The bucket of a document: `hash(seed, id) mod ceil(documents of the scope / documents of a bucket)`. Documents without a
/// line that takes part are not counted.
///
/// It depends on the document and on how many there are, so it is the same however they are parted.
pub fn bucket_of(seed: u64, id: DocId, n_documents: u64, bucket_documents: u64) -> u64 {
    hash64(mix64(seed, 0x6c69_6e65), &id.to_bytes()) % n_documents.div_ceil(bucket_documents.max(1)).max(1)
}

/// The order of the occurrences of a line: by 44 bits of the document's id, which is a hash, then by 20 of the line's
/// number.
pub fn order_of(id: DocId, line: u32) -> u64 {
    const LINE_BITS: u32 = 20;
    let document = (id.0 >> 64) as u64 >> LINE_BITS << LINE_BITS;
    document | u64::from(line).min((1 << LINE_BITS) - 1)
}

impl LineLimits {
    /// The first order from which on the occurrences of a line go, given how many there are in the bucket and the order of
    /// the last one to keep; `None` when the line is not frequent.
    pub fn cut_from(&self, n_copies: u64, last_kept: Option<u64>) -> Option<u64> {
        (n_copies > self.max_copies).then_some(last_kept.map_or(0, |last| last.saturating_add(1)))
    }
}

/// The lines that go from each document, in the order of the documents; each is its id, its scope and its lines.
///
/// This is the rule on documents in memory; the engine does the same out of core.
pub fn settle_lines(limits: LineLimits, seed: u64, documents: &[(DocId, &str, Vec<LineKey>)]) -> Vec<Vec<u32>> {
    let mut n_documents: BTreeMap<&str, u64> = BTreeMap::new();
    let counted = documents.iter().filter(|(_, _, keys)| !keys.is_empty());
    counted.for_each(|(_, scope, _)| *n_documents.entry(*scope).or_default() += 1);
    // By scope, bucket and line: the order of each copy, its document and its line.
    type Copies<'a> = BTreeMap<(&'a str, u64, u64), Vec<(u64, usize, u32)>>;
    let mut occurrences = Copies::new();
    for (at, (id, scope, keys)) in documents.iter().enumerate() {
        let bucket = bucket_of(seed, *id, n_documents.get(scope).copied().unwrap_or(0), limits.bucket_documents);
        for key in keys {
            let copies = occurrences.entry((*scope, bucket, key.hash)).or_default();
            copies.push((order_of(*id, key.line), at, key.line));
        }
    }
    let mut cut = vec![Vec::new(); documents.len()];
    for mut copies in occurrences.into_values() {
        copies.sort_unstable();
        let last = (limits.keep_first as usize).checked_sub(1).and_then(|last| copies.get(last));
        let Some(from) = limits.cut_from(copies.len() as u64, last.map(|(order, ..)| *order)) else { continue };
        for (_, at, line) in copies.into_iter().filter(|(order, ..)| *order >= from) {
            cut[at].push(line);
        }
    }
    cut.iter_mut().for_each(|lines| lines.sort_unstable());
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(n: u64, scope: &str) -> Vec<(DocId, &str, Vec<LineKey>)> {
        let document = |at: u64| {
            let id = DocId(crate::hash::hash128(&at.to_le_bytes()));
            (id, scope, vec![LineKey { line: 0, hash: 1 }, LineKey { line: 1, hash: 100 + at }])
        };
        (0..n).map(document).collect()
    }

    #[test]
    fn all_copies_of_a_frequent_line_go() {
        let limits = LineLimits { bucket_documents: 100, max_copies: 6, keep_first: 0 };
        assert_eq!(settle_lines(limits, 0, &documents(6, "en")), vec![Vec::<u32>::new(); 6]);
        assert_eq!(settle_lines(limits, 0, &documents(7, "en")), vec![vec![0]; 7]);
        let two_scopes = [documents(4, "en"), documents(4, "de")].concat();
        assert!(settle_lines(limits, 0, &two_scopes).iter().all(Vec::is_empty));
    }

    #[test]
    fn the_first_copies_can_be_kept() {
        let limits = LineLimits { bucket_documents: 100, max_copies: 6, keep_first: 2 };
        let (documents, kept) = (documents(9, ""), |cut: &[Vec<u32>]| cut.iter().filter(|cut| cut.is_empty()).count());
        assert_eq!(kept(&settle_lines(limits, 0, &documents)), 2);
        // Which ones does not depend on the order of arrival.
        let reversed: Vec<_> = documents.iter().rev().cloned().collect();
        let mut cut = settle_lines(limits, 0, &reversed);
        cut.reverse();
        assert_eq!(cut, settle_lines(limits, 0, &documents));
    }

    #[test]
    fn buckets_are_counted_apart() {
        let limits = LineLimits { bucket_documents: 5, max_copies: 6, keep_first: 0 };
        let cut = settle_lines(limits, 3, &documents(40, ""));
        let n_cut = cut.iter().filter(|cut| !cut.is_empty()).count();
        // Eight buckets of five documents on average: few of them hold more than six.
        assert!((1..30).contains(&n_cut), "{n_cut}");
        let frozen: Vec<u64> = (0..6).map(|id| bucket_of(1, DocId(id), 95, 10)).collect();
        assert_eq!(frozen, FROZEN);
    }

    const FROZEN: [u64; 6] = [6, 6, 8, 1, 2, 9];
}
