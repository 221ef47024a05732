//! `tokenmill inspect labels`: the labels of a table with texts and the annotator's words, and two annotators side by side.

use crate::documents;
use crate::failure::Failure;
use crate::output::{count, percent, plain, shortened, table};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::process::ExitCode;
use tokenmill_classifiers::training::agreement::{agreement, confusion, kappa, quadratic_weighted_kappa};
use tokenmill_store::source::ColumnMap;

/// Strata that are shown one by one, and labels that get a column each.
const SHOWN_STRATA: usize = 20;
const SHOWN_LABELS: usize = 8;

/// What stands where there is no label.
const NONE: &str = "(none)";

/// Look at labels: how many of each, samples with text, and how far two annotators agree
#[derive(clap::Args)]
#[command(after_help = "\
One table: how often each label was given, by stratum too, and samples of each with the annotator's words. Two tables: Cohen's
kappa (and with quadratic weights, where labels are numbers), who says what when the other says something else, and the
documents on which they differ, the widest differences first. Documents are the same when their ids are, so a table may
also be what people have said: CSV or JSONL with `id`, `text` and `label`.

Examples:
  tokenmill inspect labels labels/quality.parquet
  tokenmill inspect labels labels/quality.parquet --label 5 -n 20
  tokenmill inspect labels labels/quality.parquet labels/by-another-model.parquet")]
pub struct Args {
    /// A table that `tokenmill annotate` has written, or another with a label in a column
    labels: String,
    /// Another, about the same documents
    other: Option<String>,
    /// The column with the label
    #[arg(long, default_value = "label")]
    column: String,
    /// The column with the text; without one, `text`, or else `answer`
    #[arg(long)]
    text: Option<String>,
    /// Show only samples with this label
    #[arg(long)]
    label: Option<String>,
    /// Show only samples without a readable answer
    #[arg(long, conflicts_with_all = ["label", "other"])]
    unreadable: bool,
    /// Samples of each label, or documents on which two differ
    #[arg(short, default_value_t = 3)]
    n: usize,
    /// Characters of a text that are shown
    #[arg(long, default_value_t = 400)]
    chars: usize,
}

/// A labelled document.
#[derive(Debug)]
struct Row {
    id: String,
    url: String,
    stratum: String,
    label: String,
    words: String,
    text: String,
}

