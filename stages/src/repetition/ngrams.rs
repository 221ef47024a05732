//! Word n-grams that occur more than once, and the characters they cover.
//!
//! Law: a gram of n + 1 words occurs twice only if the grams of n words at its first and its second word do. So each
//! size looks only at places where the size before it repeats, and a text without repeats is read about once, not
//! nine times. Most grams of the first size are told from repeated ones by two bits.

use super::counter::Counter;
use super::twice::Twice;
use std::ops::RangeInclusive;
use tokenmill_core::numbers::share;
use tokenmill_core::text::ngrams::{extend, rolling};
use tokenmill_core::text::words::Word;

/// Sizes of which the most frequent gram is judged.
const TOP_SIZES: RangeInclusive<usize> = 2..=4;

/// Sizes of which all repeated grams are judged.
const DUPLICATE_SIZES: RangeInclusive<usize> = 5..=10;

/// Shares of the characters inside words; a character counts once, however many grams cover it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Shares {
    /// For each of [`TOP_SIZES`], what all occurrences of the most frequent gram cover. A gram that occurs once is no
    /// repetition. Of equally frequent ones the longest in characters is meant, then the first.
    pub top: [f32; 3],
    /// For each of [`DUPLICATE_SIZES`], what all occurrences of all grams cover that occur more than once.
    pub duplicate: [f32; 6],
}

/// The grams of one document; the buffers are used again for the next.
#[derive(Default)]
pub(crate) struct NGrams {
    /// Places that may hold a repeated gram, from left to right.
    grams: Vec<Gram>,
    /// Characters in all words before the i-th.
    chars_before: Vec<u32>,
    twice: Twice,
}

#[derive(Clone, Copy, Default)]
struct Gram {
    hash: u64,
    /// Index of the first word.
    start: u32,
    /// Where the counter keeps it.
    place: u32,
}

impl NGrams {
    /// Measures the grams of a text from its words and their hashes.
    pub(crate) fn shares(&mut self, words: &[Word], hashes: &[u64], counter: &mut Counter) -> Shares {
        let mut shares = Shares::default();
        let sizes = *TOP_SIZES.start()..=*DUPLICATE_SIZES.end();
        self.of_sizes(sizes, words, hashes, counter, |n, grams, n_chars, counter| {
            if TOP_SIZES.contains(&n) {
                let top = grams.top(n, counter);
                shares.top[n - TOP_SIZES.start()] = share(grams.covered(n, |gram| gram.place == top), n_chars);
            } else {
                shares.duplicate[n - DUPLICATE_SIZES.start()] = share(grams.covered(n, |_| true), n_chars);
            }
        });
        shares
    }

    /// As [`NGrams::shares`], of the duplicate sizes alone, which costs little where nothing is repeated.
    pub(crate) fn duplicate(&mut self, words: &[Word], hashes: &[u64], counter: &mut Counter) -> [f32; 6] {
        let mut shares = [0.0; 6];
        self.of_sizes(DUPLICATE_SIZES, words, hashes, counter, |n, grams, n_chars, _| {
            shares[n - DUPLICATE_SIZES.start()] = share(grams.covered(n, |_| true), n_chars);
        });
        shares
    }

    /// Shows the repeated grams of each size, and the characters in all words, until there are none.
    fn of_sizes(
        &mut self,
        sizes: RangeInclusive<usize>,
        words: &[Word],
        hashes: &[u64],
        counter: &mut Counter,
        mut see: impl FnMut(usize, &NGrams, usize, &Counter),
    ) {
        let mut n_chars = 0;
        for n in sizes.clone() {
            if n == *sizes.start() {
                self.start(n, hashes)
            } else {
                self.grow(n, hashes)
            };
            self.retain_repeated(counter);
            if self.grams.is_empty() {
                break;
            }
            if n == *sizes.start() {
                n_chars = self.count_chars(words);
            }
            see(n, self, n_chars, counter);
        }
    }

    /// Takes the grams of `n` words that may be repeated.
    fn start(&mut self, n: usize, hashes: &[u64]) {
        self.twice.clear(hashes.len());
        rolling(hashes, n).for_each(|hash| self.twice.note(hash));
        if !self.twice.is_any_repeated() {
            self.grams.clear();
            return;
        }
        // Which grams stay is hard to foresee, so each is written, and the next one over those that go.
        self.grams.clear();
        self.grams.resize(hashes.len(), Gram::default());
        let (mut n_grams, grams) = (0, self.grams.as_mut_slice());
        rolling(hashes, n).zip(0..).for_each(|(hash, start)| {
            if let Some(gram) = grams.get_mut(n_grams) {
                *gram = Gram { hash, start, place: 0 };
            }
            n_grams += usize::from(self.twice.may_be_repeated(hash));
        });
        self.grams.truncate(n_grams);
    }

    /// Characters in all words.
    fn count_chars(&mut self, words: &[Word]) -> usize {
        let mut sum = 0;
        self.chars_before.clear();
        self.chars_before.push(0);
        self.chars_before.extend(words.iter().map(|word| {
            sum += word.n_chars;
            sum
        }));
        sum as usize
    }

