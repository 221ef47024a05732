//! Shingles: every run of n normal words (or of their characters) of a text, as a 32-bit hash.

use tokenmill_core::Doc;
use tokenmill_core::text::normal::mix;

/// What shingles are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Normal words (`normal_words/v1`, [`tokenmill_core::text::normal`]).
    Word,
    /// The letters and digits of the text in lower case, with one space where anything else stands between them.
    Char,
}

/// Which shingles are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shingles {
    /// Words or characters.
    pub unit: Unit,
    /// How many of them.
    pub n: usize,
}

/// Multiplies the hash of a run when it moves on by one (from PCG, the 64-bit linear congruential generator).
const STEP: u64 = 6_364_136_223_846_793_005;

impl Shingles {
    /// Adds the first `most` shingles of a text, as often as they occur, in order. `units` is a buffer.
    pub fn of(&self, doc: &Doc<'_>, most: usize, units: &mut Vec<u64>, out: &mut Vec<u32>) {
        let most_units = most.saturating_add(self.n.saturating_sub(1));
        match self.unit {
            Unit::Word => {
                let words = doc.normal_words();
                roll(&words[..words.len().min(most_units)], self.n, out);
            }
            Unit::Char => {
                units.clear();
                hash_chars(doc.text(), most_units, units);
                roll(units, self.n, out);
            }
        }
    }
}

/// Adds a hash for each of the first `most` characters of the normal text.
fn hash_chars(text: &str, most: usize, units: &mut Vec<u64>) {
    let mut is_gap = false;
    for c in text.chars() {
        if units.len() >= most {
            break;
        }
        if !c.is_alphanumeric() {
            is_gap = !units.is_empty();
            continue;
        }
        if std::mem::take(&mut is_gap) {
            units.push(mix(u64::from(b' ')));
        }
        match c.is_ascii() {
            true => units.push(mix(u64::from(c.to_ascii_lowercase() as u32))),
            false => units.extend(c.to_lowercase().map(|c| mix(u64::from(c as u32)))),
        }
    }
    units.truncate(most);
}

/// Adds the hash of every run of `n` units: a polynomial in [`STEP`], which moves on in two multiplications.
fn roll(units: &[u64], n: usize, out: &mut Vec<u32>) {
    if n == 0 || units.len() < n {
        return;
    }
    let leaves = (0..n).fold(1u64, |power, _| power.wrapping_mul(STEP));
    let mut run = units[..n].iter().fold(0u64, |run, unit| run.wrapping_mul(STEP).wrapping_add(*unit));
    out.reserve(units.len() - n + 1);
    out.push((mix(run) >> 32) as u32);
    out.extend(units.iter().zip(&units[n..]).map(|(first, next)| {
        run = run.wrapping_mul(STEP).wrapping_add(next.wrapping_sub(first.wrapping_mul(leaves)));
        (mix(run) >> 32) as u32
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::{Analysis, Document};

    fn shingles(unit: Unit, n: usize, text: &str) -> Vec<u32> {
        let document = Document { text: text.into(), ..Document::default() };
        let mut out = Vec::new();
        Shingles { unit, n }.of(&Doc::new(&document, &Analysis::default()), 1_000, &mut Vec::new(), &mut out);
        out
    }

    #[test]
    fn case_and_punctuation_do_not_matter() {
        let same = shingles(Unit::Word, 3, "The quick, brown FOX jumps — over");
        assert_eq!(same.len(), 4);
        assert_eq!(same, shingles(Unit::Word, 3, "the (quick) brown fox: jumps over!"));
        assert_ne!(same, shingles(Unit::Word, 3, "the quick brown dog jumps over"));
        assert!(shingles(Unit::Word, 5, "four words are few").is_empty());
    }

    #[test]
    fn texts_without_spaces_are_compared_by_their_characters() {
        assert_eq!(shingles(Unit::Word, 5, "今日は良い天気ですね。").len(), 6);
    }

    #[test]
    fn characters_are_those_of_the_normal_text() {
        assert_eq!(shingles(Unit::Char, 4, "Ab, c"), shingles(Unit::Char, 4, " ab  C!"));
        assert_eq!(shingles(Unit::Char, 4, "ab c").len(), 1);
        assert_ne!(shingles(Unit::Char, 4, "ab c"), shingles(Unit::Char, 4, "a bc"));
        assert_eq!(shingles(Unit::Char, 1, &"é".repeat(2_000)).len(), 1_000);
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(shingles(Unit::Word, 5, &"word ".repeat(2_000)).len(), 1_000);
    }

    #[test]
    fn rolling_is_the_same_as_beginning_anew() {
        let units: Vec<u64> = (0..40).map(mix).collect();
        for n in [1, 2, 5, 24] {
            let (mut rolled, mut anew) = (Vec::new(), Vec::new());
            roll(&units, n, &mut rolled);
            units.windows(n).for_each(|run| roll(run, n, &mut anew));
            assert_eq!(rolled, anew);
        }
    }

    #[test]
    fn hashes_are_frozen() {
        assert_eq!(shingles(Unit::Word, 2, "To be, or naïve 字"), FROZEN);
    }

    const FROZEN: [u32; 4] = [3_511_406_996, 1_338_069_141, 832_125_585, 1_061_516_701];
}
