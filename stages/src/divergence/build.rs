//! Makes a reference of documents: what is counted, what is kept, and how far the documents themselves diverge.
//!
//! The same documents give the same reference in any order. Memory is bounded: when more words have come than the sample
//! may hold, half of the documents are given up, namely those whose text has a certain bit in its hash, and of what comes
//! later the same half; and again. A document is judged by the words of all others, so nothing is held back for it.

use super::format::{MAX_LEVEL, MAX_VOCABULARY, is_language};
use super::scorer::bits_of;
use super::table::Table;
use super::tally::Tally;
use super::{Level, MIN_LEVEL, PERCENTILES, Reference, UNKNOWN_BITS};
use crate::repetition::counter::Counter;
use std::cmp::Reverse;
use tokenmill_core::BuildError;
use tokenmill_core::hash::hash64;
use tokenmill_core::text::normal::hash_normal_words;

/// Words that are held in memory: about 100 MB of text, and 300 MB while the reference is made.
pub const MAX_SAMPLE_WORDS: usize = 1 << 24;

/// Words that count of one document, from its start.
pub const MAX_DOCUMENT_WORDS: usize = 1 << MAX_LEVEL;

/// Bytes that are looked at of one document: more than so many words have in any language.
const MAX_DOCUMENT_BYTES: usize = 16 * MAX_DOCUMENT_WORDS;

/// Documents that a level must have; with fewer, their quartiles are a matter of luck.
pub const MIN_DOCUMENTS: usize = 50;

/// Occurrences that make a word part of the vocabulary: words that occur once are as good as unknown.
const MIN_COUNT: u32 = 2;

/// A sample of documents that grows to a bounded size.
pub struct Sample {
    max_words: usize,
    /// Documents are kept whose hash begins with so many zeros.
    n_halvings: u32,
    documents: Vec<Sampled>,
    words: Vec<u64>,
}

/// A document in the sample.
struct Sampled {
    key: u64,
    /// Its first word.
    start: usize,
    n_words: usize,
}

impl Sample {
    /// A sample of at most `max_words` words; [`MAX_SAMPLE_WORDS`] is a good number.
    pub fn new(max_words: usize) -> Sample {
        Sample { max_words, n_halvings: 0, documents: Vec::new(), words: Vec::new() }
    }

    /// Adds a document; one without words is none.
    pub fn add(&mut self, text: &str) {
        let key = hash64(0, text.as_bytes());
        if key.leading_zeros() < self.n_halvings {
            return;
        }
        let start = self.words.len();
        hash_normal_words(&text[..text.floor_char_boundary(MAX_DOCUMENT_BYTES)], &mut self.words);
        self.words.truncate(start + MAX_DOCUMENT_WORDS);
        let n_words = self.words.len() - start;
        if n_words > 0 {
            self.documents.push(Sampled { key, start, n_words });
        }
        while self.words.len() > self.max_words {
            self.halve();
        }
    }

    /// Gives up half of the documents.
    fn halve(&mut self) {
        self.n_halvings += 1;
        let (n_zeros, words, mut end) = (self.n_halvings, &mut self.words, 0);
        self.documents.retain_mut(|document| {
            let stays = document.key.leading_zeros() >= n_zeros;
            if stays {
                words.copy_within(document.start..document.start + document.n_words, end);
                document.start = end;
                end += document.n_words;
            }
            stays
        });
        self.words.truncate(end);
    }

    /// How often the sample has been halved: one in 2^n of the documents is in it.
    pub fn n_halvings(&self) -> u32 {
        self.n_halvings
    }

    /// The reference.
    ///
    /// # Errors
    /// When the language has no name, or there are not 50 documents of 32 words that differ.
    pub fn build(&self, lang: &str) -> Result<Reference, BuildError> {
        if !is_language(lang) {
            return Err(BuildError::new(format!("`{lang}` is no name of a language"))
                .hint("use the labels of `lang.id`, for example `en` or `zh`"));
        }
        let vocabulary = self.vocabulary();
        let levels = self.levels(&vocabulary)?;
        let (n_documents, n_words) = (self.documents.len() as u64, self.words.len() as u64);
        Ok(Reference { lang: lang.to_owned(), n_documents, n_words, levels, vocabulary })
    }

