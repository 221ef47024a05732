//! Quantiles of scores: where a score stands among those of a sample, so that scores of different models can be compared.
//!
//! A table is a small JSON file that `tokenmill quantiles` makes from a finished run.

use serde::{Deserialize, Serialize};
use tokenmill_core::BuildError;

/// What a table calls itself.
const FORMAT: &str = "tokenmill quantiles/v1";

/// Steps from the lowest score to the highest, in a table that is made.
pub const N_STEPS: usize = 1_000;

/// Values of one list, at most.
const MAX_VALUES: usize = 100_001;

/// A table.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    format: String,
    /// Where the scores come from, for readers.
    pub from: String,
    /// One for every score and language.
    pub scores: Vec<Quantiles>,
}

/// How one score is distributed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Quantiles {
    /// `step.metric`
    pub score: String,
    /// The language whose documents were counted; empty for all.
    #[serde(default)]
    pub lang: String,
    /// Documents counted.
    pub documents: u64,
    /// The smallest score, then those that the shares 1/n, 2/n, … of the documents do not exceed, then the largest.
    pub values: Vec<f32>,
}

impl Table {
    /// A table of these.
    pub fn new(from: &str, scores: Vec<Quantiles>) -> Table {
        Table { format: FORMAT.to_owned(), from: from.to_owned(), scores }
    }

    /// Reads a table.
    ///
    /// # Errors
    /// When it is none, or its values are not in ascending order.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Table, BuildError> {
        let fault = |what: String| {
            BuildError::new(format!("quantiles `{name}`: {what}")).hint("`tokenmill quantiles` makes such a file")
        };
        let table: Table = serde_json::from_slice(bytes).map_err(|error| fault(error.to_string()))?;
        if table.format != FORMAT {
            return Err(fault(format!("format `{}` is not `{FORMAT}`", table.format)));
        }
        for Quantiles { score, values, .. } in &table.scores {
            let is_sorted = values.iter().all(|value| value.is_finite()) && values.is_sorted();
            if !(2..=MAX_VALUES).contains(&values.len()) || !is_sorted {
                return Err(fault(format!("`{score}` needs 2 to {MAX_VALUES} values in ascending order")));
            }
        }
        Ok(table)
    }

    /// The table as a file, a list of values on one line.
    pub fn to_json(&self) -> String {
        let text = |value: &str| serde_json::Value::from(value).to_string();
        let score = |one: &Quantiles| {
            let values: Vec<String> = one.values.iter().map(f32::to_string).collect();
            let (score, lang, values) = (text(&one.score), text(&one.lang), values.join(","));
            format!("{{\"score\":{score},\"lang\":{lang},\"documents\":{},\"values\":[{values}]}}", one.documents)
        };
        let scores: Vec<String> = self.scores.iter().map(score).collect();
        format!(
            "{{\"format\":{},\n\"from\":{},\n\"scores\":[\n{}\n]}}\n",
            text(&self.format),
            text(&self.from),
            scores.join(",\n")
        )
    }

    /// The quantiles of a score by language, and those of all languages.
    pub fn of(&self, score: &str) -> Option<Ranking> {
        let mut found: Vec<&Quantiles> = self.scores.iter().filter(|one| one.score == score).collect();
        found.sort_by(|one, other| one.lang.cmp(&other.lang));
        let by_lang = found.into_iter().map(|one| (one.lang.clone(), one.values.clone())).collect::<Vec<_>>();
        (!by_lang.is_empty()).then_some(Ranking { by_lang })
    }
}

/// The quantiles of one score, by language.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// In the order of their names; the empty name is for all others.
    by_lang: Vec<(String, Vec<f32>)>,
}

impl Ranking {
    /// The rank of a score among those of its language, from 0 to 1: the share of lower scores and half of the equal ones.
    /// Absent where the table has neither the language nor all documents.
    pub fn rank(&self, lang: &str, score: f32) -> Option<f32> {
        let find = |lang: &str| self.by_lang.binary_search_by(|(known, _)| known.as_str().cmp(lang)).ok();
        let (_, values) = &self.by_lang[find(lang).or_else(|| find(""))?];
        let below = values.partition_point(|value| *value < score);
        let up_to = below + values[below..].partition_point(|value| *value <= score);
        Some((below + up_to) as f32 / (2 * values.len()) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let one = |lang: &str, values: &[f32]| Quantiles {
            score: "a.score".to_owned(),
            lang: lang.to_owned(),
            documents: 9,
            values: values.to_vec(),
        };
        Table::new("a \"test\"", vec![one("de", &[0.5, 0.6, 0.6, 0.6, 1.0]), one("", &[0.0, 0.25, 0.5, 0.75, 1.0])])
    }

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let table = table();
        assert_eq!(Table::read("t", table.to_json().as_bytes()).unwrap(), table);
    }

    #[test]
    fn ranks_are_those_of_the_language_and_ties_share_theirs() {
        let ranking = table().of("a.score").unwrap();
        let rank = |lang: &str, score| ranking.rank(lang, score).unwrap();
        assert_eq!([rank("en", -1.0), rank("en", 0.3), rank("en", 0.5), rank("en", 9.0)], [0.0, 0.4, 0.5, 1.0]);
        assert_eq!([rank("de", 0.3), rank("de", 0.6), rank("de", 1.0)], [0.0, 0.5, 0.9]);
        assert!(table().of("b.score").is_none());
        let only_german = Table { scores: table().scores[..1].to_vec(), ..table() };
        assert_eq!(only_german.of("a.score").unwrap().rank("en", 0.6), None);
    }

    #[test]
    fn ranks_never_fall_where_scores_rise() {
        let ranking = table().of("a.score").unwrap();
        for lang in ["de", ""] {
            let ranks: Vec<_> = (-10..120).map(|score| ranking.rank(lang, score as f32 / 100.0)).collect();
            assert!(ranks.is_sorted() && ranks.iter().all(|rank| rank.is_some_and(|rank| (0.0..=1.0).contains(&rank))));
        }
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let json = table().to_json();
        for (from, to, expected) in [
            ("quantiles/v1", "quantiles/v9", "format"),
            ("0,0.25,0.5,0.75,1]", "0,0.25,0.5,0.45,1]", "ascending"),
            ("[0.5,0.6,0.6,0.6,1]", "[1]", "ascending"),
            ("documents", "docs", "unknown field"),
        ] {
            let message = Table::read("t", json.replacen(from, to, 1).as_bytes()).err().unwrap().message;
            assert!(message.contains(expected) && message.contains("`t`"), "{from}: {message}");
        }
    }
}
