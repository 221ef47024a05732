//! The definition of what is found, word by word and without any index, and a comparison with the search on random texts.

use super::items::{Draft, Items};
use super::read::Item;
use super::search::{Best, Found, Search};
use super::seeds::Limits;
use super::words::{ItemWord, item_words};
use std::collections::BTreeSet;
use std::ops::Range;
use tokenmill_core::hash::hash64;
use tokenmill_core::numbers::share;
use tokenmill_core::text::normal::hash_normal_words;

/// A sequence: its item, and its parts as (first word, one past the last, whether it answers).
struct Sequence {
    item: u32,
    shows_all: bool,
    words: Vec<ItemWord>,
    parts: Vec<(usize, usize, bool)>,
}

fn sequences(items: &[Item], n: usize) -> Vec<Sequence> {
    let mut sequences = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let asked = item.iter().filter(|part| !part.is_answer && part.alternative.is_none());
        let n_asked: usize = asked.map(|part| part.words.len()).sum();
        let mut shown = vec![None];
        let n_alternatives = item.iter().filter_map(|part| part.alternative).max().map_or(0, |last| last + 1);
        if n_alternatives > 1 && n_asked < n {
            shown.extend((0..n_alternatives).map(Some));
        }
        for shown in shown {
            let mut sequence =
                Sequence { item: number as u32, shows_all: shown.is_none(), words: Vec::new(), parts: Vec::new() };
            for part in item {
                if shown.is_none() || part.alternative.is_none() || part.alternative == shown {
                    let start = sequence.words.len();
                    sequence.words.extend(&part.words);
                    sequence.parts.push((start, sequence.words.len(), part.is_answer));
                }
            }
            sequences.push(sequence);
        }
    }
    sequences
}

fn hashes(words: &[ItemWord]) -> Vec<u64> {
    words.iter().map(|word| word.hash).collect()
}

fn tells(words: &[ItemWord]) -> bool {
    words.iter().filter(|word| word.is_telling).map(|word| word.hash).collect::<BTreeSet<_>>().len() >= 3
}

/// The seeds of every sequence as ranges of its words, and which of its parts tell the item.
fn seeds(all: &[Sequence], limits: &Limits) -> Vec<(Vec<Range<usize>>, Vec<bool>)> {
    let n_items = |words: &[ItemWord], is_same: &dyn Fn(&Sequence, &[u64]) -> bool| {
        let wanted = hashes(words);
        all.iter().filter(|other| is_same(other, &wanted)).map(|other| other.item).collect::<BTreeSet<_>>().len()
    };
    let max = usize::from(limits.max_items);
    let each = |sequence: &Sequence| {
        let words = &sequence.words;
        let holds =
            |other: &Sequence, wanted: &[u64]| hashes(&other.words).windows(limits.n).any(|gram| gram == wanted);
        let starts = (0..(words.len() + 1).saturating_sub(limits.n)).filter(|at| tells(&words[*at..at + limits.n]));
        let grams: Vec<_> = starts.map(|at| (at, n_items(&words[at..at + limits.n], &holds))).collect();
        let rarest = grams.iter().map(|(_, n)| *n).min().unwrap_or(0);
        let chosen = grams.iter().filter(|(_, n)| *n <= max.max(rarest)).map(|(at, _)| *at..at + limits.n);
        let mut seeds: Vec<Range<usize>> = chosen.collect();
        let mut is_enough: Vec<bool> = (sequence.parts.iter())
            .map(|(start, end, is_answer)| {
                let has = seeds.iter().any(|seed| *start <= seed.start && seed.end <= *end);
                has && rarest <= max && (!is_answer || end - start >= 13)
            })
            .collect();
        let is_text = |other: &Sequence, wanted: &[u64]| {
            let whole = (0, other.words.len(), false);
            other
                .parts
                .iter()
                .chain(other.shows_all.then_some(&whole))
                .any(|(start, end, _)| hashes(&other.words[*start..*end]) == wanted)
        };
        for (at, (start, end, is_answer)) in
            sequence.parts.iter().copied().chain(sequence.shows_all.then_some((0, words.len(), true))).enumerate()
        {
            let text = &words[start..end];
            let fits = (limits.min_words..limits.n).contains(&text.len()) && tells(text);
            if fits && n_items(text, &is_text) <= max {
                seeds.push(start..end);
                if at < is_enough.len() {
                    is_enough[at] = !is_answer;
                }
            }
        }
        (seeds, is_enough)
    };
    all.iter().map(each).collect()
}

