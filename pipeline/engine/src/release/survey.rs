//! What a run has kept, in numbers: documents, bytes and tokens by language, licences, and robots' tags. No text is read.

use super::By;
use super::layout::{id_hash, weight};
use super::origin::{Origin, OriginPart};
use rayon::prelude::*;
use std::collections::BTreeMap;
use tokenmill_store::StoreError;
use tokenmill_store::table::{Batches, Columns};

/// The configuration of documents whose language is not known, or is no label of a language.
const UNKNOWN: &str = "und";

/// The configuration of a release that has one alone.
pub const DEFAULT: &str = "default";

/// Configurations of a release, at most: each is a folder and an entry of the card.
const MAX_CONFIGS: usize = 2_000;

/// Different texts that are counted one by one; all others are counted together.
const MAX_COUNTED: usize = 10_000;

/// Characters of a text that is counted.
const COUNTED_CHARS: usize = 200;

/// Parts that are looked at before their figures are added up.
const CHUNK: usize = 1_024;

/// The configurations of a release: one for each language, or one alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Configs {
    names: Vec<String>,
}

impl Configs {
    /// The configurations of documents in these languages.
    fn new<'a>(by: By, langs: impl Iterator<Item = &'a str>) -> Configs {
        let mut names: Vec<String> = langs.map(|lang| label(lang).to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        match by {
            By::Language if names.len() > 1 => Configs { names },
            _ => Configs { names: vec![DEFAULT.to_owned()] },
        }
    }

    /// Their names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of the one that documents in a language go into.
    pub fn of(&self, lang: &str) -> usize {
        self.names.binary_search_by(|name| name.as_str().cmp(label(lang))).unwrap_or(0)
    }
}

/// A label that can be the name of a folder; a source can give its documents any.
fn label(lang: &str) -> &str {
    let is_sound = (1..=32).contains(&lang.len())
        && lang.starts_with(|first: char| first.is_ascii_alphanumeric())
        && lang.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c));
    if is_sound { lang } else { UNKNOWN }
}

/// Counts of a configuration or of a language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Documents.
    pub n_documents: u64,
    /// Bytes of their texts.
    pub text_bytes: u64,
    /// Their tokens, where they have been counted.
    pub n_tokens: u64,
    /// Their weight in the cut.
    pub weight: u64,
    /// The sum of [`id_hash`], modulo 2^64.
    pub ids: u64,
}

impl Counts {
    fn add(&mut self, other: &Counts) {
        self.n_documents += other.n_documents;
        self.text_bytes += other.text_bytes;
        self.n_tokens += other.n_tokens;
        self.weight += other.weight;
        self.ids = self.ids.wrapping_add(other.ids);
    }
}

/// How often texts occur that anybody can write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Documents by text.
    pub counts: BTreeMap<String, u64>,
    /// Documents with a text that came when too many were known.
    pub n_others: u64,
}

impl Census {
    fn add(&mut self, text: &str, n: u64) {
        let end = text.char_indices().nth(COUNTED_CHARS).map_or(text.len(), |(at, _)| at);
        let text = &text[..end];
        if let Some(count) = self.counts.get_mut(text) {
            *count += n;
        } else if self.counts.len() < MAX_COUNTED {
            self.counts.insert(text.to_owned(), n);
        } else {
            self.n_others += n;
        }
    }

    fn join(&mut self, other: Census) {
        other.counts.iter().for_each(|(text, n)| self.add(text, *n));
        self.n_others += other.n_others;
    }

    /// The texts, the most frequent first.
    pub fn ranked(&self) -> Vec<(&str, u64)> {
        let mut ranked: Vec<_> = self.counts.iter().map(|(text, n)| (text.as_str(), *n)).collect();
        ranked.sort_by_key(|(text, n)| (std::cmp::Reverse(*n), *text));
        ranked
    }
}

/// What a run has kept.
#[derive(Debug)]
pub struct Survey {
    /// The configurations.
    pub configs: Configs,
    /// Counts by configuration.
    pub counts: Vec<Counts>,
    /// Counts by language label.
    pub languages: BTreeMap<String, Counts>,
    /// For every part: the weight of its documents by the number of their configuration.
    pub weights: Vec<Vec<(usize, u64)>>,
    /// What pages say of their licence; those that say nothing are left out.
    pub licenses: Census,
    /// What pages allow machines; those that say nothing are left out.
    pub robots: Census,
    /// Kinds of pages; those without are left out.
    pub kinds: Census,
    /// Sums of the metrics that were asked for.
    pub sums: Vec<u64>,
}

#[derive(Default)]
struct OfPart {
    languages: BTreeMap<String, Counts>,
    licenses: Census,
    robots: Census,
    kinds: Census,
    sums: Vec<u64>,
}

