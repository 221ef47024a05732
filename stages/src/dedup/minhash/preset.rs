//! Named parameter sets: how many keys of how many numbers, over which shingles.
//!
//! A pair of similarity s shares one of b keys of r numbers with probability 1 - (1 - s^r)^b (Leskovec, Rajaraman,
//! Ullman: Mining of Massive Datasets, 3.4).

use super::shingles::{Shingles, Unit};
use tokenmill_core::{BuildError, Params};

/// How candidates are found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scheme {
    /// Keys of a document.
    pub bands: usize,
    /// Numbers that a key is made of.
    pub rows: usize,
    /// What is compared.
    pub shingles: Shingles,
}

/// The sets of published corpora. Our shingles are of normal words (see the page of the stage); where a set was made for
/// tokens, words stand for them.
const PRESETS: [(&str, Scheme); 5] = [
    // FineWeb (arXiv:2406.17557), and FineWeb-2.
    ("fineweb", scheme(14, 8, Unit::Word, 5)),
    // RefinedWeb (arXiv:2306.01116), appendix G.3.1: 9,000 hashes.
    ("refinedweb", scheme(450, 20, Unit::Word, 5)),
    // DCLM (arXiv:2406.11794), appendix L.
    ("dclm", scheme(93, 15, Unit::Word, 5)),
    // NeMo Curator, defaults of its fuzzy deduplication.
    ("nemo", scheme(20, 13, Unit::Char, 24)),
    // duplodocus (Ai2), its example, as used for Marin.
    ("duplodocus", scheme(26, 11, Unit::Word, 5)),
];

const fn scheme(bands: usize, rows: usize, unit: Unit, n: usize) -> Scheme {
    Scheme { bands, rows, shingles: Shingles { unit, n } }
}

/// Numbers of a signature at most: more is a slip of the pen.
const MAX_NUMBERS: usize = 1 << 16;
/// Words or characters of a shingle at most.
const MAX_SHINGLE: usize = 256;

impl Scheme {
    /// Reads the parameters: a preset, of which single values may be replaced.
    pub fn of(params: &Params) -> Result<Scheme, BuildError> {
        let wanted = params.text("preset");
        let Some((_, preset)) = PRESETS.iter().find(|(name, _)| *name == wanted) else {
            let known = PRESETS.map(|(name, _)| format!("`{name}`")).join(", ");
            return Err(BuildError::new(format!("`preset` must be one of {known}, not `{wanted}`")));
        };
        let or = |name: &str, preset: usize, most: usize| match usize::try_from(params.int(name)) {
            Ok(0) => Ok(preset),
            Ok(value) if value <= most => Ok(value),
            _ => Err(BuildError::new(format!("`{name}` must be 1 to {most}, or 0 for that of the preset"))),
        };
        let unit = match params.text("shingle") {
            "" => preset.shingles.unit,
            "word" => Unit::Word,
            "char" => Unit::Char,
            other => return Err(BuildError::new(format!("`shingle` must be `word` or `char`, not `{other}`"))),
        };
        let (bands, rows) = (or("bands", preset.bands, MAX_NUMBERS)?, or("rows", preset.rows, MAX_NUMBERS)?);
        if bands * rows > MAX_NUMBERS {
            return Err(BuildError::new(format!("{bands} keys of {rows} numbers are more than {MAX_NUMBERS} numbers")));
        }
        Ok(Scheme { bands, rows, shingles: Shingles { unit, n: or("ngram", preset.shingles.n, MAX_SHINGLE)? } })
    }

    /// Probability that a pair of this similarity is compared.
    pub fn probability(&self, similarity: f64) -> f64 {
        1.0 - libm::pow(1.0 - libm::pow(similarity, self.rows as f64), self.bands as f64)
    }

    /// The curve in words.
    pub fn notes(&self) -> Vec<String> {
        let Shingles { unit, n } = self.shingles;
        let unit = if unit == Unit::Word { "words" } else { "characters" };
        let at = [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];
        let (mut similarity, mut probability) = ("similarity ".to_owned(), "compared   ".to_owned());
        for s in at {
            similarity.push_str(&format!(" {s:>5.2}"));
            probability.push_str(&format!(" {:>5.3}", self.probability(s)));
        }
        let threshold = libm::pow(1.0 / self.bands as f64, 1.0 / self.rows as f64);
        let keys = format!("{} keys of {} minima over shingles of {n} {unit}", self.bands, self.rows);
        vec![format!("{keys}; the curve is steepest near {threshold:.2}"), similarity, probability]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curves_are_those_of_the_papers() {
        let at = |name: &str, s: f64| {
            let (_, scheme) = PRESETS.iter().find(|(preset, _)| *preset == name).unwrap();
            (scheme.probability(s) * 1000.0).round() / 1000.0
        };
        assert_eq!([0.6, 0.7, 0.75, 0.8, 0.85].map(|s| at("fineweb", s)), [0.211, 0.565, 0.772, 0.924, 0.988]);
        assert_eq!([0.6, 0.7, 0.75, 0.8].map(|s| at("refinedweb", s)), [0.016, 0.302, 0.761, 0.995]);
        assert_eq!([0.6, 0.7, 0.75, 0.8].map(|s| at("dclm", s)), [0.043, 0.358, 0.714, 0.964]);
        assert_eq!([0.7, 0.8, 0.85, 0.9].map(|s| at("nemo", s)), [0.177, 0.677, 0.924, 0.997]);
        assert_eq!([0.6, 0.7, 0.8, 0.85].map(|s| at("duplodocus", s)), [0.09, 0.405, 0.903, 0.991]);
    }
}