/// Shows.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let (rows, head) = read(&args.labels, args)?;
    match &args.other {
        None => print!("{head}{}", one(&rows, args)?),
        Some(other) => {
            let (others, other_head) = read(other, args)?;
            print!("{head}{other_head}{}", two(&rows, &others, args)?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The rows of a table, and a line about it. A table without texts is shown with the answers instead.
fn read(path: &str, args: &Args) -> Result<(Vec<Row>, String), Failure> {
    match &args.text {
        Some(text) => read_with(path, args, text),
        None => match read_with(path, args, "text") {
            Err(failure) => read_with(path, args, "answer").map_err(|_| failure),
            Ok((rows, _)) if rows.is_empty() => read_with(path, args, "answer"),
            read => read,
        },
    }
}

fn read_with(path: &str, args: &Args, text: &str) -> Result<(Vec<Row>, String), Failure> {
    let extra = [args.column.as_str(), "stratum", "answer", "reason", "model", "prompt", "unreadable"]
        .map(str::to_owned)
        .to_vec();
    let columns = ColumnMap { text: text.to_owned(), extra, ..ColumnMap::default() };
    let (mut rows, mut by, mut is_told) = (Vec::new(), BTreeMap::new(), false);
    documents::each(path, &columns, &mut |read| {
        let extra: Value = serde_json::from_str(read.extra).unwrap_or_default();
        let cell = |name: &str| shown(&extra[name]);
        let label = cell(&args.column);
        let words = if extra["answer"].is_null() { cell("reason") } else { cell("answer") };
        *by.entry((cell("prompt"), cell("model"))).or_insert(0u64) += 1;
        is_told |= !cell("unreadable").is_empty();
        rows.push(Row {
            id: plain(read.id),
            url: plain(read.url),
            stratum: plain(&cell("stratum")),
            label: if label.is_empty() { NONE.to_owned() } else { label },
            words,
            text: shortened(read.text, args.chars),
        });
    })?;
    let n_none = rows.iter().filter(|row| row.label == NONE).count();
    // Where none can be read the table says why.
    if rows.len() == n_none && !is_told {
        return Err(Failure::usage(format!("`{path}` has no labels in column `{}`", args.column))
            .hint("`--column` names the one that has them"));
    }
    let named = |((prompt, model), _): (&(String, String), &u64)| match (prompt.as_str(), model.as_str()) {
        ("", "") => None,
        (prompt, model) => Some(format!("`{prompt}` by {model}")),
    };
    let by: Vec<String> = by.iter().filter_map(named).collect();
    let by = if by.is_empty() { String::new() } else { format!("; {}", by.join(", ")) };
    let (n, n_none) = (count(rows.len() as u64), count(n_none as u64));
    Ok((rows, format!("{path}: {n} documents, {n_none} without a label{by}\n")))
}

fn shown(value: &Value) -> String {
    match value {
        // A score of 3 may be written as 3.0, here and below.
        Value::String(text) => {
            let text = text.trim();
            let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let whole = text.split_once('.').filter(|(head, rest)| {
                is_number(head.strip_prefix('-').unwrap_or(head)) && rest.bytes().all(|b| b == b'0')
            });
            whole.map_or(text, |(head, _)| head).to_owned()
        }
        Value::Null => String::new(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        value => value.to_string(),
    }
}

/// Labels in the order of numbers, if all are numbers.
fn in_order<'a>(labels: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut labels: Vec<&str> = labels.collect();
    labels.sort_unstable();
    labels.dedup();
    let number = |label: &str| label.parse::<f64>().unwrap_or(f64::INFINITY);
    labels.sort_by(|a, b| number(a).total_cmp(&number(b)));
    labels
}

/// One table.
fn one(rows: &[Row], args: &Args) -> Result<String, Failure> {
    let labels = in_order(rows.iter().map(|row| row.label.as_str()));
    if let Some(wanted) = args.label.as_ref().filter(|wanted| !labels.contains(&wanted.as_str())) {
        return Err(Failure::usage(format!("no document has the label `{wanted}`"))
            .hint(format!("the labels are {}", labels.join(", "))));
    }
    let n_of = |rows: &[&Row], label: &str| rows.iter().filter(|row| row.label == label).count() as u64;
    let all: Vec<&Row> = rows.iter().collect();
    let cells = labels.iter().map(|label| {
        let n = n_of(&all, label);
        vec![(*label).to_owned(), count(n), percent(n, rows.len() as u64)]
    });
    let mut out = format!("\n{}", table(&["label", "documents", "share"], &cells.collect::<Vec<_>>()));
    let mut strata: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    rows.iter().for_each(|row| strata.entry(&row.stratum).or_default().push(row));
    if strata.len() > 1 {
        out.push('\n');
        out += &by_stratum(&strata, &labels, &n_of);
    }
    let wanted = |label: &&&str| match (&args.label, args.unreadable) {
        (Some(wanted), _) => wanted == **label,
        (None, true) => **label == NONE,
        (None, false) => true,
    };
    let mut samples: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let of_label = samples.entry(&row.label).or_default();
        if of_label.len() < args.n {
            of_label.push(row);
        }
    }
    for label in labels.iter().filter(wanted) {
        for row in samples.get(label).into_iter().flatten() {
            // Writing to a String cannot fail.
            let _ = write!(out, "\n{label}: {} {}\n  {}\n", row.id, row.url, row.text);
            out += &words("says", &row.words, args.chars);
        }
    }
    Ok(out)
}

/// How often each label was given in each stratum; with many labels, which were given most.
fn by_stratum(strata: &BTreeMap<&str, Vec<&Row>>, labels: &[&str], n_of: &impl Fn(&[&Row], &str) -> u64) -> String {
    let is_wide = labels.len() > SHOWN_LABELS;
    let line = |(stratum, rows): (&&str, &Vec<&Row>)| {
        let mut cells = vec![(*stratum).to_owned(), count(rows.len() as u64)];
        let mut counts: Vec<(u64, &str)> = labels.iter().map(|label| (n_of(rows, label), *label)).collect();
        if is_wide {
            counts.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
            let most = counts.iter().take(3).filter(|(n, _)| *n > 0);
            let most = most.map(|(n, label)| format!("{label} {}", percent(*n, rows.len() as u64)));
            cells.push(most.collect::<Vec<_>>().join(", "));
        } else {
            cells.extend(counts.iter().map(|(n, _)| count(*n)));
        }
        cells
    };
    let rows: Vec<Vec<String>> = strata.iter().take(SHOWN_STRATA).map(line).collect();
    let head: Vec<&str> = match is_wide {
        true => vec!["stratum", "documents", "most"],
        false => ["stratum", "documents"].into_iter().chain(labels.iter().copied()).collect(),
    };
    let mut out = table(&head, &rows);
    if strata.len() > SHOWN_STRATA {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "and {} strata more", count((strata.len() - SHOWN_STRATA) as u64));
    }
    out
}

/// Two tables about the same documents.
fn two(rows: &[Row], others: &[Row], args: &Args) -> Result<String, Failure> {
    for (rows, which) in [(rows, "first"), (others, "second")] {
        let mut seen = BTreeSet::new();
        if let Some(row) = rows.iter().find(|row| !seen.insert(row.id.as_str())) {
            return Err(Failure::usage(format!("the {which} table has the id `{}` twice", row.id))
                .hint("tables are joined by `id`; leave one row of each document"));
        }
    }
    let by_id: BTreeMap<&str, &Row> = others.iter().map(|row| (row.id.as_str(), row)).collect();
    let both: Vec<(&Row, &Row)> = rows.iter().filter_map(|row| Some((row, *by_id.get(row.id.as_str())?))).collect();
    let labelled: Vec<(&Row, &Row)> =
        both.iter().copied().filter(|(a, b)| a.label != NONE && b.label != NONE).collect();
    if labelled.is_empty() {
        return Err(Failure::usage("the tables have no labelled document in common")
            .hint("documents are the same when their `id` is"));
    }
    let pairs: Vec<(&str, &str)> = labelled.iter().map(|(a, b)| (a.label.as_str(), b.label.as_str())).collect();
    let number = |label: &str| label.parse::<f64>().ok().filter(|number| number.is_finite());
    let numbers: Option<Vec<(f64, f64)>> = pairs.iter().map(|(a, b)| Some((number(a)?, number(b)?))).collect();
    let figure = |figure: Option<f64>| figure.map_or("undefined".to_owned(), |figure| format!("{figure:.3}"));
    let mut out = format!(
        "\n{} documents are in both, {} with both labels\nagreement {}, kappa {}",
        count(both.len() as u64),
        count(labelled.len() as u64),
        figure(agreement(&pairs)),
        figure(kappa(&pairs))
    );
    if let Some(numbers) = &numbers {
        // Writing to a String cannot fail, here and below.
        let _ = write!(out, ", kappa with quadratic weights {}", figure(quadratic_weighted_kappa(numbers)));
    }
    out.push_str("\n\n");
    out += &confusion_table(&pairs);
    for (a, b) in differing(&labelled, &number)
        .into_iter()
        .filter(|(a, b)| match &args.label {
            Some(label) => a.label == *label || b.label == *label,
            None => true,
        })
        .take(args.n)
    {
        let _ = write!(out, "\n{} or {}: {} {}\n  {}\n", a.label, b.label, a.id, a.url, a.text);
        out += &words("the first says", &a.words, args.chars);
        out += &words("the second says", &b.words, args.chars);
    }
    Ok(out)
}

/// Labels of the first by labels of the second; with many labels, the differences that are most frequent.
fn confusion_table(pairs: &[(&str, &str)]) -> String {
    let counts = confusion(pairs);
    let labels = in_order(pairs.iter().flat_map(|(a, b)| [*a, *b]));
    if labels.len() > SHOWN_LABELS {
        let mut differences: Vec<((&str, &str), usize)> = counts.into_iter().filter(|((a, b), _)| a != b).collect();
        if differences.is_empty() {
            return String::new();
        }
        differences.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let line = |((a, b), n): &((&str, &str), usize)| vec![(*a).to_owned(), (*b).to_owned(), count(*n as u64)];
        return table(
            &["first", "second", "documents"],
            &differences.iter().take(SHOWN_STRATA).map(line).collect::<Vec<_>>(),
        );
    }
    let cell = |a: &str, b: &str| count(counts.get(&(a, b)).copied().unwrap_or(0) as u64);
    let line = |a: &&str| std::iter::once((*a).to_owned()).chain(labels.iter().map(|b| cell(a, b))).collect();
    let head: Vec<&str> = std::iter::once("first \\ second").chain(labels.iter().copied()).collect();
    table(&head, &labels.iter().map(line).collect::<Vec<_>>())
}

/// The documents with two labels: the widest differences of numbers first, of names the most frequent ones.
fn differing<'a>(labelled: &[(&'a Row, &'a Row)], number: &impl Fn(&str) -> Option<f64>) -> Vec<(&'a Row, &'a Row)> {
    let counts = confusion(&labelled.iter().map(|(a, b)| (a.label.as_str(), b.label.as_str())).collect::<Vec<_>>());
    let width = |(a, b): &(&Row, &Row)| match (number(&a.label), number(&b.label)) {
        (Some(a), Some(b)) => (a - b).abs(),
        _ => counts.get(&(a.label.as_str(), b.label.as_str())).copied().unwrap_or(0) as f64,
    };
    let mut differing: Vec<_> = labelled.iter().copied().filter(|(a, b)| a.label != b.label).collect();
    differing.sort_by(|a, b| width(b).total_cmp(&width(a)));
    differing
}

