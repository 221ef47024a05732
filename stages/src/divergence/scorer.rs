//! Scores texts by a reference that has been read.

use super::table::Table;
use super::tally::Tally;
use super::{Level, Reference, UNKNOWN_BITS};
use std::cell::RefCell;
use tokenmill_core::BuildError;

thread_local! {
    static TALLY: RefCell<Tally> = RefCell::default();
}

/// Measures and scores texts by one reference.
pub struct Scorer {
    /// -log2 q of every word of the vocabulary.
    bits: Table<f32>,
    levels: Vec<Level>,
}

/// -log2 of the share `count / n_words`, at most [`UNKNOWN_BITS`].
pub(super) fn bits_of(count: u32, n_words: u64) -> f32 {
    (libm::log2(n_words as f64 / f64::from(count)) as f32).min(UNKNOWN_BITS)
}

impl Scorer {
    /// From a reference.
    ///
    /// # Errors
    /// When the words of the vocabulary are no hashes.
    pub fn new(reference: &Reference) -> Result<Scorer, BuildError> {
        let bits = reference.vocabulary.iter().map(|(word, count)| (*word, bits_of(*count, reference.n_words)));
        let bits = Table::new(bits).ok_or_else(|| BuildError::new("its words are no hashes of words"))?;
        Ok(Scorer { bits, levels: reference.levels.clone() })
    }

    /// The divergence of a text from the reference, in bits, from the hashes of its normal words; 0 without words.
    pub fn divergence(&self, words: &[u64]) -> f32 {
        TALLY.with_borrow_mut(|tally| {
            tally.begin(words.len());
            tally.extend(words, |word| self.bits.get(word).unwrap_or(UNKNOWN_BITS));
            tally.divergence()
        })
    }

    /// Where `divergence` stands among documents of the reference that have as many words: 0 for their median, 1 for
    /// their third quartile, and so on in equal steps. Quartiles, because a sample of real documents has outliers of its
    /// own, which must not widen the scale. They are interpolated linearly in log2 of the number of words; texts that
    /// are longer than all levels are compared with the last one, which is mild on them.
    pub fn score(&self, n_words: usize, divergence: f32) -> f32 {
        let [first, .., last] = self.levels.as_slice() else {
            return self.levels.first().map_or(0.0, |only| only.score(divergence));
        };
        let at = libm::log2(n_words.max(1) as f64).clamp(f64::from(first.log2_words), f64::from(last.log2_words));
        let below = (at as usize - usize::from(first.log2_words)).min(self.levels.len() - 2);
        let weight = (at - f64::from(self.levels[below].log2_words)) as f32;
        let between = |of: fn(&Level) -> f32| {
            let (below, above) = (of(&self.levels[below]), of(&self.levels[below + 1]));
            below + (above - below) * weight
        };
        (divergence - between(Level::median)) / between(Level::unit)
    }
}

impl Level {
    fn median(&self) -> f32 {
        self.percentiles[0]
    }

    /// The third quartile above the median: positive in every sound reference.
    pub(super) fn unit(&self) -> f32 {
        self.percentiles[1] - self.percentiles[0]
    }

    /// The score of a document of exactly this length.
    pub fn score(&self, divergence: f32) -> f32 {
        (divergence - self.median()) / self.unit()
    }

    /// The number of words of this level, for a number that is not above 63.
    pub fn n_words(&self) -> u64 {
        1 << self.log2_words.min(63)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scorer_of(levels: &[(u8, f32, f32)]) -> Scorer {
        let level = |(log2_words, median, high): &(u8, f32, f32)| Level {
            log2_words: *log2_words,
            n_documents: 50,
            percentiles: [*median, *high, *high, *high, *high, *high],
        };
        let (vocabulary, levels) = (vec![(1 << 60, 50), (2 << 60, 25)], levels.iter().map(level).collect());
        let reference = Reference { lang: "en".to_owned(), n_documents: 50, n_words: 100, levels, vocabulary };
        Scorer::new(&reference).unwrap()
    }

    #[test]
    fn scores_are_interpolated_between_lengths() {
        let scorer = scorer_of(&[(5, 4.0, 5.0), (6, 3.0, 3.5), (7, 2.0, 3.0)]);
        for (n_words, divergence, score) in
            [(32, 4.0, 0.0), (32, 5.0, 1.0), (8, 5.0, 1.0), (64, 4.0, 2.0), (128, 1.0, -1.0), (1 << 20, 3.0, 1.0)]
        {
            assert_eq!(scorer.score(n_words, divergence), score, "{n_words} {divergence}");
        }
        // Half way between 64 and 128 on the scale of logarithms: median 2.5, unit 0.75.
        let found = scorer.score(90, 3.25);
        assert!((found - 1.0).abs() < 0.02, "{found}");
        assert_eq!(scorer_of(&[(5, 4.0, 5.0)]).score(1000, 6.0), 2.0);
    }

    #[test]
    fn unknown_words_cost_what_they_cost() {
        let scorer = scorer_of(&[(5, 4.0, 5.0)]);
        assert_eq!(scorer.divergence(&[]), 0.0);
        assert_eq!(scorer.divergence(&[9; 8]), 24.0);
        assert_eq!(scorer.divergence(&[1 << 60; 3]), 1.0);
        // Half 1 bit, half 2 bits, less the one bit that the text has itself.
        assert_eq!(scorer.divergence(&[1 << 60, 2 << 60]), 0.5);
    }
}
