//! Searches one document for all items at once.
//!
//! Every place where a seed of an item occurs is grown in both directions while the words agree, which gives runs. Runs of one
//! sequence that stand near each other show one copy of it; its coverage says how much of it is there.

use super::index::Index;
use super::items::{Items, Print};
use super::words::LABEL_SET;
use crate::buffer::{KEPT, give_back};
use std::cmp::Ordering;
use std::ops::Range;
use tokenmill_core::numbers::share;
use tokenmill_core::text::ngrams::rolling;

/// Words between two runs of one copy, at most: instructions, or a line of another choice.
const MAX_GAP: u32 = 64;

/// Telling words that must be there, if the item has so many: one n-gram of plain words is found in many texts.
const MIN_TELLING: usize = 4;

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
    /// Share of its telling words, or of those of a part that tells it, that are there.
    pub coverage: f32,
    /// Share of all words of the sequence that are there: tells questions about one passage apart.
    pub whole: f32,
    /// The words of the sequence that are there.
    pub n_covered: usize,
    /// Which item, counted over all benchmarks.
    pub item: u32,
}

impl Best {
    /// The higher coverage is better, then more of the whole, then more words, then the earlier item.
    fn order(&self, other: &Best) -> Ordering {
        let by_coverage = self.coverage.total_cmp(&other.coverage);
        let by_whole = self.whole.total_cmp(&other.whole);
        by_coverage.then(by_whole).then(self.n_covered.cmp(&other.n_covered)).then(other.item.cmp(&self.item))
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
    candidates: Vec<(u32, u64)>,
    hits: Vec<Hit>,
    runs: Vec<Run>,
    covered: Vec<Range<usize>>,
    items: Vec<u32>,
}

impl Search {
    /// Finds the items in a document, given its normal words; an item is found when its coverage is more than `limit`.
    pub(super) fn find(&mut self, items: &Items, normal_words: &[u64], limit: Option<f32>) -> Found {
        let labels = &*LABEL_SET;
        self.give_back(normal_words.len());
        self.take_words(normal_words);
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

    /// Gives back what a giant document needed, before one of `n` words.
    fn give_back(&mut self, n: usize) {
        give_back(&mut self.words, n, KEPT);
        give_back(&mut self.candidates, n, KEPT);
        give_back(&mut self.hits, n, KEPT);
        give_back(&mut self.runs, n, KEPT);
        give_back(&mut self.covered, n, KEPT);
        give_back(&mut self.items, n, KEPT);
    }

    /// Takes the words that are no labels.
    fn take_words(&mut self, normal_words: &[u64]) {
        let normal_words = &normal_words[..normal_words.len().min(u32::MAX as usize)];
        self.words.resize(normal_words.len(), 0);
        let (mut n_kept, labels) = (0, &*LABEL_SET);
        for hash in normal_words {
            // Written in any case, which costs less than asking first.
            self.words[n_kept] = *hash;
            n_kept += usize::from(!labels.has(*hash));
        }
        self.words.truncate(n_kept);
    }

    fn find_grams(&mut self, items: &Items) {
        candidates(&items.grams, &self.words, items.n, &mut self.candidates);
        for (at, hash) in self.candidates.drain(..) {
            for place in items.grams.places(hash) {
                add_hit(&mut self.hits, items, &self.words, at as usize, place, items.n);
            }
        }
    }

    fn find_shorts(&mut self, items: &Items) {
        candidates(&items.anchors, &self.words, items.min_words, &mut self.candidates);
        for (at, hash) in self.candidates.drain(..) {
            for number in items.anchors.places(hash) {
                let short = &items.shorts[number as usize];
                if let Some(at) = (at as usize).checked_sub(usize::from(short.offset)) {
                    add_hit(&mut self.hits, items, &self.words, at, short.place, usize::from(short.n_words));
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
            let agree = |(word, print): &(&u64, &Print)| print.is(**word);
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
            while rest.get(n).is_some_and(|run| run.sequence == first.sequence && run.at <= end.saturating_add(MAX_GAP))
            {
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

/// Lists the runs of `n` words that the filter of `index` lets pass: the first word and the hash of each.
fn candidates(index: &Index, words: &[u64], n: usize, out: &mut Vec<(u32, u64)>) {
    if !index.is_empty() {
        (0..).zip(rolling(words, n)).for_each(|(at, hash)| {
            if index.may_have(hash) {
                out.push((at, hash));
            }
        });
    }
}

/// Notes a seed, if its words are those of the document.
fn add_hit(hits: &mut Vec<Hit>, items: &Items, words: &[u64], at: usize, place: u32, n: usize) {
    let seed = &items.prints[place as usize..place as usize + n];
    let is_there = |words: &[u64]| seed.iter().zip(words).all(|(print, word)| print.is(*word));
    if words.get(at..at + n).is_some_and(is_there) && hits.len() < MAX_HITS {
        let sequence = items.layout.sequence_at(place) as u32;
        hits.push(Hit { sequence, diagonal: at as i64 - i64::from(place), at: at as u32, n_words: n as u32 });
    }
}

/// The best view of one copy: the whole sequence, or a part that tells the item by itself.
fn best_of(items: &Items, copy: &[Run], covered: &mut Vec<Range<usize>>) -> Option<Best> {
    merge(copy, covered);
    let sequence = copy.first()?.sequence as usize;
    let item = items.layout.sequences[sequence].item;
    let (words, parts) = (items.layout.words_of(sequence), items.layout.parts_of(sequence));
    let n_covered = covered.iter().map(ExactSizeIterator::len).sum();
    let whole = share(n_covered, words.len());
    let mut coverage = coverage_of(items, parts.clone(), covered);
    let first_place = covered.first()?.start;
    let n_before = items.layout.parts[parts.clone()].partition_point(|part| part.start as usize <= first_place);
    let mut ranges = covered.as_slice();
    for part in parts.start + n_before.saturating_sub(1)..parts.end {
        let start = items.layout.words_of_part(part).start;
        while ranges.first().is_some_and(|range| range.end <= start) {
            ranges = &ranges[1..];
        }
        if ranges.is_empty() {
            break;
        }
        if items.layout.parts[part].is_enough {
            coverage = coverage_of(items, part..part + 1, ranges).into_iter().chain(coverage).max_by(f32::total_cmp);
        }
    }
    coverage.map(|coverage| Best { coverage, whole, n_covered, item })
}

/// The share of the telling words of some parts that are in `ranges`, the first of which ends behind their start; `None` if
/// hardly anything is there.
fn coverage_of(items: &Items, parts: Range<usize>, ranges: &[Range<usize>]) -> Option<f32> {
    let n_all = items.layout.n_telling(parts.clone());
    let view = items.layout.parts[parts.start].start as usize..items.layout.parts[parts.end].start as usize;
    let (mut n_words, mut n_telling) = (0, 0);
    for range in ranges.iter().take_while(|range| range.start < view.end) {
        let inside = range.start.max(view.start)..range.end.min(view.end);
        n_words += inside.len();
        n_telling += items.prints[inside].iter().filter(|print| print.is_telling()).count();
    }
    let is_enough = n_words >= items.n.min(view.len()) && n_telling >= MIN_TELLING.min(n_all);
    is_enough.then(|| share(n_telling, n_all))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_of_a_giant_is_given_back() {
        let mut search = Search::default();
        search.take_words(&vec![1; 1_000_000]);
        search.hits.reserve(1_000_000);
        search.give_back(10);
        assert!(search.words.capacity() <= KEPT && search.hits.capacity() <= KEPT);
    }
}