fn words(who: &str, words: &str, n_chars: usize) -> String {
    if words.is_empty() { String::new() } else { format!("  {who}: {}\n", shortened(words, n_chars)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, label: &str) -> Row {
        let text = |text: &str| text.to_owned();
        let (url, stratum, words) = (String::new(), text("en"), format!("because {label}"));
        Row { id: text(id), url, stratum, label: text(label), words, text: format!("text of {id}") }
    }

    #[test]
    fn the_widest_differences_come_first() {
        let (a, b) = ([("x", "1"), ("y", "5"), ("z", "2")], [("x", "2"), ("y", "1"), ("z", "2")]);
        let rows = |of: [(&str, &str); 3]| of.map(|(id, label)| row(id, label));
        let (a, b) = (rows(a), rows(b));
        let both: Vec<(&Row, &Row)> = a.iter().zip(&b).collect();
        let ids: Vec<&str> = differing(&both, &|label| label.parse().ok()).iter().map(|(a, _)| a.id.as_str()).collect();
        assert_eq!(ids, ["y", "x"]);
        let named: Vec<&str> = differing(&both, &|_| None).iter().map(|(a, _)| a.id.as_str()).collect();
        assert_eq!(named, ["x", "y"], "equally frequent: in the order of the table");
    }

    #[test]
    fn labels_are_in_the_order_of_numbers() {
        assert_eq!(in_order(["10", "9", NONE, "9"].into_iter()), ["9", "10", NONE]);
        for (value, expected) in
            [("3.0", "3"), ("-3.00", "-3"), ("3.5", "3.5"), ("v1.0", "v1.0"), (".0", ".0"), ("03", "03")]
        {
            assert_eq!(shown(&serde_json::json!(value)), expected);
        }
        assert_eq!(shown(&serde_json::json!(3.0)), "3");
    }
}
