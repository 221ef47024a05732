//! Searches one document for all items at once.
//!
//! Every place where a seed of an item occurs is grown in both directions while the words agree, which gives runs. Runs of one
//! sequence that stand near each other show one copy of it; its coverage says how much of it is there.

use super::items::{Items, print};
use super::words::LABEL_SET;
use std::cmp::Ordering;
use std::ops::Range;
use tokenmill_core::numbers::share;
use tokenmill_core::text::ngrams::rolling;

/// Words between two runs of one copy, at most: instructions, or a line of another choice.
const MAX_GAP: u32 = 64;

/// Places in a document where seeds are, at most; more than an honest document of any length has.
const MAX_HITS: usize = 1 << 20;

/// Words that are compared in growing runs, at most.
const MAX_COMPARED: usize = 1 << 24;

/// What a document holds of the items.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Found {
    /// Items of which more than the limit is there.
    pub n_items: usize,
    /// Words of the document at which a seed begins.
    pub n_grams: usize,
    /// The item of which most is there.
    pub best: Option<Best>,
    /// Where the found items stand: ranges of normal words.
    pub stretches: Vec<Range<usize>>,
}

/// A copy of an item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Best {
    /// Share of its words, or of those of a part that tells it, that are there.
    pub coverage: f32,
    /// The words that are there.
    pub n_covered: usize,
    /// Which item, counted over all benchmarks.
    pub item: u32,
}

impl Best {
    /// The higher coverage is better, then more words, then the earlier item.
    fn order(&self, other: &Best) -> Ordering {
        let by_coverage = self.coverage.total_cmp(&other.coverage);
        by_coverage.then(self.n_covered.cmp(&other.n_covered)).then(other.item.cmp(&self.item))
    }
}

/// A seed in the document.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    sequence: u32,
    /// Word of the document minus word of the items.
    diagonal: i64,
    /// Where it begins in the document.
    at: u32,
    n_words: u32,
}

/// Words of a document that are those of a sequence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    sequence: u32,
    at: u32,
    end: u32,
    /// Where it begins in the items.
    place: u32,
}

/// Buffers that are reused for the next document.
#[derive(Default)]
pub(super) struct Search {
    /// Hashes of the words that are no labels.
    words: Vec<u64>,
    hits: Vec<Hit>,
    runs: Vec<Run>,
    covered: Vec<Range<usize>>,
    items: Vec<u32>,
}

impl Search {
    /// Finds the items in a document, given its normal words; an item is found when its coverage is more than `limit`.
    pub(super) fn find(&mut self, items: &Items, normal_words: &[u64], limit: Option<f32>) -> Found {
        self.words.clear();
        let labels = &*LABEL_SET;
        self.words.extend(normal_words.iter().filter(|hash| !labels.has(**hash)));
        self.words.truncate(u32::MAX as usize);
        self.hits.clear();
        self.find_grams(items);
        self.find_shorts(items);
        if self.hits.is_empty() {
            return Found::default();
        }
        self.grow(items);
        let mut found = self.judge(items, limit);
        if !found.stretches.is_empty() {
            // Labels count among the normal words.
            let kept = normal_words.iter().enumerate().filter(|(_, hash)| !labels.has(**hash));
            let numbers: Vec<usize> = kept.map(|(at, _)| at).collect();
            for stretch in &mut found.stretches {
                *stretch = numbers[stretch.start]..numbers[stretch.end - 1] + 1;
            }
        }
        found
    }

    fn find_grams(&mut self, items: &Items) {
        for (at, hash) in rolling(&self.words, items.n).enumerate() {
            if items.grams.may_have(hash) {
                for place in items.grams.places(hash) {
                    add_hit(&mut self.hits, items, &self.words, at, place, items.n);
                }
            }
        }
    }

    fn find_shorts(&mut self, items: &Items) {
        for (at, hash) in rolling(&self.words, items.min_words).enumerate() {
            if items.anchors.may_have(hash) {
                for number in items.anchors.places(hash) {
                    let short = &items.shorts[number as usize];
                    if let Some(at) = at.checked_sub(usize::from(short.offset)) {
                        add_hit(&mut self.hits, items, &self.words, at, short.place, usize::from(short.n_words));
                    }
                }
            }
        }
    }

