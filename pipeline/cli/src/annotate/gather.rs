//! The documents that are labelled: read from the inputs, put into strata, sampled.

use super::recipe::{Recipe, SampleTable};
use crate::documents::{self, Read};
use crate::failure::Failure;
use crate::output::{count, shortened, table};
use serde_json::Value;
use std::fmt::Write;
use tokenmill_classifiers::annotate::prompt::excerpt;
use tokenmill_classifiers::annotate::sample::{Stratum, range_of};
use tokenmill_classifiers::annotate::{Candidate, Sample, Sampled};
use tokenmill_core::text::{host_of, n_chars};
use tokenmill_stages::url::site_of;
use tokenmill_store::source::ColumnMap;

/// Strata that are shown one by one.
const SHOWN_STRATA: usize = 20;

/// What stands for a value that a document has not.
const NOTHING: &str = "-";

/// The sample.
pub struct Gathered {
    /// The documents, by stratum.
    pub documents: Vec<Sampled>,
    strata: Vec<Stratum>,
    per_stratum: usize,
    n_passed_over: u64,
    is_cut: bool,
}

/// Reads all inputs and takes the sample.
pub fn gather(recipe: &Recipe) -> Result<Gathered, Failure> {
    let table = &recipe.sample;
    let own: Vec<String> =
        table.by.iter().filter(|name| !["lang", "site", "host", "kind"].contains(&name.as_str())).cloned().collect();
    let columns = ColumnMap { text: table.text.clone(), extra: own.clone(), ..ColumnMap::default() };
    let (mut sample, mut n_passed_over, mut n_found) = (Sample::new(recipe.choice()), 0, vec![0u64; table.by.len()]);
    let mut stratum = String::new();
    for input in &table.inputs {
        let n_refused = documents::each_with(input, &columns, &own, &mut |read| {
            let is_wanted = table.lang.is_empty() || read.lang.is_empty() || table.lang.iter().any(|l| l == read.lang);
            if !is_wanted || read.text.len() < table.min_chars || n_chars(read.text) < table.min_chars {
                n_passed_over += 1;
                return;
            }
            name_stratum(&mut stratum, read, table, &own, &mut n_found);
            let Read { id, url, lang, text, .. } = *read;
            let excerpt = excerpt(text, table.max_chars);
            sample.add(&Candidate { stratum: &stratum, id, url, lang, text, excerpt });
        })?;
        n_passed_over += n_refused;
    }
    let is_cut = sample.is_cut();
    let (documents, strata) = sample.finish();
    if documents.is_empty() {
        return Err(Failure::usage("there is no document to label")
            .hint("see `sample.inputs`, `sample.lang` and `sample.min_chars`"));
    }
    if let Some((name, _)) = table.by.iter().zip(&n_found).find(|(_, n)| **n == 0) {
        return Err(Failure::usage(format!("no document has a column or metric `{name}`")).hint(
            "strata are made by `lang`, `site`, `host`, `kind`, a column of the input, or a metric of the run such as `lang.id.score`",
        ));
    }
    Ok(Gathered { documents, strata, per_stratum: table.per_stratum, n_passed_over, is_cut })
}

/// Names the stratum of a document after its values, joined by `/`.
fn name_stratum(name: &mut String, read: &Read<'_>, table: &SampleTable, own: &[String], n_found: &mut [u64]) {
    name.clear();
    let extra: Value = match own.is_empty() {
        true => Value::Null,
        false => serde_json::from_str(read.extra).unwrap_or_default(),
    };
    for (at, by) in table.by.iter().enumerate() {
        let value = match by.as_str() {
            "lang" => read.lang.to_owned(),
            "site" => site_of(read.url),
            "host" => host_of(read.url).to_ascii_lowercase(),
            "kind" => read.kind.to_owned(),
            _ => {
                let place = own.iter().position(|own| own == by);
                let metric = place.and_then(|place| read.metrics.get(place)?.clone());
                metric.or_else(|| shown(&extra[by])).unwrap_or_default()
            }
        };
        if let Some(n) = n_found.get_mut(at).filter(|_| !value.is_empty()) {
            *n += 1;
        }
        let value = match table.edges.get(by) {
            Some(edges) => value.trim().parse().map_or_else(|_| String::new(), |number| range_of(number, edges)),
            None => value,
        };
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(if value.is_empty() { NOTHING } else { &value });
    }
    if name.is_empty() {
        name.push_str("all");
    }
}

