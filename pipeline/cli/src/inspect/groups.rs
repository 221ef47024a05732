//! The funnel by language, source or domain: what each step removed of every group, and the tokens that are left of it.

use super::domains::{DOMAIN, with_domain};
use super::frame::{failed, open, stacked};
use super::lives::each_part;
use super::opened::Opened;
use super::pick::Filters;
use super::show::Form;
use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::output::{count, percent, table};
use polars::prelude::{
    Column, DataFrame, DataType, IntoColumn, IntoLazy, NewChunkedArray, StringChunked, UInt64Chunked, col, len,
};
use std::collections::BTreeMap;
use std::process::ExitCode;
use tokenmill_engine::plan::human_bytes;

/// What documents are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
pub enum By {
    /// The language label
    Language,
    /// The folder of the input file
    Source,
    /// The registrable domain
    Domain,
}

/// The column of a group's name.
const GROUP: &str = "group";

/// A group on its way.
#[derive(Default)]
struct Group {
    documents: u64,
    kept: u64,
    bytes_kept: u64,
    tokens: u64,
    /// Removed documents by step.
    removed: BTreeMap<String, u64>,
}

/// Counts and prints the `n` largest groups.
pub fn main(folder: &str, by: By, n: usize, filters: &Filters, form: &Form) -> Result<ExitCode, Failure> {
    let run = Opened::open(folder)?;
    let column = match by {
        By::Language => "lang",
        By::Source => "part",
        By::Domain => "host",
    };
    let filtered = filters.columns();
    let chosen = run.choose([column, "step", "bytes"].into_iter().chain(filtered.iter().map(String::as_str)))?;
    let parts = each_part(
        &run,
        &chosen,
        |_| None,
        |sum: &mut Option<DataFrame>, frame| {
            let counted = named(filters.of(frame)?, by)?.lazy().group_by([col(GROUP), col("step")]).agg([
                len().cast(DataType::UInt64).alias("n"),
                col("bytes").cast(DataType::UInt64).sum().alias("bytes"),
            ]);
            *sum =
                stacked(sum.take().into_iter().chain([counted.collect().map_err(failed)?]))?.map(summed).transpose()?;
            Ok(())
        },
    )?;
    let mut groups = BTreeMap::<String, Group>::new();
    for frame in parts.into_iter().flatten() {
        add(&mut groups, &frame)?;
    }
    if groups.is_empty() {
        println!("no document is like that");
        return Ok(ExitCode::from(FOUND_PROBLEMS));
    }
    // Tokens are counted of whole groups, so a filter would tell a part of the documents and all of the tokens.
    let has_tokens = filters.is_empty() && tokens(&run, by, &mut groups)?;
    let mut groups: Vec<(String, Group)> = groups.into_iter().collect();
    groups.sort_by(|(a, one), (b, other)| other.documents.cmp(&one.documents).then_with(|| a.cmp(b)));
    let n_left_out = groups.len().saturating_sub(n);
    groups.truncate(n);
    let frame = frame(&groups, has_tokens)?;
    form.show(frame, |_| Ok(text(&groups, has_tokens, n_left_out)))?;
    Ok(ExitCode::SUCCESS)
}

/// Adds the name of the group to every document.
fn named(frame: DataFrame, by: By) -> Result<DataFrame, Failure> {
    let mut frame = match by {
        By::Domain => with_domain(frame)?,
        _ => frame,
    };
    let column = match by {
        By::Language => "lang",
        By::Source => "part",
        By::Domain => DOMAIN,
    };
    let names = frame.column(column).and_then(Column::str).map_err(failed)?;
    let name = |name: Option<&str>| Some(group_name(by, name.unwrap_or_default()).to_owned());
    let names = StringChunked::from_iter_options(GROUP.into(), names.iter().map(name));
    frame.with_column(names.into_column()).map_err(failed)?;
    Ok(frame)
}

/// The folder of an input file, or the file when it lies in none; other names as they are.
fn group_name(by: By, name: &str) -> &str {
    match by {
        By::Source => name.rsplit_once('/').map_or(name, |(folder, _)| folder),
        _ => name,
    }
}

fn summed(frame: DataFrame) -> Result<DataFrame, Failure> {
    let sums = [col("n").sum(), col("bytes").sum()];
    frame.lazy().group_by([col(GROUP), col("step")]).agg(sums).collect().map_err(failed)
}

