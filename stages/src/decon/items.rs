//! All items of all benchmarks, laid out for the search: one row of words, cut into sequences and these into parts.
//!
//! A sequence is an item as a text may show it: all its parts in their order; and, where the question alone is too short to
//! be found by, the question with one of the alternatives each.

use super::index::Index;
use super::read::{self, Item};
use super::seeds::{self, Limits};
use std::ops::Range;
use std::sync::Arc;
use tokenmill_core::BuildError;

/// Sequences of one item that show one alternative, at most.
const MAX_ALTERNATIVES: usize = 16;

/// One text of a sequence.
pub(super) struct Part {
    /// Where its words begin.
    pub start: u32,
    /// Telling words of all parts before it.
    pub n_telling_before: u32,
    pub is_answer: bool,
    /// Whether it tells the item by itself.
    pub is_enough: bool,
}

/// One way of showing an item.
pub(super) struct Sequence {
    /// Where its words begin.
    pub start: u32,
    pub first_part: u32,
    /// The item, counted over all benchmarks.
    pub item: u32,
    /// Whether it is the whole item, not one that shows one of its alternatives.
    pub shows_all: bool,
}

/// Which words belong to which part, sequence and item; parts and sequences are closed by an empty one.
pub(super) struct Layout {
    pub sequences: Vec<Sequence>,
    pub parts: Vec<Part>,
}

impl Layout {
    pub(super) fn n_sequences(&self) -> usize {
        self.sequences.len() - 1
    }

    /// The sequence that holds the word at `place`.
    pub(super) fn sequence_at(&self, place: u32) -> usize {
        self.sequences.partition_point(|sequence| sequence.start <= place) - 1
    }

    pub(super) fn words_of(&self, sequence: usize) -> Range<usize> {
        self.sequences[sequence].start as usize..self.sequences[sequence + 1].start as usize
    }

    pub(super) fn parts_of(&self, sequence: usize) -> Range<usize> {
        self.sequences[sequence].first_part as usize..self.sequences[sequence + 1].first_part as usize
    }

    /// Telling words of some parts.
    pub(super) fn n_telling(&self, parts: Range<usize>) -> usize {
        (self.parts[parts.end].n_telling_before - self.parts[parts.start].n_telling_before) as usize
    }

    pub(super) fn words_of_part(&self, part: usize) -> Range<usize> {
        self.parts[part].start as usize..self.parts[part + 1].start as usize
    }
}

/// Items as they are read.
pub(super) struct Draft {
    pub layout: Layout,
    /// Hashes of all words.
    pub hashes: Vec<u64>,
    /// Whether a word is a telling one.
    pub is_telling: Vec<bool>,
    /// The name of each benchmark and its first item.
    benchmarks: Vec<(Arc<str>, u32)>,
    n_items: u32,
    n_telling: u32,
}

impl Draft {
    pub(super) fn new() -> Draft {
        let layout = Layout { sequences: Vec::new(), parts: Vec::new() };
        Draft { layout, hashes: Vec::new(), is_telling: Vec::new(), benchmarks: Vec::new(), n_items: 0, n_telling: 0 }
    }

    /// Adds a benchmark; `n` is the length of n-grams in words.
    ///
    /// # Errors
    /// When all items together have more words than 32 bits can count.
    pub(super) fn add(&mut self, name: &str, items: &[Item], n: usize) -> Result<(), BuildError> {
        self.benchmarks.push((name.into(), self.n_items));
        for item in items {
            let n_alternatives = item.iter().filter_map(|part| part.alternative).map(|at| at + 1).max().unwrap_or(0);
            let asked = item.iter().filter(|part| !part.is_answer && part.alternative.is_none());
            self.add_sequence(item, None);
            if n_alternatives > 1 && asked.map(|part| part.words.len()).sum::<usize>() < n {
                for shown in 0..n_alternatives.min(MAX_ALTERNATIVES) {
                    self.add_sequence(item, Some(shown));
                }
            }
            self.n_items += 1;
            if self.hashes.len() >= u32::MAX as usize {
                return Err(BuildError::new("the benchmarks have more than four billion words"));
            }
        }
        Ok(())
    }

