//! Loose documents in bulk: JSON lines in, batches through all cores, JSON lines out in the order of the input.

use crate::failure::Failure;
use rayon::prelude::*;
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use tokenmill_store::source::{Line, LineReader};

/// Bytes of input that are in memory at once.
const BATCH_BYTES: usize = 32 << 20;
/// Longest line that is read.
const MAX_LINE: usize = 256 << 20;

/// Where results go: a file, compressed by its ending, or standard output for `-`.
pub struct Output(Box<dyn Write>);

impl Output {
    /// Opens the output.
    pub fn create(path: &str) -> Result<Output, Failure> {
        if path == "-" {
            return Ok(Output(Box::new(BufWriter::new(io::stdout()))));
        }
        let file = File::create(path).map_err(|error| Failure::usage(format!("cannot write `{path}`: {error}")))?;
        let file = BufWriter::with_capacity(1 << 18, file);
        Ok(Output(if path.ends_with(".gz") {
            Box::new(flate2::write::GzEncoder::new(file, flate2::Compression::default()))
        } else if path.ends_with(".zst") {
            let encoder = zstd::Encoder::new(file, 3).map(zstd::Encoder::auto_finish);
            Box::new(encoder.map_err(|error| Failure::usage(format!("cannot write `{path}`: {error}")))?)
        } else {
            Box::new(file)
        }))
    }

    /// Writes one line.
    pub fn line(&mut self, line: &str) -> Result<(), Failure> {
        let written = self.0.write_all(line.as_bytes()).and_then(|()| self.0.write_all(b"\n"));
        written.map_err(|error| Failure::usage(format!("cannot write the output: {error}")))
    }

    /// Writes everything out.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.0.flush().map_err(|error| Failure::usage(format!("cannot write the output: {error}")))
    }
}

/// Runs `work` on every item on all cores and writes its lines in the order of the items.
///
/// `size` says how much memory an item takes, so that batches stay bounded.
pub fn run<T: Send>(
    items: impl Iterator<Item = Result<T, Failure>>,
    size: impl Fn(&T) -> usize,
    output: &mut Output,
    work: impl Fn(T) -> Result<String, Failure> + Sync,
) -> Result<(), Failure> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    let mut flush = |batch: &mut Vec<T>| {
        let lines: Vec<_> = std::mem::take(batch).into_par_iter().map(&work).collect();
        lines.into_iter().try_for_each(|line| output.line(&line?))
    };
    for item in items {
        let item = item?;
        bytes += size(&item);
        batch.push(item);
        if bytes >= BATCH_BYTES {
            flush(&mut batch)?;
            bytes = 0;
        }
    }
    flush(&mut batch)
}

/// The objects of some JSONL files; a line that is none is an error that names it.
pub fn objects(paths: &[String]) -> Result<impl Iterator<Item = Result<Map<String, Value>, Failure>>, Failure> {
    let mut readers = Vec::new();
    for path in paths {
        let file: Box<dyn io::Read + Send> = if path == "-" {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).map_err(|error| Failure::usage(format!("cannot read `{path}`: {error}")))?)
        };
        readers.push((path.clone(), LineReader::new(file, path, MAX_LINE)?));
    }
    Ok(readers.into_iter().flat_map(|(path, mut reader)| {
        let mut number = 0;
        std::iter::from_fn(move || {
            loop {
                number += 1;
                let line = match reader.next_line() {
                    Ok(line) => line?,
                    Err(error) => return Some(Err(error.into())),
                };
                return Some(match line {
                    Line::Bytes(bytes) if bytes.trim_ascii().is_empty() => continue,
                    Line::Bytes(bytes) => serde_json::from_slice(bytes)
                        .map_err(|error| Failure::usage(format!("{path}:{number}: not a JSON object: {error}"))),
                    Line::TooLong(bytes) => Err(Failure::usage(format!("{path}:{number}: a line of {bytes} bytes"))),
                });
            }
        })
    }))
}

/// A field as text; numbers are written out, anything else is empty.
pub fn text_of(object: &Map<String, Value>, key: &str) -> String {
    match object.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}
