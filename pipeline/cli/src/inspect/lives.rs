//! The lives of documents: one row for each, with what became of it in the end and everything that was measured on the way.
//!
//! A document has a row in the ledger of every map phase that it has reached. The rows of a phase are those that the phase
//! before has kept, in their order and part by part, so they are laid side by side without a join.

use super::frame::{Rows, failed, open};
use super::opened::{Chosen, Opened};
use crate::failure::Failure;
use polars::prelude::{BooleanChunked, Column, DataFrame, IdxCa, IdxSize, IntoColumn, NewChunkedArray, UInt32Chunked};
use rayon::prelude::*;
use tokenmill_store::StoreError;

/// Documents in a frame, where nothing else is said.
const ROWS: usize = 1 << 16;

/// The number of the phase, from 1, whose verdict a row has: the last that the document has reached.
pub const PHASE: &str = "phase";

/// What a later phase says anew of a document; the rest of a ledger row is who the document is.
const VERDICT: [&str; 11] =
    [PHASE, "kept", "step", "reason", "metric", "value", "limit", "bytes", "evidence", "lang", "kind"];

/// Reads the documents of one part.
pub struct Lives {
    phases: Vec<Phase>,
}

struct Phase {
    /// Among the phases of the run, from 1.
    number: u32,
    folder: String,
    ledger: Rows,
    metrics: Option<Rows>,
}

impl Lives {
    /// Opens a part of a run.
    pub fn open(run: &Opened, part: usize, chosen: &Chosen) -> Result<Lives, Failure> {
        let open = |(at, (number, manifest)): (usize, (usize, &tokenmill_store::Manifest))| {
            let part = &manifest.parts[part];
            let ledger = open(run.store(), part, "ledger", &chosen.ledger_columns())?;
            let metrics = &chosen.metrics[at];
            let metrics = match metrics.is_empty() {
                true => None,
                false => {
                    Some(open(run.store(), part, "metrics", &metrics.iter().map(String::as_str).collect::<Vec<_>>())?)
                }
            };
            Ok(Phase { number: number as u32 + 1, folder: manifest.phase.clone(), ledger, metrics })
        };
        let phases = run.maps().enumerate().map(open).collect::<Result<_, Failure>>()?;
        Ok(Lives { phases })
    }

    /// The next documents, at most `n` of them; `None` at the end.
    pub fn next_of(&mut self, n: usize) -> Result<Option<DataFrame>, Failure> {
        let frame = self.read(0, n)?;
        Ok((frame.height() > 0).then_some(frame))
    }

    /// The next `n` documents of a phase, with all that became of them later.
    fn read(&mut self, at: usize, n: usize) -> Result<DataFrame, Failure> {
        let phase = &mut self.phases[at];
        let mut frame = phase.ledger.next(n)?;
        let unlike =
            |folder: &str| StoreError::corrupt(folder, "its tables are not about the documents of the phase before");
        if at > 0 && frame.height() != n {
            return Err(unlike(&phase.folder).into());
        }
        let number = UInt32Chunked::from_vec(PHASE.into(), vec![phase.number; frame.height()]);
        frame.with_column(number.into_column()).map_err(failed)?;
        if let Some(metrics) = &mut phase.metrics {
            let metrics = metrics.next(frame.height())?;
            if metrics.height() != frame.height() {
                return Err(unlike(&phase.folder).into());
            }
            frame.hstack_mut(metrics.columns()).map_err(failed)?;
        }
        if at + 1 == self.phases.len() {
            return Ok(frame);
        }
        let kept = frame.column("kept").and_then(Column::bool).map_err(failed)?.clone();
        let later = self.read(at + 1, kept.sum().unwrap_or(0) as usize)?;
        overlay(&frame, &later, &kept)
    }
}

/// What became of `frame`'s kept rows is in `later`: its verdicts take the place of the earlier ones, its metrics stand beside
/// them.
fn overlay(frame: &DataFrame, later: &DataFrame, kept: &BooleanChunked) -> Result<DataFrame, Failure> {
    let mut next = 0 as IdxSize;
    let places = kept.iter().map(|kept| {
        (kept == Some(true)).then(|| {
            next += 1;
            next - 1
        })
    });
    let places = IdxCa::from_iter_options("".into(), places);
    let later = later.take(&places).map_err(failed)?;
    let mut columns: Vec<Column> = Vec::with_capacity(frame.width() + later.width());
    for column in frame.columns() {
        columns.push(match VERDICT.contains(&column.name().as_str()) {
            true => later.column(column.name()).map_err(failed)?.zip_with(kept, column).map_err(failed)?,
            false => column.clone(),
        });
    }
    let is_new = |column: &&Column| frame.column(column.name()).is_err();
    columns.extend(later.columns().iter().filter(is_new).cloned());
    DataFrame::new(frame.height(), columns).map_err(failed)
}

/// Does something with all documents of a run, many parts at a time, each by a value of its own; the values in the order of
/// the parts.
pub fn each_part<T: Send>(
    run: &Opened,
    chosen: &Chosen,
    begin: impl Fn(usize) -> T + Sync,
    add: impl Fn(&mut T, DataFrame) -> Result<(), Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    let part = |part: usize| {
        let mut lives = Lives::open(run, part, chosen)?;
        let mut value = begin(part);
        while let Some(frame) = lives.next_of(ROWS)? {
            add(&mut value, frame)?;
        }
        Ok(value)
    };
    (0..run.n_parts()).into_par_iter().with_max_len(1).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::df;

    #[test]
    fn what_comes_later_is_laid_over_what_was_kept() {
        let first = df!(
            "id" => ["a", "b", "c", "d"], "kept" => [true, false, true, true], "step" => ["", "x", "", ""],
            "x.n" => [1.0f32, 2.0, 3.0, 4.0], PHASE => [1u32, 1, 1, 1]
        )
        .unwrap();
        let later = df!(
            "id" => ["a", "c", "d"], "kept" => [false, true, true], "step" => ["y", "", ""],
            "y.n" => [Some(7.0f32), None, Some(9.0)], PHASE => [2u32, 2, 2]
        )
        .unwrap();
        let kept = first.column("kept").unwrap().bool().unwrap().clone();
        let all = overlay(&first, &later, &kept).unwrap();
        let expected = df!(
            "id" => ["a", "b", "c", "d"], "kept" => [false, false, true, true], "step" => ["y", "x", "", ""],
            "x.n" => [1.0f32, 2.0, 3.0, 4.0], PHASE => [2u32, 1, 2, 2], "y.n" => [Some(7.0f32), None, None, Some(9.0)]
        );
        assert!(all.equals_missing(&expected.unwrap()), "{all:?}");
    }
}
