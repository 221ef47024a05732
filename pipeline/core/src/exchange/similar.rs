//! Near duplicates: documents that share a key are candidates, and a candidate goes only if it is similar enough to a
//! document that has been kept.
//!
//! Candidates that are connected through shared keys form a cluster. A cluster is walked in order of rank, then id: a
//! document that passes the comparison with a kept one is removed for it, any other is kept. So no document goes for one
//! that goes itself, however long the chain that connects them.

use super::Fate;
use crate::{Doc, DocId};

/// What a comparison of two larger sketches says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// 0 to 1; `None` where it was not measured.
    pub similarity: Option<f32>,
    /// Whether the second document may go for the first.
    pub passes: bool,
}

/// Near duplicates.
pub trait Similar: Send + Sync {
    /// Adds the keys of a document, uniformly distributed; one without keys takes no part and stays.
    fn keys(&self, doc: &Doc<'_>, keys: &mut Vec<u64>);

    /// Place in the cluster: the smallest is kept.
    fn rank(&self, doc: &Doc<'_>) -> u64;

    /// Adds the larger sketch, of which candidates are compared.
    fn detail(&self, doc: &Doc<'_>, out: &mut Vec<u8>);

    /// Adds the larger sketch as it is stored for later runs, which may say less.
    fn keep(&self, doc: &Doc<'_>, out: &mut Vec<u8>) {
        self.detail(doc, out);
    }

    /// Compares a kept document with a candidate, by their larger sketches.
    fn compare(&self, kept: &[u8], candidate: &[u8]) -> Compared;

    /// Kept documents of a cluster that a candidate is compared with, at most.
    fn representatives(&self) -> usize;

    /// The similarity that a candidate must reach, for its ledger row.
    fn limit(&self) -> Option<f32>;

    /// Completes "removed because …"; snake_case.
    fn reason(&self) -> &'static str;

    /// What `tokenmill plan` should say of the choice of keys.
    fn notes(&self) -> Vec<String>;
}

/// A kept document that others are compared with.
struct Representative<P> {
    id: DocId,
    place: P,
    detail: Vec<u8>,
    /// Documents that it stands for, itself included.
    cluster_size: u32,
    /// Counts up in the order in which documents are kept.
    number: u64,
}

/// Walks one cluster; documents must come in order of rank, then id. `P` is where a document is.
pub struct Greedy<'a, P> {
    stage: &'a dyn Similar,
    /// The one that was kept or matched last is at the end.
    kept: Vec<Representative<P>>,
    n_kept: u64,
}

/// What becomes of a document of a cluster.
pub enum Judged<P> {
    /// It goes.
    Removed {
        /// The document that is kept instead.
        twin: DocId,
        /// How similar they are.
        similarity: Option<f32>,
    },
    /// It stays. Another one that is not compared with any more, if there is one, and the documents that it stands for.
    Kept(Option<(DocId, P, u32)>),
}

impl<'a, P> Greedy<'a, P> {
    /// Before the first document.
    pub fn new(stage: &'a dyn Similar) -> Greedy<'a, P> {
        Greedy { stage, kept: Vec::new(), n_kept: 0 }
    }

    /// The next document. Of several kept ones that it may go for, the most similar is named, then the first.
    pub fn next(&mut self, id: DocId, place: P, detail: &[u8]) -> Judged<P> {
        let similarity = |compared: &Compared| compared.similarity.unwrap_or(1.0);
        let mut best: Option<(usize, Compared)> = None;
        for (at, kept) in self.kept.iter().enumerate() {
            // The same record, read twice, has no similarity to measure.
            let compared = match kept.id == id {
                true => Compared { similarity: Some(1.0), passes: true },
                false => self.stage.compare(&kept.detail, detail),
            };
            let is_better = best.as_ref().is_none_or(|(other, best)| {
                let order = similarity(&compared).total_cmp(&similarity(best));
                order.then(self.kept[*other].number.cmp(&kept.number)).is_gt()
            });
            if compared.passes && is_better {
                best = Some((at, compared));
            }
        }
        if let Some((at, compared)) = best {
            let mut matched = self.kept.remove(at);
            matched.cluster_size = matched.cluster_size.saturating_add(1);
            let twin = matched.id;
            self.kept.push(matched);
            return Judged::Removed { twin, similarity: compared.similarity };
        }
        Judged::Kept(self.stand(id, place, detail))
    }

    /// A document that is kept whatever it is similar to, because that was decided before. Gives back another one that is
    /// not compared with any more, as [`Judged::Kept`] does.
    pub fn stand(&mut self, id: DocId, place: P, detail: &[u8]) -> Option<(DocId, P, u32)> {
        let longest_ago = (self.kept.len() >= self.stage.representatives().max(1)).then(|| self.kept.remove(0));
        self.kept.push(Representative { id, place, detail: detail.to_vec(), cluster_size: 1, number: self.n_kept });
        self.n_kept += 1;
        longest_ago.map(|kept| (kept.id, kept.place, kept.cluster_size))
    }

    /// Ends the cluster: the kept documents that have not been given back yet, and what each stands for.
    pub fn end(&mut self) -> impl Iterator<Item = (DocId, P, u32)> {
        self.n_kept = 0;
        self.kept.drain(..).map(|kept| (kept.id, kept.place, kept.cluster_size))
    }
}

/// A document with everything that it can be asked for.
#[derive(Clone, Debug, Default)]
pub struct SimilarDoc {
    /// Identity.
    pub id: DocId,
    /// Its keys; empty when it takes no part.
    pub keys: Vec<u64>,
    /// Its rank.
    pub rank: u64,
    /// Its larger sketch.
    pub detail: Vec<u8>,
}

/// What becomes of each document, `None` for those without a twin; in the order of the documents.
///
/// This is the rule on documents in memory; the engine does the same out of core.
pub fn settle_similar(stage: &dyn Similar, documents: &[SimilarDoc]) -> Vec<Option<Fate>> {
    let mut cluster: Vec<usize> = (0..documents.len()).collect();
    let mut keys: Vec<(u64, usize)> = Vec::new();
    for (at, document) in documents.iter().enumerate() {
        keys.extend(document.keys.iter().map(|key| (*key, at)));
    }
    keys.sort_unstable();
    for pair in keys.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let (a, b) = (root(&cluster, pair[0].1), root(&cluster, pair[1].1));
        cluster[a.max(b)] = a.min(b);
    }
    let mut order: Vec<_> =
        (0..documents.len()).map(|at| (root(&cluster, at), documents[at].rank, documents[at].id, at)).collect();
    order.sort_unstable();
    let mut fates = vec![None; documents.len()];
    let mut greedy = Greedy::new(stage);
    for members in order.chunk_by(|a, b| a.0 == b.0) {
        let mut kept = Vec::new();
        for (_, _, id, at) in members {
            match greedy.next(*id, *at, &documents[*at].detail) {
                Judged::Removed { twin, similarity } => fates[*at] = Some(Fate::Removed { twin, similarity }),
                Judged::Kept(longest_ago) => kept.extend(longest_ago),
            }
        }
        kept.extend(greedy.end());
        for (_, at, cluster_size) in kept.into_iter().filter(|(_, _, size)| *size > 1) {
            fates[at] = Some(Fate::Kept { cluster_size });
        }
    }
    fates
}

fn root(cluster: &[usize], mut at: usize) -> usize {
    while cluster[at] != at {
        at = cluster[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Documents are numbers; those that differ by less than 10 are similar, and each key is given by hand.
    struct Near(usize);

    impl Similar for Near {
        fn keys(&self, _: &Doc<'_>, _: &mut Vec<u64>) {}
        fn rank(&self, _: &Doc<'_>) -> u64 {
            0
        }
        fn detail(&self, _: &Doc<'_>, _: &mut Vec<u8>) {}
        fn compare(&self, kept: &[u8], candidate: &[u8]) -> Compared {
            let difference = kept[0].abs_diff(candidate[0]);
            Compared { similarity: Some(1.0 - f32::from(difference) / 100.0), passes: difference < 10 }
        }
        fn representatives(&self) -> usize {
            self.0
        }
        fn limit(&self) -> Option<f32> {
            Some(0.9)
        }
        fn reason(&self) -> &'static str {
            "near"
        }
        fn notes(&self) -> Vec<String> {
            Vec::new()
        }
    }

    fn fates(representatives: usize, values: &[u8]) -> Vec<Option<Fate>> {
        let document = |(at, value): (usize, &u8)| SimilarDoc {
            id: DocId(at as u128),
            keys: vec![7, 8],
            rank: at as u64,
            detail: vec![*value],
        };
        let documents: Vec<_> = values.iter().enumerate().map(document).collect();
        settle_similar(&Near(representatives), &documents)
    }

    fn twins(representatives: usize, values: &[u8]) -> Vec<Option<u128>> {
        let twin = |fate: Option<Fate>| match fate {
            Some(Fate::Removed { twin, .. }) => Some(twin.0),
            _ => None,
        };
        fates(representatives, values).into_iter().map(twin).collect()
    }

    #[test]
    fn a_chain_does_not_take_its_ends_with_it() {
        // 0 and 8 are similar, 8 and 16 too, 0 and 16 are not: 16 has nothing to go for.
        assert_eq!(twins(64, &[0, 8, 16, 24]), [None, Some(0), None, Some(2)]);
        let fates = fates(64, &[0, 8, 16, 24, 50]);
        assert_eq!(fates[2], Some(Fate::Kept { cluster_size: 2 }));
        assert_eq!(fates[4], None);
    }

    #[test]
    fn the_most_similar_kept_document_is_named_then_the_first() {
        assert_eq!(twins(64, &[0, 12, 8]), [None, None, Some(1)]);
        assert_eq!(twins(64, &[0, 12, 6]), [None, None, Some(0)]);
    }

    #[test]
    fn the_representative_that_matched_longest_ago_makes_room() {
        // With two representatives: 0 and 20 are kept, 1 matches 0, so 40 takes the place of 20.
        assert_eq!(twins(2, &[0, 20, 1, 40, 21, 2]), [None, None, Some(0), None, None, None]);
        assert_eq!(twins(3, &[0, 20, 1, 40, 21, 2]), [None, None, Some(0), None, Some(1), Some(0)]);
        assert_eq!(fates(2, &[0, 20, 1, 40, 21, 2])[0], Some(Fate::Kept { cluster_size: 2 }));
    }

    #[test]
    fn what_stands_is_kept_beside_its_equal_and_others_go_for_it() {
        let stage = Near(2);
        let mut greedy = Greedy::new(&stage);
        assert!(greedy.stand(DocId(1), 1, &[0]).is_none() && greedy.stand(DocId(2), 2, &[5]).is_none());
        assert!(matches!(greedy.next(DocId(3), 3, &[14]), Judged::Removed { twin: DocId(2), .. }));
        assert!(matches!(greedy.next(DocId(1), 4, &[90]), Judged::Removed { twin: DocId(1), similarity: Some(1.0) }));
        // The one that stood longest makes room, and has one more that went for it.
        assert_eq!(greedy.stand(DocId(5), 5, &[50]), Some((DocId(2), 2, 2)));
        assert_eq!(greedy.end().map(|(id, ..)| id).collect::<Vec<_>>(), [DocId(1), DocId(5)]);
    }

    #[test]
    fn without_a_shared_key_nothing_is_compared() {
        let document = |at: u64| SimilarDoc { id: DocId(at.into()), keys: vec![at], rank: 0, detail: vec![0] };
        assert_eq!(settle_similar(&Near(64), &[document(1), document(2)]), [None, None]);
    }
}