    /// The most frequent words, by hash; of equally frequent ones those with lower hashes.
    fn vocabulary(&self) -> Vec<(u64, u32)> {
        let mut words = self.words.clone();
        words.sort_unstable();
        let runs = words.chunk_by(|a, b| a == b).map(|run| (run[0], u32::try_from(run.len()).unwrap_or(u32::MAX)));
        let mut counts: Vec<_> = runs.filter(|(word, count)| *count >= MIN_COUNT && *word != 0).collect();
        counts.sort_unstable_by_key(|(word, count)| (Reverse(*count), *word));
        counts.truncate(MAX_VOCABULARY);
        counts.sort_unstable();
        counts
    }

    fn levels(&self, vocabulary: &[(u64, u32)]) -> Result<Vec<Level>, BuildError> {
        let totals = Table::new(vocabulary.iter().copied());
        let totals = totals.ok_or_else(|| BuildError::new("the words of the sample are no hashes of words"))?;
        let mut divergences: Vec<Vec<f32>> = Vec::new();
        let mut scratch = Scratch::default();
        for document in &self.documents {
            let words = &self.words[document.start..document.start + document.n_words];
            scratch.measure(words, &totals, (self.words.len() - words.len()) as u64, &mut divergences);
        }
        let mut levels = Vec::new();
        for (mut values, log2_words) in divergences.into_iter().zip(MIN_LEVEL..=MAX_LEVEL) {
            if values.len() < MIN_DOCUMENTS {
                break;
            }
            values.sort_unstable_by(f32::total_cmp);
            let rank = |thousandths: usize| (values.len() * thousandths).div_ceil(1000).max(1) - 1;
            let percentiles = PERCENTILES.map(|thousandths| values[rank(thousandths)]);
            let level = Level { log2_words, n_documents: values.len() as u32, percentiles };
            if level.unit() <= 0.0 {
                break;
            }
            levels.push(level);
        }
        if levels.is_empty() {
            return Err(BuildError::new(format!(
                "{} documents are too few, too short or too much alike: {MIN_DOCUMENTS} must have {} words",
                self.documents.len(),
                1 << MIN_LEVEL
            ))
            .hint("give more documents, ten thousand or so for a language"));
        }
        Ok(levels)
    }
}

#[derive(Default)]
struct Scratch {
    own: Counter,
    places: Vec<u32>,
    tally: Tally,
}