    /// Makes a run of every hit that is not inside one.
    fn grow(&mut self, items: &Items) {
        self.hits.sort_unstable();
        self.runs.clear();
        let mut n_left = MAX_COMPARED;
        let mut last: Option<(u32, i64, u32)> = None;
        for hit in &self.hits {
            let end = hit.at + hit.n_words;
            if last.is_some_and(|(sequence, diagonal, last_end)| {
                (sequence, diagonal) == (hit.sequence, hit.diagonal) && end <= last_end
            }) {
                continue;
            }
            let bounds = items.layout.words_of(hit.sequence as usize);
            let place = (i64::from(hit.at) - hit.diagonal) as usize;
            let agree = |(word, item): &(&u64, &u32)| print(**word) == **item;
            let before = self.words[..hit.at as usize].iter().rev().zip(items.prints[bounds.start..place].iter().rev());
            let n_before = before.take(n_left).take_while(agree).count();
            let (at_end, place_end) = (end as usize, place + hit.n_words as usize);
            let after = self.words[at_end..].iter().zip(&items.prints[place_end..bounds.end]);
            let n_after = after.take(n_left).take_while(agree).count();
            n_left = n_left.saturating_sub(n_before + n_after);
            let run = Run {
                sequence: hit.sequence,
                at: hit.at - n_before as u32,
                end: end + n_after as u32,
                place: (place - n_before) as u32,
            };
            last = Some((hit.sequence, hit.diagonal, run.end));
            self.runs.push(run);
        }
        self.runs.sort_unstable();
    }

    /// Takes the runs of one copy of a sequence together.
    fn judge(&mut self, items: &Items, limit: Option<f32>) -> Found {
        let mut found = Found { n_grams: self.n_grams(), ..Found::default() };
        self.items.clear();
        let mut rest = self.runs.as_slice();
        while let Some(first) = rest.first() {
            let (mut n, mut end) = (1, first.end);
            while rest.get(n).is_some_and(|run| run.sequence == first.sequence && run.at <= end.saturating_add(MAX_GAP)) {
                end = end.max(rest[n].end);
                n += 1;
            }
            let (copy, others) = rest.split_at(n);
            rest = others;
            let Some(best) = best_of(items, copy, &mut self.covered) else { continue };
            if limit.is_some_and(|limit| best.coverage > limit) {
                self.items.push(best.item);
                found.stretches.push(first.at as usize..end as usize);
            }
            if found.best.is_none_or(|other| best.order(&other).is_gt()) {
                found.best = Some(best);
            }
        }
        self.items.sort_unstable();
        self.items.dedup();
        found.n_items = self.items.len();
        found
    }

    fn n_grams(&mut self) -> usize {
        let mut starts: Vec<u32> = self.hits.iter().map(|hit| hit.at).collect();
        starts.sort_unstable();
        starts.dedup();
        starts.len()
    }
}

/// Notes a seed, if its words are those of the document.
fn add_hit(hits: &mut Vec<Hit>, items: &Items, words: &[u64], at: usize, place: u32, n: usize) {
    let seed = &items.prints[place as usize..place as usize + n];
    let is_there = words.get(at..at + n).is_some_and(|words| words.iter().map(|word| print(*word)).eq(seed.iter().copied()));
    if is_there && hits.len() < MAX_HITS {
        let sequence = items.layout.sequence_at(place) as u32;
        hits.push(Hit { sequence, diagonal: at as i64 - i64::from(place), at: at as u32, n_words: n as u32 });
    }
}

/// The best view of one copy: the whole sequence, or a part that tells the item by itself.
fn best_of(items: &Items, copy: &[Run], covered: &mut Vec<Range<usize>>) -> Option<Best> {
    merge(copy, covered);
    let sequence = copy.first()?.sequence as usize;
    let item = items.layout.sequences[sequence].item;
    let view = |words: Range<usize>, n_covered: usize| {
        let is_enough = n_covered >= items.n.min(words.len());
        is_enough.then(|| Best { coverage: share(n_covered, words.len()), n_covered, item })
    };
    let mut best = view(items.layout.words_of(sequence), covered.iter().map(ExactSizeIterator::len).sum());
    let mut ranges = covered.as_slice();
    for part in items.layout.parts_of(sequence) {
        let words = items.layout.words_of_part(part);
        while ranges.first().is_some_and(|range| range.end <= words.start) {
            ranges = &ranges[1..];
        }
        if ranges.is_empty() {
            break;
        }
        if items.layout.parts[part].is_enough {
            let inside = ranges.iter().take_while(|range| range.start < words.end);
            let n_covered = inside.map(|range| range.end.min(words.end) - range.start.max(words.start)).sum();
            let other = view(words, n_covered);
            if other.is_some_and(|other| best.is_none_or(|best| other.order(&best).is_gt())) {
                best = other;
            }
        }
    }
    best
}

/// The words of a sequence that are in any of the runs, as ranges without overlap.
fn merge(copy: &[Run], covered: &mut Vec<Range<usize>>) {
    covered.clear();
    covered.extend(copy.iter().map(|run| run.place as usize..(run.place + run.end - run.at) as usize));
    covered.sort_unstable_by_key(|range| range.start);
    let mut n = 0;
    for at in 1..covered.len() {
        let range = covered[at].clone();
        if range.start <= covered[n].end {
            covered[n].end = covered[n].end.max(range.end);
        } else {
            n += 1;
            covered[n] = range;
        }
    }
    covered.truncate(n + 1);
}
