//! `tokenmill inspect export`: documents of a run with their numbers, for DuckDB, pandas or a labelling tool.

use super::frame::failed;
use super::lives::{Lives, PHASE};
use super::opened::Opened;
use super::pick::Filters;
use super::show::{object, with_hex_ids};
use super::stored::{NEEDED, Texts};
use crate::failure::Failure;
use crate::output::count;
use crate::progress::RowsBar;
use polars::prelude::{DataFrame, ParquetWriter};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokenmill_core::hash::hash64;
use tokenmill_core::schema;

/// Documents in a frame, without and with their texts.
const ROWS: usize = 1 << 16;
const ROWS_WITH_TEXT: usize = 4_096;

/// Write documents with verdicts and numbers to a Parquet or JSONL file, one row for each
#[derive(clap::Args)]
#[command(after_help = "\
The row of a document has the verdict of the last phase that it has reached, with the number of that phase, and what all phases have
measured. Without `--columns` it has all columns and metrics. `--text` adds `url` and `text` where the run has stored them, with what
the recipe redacts masked.

Example:
  tokenmill inspect export runs/quickstart -o removed.jsonl --gone --text --share 0.5")]
pub struct Args {
    /// The run directory
    run: String,
    /// The file; its name ends in `.parquet` or `.jsonl`
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Columns of the ledger and metrics to write [default: all]
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    columns: Vec<String>,
    /// Write addresses and texts, too
    #[arg(long)]
    text: bool,
    /// Share of the documents to write, drawn evenly
    #[arg(long, default_value_t = 1.0)]
    share: f64,
    /// Another seed draws other documents
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    filters: Filters,
}

/// Writes.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let is_parquet = is_parquet(&args.output)?;
    if !(0.0..=1.0).contains(&args.share) {
        return Err(Failure::usage("`--share` is a number from 0 to 1"));
    }
    let run = Opened::open(&args.run)?;
    let columns: Vec<String> = match args.columns.is_empty() {
        true => {
            schema::LEDGER.iter().map(|column| column.name.to_owned()).chain(run.metrics().map(str::to_owned)).collect()
        }
        false => args.columns.clone(),
    };
    let filtered = args.filters.columns();
    let needed = if args.text { &NEEDED[..] } else { &["id"] };
    let chosen = run.choose(columns.iter().chain(&filtered).map(String::as_str).chain(needed.iter().copied()))?;
    let mut written: Vec<&str> = columns.iter().map(String::as_str).chain([PHASE]).collect();
    written.extend(if args.text { &["url", "text"][..] } else { &[] });
    let write_error =
        |error: std::io::Error| Failure::for_now(format!("cannot write `{}`: {error}", args.output.display()));
    let file = File::create(&args.output).map_err(write_error)?;
    let mut sink = Sink { file: Some(BufWriter::new(file)), parquet: None, is_parquet };
    let bar = RowsBar::new(run.n_documents(), "exporting");
    let mut n_written = 0;
    for part in 0..run.n_parts() {
        let mut lives = Lives::open(&run, part, &chosen)?;
        let mut texts = args.text.then(|| Texts::open(&run, part)).transpose()?;
        while let Some(frame) = lives.next_of(if args.text { ROWS_WITH_TEXT } else { ROWS })? {
            bar.add(frame.height() as u64);
            let frame = match &mut texts {
                Some(texts) => texts.add(frame)?,
                None => frame,
            };
            let frame = drawn(args.filters.of(frame)?, args.seed, args.share)?;
            let frame = with_hex_ids(frame.select(written.iter().copied()).map_err(failed)?)?;
            n_written += frame.height() as u64;
            sink.write(&frame, &write_error)?;
        }
    }
    bar.end();
    sink.end(&write_error)?;
    println!("{} documents are in `{}`", count(n_written), args.output.display());
    Ok(ExitCode::SUCCESS)
}

fn is_parquet(path: &Path) -> Result<bool, Failure> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("parquet") => Ok(true),
        Some("jsonl") => Ok(false),
        _ => Err(Failure::usage(format!("`{}` says no format", path.display()))
            .hint("a name that ends in `.parquet` or `.jsonl` does")),
    }
}

/// The share of the documents whose hash of seed and id is smallest.
fn drawn(frame: DataFrame, seed: u64, share: f64) -> Result<DataFrame, Failure> {
    if share >= 1.0 {
        return Ok(frame);
    }
    let ids = frame.column("id").and_then(polars::prelude::Column::binary).map_err(failed)?;
    let is_drawn = ids.iter().map(|id| (hash64(seed, id.unwrap_or_default()) as f64) < share * u64::MAX as f64);
    let mask = is_drawn.collect();
    frame.filter(&mask).map_err(failed)
}

/// Where rows go.
struct Sink {
    file: Option<BufWriter<File>>,
    parquet: Option<polars::io::parquet::write::BatchedWriter<BufWriter<File>>>,
    is_parquet: bool,
}

impl Sink {
    fn write(&mut self, frame: &DataFrame, failure: &dyn Fn(std::io::Error) -> Failure) -> Result<(), Failure> {
        if self.is_parquet {
            if let Some(file) = self.file.take() {
                self.parquet = Some(ParquetWriter::new(file).batched(frame.schema()).map_err(failed)?);
            }
            return self.parquet.as_mut().map_or(Ok(()), |writer| writer.write_batch(frame).map_err(failed));
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        for row in 0..frame.height() {
            let line = serde_json::to_string(&object(frame, row)).unwrap_or_default();
            writeln!(file, "{line}").map_err(failure)?;
        }
        Ok(())
    }

    fn end(self, failure: &dyn Fn(std::io::Error) -> Failure) -> Result<(), Failure> {
        match (self.parquet, self.file) {
            (Some(writer), _) => drop(writer.finish().map_err(failed)?),
            (None, Some(mut file)) => file.flush().map_err(failure)?,
            (None, None) => {}
        }
        Ok(())
    }
}