    /// Makes grams of `n` words from those of n - 1, where the next place has one too.
    fn grow(&mut self, n: usize, hashes: &[u64]) {
        let mut n_grown = 0;
        for at in 1..self.grams.len() {
            let gram = self.grams[at - 1];
            if self.grams[at].start == gram.start + 1 {
                let hash = extend(gram.hash, hashes[gram.start as usize + n - 1]);
                self.grams[n_grown] = Gram { hash, ..gram };
                n_grown += 1;
            }
        }
        self.grams.truncate(n_grown);
    }

    fn retain_repeated(&mut self, counter: &mut Counter) {
        counter.clear(self.grams.len());
        self.grams.iter_mut().for_each(|gram| gram.place = counter.add(gram.hash));
        self.grams.retain(|gram| counter.count(gram.place) > 1);
    }

    /// The place of the most frequent gram.
    fn top(&self, n: usize, counter: &Counter) -> u32 {
        let mut best = (0, 0, 0);
        for gram in &self.grams {
            let count = counter.count(gram.place);
            if count >= best.0 {
                let n_chars = self.n_chars(gram.start as usize, gram.start as usize + n);
                if (count, n_chars) > (best.0, best.1) {
                    best = (count, n_chars, gram.place);
                }
            }
        }
        best.2
    }

    /// Characters in the words that the chosen grams cover.
    fn covered(&self, n: usize, chosen: impl Fn(&Gram) -> bool) -> usize {
        let mut end = 0;
        let mut sum = 0;
        for gram in self.grams.iter().filter(|gram| chosen(gram)) {
            let start = gram.start as usize;
            sum += self.n_chars(start.max(end), start + n) as usize;
            end = start + n;
        }
        sum
    }

    /// Characters in words `from..to`.
    fn n_chars(&self, from: usize, to: usize) -> u32 {
        self.chars_before[to] - self.chars_before[from]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use tokenmill_core::hash::hash64;
    use tokenmill_core::text::words::{hash_words, split_words};

    fn shares(text: &str) -> Shares {
        let (mut words, mut hashes) = (Vec::new(), Vec::new());
        split_words(text, &mut words);
        hash_words(text, &words, &mut hashes);
        let (mut grams, mut counter) = (NGrams::default(), Counter::default());
        let duplicate = grams.duplicate(&words, &hashes, &mut counter);
        let shares = grams.shares(&words, &hashes, &mut counter);
        assert_eq!(duplicate, shares.duplicate);
        shares
    }

    /// The definitions, word by word and without any of the short cuts.
    fn by_definition(text: &str) -> Shares {
        let words: Vec<&str> = text.split_whitespace().collect();
        let n_chars = |word: &&str| word.chars().count();
        let all: usize = words.iter().map(n_chars).sum();
        let covered = |n: usize, chosen: &dyn Fn(&[&str]) -> bool| {
            let mut mask = vec![false; words.len()];
            for (start, gram) in words.windows(n).enumerate() {
                if chosen(gram) {
                    mask[start..start + n].fill(true);
                }
            }
            share(words.iter().zip(mask).filter(|(_, hit)| *hit).map(|(word, _)| n_chars(word)).sum(), all)
        };
        let mut expected = Shares::default();
        for n in 2..=10 {
            let mut counts: BTreeMap<&[&str], usize> = BTreeMap::new();
            words.windows(n).for_each(|gram| *counts.entry(gram).or_insert(0) += 1);
            if n <= 4 {
                let length = |gram: &[&str]| gram.iter().map(n_chars).sum::<usize>();
                let rank = |gram: &[&str]| (counts[gram], length(gram));
                let top = words.windows(n).rev().max_by_key(|gram| rank(gram)).filter(|gram| counts[gram] > 1);
                expected.top[n - 2] = top.map_or(0.0, |top| covered(n, &|gram| gram == top));
            } else {
                expected.duplicate[n - 5] = covered(n, &|gram| counts[gram] > 1);
            }
        }
        expected
    }

    #[test]
    fn characters_under_several_grams_count_once() {
        let found = shares("ha ha ha ha");
        assert_eq!(found.top, [1.0, 1.0, 0.0]);
        assert_eq!(found.duplicate, [0.0; 6]);
        assert_eq!(shares("a b c d e f x a b c d e f").duplicate, [12.0 / 13.0, 12.0 / 13.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn the_longest_of_equally_frequent_grams_is_the_top() {
        assert_eq!(shares("a b x a b y long word z long word").top[0], 16.0 / 23.0);
    }

    #[test]
    fn short_texts_have_no_repetition() {
        for text in ["", "one", "one two", "one two three four five six seven eight nine ten eleven"] {
            assert_eq!(shares(text), Shares::default());
        }
    }

    #[test]
    fn random_texts_give_what_the_definitions_say() {
        for seed in 0..400u64 {
            let (n_words, n_kinds) = (hash64(seed, b"words") % 120, 1 + hash64(seed, b"kinds") % 12);
            let text: Vec<String> = (0..n_words)
                .map(|at| hash64(seed, &at.to_le_bytes()) % n_kinds)
                .map(|kind| "é".repeat(1 + kind as usize % 3) + &kind.to_string())
                .collect();
            let text = text.join(" ");
            assert_eq!(shares(&text), by_definition(&text), "{text}");
        }
    }
}