    /// Adds an item with all its alternatives or with one.
    fn add_sequence(&mut self, item: &Item, shown: Option<usize>) {
        let is_shown = |part: &&read::Part| shown.is_none() || part.alternative.is_none() || part.alternative == shown;
        let (start, first_part) = (self.hashes.len() as u32, self.layout.parts.len() as u32);
        self.layout.sequences.push(Sequence { start, first_part, item: self.n_items, shows_all: shown.is_none() });
        for part in item.iter().filter(is_shown) {
            let start = self.hashes.len() as u32;
            let n_telling_before = self.n_telling;
            self.layout.parts.push(Part { start, n_telling_before, is_answer: part.is_answer, is_enough: false });
            self.n_telling += part.words.iter().filter(|word| word.is_telling).count() as u32;
            self.hashes.extend(part.words.iter().map(|word| word.hash));
            self.is_telling.extend(part.words.iter().map(|word| word.is_telling));
        }
    }

    /// Chooses what to search for, and lays it out for the search.
    pub(super) fn finish(mut self, limits: &Limits) -> Items {
        let (start, first_part) = (self.hashes.len() as u32, self.layout.parts.len() as u32);
        self.layout.sequences.push(Sequence { start, first_part, item: self.n_items, shows_all: false });
        let n_telling_before = self.n_telling;
        self.layout.parts.push(Part { start, n_telling_before, is_answer: false, is_enough: false });
        let seeds = seeds::choose(&mut self, limits);
        let anchors: Vec<(u64, u32)> = seeds.shorts.iter().map(|short| short.anchor).zip(0..).collect();
        Items {
            n: limits.n,
            min_words: limits.min_words,
            grams: Index::new(&seeds.grams),
            anchors: Index::new(&anchors),
            shorts: seeds.shorts,
            prints: self.hashes.iter().zip(&self.is_telling).map(|(hash, is)| Print::new(*hash, *is)).collect(),
            layout: self.layout,
            benchmarks: self.benchmarks,
        }
    }
}

/// What is kept of a word of an item.
#[derive(Clone, Copy)]
pub(super) struct Print(u32);

impl Print {
    fn new(hash: u64, is_telling: bool) -> Print {
        Print((hash >> 32) as u32 & !1 | u32::from(is_telling))
    }

    /// Whether it is of the word with this hash; wrong for one of two billion others.
    #[inline]
    pub(super) fn is(self, hash: u64) -> bool {
        self.0 >> 1 == (hash >> 33) as u32
    }

    /// Whether the word says something.
    #[inline]
    pub(super) fn is_telling(self) -> bool {
        self.0 & 1 == 1
    }
}

/// A text shorter than an n-gram that is searched for as a whole.
pub(super) struct Short {
    /// Where its words begin.
    pub place: u32,
    /// Its words.
    pub n_words: u16,
    /// At which of its words the anchor begins by which it is found.
    pub offset: u16,
    /// The hash of the anchor.
    pub anchor: u64,
}

/// The items of all benchmarks.
pub(super) struct Items {
    /// Words of an n-gram.
    pub n: usize,
    /// Words of an anchor, and of the shortest text that is searched for.
    pub min_words: usize,
    /// All words.
    pub prints: Vec<Print>,
    pub layout: Layout,
    /// Places of n-grams.
    pub grams: Index,
    /// Numbers of short texts by their anchors.
    pub anchors: Index,
    pub shorts: Vec<Short>,
    benchmarks: Vec<(Arc<str>, u32)>,
}

impl Items {
    /// The benchmark of an item, and the item's number in it, from 0.
    pub(super) fn origin(&self, item: u32) -> (Arc<str>, u32) {
        let at = self.benchmarks.partition_point(|(_, first)| *first <= item);
        let benchmark = at.checked_sub(1).map(|at| &self.benchmarks[at]);
        benchmark.map_or_else(|| ("".into(), item), |(name, first)| (name.clone(), item - first))
    }

    /// Bytes held.
    #[cfg(test)]
    pub(super) fn n_bytes(&self) -> usize {
        4 * self.prints.len()
            + self.grams.n_bytes()
            + self.anchors.n_bytes()
            + size_of::<Short>() * self.shorts.len()
            + size_of::<Sequence>() * self.layout.sequences.len()
            + size_of::<Part>() * self.layout.parts.len()
    }
}
