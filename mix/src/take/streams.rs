//! Finds the documents at which streams are cut, from sums over slices of the key range and the documents of few slices.

use super::{Interval, Place};
use std::collections::{BTreeMap, BTreeSet};
use tokenmill_core::DocId;

/// Slices of the key range, by the highest bits of the key: enough that the documents of a slice fit into memory at
/// 15T tokens (15 million documents of 1,000 tokens), few enough that the sums are small.
pub const SLICE_BITS: u32 = 10;

/// The slice of a key.
pub fn slice_of(key: u64) -> u32 {
    (key >> (u64::BITS - SLICE_BITS)) as u32
}

/// The first and the last key of a slice.
pub fn keys_of(slice: u32) -> std::ops::RangeInclusive<u64> {
    let shift = u64::BITS - SLICE_BITS;
    let first = u64::from(slice) << shift;
    first..=first + ((1 << shift) - 1)
}

/// Documents and their tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Documents.
    pub n_documents: u64,
    /// Tokens.
    pub n_tokens: u64,
}

impl Amount {
    /// Adds another.
    pub fn add(&mut self, other: Amount) {
        self.n_documents += other.n_documents;
        self.n_tokens += other.n_tokens;
    }
}

/// What a stream holds, by slices.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    slices: BTreeMap<u32, Amount>,
}

impl Stream {
    /// Adds documents of a slice.
    pub fn add(&mut self, slice: u32, amount: Amount) {
        self.slices.entry(slice).or_default().add(amount);
    }

    /// What it holds of each slice, in order.
    pub fn slices(&self) -> impl Iterator<Item = (u32, Amount)> + '_ {
        self.slices.iter().map(|(slice, amount)| (*slice, *amount))
    }

    /// All of it.
    pub fn total(&self) -> Amount {
        let mut total = Amount::default();
        self.slices.values().for_each(|amount| total.add(*amount));
        total
    }

    /// The slice that holds token `place` of the first epoch, and what lies before that slice.
    fn slice_at(&self, place: u64) -> Option<(u32, Amount)> {
        let mut before = Amount::default();
        for (slice, amount) in &self.slices {
            if place < before.n_tokens + amount.n_tokens {
                return Some((*slice, before));
            }
            before.add(*amount);
        }
        None
    }
}

/// A document of a slice that is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// Where it stands.
    pub place: Place,
    /// Its tokens.
    pub n_tokens: u64,
}

/// The cuts of one stream.
#[derive(Debug)]
pub struct Cutter {
    length: Amount,
    /// Places at which it must be cut, below its length, by slice, with what lies before the slice.
    wanted: BTreeMap<u32, (Amount, BTreeSet<u64>)>,
    /// The document behind each cut, and what lies before it; no document when it is the end.
    found: BTreeMap<u64, (Option<Place>, Amount)>,
    /// Training phase, start, end.
    taken: Vec<(u32, u64, u64)>,
}

impl Cutter {
    /// Prepares the cuts for what the training phases take: number of the phase, first token, token behind the last.
    pub fn new(stream: &Stream, taken: Vec<(u32, u64, u64)>) -> Cutter {
        let length = stream.total();
        let mut cutter =
            Cutter { length, wanted: BTreeMap::new(), found: BTreeMap::from([(0, (None, Amount::default()))]), taken };
        let ends = cutter.taken.iter().flat_map(|(_, start, end)| [*start, *end]);
        let places: BTreeSet<u64> = ends.filter_map(|end| end.checked_rem(length.n_tokens)).collect();
        for place in places.into_iter().filter(|place| *place > 0) {
            if let Some((slice, before)) = stream.slice_at(place) {
                cutter.wanted.entry(slice).or_insert((before, BTreeSet::new())).1.insert(place);
            }
        }
        cutter
    }

