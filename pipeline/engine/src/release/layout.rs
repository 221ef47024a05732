//! Which document goes into which file: a cut of every configuration into spans of equal weight, in the order of the run.
//!
//! The weight of a document is the length of its text and something for its other columns, which the ledger tells without
//! reading it. A cut depends on the order of documents alone, not on the parts that they are stored in.

use super::origin::{Origin, PartRows};
use super::survey::{Configs, Survey};
use rayon::prelude::*;
use std::collections::BTreeMap;
use tokenmill_core::DocId;
use tokenmill_core::hash::hash64;
use tokenmill_store::StoreError;

/// Bytes that a document weighs besides its text: address, title, id and the like.
const ROW_BYTES: u64 = 256;

/// Files of a configuration: as many as five digits can number.
const MAX_FILES: u64 = 99_999;

/// Parts that are looked at before their figures are added up.
const CHUNK: usize = 1_024;

/// What a document weighs in the cut.
pub fn weight(text_bytes: u64) -> u64 {
    text_bytes + ROW_BYTES
}

/// The share of a document in the sum that proves that no document is lost or doubled.
pub fn id_hash(id: DocId) -> u64 {
    hash64(0, &id.to_bytes())
}

/// The files of a release, and how to find the one of a document.
pub struct Layout {
    /// All files, by configuration and number.
    pub files: Vec<PlannedFile>,
    cuts: Vec<Cut>,
    /// For every part: the number of a configuration in it, and the weight of all documents of that before the part.
    starts: Vec<Vec<(usize, u64)>>,
    places: BTreeMap<(usize, u64), usize>,
}

/// A file that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedFile {
    /// Key from the root of the release.
    pub name: String,
    /// Number of its configuration.
    pub config: usize,
    /// Documents.
    pub n_documents: u64,
    /// Bytes of their texts.
    pub text_bytes: u64,
    /// Their weight.
    pub weight: u64,
    /// The sum of [`id_hash`], modulo 2^64.
    pub ids: u64,
    /// The first part that it has documents of.
    pub first_part: usize,
    /// The last one.
    pub last_part: usize,
}

/// How a configuration is cut.
#[derive(Clone, Copy, Debug)]
struct Cut {
    n_spans: u64,
    weight: u64,
}

impl Cut {
    /// The span of a document that so much weight comes before.
    fn span(&self, before: u64) -> u64 {
        // The product of two 64-bit numbers fits; a configuration without weight has one span.
        (u128::from(before) * u128::from(self.n_spans) / u128::from(self.weight.max(1))) as u64
    }
}

/// How much of a file's weight is left when it is written: the size of a sample, and its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// Bytes of the file.
    pub bytes: u64,
    /// Weight of its documents.
    pub weight: u64,
}

/// In how many spans a configuration is cut, so that none of its files is larger than `size`, by what a sample says.
pub fn n_spans(weight: u64, ratio: Ratio, size: u64) -> u64 {
    let bytes = u128::from(weight) * u128::from(ratio.bytes) / u128::from(ratio.weight.max(1));
    u64::try_from(bytes.div_ceil(u128::from(size.max(1)))).unwrap_or(u64::MAX).max(1)
}

/// Where the walk through a part stands: the weight before the next document, by configuration.
pub struct Walk<'a> {
    layout: &'a Layout,
    configs: Vec<usize>,
    before: BTreeMap<usize, u64>,
}

impl Walk<'_> {
    /// The configuration and the span of the next document of the part.
    pub fn next(&mut self, lang: usize, text_bytes: u64) -> (usize, u64) {
        let config = self.configs[lang];
        let before = self.before.entry(config).or_default();
        let span = self.layout.cuts[config].span(*before);
        *before += weight(text_bytes);
        (config, span)
    }

    /// The number of the file of the next document.
    pub fn file(&mut self, lang: usize, text_bytes: u64) -> Option<usize> {
        let place = self.next(lang, text_bytes);
        self.layout.places.get(&place).copied()
    }
}

impl Layout {
    /// Cuts every configuration into `n_spans`, and finds out what every file will hold.
    ///
    /// # Errors
    /// When there would be too many files, or the store fails.
    pub fn make(origin: &Origin<'_>, survey: &Survey, n_spans: &[u64], extension: &str) -> Result<Layout, StoreError> {
        let configs = &survey.configs;
        let mut cuts = Vec::new();
        for ((name, counts), n) in configs.names().iter().zip(&survey.counts).zip(n_spans) {
            if *n > MAX_FILES {
                return Err(StoreError::Refused {
                    what: format!("`{name}` would have {n} files"),
                    hint: format!("it can have {MAX_FILES}; give a larger `--size`"),
                });
            }
            cuts.push(Cut { n_spans: *n, weight: counts.weight });
        }
        let mut sums = vec![0u64; cuts.len()];
        let mut start = |part: &Vec<(usize, u64)>| {
            let before = part.iter().map(|(config, weight)| {
                let sum = &mut sums[*config];
                *sum += weight;
                (*config, *sum - weight)
            });
            before.collect()
        };
        let starts: Vec<Vec<(usize, u64)>> = survey.weights.iter().map(&mut start).collect();
        let mut layout = Layout { files: Vec::new(), cuts, starts, places: BTreeMap::new() };
        let mut spans: BTreeMap<(usize, u64), PlannedFile> = BTreeMap::new();
        for chunk in (0..origin.parts.len()).collect::<Vec<_>>().chunks(CHUNK) {
            let found: Vec<_> = chunk.par_iter().map(|part| layout.spans(origin, configs, *part)).collect();
            for found in found {
                for (place, file) in found? {
                    match spans.get_mut(&place) {
                        Some(sum) => sum.add(&file),
                        None => drop(spans.insert(place, file)),
                    }
                }
            }
        }
        layout.name(spans, configs, extension);
        layout.check(survey)?;
        Ok(layout)
    }

