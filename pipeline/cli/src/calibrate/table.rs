//! The table of limits that `tokenmill calibrate` writes, with the reasons for every line.

use crate::output::{count, percent};
use std::fmt::Write;
use tokenmill_engine::calibrate::{Gathered, Proposed};

/// What the table is about.
pub struct Names<'a> {
    /// The run.
    pub run: &'a str,
    /// The language.
    pub lang: &'a str,
    /// The reference, in words.
    pub reference: &'a str,
    /// Documents below which it warns.
    pub min_documents: u64,
}

/// The table as TOML.
pub fn write(names: &Names<'_>, proposed: &[Proposed]) -> String {
    let Names { run, lang, reference, .. } = names;
    let mut out = format!(
        "# Limits for {lang}, at which every rule, were it the only one, takes the share of documents that it takes of \
         {reference}.\n# Proposed by `tokenmill calibrate` from what {run} measured. Steps take them with `lang_table`.\n"
    );
    // Writing to a String cannot fail, here and below.
    for (who, n) in too_few(names, proposed) {
        let _ = writeln!(out, "# WARNING: only {} documents of {who} were measured.", count(n));
    }
    let mut stage = "";
    for one in proposed {
        if one.stage != stage {
            stage = one.stage;
            let _ = writeln!(out, "\n[{}.{stage:?}]", key(lang));
        }
        let _ = writeln!(out, "\n# {}: {} {}", one.limit.reason, one.metric, one.limit.side.name());
        let mut reference_line = format!("# {reference}: {}", of(&one.reference));
        match one.like {
            Some(like) => drop(write!(reference_line, ", takes {} at {}", taken(&one.reference), number(like))),
            None => reference_line.push_str(", off"),
        }
        let _ = writeln!(out, "{reference_line}");
        let mut line = format!("# {lang}: {}", of(&one.own));
        match one.limit.value {
            Some(limit) => drop(write!(line, ", takes {} at {}", taken(&one.own), number(limit))),
            None => line.push_str(", off"),
        }
        if let Ok(proposal) = &one.outcome {
            let share = percent(proposal.removed, one.own.histogram.n());
            let _ = write!(line, ", {share} at {}", number(proposal.limit));
        }
        let _ = writeln!(out, "{line}");
        if let Some(quantiles) = quantiles(&one.own) {
            let _ = writeln!(out, "# {lang}: {quantiles}");
        }
        let _ = match &one.outcome {
            Ok(proposal) => writeln!(out, "{} = {}", one.limit.param, number(proposal.limit)),
            Err(why) => writeln!(out, "# {} is left alone: {why}", one.limit.param),
        };
    }
    out
}

/// Who has too few documents to say much about, and how many at the step that saw fewest.
pub fn too_few(names: &Names<'_>, proposed: &[Proposed]) -> Vec<(String, u64)> {
    let fewest = |of: fn(&Proposed) -> &Gathered| {
        let judged = proposed.iter().filter(|one| one.outcome.is_ok());
        judged.map(|one| of(one).histogram.n()).min().filter(|n| *n < names.min_documents)
    };
    let (own, reference) = (fewest(|one| &one.own), fewest(|one| &one.reference));
    let own = own.map(|n| (names.lang.to_owned(), n));
    own.into_iter().chain(reference.map(|n| (names.reference.to_owned(), n))).collect()
}

fn of(gathered: &Gathered) -> String {
    format!("{} documents", count(gathered.histogram.n()))
}

fn taken(gathered: &Gathered) -> String {
    percent(gathered.removed, gathered.histogram.n())
}

fn quantiles(gathered: &Gathered) -> Option<String> {
    let shares = [0.01, 0.05, 0.5, 0.95, 0.99];
    let shown =
        shares.map(|p| gathered.histogram.quantile(p).map(|value| format!("p{:.0} {}", p * 100.0, number(value))));
    shown.into_iter().collect::<Option<Vec<_>>>().map(|shown| shown.join("  "))
}

/// A limit as TOML, with as many digits as tell it from all others.
pub fn number(number: f32) -> String {
    match number.abs() {
        0.0 => "0".to_owned(),
        size if (1e-6..1e15).contains(&size) => number.to_string(),
        _ => format!("{number:e}"),
    }
}

/// A label as a key of TOML.
fn key(label: &str) -> String {
    let is_bare = !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if is_bare { label.to_owned() } else { serde_json::json!(label).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_toml_and_come_back() {
        for value in [0.0, 50.0, 0.1, 0.012_345_679, 1e-9, 3e20, -2.5, 16_777_216.0, 1e15] {
            let table = format!("x = {}", number(value)).parse::<toml::Table>();
            let read = table.ok().and_then(|mut table| table.remove("x"));
            let read = read.and_then(|read| read.as_float().or(read.as_integer().map(|whole| whole as f64)));
            assert_eq!(read.map(|read| read as f32), Some(value));
        }
    }

    #[test]
    fn labels_are_keys() {
        assert_eq!([key("deu_Latn"), key("zh-min-nan"), key("a b")], ["deu_Latn", "zh-min-nan", "\"a b\""]);
    }
}