impl Scratch {
    /// Adds the divergence of the first 2^k words of a document from all other documents, for every k.
    fn measure(&mut self, words: &[u64], totals: &Table<u32>, n_others: u64, divergences: &mut Vec<Vec<f32>>) {
        self.own.clear(words.len());
        self.places.clear();
        self.places.extend(words.iter().map(|word| self.own.add(*word)));
        self.tally.begin(words.len());
        let mut done = 0;
        for level in 0.. {
            let end = 1usize << (usize::from(MIN_LEVEL) + level);
            if end > words.len() {
                break;
            }
            for (word, place) in words[done..end].iter().zip(&self.places[done..end]) {
                let left = totals.get(*word).unwrap_or(0).saturating_sub(self.own.count(*place));
                let bits = if left < MIN_COUNT { UNKNOWN_BITS } else { bits_of(left, n_others) };
                self.tally.extend(std::slice::from_ref(word), |_| bits);
            }
            done = end;
            if divergences.len() == level {
                divergences.push(Vec::new());
            }
            divergences[level].push(self.tally.divergence());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::divergence::Scorer;

    /// Documents of words that are rarer the longer they are.
    fn documents(n: u64) -> Vec<String> {
        let text = |seed: u64| {
            let word = |at: u64| format!("w{}", hash64(seed, &at.to_le_bytes()).trailing_zeros() * 7 + (at % 5) as u32);
            (0..20 + hash64(seed, b"n") % 200).map(word).collect::<Vec<_>>().join(" ")
        };
        (0..n).map(text).collect()
    }

    fn sample<'a>(texts: impl Iterator<Item = &'a String>, max_words: usize) -> Sample {
        let mut sample = Sample::new(max_words);
        texts.for_each(|text| sample.add(text));
        sample
    }

    fn hashes(text: &str) -> Vec<u64> {
        let mut out = Vec::new();
        hash_normal_words(text, &mut out);
        out
    }

    #[test]
    fn the_order_of_documents_does_not_matter() {
        let documents = documents(600);
        for max_words in [MAX_SAMPLE_WORDS, 30_000, 20_000] {
            let forward = sample(documents.iter(), max_words);
            let backward = sample(documents.iter().rev(), max_words);
            assert_eq!(forward.n_halvings(), backward.n_halvings());
            assert_eq!(forward.build("en").unwrap().to_bytes(), backward.build("en").unwrap().to_bytes());
        }
    }

    #[test]
    fn a_full_sample_is_halved_as_often_as_it_must() {
        let documents = documents(600);
        let all = sample(documents.iter(), MAX_SAMPLE_WORDS);
        assert_eq!((all.n_halvings(), all.documents.len()), (0, 600));
        let some = sample(documents.iter(), all.words.len() / 3);
        assert!((1..=3).contains(&some.n_halvings()), "{}", some.n_halvings());
        assert!(some.words.len() <= all.words.len() / 3);
        let stays = |text: &&String| hash64(0, text.as_bytes()).leading_zeros() >= some.n_halvings();
        let expected = sample(documents.iter().filter(stays), MAX_SAMPLE_WORDS);
        assert_eq!(some.build("en").unwrap(), expected.build("en").unwrap());
        assert!(sample(documents.iter(), 0).documents.is_empty());
    }

    #[test]
    fn words_are_counted_and_rare_ones_are_not_kept() {
        let texts = documents(200).into_iter().map(|text| text + " Often OFTEN").collect::<Vec<_>>();
        let mut sample = sample(texts.iter(), MAX_SAMPLE_WORDS);
        sample.add("… unique");
        sample.add("!");
        let reference = sample.build("en").unwrap();
        let count =
            |word: &str| reference.vocabulary.iter().find(|(hash, _)| *hash == hashes(word)[0]).map(|(_, n)| *n);
        assert_eq!((count("often"), count("unique")), (Some(400), None));
        let all: usize = texts.iter().map(|text| hashes(text).len()).sum();
        assert_eq!((reference.n_documents, reference.n_words), (201, all as u64 + 1));
    }

    /// The definition with a reference that is made anew without the document.
    #[test]
    fn a_document_is_judged_by_the_others() {
        let documents = documents(120);
        let reference = sample(documents.iter(), MAX_SAMPLE_WORDS).build("en").unwrap();
        for (level, n_words) in reference.levels.iter().zip([32, 64, 128]) {
            let mut divergences: Vec<f32> = Vec::new();
            for (at, text) in documents.iter().enumerate().filter(|(_, text)| hashes(text).len() >= n_words) {
                let others = documents.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, text)| text);
                let others = sample(others, MAX_SAMPLE_WORDS);
                let (vocabulary, n_others) = (others.vocabulary(), others.words.len() as u64);
                let others = Reference { vocabulary, n_words: n_others, ..reference.clone() };
                divergences.push(Scorer::new(&others).unwrap().divergence(&hashes(text)[..n_words]));
            }
            divergences.sort_unstable_by(f32::total_cmp);
            assert_eq!(level.n_documents as usize, divergences.len());
            for (found, thousandths) in level.percentiles.iter().zip(PERCENTILES) {
                let expected =
                    divergences[(divergences.len() as f64 * thousandths as f64 / 1000.0).ceil() as usize - 1];
                assert!((found - expected).abs() < 1e-5, "{found} {expected}");
            }
        }
        assert_eq!(reference.levels.len(), 2, "{:?}", reference.levels);
    }

    #[test]
    fn too_little_is_an_error() {
        let few = documents(40);
        let error = sample(few.iter(), MAX_SAMPLE_WORDS).build("en").unwrap_err();
        assert!(error.message.starts_with("40 documents are too few"), "{}", error.message);
        assert!(sample([].iter(), MAX_SAMPLE_WORDS).build("en").is_err());
        let same = vec!["one text that is always the same ".repeat(10); 100];
        assert!(sample(same.iter(), MAX_SAMPLE_WORDS).build("en").is_err());
        assert!(sample(documents(200).iter(), MAX_SAMPLE_WORDS).build("e n").is_err());
    }

    #[test]
    fn only_the_start_of_a_giant_counts() {
        let giant = "a b c d ".repeat(MAX_DOCUMENT_WORDS / 2);
        let sample = sample([giant].iter(), MAX_SAMPLE_WORDS);
        assert_eq!(sample.words.len(), MAX_DOCUMENT_WORDS);
    }
}
