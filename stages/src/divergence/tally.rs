//! The divergence of a growing text: one word more costs one step.
//!
//! D = Σ c/n log2((c/n) / q) = (Σ c log2 c + Σ -log2 q) / n - log2 n, where the first sum goes over different words and
//! the second over all: both grow with every word, so D is known at every length.

use crate::repetition::counter::Counter;
use std::sync::LazyLock;

/// Counts of which the growth is looked up.
const N_LOOKED_UP: usize = 1024;

static GROWTH: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..N_LOOKED_UP as u32).map(|count| c_log_c(count) - c_log_c(count.saturating_sub(1))).collect());

fn c_log_c(count: u32) -> f64 {
    if count < 2 { 0.0 } else { f64::from(count) * libm::log2(f64::from(count)) }
}

/// How much c log2 c grows when a count becomes `count`.
#[inline]
fn growth(growths: &[f64], count: u32) -> f64 {
    growths.get(count as usize).copied().unwrap_or_else(|| c_log_c(count) - c_log_c(count - 1))
}

/// A text up to its last word so far; the buffers are used again for the next.
#[derive(Default)]
pub(super) struct Tally {
    counter: Counter,
    n_words: u64,
    /// Σ c log2 c over different words.
    own: f64,
    /// Σ -log2 q over all words.
    reference: f64,
}

impl Tally {
    /// Begins a text of at most `n_words` words.
    pub(super) fn begin(&mut self, n_words: usize) {
        self.counter.clear(n_words);
        (self.n_words, self.own, self.reference) = (0, 0.0, 0.0);
    }

    /// Adds words with a function that says how many bits a word costs: -log2 of its share in the reference.
    #[inline]
    pub(super) fn extend(&mut self, words: &[u64], bits: impl Fn(u64) -> f32) {
        let growths: &[f64] = &GROWTH;
        for word in words {
            let place = self.counter.add(*word);
            self.own += growth(growths, self.counter.count(place));
            self.reference += f64::from(bits(*word));
        }
        self.n_words += words.len() as u64;
    }

    /// The divergence of all words since the beginning, in bits; 0 without words.
    pub(super) fn divergence(&self) -> f32 {
        if self.n_words == 0 {
            return 0.0;
        }
        let n = self.n_words as f64;
        ((self.own + self.reference) / n - libm::log2(n)) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use tokenmill_core::hash::hash64;

    /// Σ p log2(p / q), as the books have it.
    fn by_definition(words: &[u64], bits: impl Fn(u64) -> f32) -> f64 {
        let mut counts = BTreeMap::new();
        words.iter().for_each(|word| *counts.entry(*word).or_insert(0u32) += 1);
        let p = |count: u32| f64::from(count) / words.len() as f64;
        let q = |word: u64| (-f64::from(bits(word))).exp2();
        counts.into_iter().map(|(word, count)| p(count) * (p(count) / q(word)).log2()).sum()
    }

    #[test]
    fn random_texts_have_the_divergence_of_the_definition_at_every_length() {
        let bits = |word: u64| (word % 24) as f32 + 0.5;
        let mut tally = Tally::default();
        for seed in 0..100u64 {
            let n_kinds = 1 + hash64(seed, b"kinds") % 50;
            let words: Vec<u64> = (0..1 + hash64(seed, b"n") % 3_000)
                .map(|at| hash64(hash64(seed, &at.to_le_bytes()) % n_kinds, b"word"))
                .collect();
            tally.begin(words.len());
            let mut at = 0;
            while at < words.len() {
                let next = (2 * at + 1).min(words.len());
                tally.extend(&words[at..next], bits);
                let (found, expected) = (f64::from(tally.divergence()), by_definition(&words[..next], bits));
                assert!((found - expected).abs() < 1e-5, "{found} {expected}");
                at = next;
            }
        }
    }

    #[test]
    fn a_text_like_the_reference_does_not_diverge() {
        let mut tally = Tally::default();
        tally.begin(4);
        assert_eq!(tally.divergence(), 0.0);
        tally.extend(&[7, 8, 7, 9], |word| if word == 7 { 1.0 } else { 2.0 });
        assert_eq!(tally.divergence(), 0.0);
    }
}