/// What is found in a document, whose words are given without labels.
fn find(all: &[Sequence], limits: &Limits, words: &[u64], max_coverage: f32) -> Found {
    let (mut found, mut found_items, mut starts) = (Found::default(), BTreeSet::new(), BTreeSet::new());
    let mut copies: Vec<(Best, Range<usize>)> = Vec::new();
    for (sequence, (seeds, is_enough)) in all.iter().zip(seeds(all, limits)) {
        let item = hashes(&sequence.words);
        let agree = |at: usize, place: usize| at < words.len() && place < item.len() && words[at] == item[place];
        let mut runs: Vec<(usize, usize, usize)> = Vec::new();
        for at in 0..words.len() {
            for place in 0..item.len() {
                let is_first = agree(at, place) && !(at > 0 && place > 0 && agree(at - 1, place - 1));
                let n = (0..).take_while(|n| is_first && agree(at + n, place + n)).count();
                let inside: Vec<_> = seeds.iter().filter(|seed| place <= seed.start && seed.end <= place + n).collect();
                starts.extend(inside.iter().map(|seed| at + seed.start - place));
                runs.extend((!inside.is_empty()).then_some((at, at + n, place)));
            }
        }
        while !runs.is_empty() {
            let (start, mut end, _) = runs[0];
            let n = (runs.iter().take_while(|run| {
                let near = run.0 <= end + 64;
                end = if near { end.max(run.1) } else { end };
                near
            }))
            .count();
            let copy: Vec<_> = runs.drain(..n).collect();
            let is_covered =
                |place: usize| copy.iter().any(|(at, end, first)| (*first..first + end - at).contains(&place));
            let whole = [(0, item.len())];
            let parts = sequence.parts.iter().zip(&is_enough).filter(|(_, is)| **is).map(|(part, _)| (part.0, part.1));
            let n_covered = |start: usize, end: usize| (start..end).filter(|place| is_covered(*place)).count();
            let n_telling = |start: usize, end: usize, wanted: &dyn Fn(usize) -> bool| {
                (start..end).filter(|place| sequence.words[*place].is_telling && wanted(*place)).count()
            };
            let views = whole.into_iter().chain(parts).filter_map(|(start, end)| {
                let (n_there, n_all) = (n_telling(start, end, &is_covered), n_telling(start, end, &|_| true));
                let is_view = n_covered(start, end) >= limits.n.min(end - start) && n_there >= n_all.min(4);
                is_view.then(|| share(n_there, n_all))
            });
            if let Some(coverage) = views.max_by(f32::total_cmp) {
                let n_covered = n_covered(0, item.len());
                let whole = share(n_covered, item.len());
                let best = Best { coverage, whole, n_covered, item: sequence.item };
                copies.push((best, start..end));
            }
        }
    }
    for (best, stretch) in copies {
        if best.coverage > max_coverage {
            found_items.insert(best.item);
            found.stretches.push(stretch);
        }
        let key = |best: &Best| (best.coverage, best.whole, best.n_covered);
        let is_better = |other: Best| key(&best) > key(&other);
        if found.best.is_none_or(is_better) {
            found.best = Some(best);
        }
    }
    Found { n_items: found_items.len(), n_grams: starts.len(), ..found }
}

const VOCABULARY: [&str; 9] = ["the", "of", "7", "amber", "basil", "cedar", "delta", "ember", "fjord"];

struct Random(u64, u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.1 += 1;
        (hash64(self.0, &self.1.to_le_bytes()) % n as u64) as usize
    }

    fn words(&mut self, n: usize) -> String {
        (0..n).map(|_| VOCABULARY[self.below(VOCABULARY.len())]).collect::<Vec<_>>().join(" ")
    }

    fn item(&mut self) -> Item {
        let part = |text: String, is_answer, alternative| super::read::Part {
            words: item_words(&text),
            is_answer,
            alternative,
        };
        let n_question = 1 + self.below(12);
        let mut item = vec![part(self.words(n_question), false, None)];
        for at in 0..self.below(4) {
            let n_answer = 1 + self.below(15);
            item.push(part(self.words(n_answer), true, Some(at)));
        }
        item
    }
}

fn clone(item: &Item) -> Item {
    let part = |part: &super::read::Part| super::read::Part { words: part.words.clone(), ..*part };
    item.iter().map(part).collect()
}

fn words_of(text: &str) -> Vec<u64> {
    let mut hashes = Vec::new();
    hash_normal_words(text, &mut hashes);
    hashes
}

fn text_of(item: &Item) -> Vec<u64> {
    item.iter().flat_map(|part| hashes(&part.words)).collect()
}

#[test]
fn the_search_finds_what_the_definition_says() {
    let (mut n_found, mut n_partly, mut n_nothing) = (0, 0, 0);
    for seed in 0..1_500 {
        let mut random = Random(seed, 0);
        let n = 4 + random.below(3);
        let limits = Limits { n, min_words: 3, max_items: 1 + random.below(3) as u16, common: Vec::new() };
        let mut items: Vec<Item> = (0..1 + random.below(3)).map(|_| random.item()).collect();
        if items.len() > 1 && random.below(2) == 0 {
            items[1] = clone(&items[0]);
        }
        let mut draft = Draft::new();
        draft.add("b", &items, n).unwrap();
        let (all, built): (_, Items) = (sequences(&items, n), draft.finish(&limits));
        let mut search = Search::default();
        for _ in 0..4 {
            let mut words = words_of(&random.words(30));
            for _ in 0..random.below(3) {
                let text = text_of(&items[random.below(items.len())]);
                let from = random.below(text.len());
                let to = from + random.below(text.len() - from + 1);
                words.extend(&text[from..to]);
                let n_between = random.below(2) * (20 + random.below(60));
                words.extend(words_of(&random.words(n_between)));
            }
            let expected = find(&all, &limits, &words, 0.5);
            assert_eq!(search.find(&built, &words, Some(0.5)), expected, "seed {seed}");
            n_found += usize::from(expected.n_items > 0);
            n_partly += usize::from(expected.n_items == 0 && expected.best.is_some());
            n_nothing += usize::from(expected.best.is_none());
        }
    }
    assert!(n_found > 1_000 && n_partly > 100 && n_nothing > 1_000, "{n_found} {n_partly} {n_nothing}");
}