/// Looks at all documents of a run; `metrics` are counts that are added up.
///
/// # Errors
/// When there are no documents or too many configurations, or the store fails.
pub fn survey(
    origin: &Origin<'_>,
    by: By,
    metrics: &[String],
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Survey, StoreError> {
    let (mut languages, mut of_parts) = (BTreeMap::<String, Counts>::new(), Vec::new());
    let (mut licenses, mut robots, mut kinds) = (Census::default(), Census::default(), Census::default());
    let mut sums = vec![0u64; metrics.len()];
    for chunk in origin.parts.chunks(CHUNK) {
        let look = |part: &OriginPart| {
            let found = look(origin, part, metrics);
            progress(part.docs.rows);
            found
        };
        // In the order of the parts, so that what is left out of a census is the same at any number of threads.
        for found in chunk.par_iter().map(look).collect::<Vec<_>>() {
            let found = found?;
            of_parts
                .push(found.languages.iter().map(|(lang, counts)| (lang.clone(), counts.weight)).collect::<Vec<_>>());
            found.languages.iter().for_each(|(lang, counts)| languages.entry(lang.clone()).or_default().add(counts));
            licenses.join(found.licenses);
            robots.join(found.robots);
            kinds.join(found.kinds);
            sums.iter_mut().zip(found.sums).for_each(|(sum, more)| *sum += more);
        }
    }
    if languages.is_empty() {
        return Err(StoreError::Refused {
            what: format!("the run `{}` has kept no document", origin.name),
            hint: "`tokenmill inspect funnel` shows what has removed them".to_owned(),
        });
    }
    let configs = Configs::new(by, languages.keys().map(String::as_str));
    if configs.names.len() > MAX_CONFIGS {
        return Err(StoreError::Refused {
            what: format!("the documents have {} different labels of languages", configs.names.len()),
            hint: format!("a release has at most {MAX_CONFIGS} configurations; take `--by none`"),
        });
    }
    let mut counts = vec![Counts::default(); configs.names.len()];
    languages.iter().for_each(|(lang, more)| counts[configs.of(lang)].add(more));
    let weights = of_parts.into_iter().map(|part| {
        let mut by_config = BTreeMap::<usize, u64>::new();
        part.iter().for_each(|(lang, weight)| *by_config.entry(configs.of(lang)).or_default() += weight);
        by_config.into_iter().collect()
    });
    let weights = weights.collect();
    Ok(Survey { configs, counts, languages, weights, licenses, robots, kinds, sums })
}

fn look(origin: &Origin<'_>, part: &OriginPart, metrics: &[String]) -> Result<OfPart, StoreError> {
    let mut found = OfPart { sums: origin.sums(part, metrics)?, ..OfPart::default() };
    let rows = origin.rows(part)?;
    let tokens = origin.token_counts(part)?;
    let mut by_lang = vec![Counts::default(); rows.langs.len()];
    for known in &rows.rows {
        by_lang[known.lang].add(&Counts {
            n_documents: 1,
            text_bytes: known.bytes,
            n_tokens: tokens.get(&known.id).copied().map_or(0, u64::from),
            weight: weight(known.bytes),
            ids: id_hash(known.id),
        });
    }
    found.languages = rows.langs.into_iter().zip(by_lang).collect();
    for batch in Batches::open(origin.store, &part.docs.key, &["license", "robots", "kind"])? {
        let batch = batch?;
        let columns = Columns(&batch);
        for (name, census) in
            [("license", &mut found.licenses), ("robots", &mut found.robots), ("kind", &mut found.kinds)]
        {
            columns.text(name)?.iter().flatten().filter(|text| !text.is_empty()).for_each(|text| census.add(text, 1));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_a_configuration() {
        let configs = Configs::new(By::Language, ["en", "de", "", "../x", "eng_Latn"].into_iter());
        assert_eq!(configs.names(), ["de", "en", "eng_Latn", "und"]);
        assert_eq!(["de", "en", "", "../x"].map(|lang| configs.of(lang)), [0, 1, 3, 3]);
        for configs in
            [Configs::new(By::Language, ["en"].into_iter()), Configs::new(By::None, ["en", "de"].into_iter())]
        {
            assert_eq!((configs.names(), configs.of("en")), (&["default".to_owned()][..], 0));
        }
    }

    #[test]
    fn a_census_is_bounded() {
        let mut census = Census::default();
        (0..MAX_COUNTED + 5).for_each(|at| census.add(&format!("{at:05}"), 1));
        census.add("00001", 2);
        assert_eq!((census.counts.len(), census.n_others), (MAX_COUNTED, 5));
        assert_eq!(census.ranked()[0], ("00001", 3));
        census.add(&"é".repeat(COUNTED_CHARS + 1), 1);
        assert_eq!(census.n_others, 6);
    }
}
