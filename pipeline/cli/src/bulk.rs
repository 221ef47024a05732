//! Loose documents in bulk: JSON lines in, batches through all cores, JSON lines out in the order of the input.

use crate::failure::Failure;
use crate::sink::Output;
use rayon::prelude::*;
use serde_json::{Map, Value};
use std::io;
use tokenmill_store::location::Location;
use tokenmill_store::source::{self, Line, LineReader};

/// Bytes of input that are in memory at once.
const BATCH_BYTES: usize = 32 << 20;
/// Longest line that is read.
const MAX_LINE: usize = 256 << 20;

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

/// The inputs with the wildcards of object storage expanded; those of local paths the shell has expanded.
pub fn expanded(inputs: &[String]) -> Result<Vec<String>, Failure> {
    let mut uris = Vec::with_capacity(inputs.len());
    for input in inputs {
        if Location::is_local(input) {
            uris.push(input.clone());
        } else {
            uris.extend(source::expand(std::slice::from_ref(input))?.into_iter().map(|input| input.uri));
        }
    }
    Ok(uris)
}

/// The objects of some JSONL files; a line that is none is an error that names it.
pub fn objects(paths: &[String]) -> Result<impl Iterator<Item = Result<Map<String, Value>, Failure>>, Failure> {
    let mut readers = Vec::new();
    for path in expanded(paths)? {
        let file: Box<dyn io::Read + Send> =
            if path == "-" { Box::new(io::stdin()) } else { Box::new(source::stream(&source::find(&path)?)?) };
        let reader = LineReader::new(file, &path, MAX_LINE)?;
        readers.push((path, reader));
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