    /// The documents of a part that fall into each span.
    fn spans(
        &self,
        origin: &Origin<'_>,
        configs: &Configs,
        part: usize,
    ) -> Result<BTreeMap<(usize, u64), PlannedFile>, StoreError> {
        let rows = origin.rows(&origin.parts[part])?;
        let mut walk = self.walk(part, configs, &rows);
        let mut found = BTreeMap::new();
        for known in &rows.rows {
            let place = walk.next(known.lang, known.bytes);
            let file = PlannedFile {
                name: String::new(),
                config: place.0,
                n_documents: 1,
                text_bytes: known.bytes,
                weight: weight(known.bytes),
                ids: id_hash(known.id),
                first_part: part,
                last_part: part,
            };
            found.entry(place).and_modify(|sum: &mut PlannedFile| sum.add(&file)).or_insert(file);
        }
        Ok(found)
    }

    /// Starts a walk through the documents of a part.
    pub fn walk(&self, part: usize, configs: &Configs, rows: &PartRows) -> Walk<'_> {
        let configs = rows.langs.iter().map(|lang| configs.of(lang)).collect();
        Walk { layout: self, configs, before: self.starts[part].iter().copied().collect() }
    }

    /// Whether a part has documents of a configuration.
    pub fn has(&self, part: usize, config: usize) -> bool {
        self.starts[part].iter().any(|(there, _)| *there == config)
    }

    /// Gives every span that has documents its name. One that a single long document spans over has none, and is no file.
    fn name(&mut self, spans: BTreeMap<(usize, u64), PlannedFile>, configs: &Configs, extension: &str) {
        let mut n_files = vec![0u64; self.cuts.len()];
        spans.keys().for_each(|(config, _)| n_files[*config] += 1);
        let mut numbers = vec![0u64; self.cuts.len()];
        for (place, mut file) in spans {
            let (number, n, config) = (numbers[place.0], n_files[place.0], &configs.names()[place.0]);
            numbers[place.0] += 1;
            file.name = format!("data/{config}/train-{number:05}-of-{n:05}.{extension}");
            self.places.insert(place, self.files.len());
            self.files.push(file);
        }
    }

    /// Both looks at the ledgers have seen the same documents.
    fn check(&self, survey: &Survey) -> Result<(), StoreError> {
        for (config, counts) in survey.counts.iter().enumerate() {
            let files = self.files.iter().filter(|file| file.config == config);
            let (n, ids) = files.fold((0, 0u64), |(n, ids), file| (n + file.n_documents, ids.wrapping_add(file.ids)));
            if (n, ids) != (counts.n_documents, counts.ids) {
                let name = &survey.configs.names()[config];
                let why = format!("`{name}` has {} documents, and its files would have {n}", counts.n_documents);
                return Err(StoreError::corrupt("the ledgers of the run", why));
            }
        }
        Ok(())
    }
}

impl PlannedFile {
    fn add(&mut self, other: &PlannedFile) {
        self.n_documents += other.n_documents;
        self.text_bytes += other.text_bytes;
        self.weight += other.weight;
        self.ids = self.ids.wrapping_add(other.ids);
        self.first_part = self.first_part.min(other.first_part);
        self.last_part = self.last_part.max(other.last_part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_follow_from_the_weight_before() {
        let cut = Cut { n_spans: 3, weight: 900 };
        assert_eq!([0, 299, 300, 599, 600, 899].map(|before| cut.span(before)), [0, 0, 1, 1, 2, 2]);
        let huge = Cut { n_spans: MAX_FILES, weight: u64::MAX };
        assert_eq!(huge.span(u64::MAX - 1), MAX_FILES - 1);
        assert_eq!(Cut { n_spans: 1, weight: 0 }.span(0), 0);
    }

    #[test]
    fn as_many_spans_as_the_sample_says() {
        let ratio = Ratio { bytes: 1, weight: 3 };
        assert_eq!([0, 299, 300, 301, 303, 601].map(|weight| n_spans(weight, ratio, 100)), [1, 1, 1, 1, 2, 2]);
        assert_eq!(n_spans(u64::MAX, Ratio { bytes: 3, weight: 0 }, 1), u64::MAX);
    }
}
