//! `tokenmill inspect grep`: finds a pattern in the stored texts of a run.

use super::frame::stacked;
use super::lives::Lives;
use super::opened::Opened;
use super::pick::Filters;
use super::sample::{SHOWN, fate, shown};
use super::show::{Form, object};
use super::stored::{NEEDED, Texts};
use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::output::{count, shortened};
use polars::prelude::{Column, DataFrame, IntoColumn, NewChunkedArray, StringChunked, UInt64Chunked};
use rayon::prelude::*;
use regex::{Regex, RegexBuilder};
use std::fmt::Write;
use std::process::ExitCode;

/// Documents in a frame: few, because their texts are in it.
const ROWS: usize = 1_024;

/// Bytes of a compiled pattern.
const PATTERN_BYTES: usize = 16 << 20;

/// Find a pattern in the texts of kept documents and of the sample of removed ones
#[derive(clap::Args)]
#[command(after_help = "\
What the recipe redacts is masked before the pattern is looked for. Patterns are those of the Rust crate `regex`; `(?i)` in front
ignores case.

Example:
  tokenmill inspect grep runs/quickstart '(?i)harbour wall' --lang en -n 5")]
pub struct Args {
    /// The run directory
    run: String,
    /// A regular expression
    pattern: String,
    /// Documents to show; all of them are counted
    #[arg(short, default_value_t = 20)]
    n: usize,
    /// Characters that are shown on each side of the first match
    #[arg(long, default_value_t = 60)]
    chars: usize,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    form: Form,
}

/// What was found in a part.
#[derive(Default)]
struct Found {
    frames: Option<DataFrame>,
    n_documents: u64,
    n_matches: u64,
    n_read: u64,
}

/// Looks and prints.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let pattern = RegexBuilder::new(&args.pattern).size_limit(PATTERN_BYTES).build();
    let pattern = pattern.map_err(|error| Failure::usage(format!("`{}` is no pattern: {error}", args.pattern)))?;
    let run = Opened::open(&args.run)?;
    let filtered = args.filters.columns();
    let chosen = run.choose(SHOWN.into_iter().chain(NEEDED).chain(filtered.iter().map(String::as_str)))?;
    let part = |part: usize| {
        let (mut lives, mut texts) = (Lives::open(&run, part, &chosen)?, Texts::open(&run, part)?);
        let mut found = Found::default();
        while let Some(frame) = lives.next_of(ROWS)? {
            // Texts are read in step with all documents, so the filter comes after them.
            found.add(args.filters.of(texts.add(frame)?)?, &pattern, args)?;
        }
        Ok(found)
    };
    let parts: Vec<Found> =
        (0..run.n_parts()).into_par_iter().with_max_len(1).map(part).collect::<Result<_, Failure>>()?;
    let sum = |number: fn(&Found) -> u64| parts.iter().map(number).sum::<u64>();
    let (n_documents, n_matches) = (sum(|found| found.n_documents), sum(|found| found.n_matches));
    let n_read = sum(|found| found.n_read);
    let frame = stacked(parts.into_iter().filter_map(|found| found.frames))?;
    let Some(frame) = frame else {
        println!("no match in {} stored texts", count(n_read));
        return Ok(ExitCode::from(FOUND_PROBLEMS));
    };
    args.form.show(frame.head(Some(args.n)), |frame| {
        let mut out = String::new();
        for row in 0..frame.height() {
            let cells = object(frame, row);
            let cell = |name: &str| cells.get(name).map(shown).unwrap_or_default();
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(out, "{} {}\n  {}, {}", cell("id"), cell("url"), cell("lang"), fate(&cell));
            let _ = writeln!(out, "  {} in line {}: {}\n", cell("matches"), cell("line"), cell("context"));
        }
        let (documents, matches) = (count(n_documents), count(n_matches));
        let _ = writeln!(out, "{matches} matches in {documents} of {} stored texts", count(n_read));
        Ok(out)
    })?;
    Ok(ExitCode::SUCCESS)
}

impl Found {
    fn add(&mut self, frame: DataFrame, pattern: &Regex, args: &Args) -> Result<(), Failure> {
        let texts = frame.column("text").and_then(Column::str).map_err(super::frame::failed)?;
        let (mut keep, mut matches, mut lines, mut contexts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for text in texts.iter() {
            self.n_read += u64::from(text.is_some());
            let first = text.and_then(|text| Some((text, pattern.find(text)?)));
            keep.push(first.is_some());
            let Some((text, first)) = first else { continue };
            let n = pattern.find_iter(text).count() as u64;
            self.n_documents += 1;
            self.n_matches += n;
            matches.push(n);
            lines.push(text[..first.start()].matches('\n').count() as u64 + 1);
            contexts.push(around(text, first.start(), first.end(), args.chars));
        }
        let n_shown = self.frames.as_ref().map_or(0, DataFrame::height);
        if contexts.is_empty() || n_shown >= args.n {
            return Ok(());
        }
        let failed = super::frame::failed;
        let mut frame = frame.filter(&keep.into_iter().collect()).map_err(failed)?.drop("text").map_err(failed)?;
        let columns = [
            UInt64Chunked::from_slice("matches".into(), &matches).into_column(),
            UInt64Chunked::from_slice("line".into(), &lines).into_column(),
            StringChunked::from_slice("context".into(), &contexts).into_column(),
        ];
        frame.hstack_mut(&columns).map_err(failed)?;
        self.frames = stacked(self.frames.take().into_iter().chain([frame.head(Some(args.n))]))?;
        Ok(())
    }
}

/// The match with some characters on both sides.
fn around(text: &str, start: usize, end: usize, chars: usize) -> String {
    let before: Vec<char> = text[..start].chars().rev().take(chars).collect();
    let before: String = before.into_iter().rev().collect();
    let cut = if before.len() < start { "…" } else { "" };
    let shown = text[start..].chars().take(text[start..end].chars().count() + chars).collect::<String>();
    let more = if start + shown.len() < text.len() { "…" } else { "" };
    shortened(&format!("{cut}{before}{shown}{more}"), usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_is_shown_with_what_is_around_it() {
        let text = "Zwölf Boxkämpfer\njagen\u{7} Viktor";
        let at = text.find("jagen").unwrap();
        assert_eq!(around(text, at, at + 5, 4), "…fer ⏎ jagen\u{fffd} Vi…");
        assert_eq!(around("abc", 0, 3, 60), "abc");
    }
}