/// A value as the name of a stratum; of a list its first.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Array(values) => shown(values.first()?),
        Value::Null | Value::Object(_) => None,
    }
}

impl Gathered {
    /// What the sample is made of, for people.
    pub fn summary(&self) -> String {
        let is_short = |stratum: &&Stratum| stratum.n_taken < self.per_stratum;
        let rows: Vec<Vec<String>> = self
            .strata
            .iter()
            .take(SHOWN_STRATA)
            .map(|stratum| {
                let note = if is_short(&stratum) { "fewer than wanted" } else { "" };
                vec![
                    shortened(&stratum.name, 200),
                    count(stratum.n_seen),
                    count(stratum.n_taken as u64),
                    note.to_owned(),
                ]
            })
            .collect();
        let mut out = table(&["stratum", "documents", "taken", ""], &rows);
        // Writing to a String cannot fail, here and below.
        if self.strata.len() > SHOWN_STRATA {
            let _ = writeln!(out, "and {} strata more", count((self.strata.len() - SHOWN_STRATA) as u64));
        }
        let (n, n_short) = (self.documents.len() as u64, self.strata.iter().filter(is_short).count() as u64);
        let _ = write!(out, "{} documents of {} strata", count(n), count(self.strata.len() as u64));
        if n_short > 0 {
            let _ = write!(out, ", {} of which have fewer than {}", count(n_short), count(self.per_stratum as u64));
        }
        if self.n_passed_over > 0 {
            let _ =
                write!(out, "; {} were passed over (other languages, too short, no text)", count(self.n_passed_over));
        }
        if self.is_cut {
            out.push_str("\n`sample.max_documents` has kept some out: strata may have fewer than there are");
        }
        out.push('\n');
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strata_are_named_after_what_they_are_made_by() {
        let table = |by: &[&str], edges: &[(&str, &[f64])]| SampleTable {
            inputs: Vec::new(),
            by: by.iter().map(|by| (*by).to_owned()).collect(),
            edges: edges.iter().map(|(name, edges)| ((*name).to_owned(), edges.to_vec())).collect(),
            per_stratum: 1,
            max_documents: 1,
            lang: Vec::new(),
            min_chars: 1,
            max_chars: 1,
            seed: 0,
            text: String::new(),
        };
        let metrics = [Some("0.7".to_owned()), None];
        let read = Read {
            id: "",
            lang: "de",
            url: "https://WWW.a.example.co.uk/x",
            text: "",
            extra: r#"{"topic":["sea","air"],"q":2}"#,
            kind: "",
            metrics: &metrics,
        };
        for (by, edges, expected) in [
            (&[][..], &[][..], "all"),
            (&["lang", "site"], &[], "de/example.co.uk"),
            (&["host", "kind"], &[], "www.a.example.co.uk/-"),
            (&["m", "topic"], &[], "0.7/sea"),
            (&["m", "q"], &[("m", &[0.5][..]), ("q", &[2.0, 3.0])], ">=0.5/2..3"),
            (&["topic"], &[("topic", &[1.0])], "-"),
        ] {
            let own = ["m".to_owned(), "q".to_owned(), "topic".to_owned()];
            let (mut name, mut n_found) = (String::new(), [0; 3]);
            name_stratum(&mut name, &read, &table(by, edges), &own, &mut n_found);
            assert_eq!(name, expected);
        }
    }
}
