//! The card of a data set: what it is, where it comes from and what was done to it, from what the run has recorded.
//!
//! It is a `README.md` as the Hugging Face Hub wants it: metadata in YAML, then text. Whatever comes from pages stays text.

mod body;
mod front;
mod steps;

use super::Options;
use super::columns::Chosen;
use super::origin::Origin;
use super::survey::Survey;
use crate::spec::Spec;

/// What the card says besides what is known of the run.
#[derive(Clone)]
pub struct CardOptions {
    /// Licence of the data set, as the Hub calls it.
    pub license: String,
    /// Name of the data set, for people; the name of the run unless given.
    pub name: Option<String>,
    /// Where those write to who want something removed.
    pub contact: Option<String>,
    /// Whether a stage handles personal data.
    pub is_pii: fn(&str) -> bool,
    /// What else one should know before using the data set, one sentence each.
    pub limits: Vec<String>,
}

/// A model, list or vocabulary that the recipe names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetFact {
    /// The step or section that names it.
    pub user: String,
    /// As the recipe names it.
    pub name: String,
    /// What kind of file it is, where that is known.
    pub kind: String,
    /// Its licence, where that is known.
    pub licence: String,
    /// Its sha256, if it is at hand.
    pub sha256: Option<String>,
    /// Whether the run has been made with this very content.
    pub is_proven: bool,
}

/// What the card says of a data file.
#[derive(Clone, Copy, Debug)]
pub struct FileFacts {
    /// Number of its configuration.
    pub config: usize,
    /// Documents.
    pub n_documents: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// Bytes of its columns in memory.
    pub memory_bytes: u64,
}

/// All that the card is made of.
pub struct CardFacts<'a> {
    /// The run.
    pub origin: &'a Origin<'a>,
    /// Its recipe.
    pub spec: &'a Spec,
    /// How the release is made.
    pub options: &'a Options,
    /// Its columns.
    pub columns: &'a Chosen,
    /// What the run has kept.
    pub survey: &'a Survey,
    /// The recipe as others may see it.
    pub recipe: &'a toml::Table,
    /// What the recipe names.
    pub assets: &'a [AssetFact],
    /// The metrics that the survey has added up.
    pub counted: &'a [String],
    /// The data files.
    pub files: &'a [FileFacts],
}

impl CardFacts<'_> {
    fn name(&self) -> &str {
        self.options.card.name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or(&self.origin.name)
    }

    fn n_documents(&self) -> u64 {
        self.survey.counts.iter().map(|counts| counts.n_documents).sum()
    }

    fn text_bytes(&self) -> u64 {
        self.survey.counts.iter().map(|counts| counts.text_bytes).sum()
    }

    fn n_tokens(&self) -> Option<u64> {
        self.columns.has_tokens.then(|| self.survey.counts.iter().map(|counts| counts.n_tokens).sum())
    }
}

/// The card.
pub fn text(facts: &CardFacts<'_>) -> String {
    format!("{}\n{}", front::text(facts), body::text(facts))
}

/// A count with commas: `12,345`.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A share: `12.5 %`.
fn percent(n: u64, all: u64) -> String {
    format!("{:.1} %", if all == 0 { 0.0 } else { 100.0 * n as f64 / all as f64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_for_people() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!((percent(1, 8), percent(1, 0)), ("12.5 %".to_owned(), "0.0 %".to_owned()));
    }
}