    /// The slices whose documents are needed.
    pub fn slices(&self) -> impl Iterator<Item = u32> + '_ {
        self.wanted.keys().copied()
    }

    /// Takes in all documents of a slice, in any order.
    pub fn see(&mut self, slice: u32, documents: &mut [Standing]) {
        let Some((mut before, wanted)) = self.wanted.remove(&slice) else { return };
        documents.sort_unstable();
        let mut documents = documents.iter().peekable();
        for place in wanted {
            // The first document that begins at the cut or behind it. Documents at one place are not parted.
            let mut last = None;
            while let Some(document) =
                documents.next_if(|document| before.n_tokens < place || last == Some(document.place))
            {
                before.add(Amount { n_documents: 1, n_tokens: document.n_tokens });
                last = Some(document.place);
            }
            // Behind the last document of the slice, the first possible place of the next slice tells the cut as well.
            let next = || keys_of(slice).end().checked_add(1).map(|key| (key, DocId(0)));
            self.found.insert(place, (documents.peek().map(|document| document.place).or_else(next), before));
        }
    }

    /// The intervals, in the order of the stream; `None` unless the documents of all slices that are cut were seen.
    pub fn intervals(&self) -> Option<Vec<Interval>> {
        let mut intervals = Vec::new();
        let length = self.length.n_tokens;
        if length == 0 {
            return Some(intervals);
        }
        for (training, start, end) in &self.taken {
            let mut at = *start;
            while at < *end {
                let (epoch, from) = (at / length, at % length);
                let to = (*end - epoch * length).min(length);
                let (from, before) = *self.found.get(&from)?;
                let (to, until) = if to < length { *self.found.get(&to)? } else { (None, self.length) };
                intervals.push(Interval {
                    training: *training,
                    epoch: u32::try_from(epoch).unwrap_or(u32::MAX),
                    from,
                    to,
                    n_documents: until.n_documents - before.n_documents,
                    n_tokens: until.n_tokens - before.n_tokens,
                });
                at = (epoch + 1) * length;
            }
        }
        // Also what begins behind the last document, which has no place of its own.
        intervals.retain(|interval| interval.n_documents > 0);
        Some(intervals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::hash::hash64;

    fn documents(n: u64) -> Vec<Standing> {
        let key = |n: u64| hash64(1, &n.to_le_bytes());
        let of = |n: u64| Standing { place: (key(n), DocId(u128::from(n))), n_tokens: 1 + key(n + 1_000_000) % 90 };
        let mut documents: Vec<Standing> = (0..n).map(of).collect();
        documents.sort_unstable();
        documents
    }

    fn cut(documents: &[Standing], taken: Vec<(u32, u64, u64)>) -> Vec<Interval> {
        let mut stream = Stream::default();
        for document in documents {
            stream.add(slice_of(document.place.0), Amount { n_documents: 1, n_tokens: document.n_tokens });
        }
        let mut cutter = Cutter::new(&stream, taken);
        for slice in cutter.slices().collect::<Vec<_>>() {
            let within = documents.iter().filter(|document| slice_of(document.place.0) == slice);
            let mut within: Vec<Standing> = within.rev().copied().collect();
            cutter.see(slice, &mut within);
        }
        cutter.intervals().unwrap()
    }

    /// The rule itself: the first token of every document on the endless stream, and the interval it lies in.
    fn by_rule(documents: &[Standing], taken: &[(u32, u64, u64)]) -> Vec<(u32, u32, Place)> {
        let mut uses = Vec::new();
        for (training, start, end) in taken {
            let (mut at, mut epoch) = (0, 0);
            while at < *end {
                for document in documents {
                    if (*start..*end).contains(&at) {
                        uses.push((*training, epoch, document.place));
                    }
                    at += document.n_tokens;
                }
                epoch += 1;
            }
        }
        uses.sort_unstable();
        uses
    }

    #[test]
    fn a_document_is_where_its_first_token_lies() {
        for n in [1, 2, 7, 500, 3_000] {
            let documents = documents(n);
            let total: u64 = documents.iter().map(|document| document.n_tokens).sum();
            for cuts in
                [vec![1], vec![total], vec![total - 1], vec![total + 1], vec![total / 3, total / 2, 2 * total + 5]]
            {
                let (mut at, mut taken) = (0, Vec::new());
                for (training, end) in cuts.into_iter().enumerate() {
                    taken.push((training as u32, at, end.max(at)));
                    at = end.max(at);
                }
                let intervals = cut(&documents, taken.clone());
                let mut uses = Vec::new();
                for document in &documents {
                    let holding = intervals.iter().filter(|interval| interval.holds(document.place));
                    uses.extend(holding.map(|interval| (interval.training, interval.epoch, document.place)));
                }
                uses.sort_unstable();
                assert_eq!(uses, by_rule(&documents, &taken), "{n} {taken:?}");
                for interval in &intervals {
                    let held: Vec<_> = documents.iter().filter(|document| interval.holds(document.place)).collect();
                    let n_tokens: u64 = held.iter().map(|document| document.n_tokens).sum();
                    assert_eq!((held.len() as u64, n_tokens), (interval.n_documents, interval.n_tokens));
                }
            }
        }
    }

    #[test]
    fn slices_that_were_not_seen_are_missed_and_empty_streams_give_nothing() {
        let mut stream = Stream::default();
        stream.add(3, Amount { n_documents: 2, n_tokens: 10 });
        assert_eq!(Cutter::new(&stream, vec![(0, 0, 5)]).intervals(), None);
        assert_eq!(Cutter::new(&Stream::default(), vec![(0, 0, 5)]).intervals(), Some(Vec::new()));
    }

    #[test]
    fn slices_are_equal_parts_of_all_keys() {
        assert_eq!((slice_of(0), slice_of(u64::MAX)), (0, (1 << SLICE_BITS) - 1));
        for slice in [0, 1, 500, (1 << SLICE_BITS) - 1] {
            let keys = keys_of(slice);
            assert_eq!((slice_of(*keys.start()), slice_of(*keys.end())), (slice, slice));
        }
    }
}
