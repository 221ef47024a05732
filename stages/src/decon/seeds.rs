//! Chooses what of each item is searched for: n-grams, and short texts as a whole, that say enough and are rare enough.

use super::items::{Draft, Short};
use std::collections::BTreeMap;
use std::ops::Range;
use tokenmill_core::text::ngrams::{extend, rolling};

/// Different telling words that a seed must hold.
const MIN_TELLING: usize = 3;

/// Words of an answer that tells an item by itself (GPT-3: n-grams of 13 words).
const LONG_ANSWER: usize = 13;

/// Words of a text that several items may share, as they do a passage: it counts as one item's. Shorter ones that many items
/// have are templates.
const SHARED_WORDS: usize = 32;

/// Places that are kept of one n-gram.
const MAX_PLACES: usize = 16;

/// What is searched for.
pub(super) struct Limits {
    /// Words of an n-gram.
    pub n: usize,
    /// Words of the shortest text that is searched for.
    pub min_words: usize,
    /// Items that an n-gram may be part of.
    pub max_items: u16,
    /// Hashes of runs of words that are found in many documents, sorted: n-grams and everything shorter.
    pub common: Vec<u64>,
}

impl Limits {
    /// Notes that what these words hold is found in many documents.
    pub(super) fn add_common(&mut self, hashes: &[u64]) {
        for n in self.min_words..=self.n {
            self.common.extend(rolling(hashes, n));
        }
        self.common.sort_unstable();
        self.common.dedup();
    }

    fn is_common(&self, hash: u64) -> bool {
        self.common.binary_search(&hash).is_ok()
    }
}

/// What is searched for.
pub(super) struct Seeds {
    /// N-grams by hash and place.
    pub grams: Vec<(u64, u32)>,
    pub shorts: Vec<Short>,
}

/// Chooses the seeds, and marks the parts that tell an item by themselves.
pub(super) fn choose(draft: &mut Draft, limits: &Limits) -> Seeds {
    Seeds { grams: choose_grams(draft, limits), shorts: choose_shorts(draft, limits) }
}

/// An n-gram of an item; they sort by hash, then by item.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Gram {
    hash: u64,
    /// The item it counts for.
    owner: u32,
    place: u32,
}

fn choose_grams(draft: &mut Draft, limits: &Limits) -> Vec<(u64, u32)> {
    let mut grams = list_grams(draft, limits);
    grams.sort_unstable();
    // In how many items the n-gram at each place occurs; 0 where there is none to search for.
    let mut n_items = vec![0u16; draft.hashes.len()];
    for same in grams.chunk_by(|a, b| a.hash == b.hash) {
        let n_owners = same.chunk_by(|a, b| a.owner == b.owner).count();
        same.iter().for_each(|gram| n_items[gram.place as usize] = u16::try_from(n_owners).unwrap_or(u16::MAX));
    }
    for sequence in 0..draft.layout.n_sequences() {
        let words = draft.layout.words_of(sequence);
        let rarest = n_items[words.clone()].iter().copied().filter(|n| *n > 0).min().unwrap_or(0);
        if rarest > 0 && rarest <= limits.max_items {
            for part in draft.layout.parts_of(sequence) {
                let in_part = draft.layout.words_of_part(part);
                let starts = in_part.start..(in_part.end + 1).saturating_sub(limits.n).max(in_part.start);
                let has_seed = n_items[starts].iter().any(|n| (1..=limits.max_items).contains(n));
                let part = &mut draft.layout.parts[part];
                part.is_enough = has_seed && (!part.is_answer || in_part.len() >= LONG_ANSWER);
            }
        }
        // An item of a large family, which has nothing of its own, is searched for by what it has.
        let most = limits.max_items.max(rarest);
        n_items[words].iter_mut().filter(|n| **n > most).for_each(|n| *n = 0);
    }
    grams.retain(|gram| n_items[gram.place as usize] > 0);
    let kept = grams.chunk_by(|a, b| a.hash == b.hash).flat_map(|same| same.iter().take(MAX_PLACES));
    kept.map(|gram| (gram.hash, gram.place)).collect()
}

