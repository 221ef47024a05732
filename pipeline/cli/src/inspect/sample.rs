//! `tokenmill inspect sample`: some documents, drawn evenly or from every group, to be read.

use super::frame::stacked;
use super::lives::each_part;
use super::opened::Opened;
use super::pick::{Filters, Lots};
use super::show::{Form, object};
use super::stored::{NEEDED, PART, look_up, with_part};
use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::output::{plain, shortened};
use polars::prelude::DataFrame;
use serde_json::Value;
use std::fmt::Write;
use std::process::ExitCode;

/// Documents to read, drawn evenly or so many from every group
#[derive(clap::Args)]
#[command(after_help = "Example:
  tokenmill inspect sample runs/quickstart --by lang,reason -n 2 --gone")]
pub struct Args {
    /// The run directory
    run: String,
    /// Draw from every group of documents alike in these: columns of the ledger or metrics
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    by: Vec<String>,
    /// Show these numbers of each document
    #[arg(long, value_name = "METRIC", value_delimiter = ',')]
    show: Vec<String>,
    /// Characters of a text that are shown
    #[arg(long, default_value_t = 400)]
    chars: usize,
    #[command(flatten)]
    lots: Lots,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    form: Form,
}

/// What is read of every document that may be shown.
pub const SHOWN: [&str; 9] = ["id", "kept", "lang", "step", "reason", "metric", "value", "limit", "bytes"];

/// Draws and prints.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let run = Opened::open(&args.run)?;
    let filtered = args.filters.columns();
    let names =
        SHOWN.into_iter().chain(NEEDED).chain(args.by.iter().chain(&args.show).chain(&filtered).map(String::as_str));
    let chosen = run.choose(names)?;
    let draw = |frame| match args.by.is_empty() {
        true => args.lots.draw(frame),
        false => args.lots.draw_of_each(frame, &args.by),
    };
    let parts = each_part(
        &run,
        &chosen,
        |part| (part, None),
        |(part, drawn): &mut (usize, Option<DataFrame>), frame| {
            let frame = args.lots.numbered(with_part(args.filters.of(frame)?, *part)?)?;
            *drawn = stacked(drawn.take().into_iter().chain([frame]))?.map(draw).transpose()?;
            Ok(())
        },
    )?;
    let drawn = stacked(parts.into_iter().filter_map(|(_, drawn)| drawn))?.map(draw).transpose()?;
    let Some(drawn) = drawn.filter(|drawn| drawn.height() > 0) else {
        println!("no document is like that");
        return Ok(ExitCode::from(FOUND_PROBLEMS));
    };
    let frame = look_up(&run, drawn)?.drop_many(["lot", PART]);
    args.form.show(frame, |frame| Ok(read(frame, &args.by, &args.show, args.chars)))?;
    Ok(ExitCode::SUCCESS)
}

/// Documents for people: what became of each, and its text.
pub fn read(frame: &DataFrame, by: &[String], show: &[String], chars: usize) -> String {
    let mut out = String::new();
    let mut group = None;
    for row in 0..frame.height() {
        let cells = object(frame, row);
        let cell = |name: &str| cells.get(name).map(shown).unwrap_or_default();
        let own: Vec<String> = by.iter().map(|name| format!("{name} {}", or_none(cell(name)))).collect();
        // Writing to a String cannot fail, here and below.
        if !own.is_empty() && group.as_ref() != Some(&own) {
            let _ = writeln!(out, "{}== {}", if row > 0 { "\n" } else { "" }, own.join(", "));
        }
        group = Some(own);
        let _ = writeln!(out, "\n{} {}", cell("id"), cell("url"));
        let _ = write!(out, "  {}, {} bytes, ", or_none(cell("lang")), cell("bytes"));
        out += &fate(&cell);
        out.push('\n');
        for name in show {
            let _ = writeln!(out, "  {name} = {}", or_none(cell(name)));
        }
        match cells.get("text") {
            Some(Value::String(text)) => drop(writeln!(out, "  {}", shortened(text, chars))),
            _ => out.push_str("  (its text was not stored: `run.removed` says of how many removed documents it is)\n"),
        }
    }
    out.trim_start().to_owned()
}

/// What became of a document, in words.
pub fn fate(cell: &dyn Fn(&str) -> String) -> String {
    if cell("kept") == "true" {
        return "kept".to_owned();
    }
    let judged = match cell("metric") {
        metric if metric.is_empty() => String::new(),
        metric => format!(": {metric} = {}, limit {}", cell("value"), cell("limit")),
    };
    format!("removed by {} because {}{judged}", cell("step"), cell("reason"))
}

/// A cell as text that commands no terminal.
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => plain(text),
        Value::Null => String::new(),
        // 200 and not 200.0, as limits are written.
        Value::Number(number) if number.is_f64() => number.as_f64().unwrap_or(f64::NAN).to_string(),
        value => value.to_string(),
    }
}

fn or_none(text: String) -> String {
    if text.is_empty() { "none".to_owned() } else { text }
}