fn add(groups: &mut BTreeMap<String, Group>, frame: &DataFrame) -> Result<(), Failure> {
    let text = |name: &str| frame.column(name).and_then(Column::str).map_err(failed);
    let number = |name: &str| frame.column(name).and_then(Column::u64).map_err(failed);
    let rows = text(GROUP)?.iter().zip(text("step")?.iter()).zip(number("n")?.iter().zip(number("bytes")?.iter()));
    for ((name, step), (n, bytes)) in rows {
        let (name, step) = (name.unwrap_or_default(), step.unwrap_or_default());
        let (n, bytes) = (n.unwrap_or(0), bytes.unwrap_or(0));
        let group = groups.entry(name.to_owned()).or_default();
        group.documents += n;
        if step.is_empty() {
            group.kept += n;
            group.bytes_kept += bytes;
        } else {
            *group.removed.entry(step.to_owned()).or_default() += n;
        }
    }
    Ok(())
}

/// Adds the tokens of every group, if the run has counted any.
fn tokens(run: &Opened, by: By, groups: &mut BTreeMap<String, Group>) -> Result<bool, Failure> {
    let column = match by {
        By::Language => "lang",
        By::Source => "source",
        By::Domain => "domain",
    };
    let mut is_counted = false;
    let is_tokens = |name: &&String| name.starts_with("tokens-");
    for part in run.manifests().iter().flat_map(|manifest| &manifest.parts) {
        for table in part.objects.keys().filter(is_tokens) {
            is_counted = true;
            let mut rows = open(run.store(), part, table, &[column, "n_tokens"])?;
            loop {
                let frame = rows.next(1 << 16)?;
                if frame.height() == 0 {
                    break;
                }
                let names = frame.column(column).and_then(Column::str).map_err(failed)?;
                let counts = frame.column("n_tokens").and_then(Column::u32).map_err(failed)?;
                for (name, n) in names.iter().zip(counts.iter()) {
                    if let Some(group) = groups.get_mut(group_name(by, name.unwrap_or_default())) {
                        group.tokens += u64::from(n.unwrap_or(0));
                    }
                }
            }
        }
    }
    Ok(is_counted)
}

/// One row for each group, with a column for each step that removed something.
fn frame(groups: &[(String, Group)], has_tokens: bool) -> Result<DataFrame, Failure> {
    let names = StringChunked::from_iter_values(GROUP.into(), groups.iter().map(|(name, _)| name.as_str()));
    let number = |name: &str, of: &dyn Fn(&Group) -> u64| {
        UInt64Chunked::from_iter_values(name.into(), groups.iter().map(|(_, group)| of(group))).into_column()
    };
    let mut columns = vec![
        names.into_column(),
        number("documents", &|group| group.documents),
        number("kept", &|group| group.kept),
        number("bytes_kept", &|group| group.bytes_kept),
    ];
    if has_tokens {
        columns.push(number("tokens", &|group| group.tokens));
    }
    let steps: std::collections::BTreeSet<&String> =
        groups.iter().flat_map(|(_, group)| group.removed.keys()).collect();
    for step in steps {
        columns.push(number(&format!("removed_by {step}"), &|group| group.removed.get(step).copied().unwrap_or(0)));
    }
    DataFrame::new(groups.len(), columns).map_err(failed)
}

fn text(groups: &[(String, Group)], has_tokens: bool, n_left_out: usize) -> String {
    let row = |(name, group): &(String, Group)| {
        let mut steps: Vec<(&String, &u64)> = group.removed.iter().collect();
        steps.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        let steps: Vec<String> = steps.iter().take(2).map(|(step, n)| format!("{step} {}", count(**n))).collect();
        let mut cells = vec![
            if name.is_empty() { "(none)".to_owned() } else { crate::output::shortened(name, 60) },
            count(group.documents),
            count(group.kept),
            percent(group.kept, group.documents),
            human_bytes(group.bytes_kept),
        ];
        if has_tokens {
            cells.push(count(group.tokens));
        }
        cells.push(steps.join(", "));
        cells
    };
    let mut head = vec!["group", "documents", "kept", "share", "bytes kept"];
    head.extend(has_tokens.then_some("tokens"));
    head.push("mostly removed by");
    let mut out = table(&head, &groups.iter().map(row).collect::<Vec<_>>());
    if n_left_out > 0 {
        out.push_str(&format!("and {} groups more: `-n` shows them\n", count(n_left_out as u64)));
    }
    out
}