/// All n-grams that say enough and are not common.
fn list_grams(draft: &Draft, limits: &Limits) -> Vec<Gram> {
    let layout = &draft.layout;
    let mut owners = BTreeMap::new();
    let mut grams = Vec::new();
    for sequence in 0..layout.n_sequences() {
        let item = layout.sequences[sequence].item;
        let words = layout.words_of(sequence);
        let mut parts = layout.parts_of(sequence).map(|part| {
            let words = layout.words_of_part(part);
            let is_shared = words.len() >= SHARED_WORDS;
            let owner = if is_shared { *owners.entry(hash_of(draft, words.clone())).or_insert(item) } else { item };
            (words, owner)
        });
        let mut part = parts.next();
        for (place, hash) in (words.start..).zip(rolling(&draft.hashes[words], limits.n)) {
            while part.as_ref().is_some_and(|(words, _)| words.end <= place) {
                part = parts.next();
            }
            if tells(draft, place..place + limits.n) && !limits.is_common(hash) {
                let whole = part.as_ref().filter(|(words, _)| place + limits.n <= words.end);
                grams.push(Gram { hash, owner: whole.map_or(item, |(_, owner)| *owner), place: place as u32 });
            }
        }
    }
    grams
}

/// Parts and sequences that are shorter than an n-gram.
fn choose_shorts(draft: &mut Draft, limits: &Limits) -> Vec<Short> {
    let mut texts: Vec<(u64, u32, Range<usize>, Option<usize>)> = Vec::new();
    let layout = &draft.layout;
    for sequence in 0..layout.n_sequences() {
        let (item, shows_all) = (layout.sequences[sequence].item, layout.sequences[sequence].shows_all);
        let parts = layout.parts_of(sequence);
        // A short question with one answer may be a plain sentence; with all of them it is none.
        let whole = (parts.len() > 1 && shows_all).then(|| (layout.words_of(sequence), None));
        for (words, part) in parts.map(|part| (layout.words_of_part(part), Some(part))).chain(whole) {
            if (limits.min_words..limits.n).contains(&words.len()) && tells(draft, words.clone()) {
                texts.push((hash_of(draft, words.clone()), item, words, part));
            }
        }
    }
    texts.sort_unstable_by_key(|(hash, item, words, _)| (*hash, *item, words.start, words.end));
    let mut shorts = Vec::new();
    for same in texts.chunk_by(|a, b| a.0 == b.0) {
        let n_items = same.chunk_by(|a, b| a.1 == b.1).count();
        if n_items > usize::from(limits.max_items) || limits.is_common(same[0].0) {
            continue;
        }
        for (_, _, words, part) in same {
            if let Some(part) = part.map(|part| &mut draft.layout.parts[part]) {
                part.is_enough = !part.is_answer;
            }
            shorts.push(short(draft, words.clone(), limits.min_words));
        }
    }
    shorts
}

/// A short text with the most telling of its runs of `n` words as its anchor.
fn short(draft: &Draft, words: Range<usize>, n: usize) -> Short {
    let n_telling = |offset: &usize| draft.is_telling[words.start + offset..][..n].iter().filter(|is| **is).count();
    let offset = (0..=words.len() - n).max_by_key(n_telling).unwrap_or(0);
    let anchor = hash_of(draft, words.start + offset..words.start + offset + n);
    Short { place: words.start as u32, n_words: words.len() as u16, offset: offset as u16, anchor }
}

fn hash_of(draft: &Draft, words: Range<usize>) -> u64 {
    draft.hashes[words].iter().fold(0, |hash, word| extend(hash, *word))
}

/// Whether a run of words holds enough different telling ones.
fn tells(draft: &Draft, words: Range<usize>) -> bool {
    let mut seen = [0; MIN_TELLING];
    let mut n_seen = 0;
    for at in words {
        let hash = draft.hashes[at];
        if draft.is_telling[at] && !seen[..n_seen].contains(&hash) {
            seen[n_seen] = hash;
            n_seen += 1;
            if n_seen == MIN_TELLING {
                return true;
            }
        }
    }
    false
}
