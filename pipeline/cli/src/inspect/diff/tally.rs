//! Counts what became of every document in two runs, and keeps examples.

use serde::Serialize;
use std::collections::BTreeMap;
use tokenmill_core::DocId;
use tokenmill_engine::diff::Ended;

/// Where a document was in the two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pair {
    /// Kept in both.
    KeptInBoth,
    /// Kept in the first alone.
    OnlyInA,
    /// Kept in the second alone.
    OnlyInB,
    /// Removed in both, by the same step for the same reason.
    RemovedAlike,
    /// Removed in both, for other reasons.
    RemovedOtherwise,
}

impl Pair {
    /// All, in the order in which they are shown.
    pub const ALL: [Pair; 5] =
        [Pair::KeptInBoth, Pair::OnlyInA, Pair::OnlyInB, Pair::RemovedAlike, Pair::RemovedOtherwise];

    fn of(a: &Ended, b: &Ended) -> Pair {
        match (a.kept, b.kept) {
            (true, true) => Pair::KeptInBoth,
            (true, false) => Pair::OnlyInA,
            (false, true) => Pair::OnlyInB,
            (false, false) if (&a.step, &a.reason) == (&b.step, &b.reason) => Pair::RemovedAlike,
            (false, false) => Pair::RemovedOtherwise,
        }
    }

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Pair::KeptInBoth => "kept in both",
            Pair::OnlyInA => "kept in A alone",
            Pair::OnlyInB => "kept in B alone",
            Pair::RemovedAlike => "removed alike",
            Pair::RemovedOtherwise => "removed otherwise",
        }
    }
}

/// Documents by what became of them.
pub type Counts = BTreeMap<Pair, u64>;

/// A way that documents have gone: what became of them in A, and in B.
pub type Way = (Verdict, Verdict);

/// Step and reason; `None` for kept.
pub type Verdict = Option<(String, String)>;

/// The documents of one way.
#[derive(Default)]
pub struct Move {
    /// Documents.
    pub n: u64,
    /// Bytes of their texts when the verdicts fell, in A and in B.
    pub bytes: [u64; 2],
    /// Those with the smallest ids, which are hashes.
    pub examples: Vec<(DocId, [Ended; 2])>,
}

/// All counts.
#[derive(Default)]
pub struct Tally {
    /// Documents that one crawl alone has.
    pub alone: [u64; 2],
    /// Documents by what became of them.
    pub pairs: Counts,
    /// By language: that of A, or of B where A has none.
    pub langs: BTreeMap<String, Counts>,
    /// Documents with other verdicts, by both.
    pub moves: BTreeMap<Way, Move>,
    /// Documents that both keep with other texts, and examples of them.
    pub other_text: Move,
    /// Documents that both keep.
    pub n_compared: u64,
    /// Examples of each way.
    pub n_examples: usize,
    /// The only language that counts.
    pub lang: Option<String>,
}

impl Tally {
    /// Counts one document.
    pub fn add(&mut self, id: DocId, both: [Option<Ended>; 2]) {
        let wanted = |lang: &str| self.lang.as_deref().is_none_or(|wanted| wanted == lang);
        let (a, b) = match both {
            [Some(a), Some(b)] => (a, b),
            [a, b] => {
                if a.as_ref().or(b.as_ref()).is_some_and(|ended| wanted(&ended.lang)) {
                    self.alone[usize::from(a.is_none())] += 1;
                }
                return;
            }
        };
        let lang = if a.lang.is_empty() { b.lang.clone() } else { a.lang.clone() };
        if !wanted(&lang) {
            return;
        }
        let pair = Pair::of(&a, &b);
        *self.pairs.entry(pair).or_default() += 1;
        *self.langs.entry(lang).or_default().entry(pair).or_default() += 1;
        let went = match pair {
            Pair::RemovedAlike => return,
            Pair::KeptInBoth => {
                self.n_compared += u64::from(a.text.is_some() && b.text.is_some());
                // Both hashes must be there, else nobody has compared.
                match (a.text, b.text) {
                    (Some(one), Some(other)) if one != other => &mut self.other_text,
                    _ => return,
                }
            }
            _ => self.moves.entry((verdict(&a), verdict(&b))).or_default(),
        };
        went.n += 1;
        went.bytes = [went.bytes[0] + a.bytes, went.bytes[1] + b.bytes];
        if went.examples.len() < self.n_examples {
            went.examples.push((id, [a, b]));
        }
    }

    /// Documents that both crawls have.
    pub fn n_common(&self) -> u64 {
        self.pairs.values().sum()
    }

    /// The moves, those of most documents first.
    pub fn by_size(&self) -> Vec<(&Way, &Move)> {
        let mut moves: Vec<(&Way, &Move)> = self.moves.iter().collect();
        moves.sort_by_key(|(way, went)| (std::cmp::Reverse(went.n), *way));
        moves
    }
}

fn verdict(ended: &Ended) -> Verdict {
    (!ended.kept).then(|| (ended.step.clone(), ended.reason.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(kept: bool, reason: &str, lang: &str, text: u64) -> Option<Ended> {
        let (step, reason, lang) = (if kept { "" } else { "s" }.to_owned(), reason.to_owned(), lang.to_owned());
        Some(Ended { kept, step, reason, lang, bytes: 10, text: kept.then_some(text), ..Ended::default() })
    }

    #[test]
    fn documents_are_counted_by_both_verdicts() {
        let mut tally = Tally { n_examples: 1, ..Tally::default() };
        let kept = |text| ended(true, "", "en", text);
        for (id, both) in [
            [kept(1), kept(1)],
            [kept(1), kept(2)],
            [kept(1), ended(false, "short", "en", 0)],
            [kept(1), ended(false, "short", "en", 0)],
            [ended(false, "short", "", 0), ended(true, "", "de", 3)],
            [ended(false, "short", "en", 0), ended(false, "short", "en", 0)],
            [ended(false, "short", "en", 0), ended(false, "long", "en", 0)],
            [None, kept(1)],
        ]
        .into_iter()
        .enumerate()
        {
            tally.add(DocId(id as u128), both);
        }
        assert_eq!(Pair::ALL.map(|pair| tally.pairs[&pair]), [2, 2, 1, 1, 1]);
        assert_eq!((tally.alone, tally.n_common(), tally.other_text.n, tally.n_compared), ([0, 1], 7, 1, 2));
        assert_eq!(tally.langs["de"][&Pair::OnlyInB], 1);
        let moves = tally.by_size();
        assert_eq!((moves.len(), moves[0].1.n, moves[0].1.examples.len(), moves[0].1.bytes), (3, 2, 1, [20, 20]));
        assert_eq!(moves[0].0, &(None, Some(("s".to_owned(), "short".to_owned()))));
    }

    #[test]
    fn another_language_does_not_count() {
        let mut tally = Tally { lang: Some("de".to_owned()), ..Tally::default() };
        tally.add(DocId(1), [ended(true, "", "en", 1), ended(true, "", "en", 1)]);
        tally.add(DocId(2), [ended(true, "", "de", 1), None]);
        assert_eq!((tally.n_common(), tally.alone), (0, [1, 0]));
    }
}
