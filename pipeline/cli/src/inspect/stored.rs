//! The addresses and texts of documents, as far as the run has stored them, with what its recipe redacts masked.

use super::frame::failed;
use super::lives::PHASE;
use super::mask::Mask;
use super::opened::Opened;
use crate::failure::Failure;
use arrow::record_batch::RecordBatch;
use polars::prelude::{Column, DataFrame, IntoColumn, NewChunkedArray, StringChunked, UInt32Chunked};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Part, StoreError};

/// The number of a document's part, from 0.
pub const PART: &str = "part_number";
/// Columns of the ledger that one needs to find a text.
pub const NEEDED: [&str; 3] = ["id", "kept", "lang"];

/// Says of which part the documents of a frame are.
pub fn with_part(mut frame: DataFrame, part: usize) -> Result<DataFrame, Failure> {
    let numbers = UInt32Chunked::from_vec(PART.into(), vec![part as u32; frame.height()]);
    frame.with_column(numbers.into_column()).map_err(failed)?;
    Ok(frame)
}

/// What is stored of a document.
type Stored = (String, String);

/// A row that is looked for: place among the phases of the run, whether it was kept there, and id and language.
struct Wanted<'a> {
    phase: u32,
    is_kept: bool,
    id: &'a [u8],
    lang: &'a str,
}

fn wanted(frame: &DataFrame) -> Result<Vec<Wanted<'_>>, Failure> {
    let column = |name: &str| frame.column(name).map_err(failed);
    let (phases, kept) = (column(PHASE)?.u32().map_err(failed)?, column("kept")?.bool().map_err(failed)?);
    let (ids, langs) = (column("id")?.binary().map_err(failed)?, column("lang")?.str().map_err(failed)?);
    let row = |row: usize| Wanted {
        phase: phases.get(row).unwrap_or(0),
        is_kept: kept.get(row) == Some(true),
        id: ids.get(row).unwrap_or_default(),
        lang: langs.get(row).unwrap_or_default(),
    };
    Ok((0..frame.height()).map(row).collect())
}

fn with_stored(mut frame: DataFrame, stored: Vec<Option<Stored>>) -> Result<DataFrame, Failure> {
    let (urls, texts): (Vec<_>, Vec<_>) =
        stored.into_iter().map(|stored| stored.map_or((None, None), |(url, text)| (Some(url), Some(text)))).unzip();
    for (name, values) in [("url", urls), ("text", texts)] {
        let column = StringChunked::from_iter_options(name.into(), values.into_iter()).into_column();
        frame.with_column(column).map_err(failed)?;
    }
    Ok(frame)
}

/// Adds `url` and `text` to some documents, which have [`NEEDED`] and [`PART`]: of one that was kept as it left the last phase,
/// of a removed one from the samples of the phase that has removed it, else as the phase before has left it.
pub fn look_up(run: &Opened, frame: DataFrame) -> Result<DataFrame, Failure> {
    let rows = wanted(&frame)?;
    let parts = frame.column(PART).and_then(Column::u32).map_err(failed)?;
    let mut of_part = BTreeMap::<(usize, u32, bool), BTreeSet<&[u8]>>::new();
    for (row, part) in rows.iter().zip(parts.iter()) {
        of_part.entry((part.unwrap_or(0) as usize, row.phase, row.is_kept)).or_default().insert(row.id);
    }
    let mut found = BTreeMap::<Vec<u8>, Stored>::new();
    for ((part, phase, is_kept), mut ids) in of_part {
        let maps: Vec<_> = run.maps().collect();
        let Some(at) = maps.iter().position(|(number, _)| *number as u32 + 1 == phase) else { continue };
        let tables = match is_kept {
            true => vec![(at, "docs")],
            false => [(at, "removed")].into_iter().chain(at.checked_sub(1).map(|before| (before, "docs"))).collect(),
        };
        for (at, table) in tables {
            let Some(object) = maps[at].1.parts[part].objects.get(table).filter(|_| !ids.is_empty()) else { continue };
            for (row, id) in places(run, &object.key, &ids)? {
                let rows = std::slice::from_ref(&row);
                let batches = Batches::open_rows(run.store(), &object.key, &["url", "text"], rows)?;
                for batch in batches {
                    let batch = batch?;
                    let text = |name: &str| Ok::<_, Failure>(Columns(&batch).text(name)?.value(0).to_owned());
                    found.insert(id.clone(), (text("url")?, text("text")?));
                }
                ids.remove(id.as_slice());
            }
        }
    }
    let stored = rows.iter().map(|row| {
        let (url, text) = found.get(row.id)?;
        Some((run.mask().mask_as(url, row.lang), run.mask().mask_as(text, row.lang)))
    });
    let stored = stored.collect();
    drop(rows);
    with_stored(frame, stored)
}

/// The row of a document in a table, as a range of one, and its id.
type Place = (Range<usize>, Vec<u8>);

/// The rows of some documents in a table, in order.
fn places(run: &Opened, key: &str, ids: &BTreeSet<&[u8]>) -> Result<Vec<Place>, Failure> {
    let (mut found, mut first) = (Vec::new(), 0);
    for batch in Batches::open(run.store(), key, &["id"])? {
        let batch = batch?;
        for (row, id) in Columns(&batch).ids("id")?.into_iter().enumerate() {
            let id = id.to_bytes();
            if ids.contains(&id[..]) {
                found.push((first + row..first + row + 1, id.to_vec()));
            }
        }
        first += batch.num_rows();
        if found.len() == ids.len() {
            break;
        }
    }
    Ok(found)
}

/// Reads the stored texts of all documents of a part, in step with [`super::lives::Lives`].
pub struct Texts<'a> {
    mask: &'a Mask,
    /// What the last phase has kept.
    docs: Table,
    /// Samples of what each map phase has removed, by the number of the phase, from 1.
    removed: BTreeMap<u32, Table>,
}

/// A table of texts, of which the next row is known.
struct Table {
    batches: Batches,
    batch: Option<RecordBatch>,
    at: usize,
}

impl Table {
    fn open(run: &Opened, part: &Part, table: &str) -> Result<Table, Failure> {
        let object = part.objects.get(table);
        let object = object.ok_or_else(|| StoreError::corrupt(&part.task, format!("the part has no {table}")))?;
        let batches = Batches::open(run.store(), &object.key, &["id", "url", "text"])?;
        let mut table = Table { batches, batch: None, at: 0 };
        table.advance()?;
        Ok(table)
    }

    /// Goes to the next row; without a batch there is none.
    fn advance(&mut self) -> Result<(), Failure> {
        self.at += 1;
        while self.batch.as_ref().is_none_or(|batch| self.at >= batch.num_rows()) {
            (self.batch, self.at) = (self.batches.next().transpose()?, 0);
            if self.batch.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// The next row, if it is about this document.
    fn take(&mut self, id: &[u8]) -> Result<Option<Stored>, Failure> {
        let Some(batch) = &self.batch else { return Ok(None) };
        let (columns, at) = (Columns(batch), self.at);
        if columns.id("id", at)?.to_bytes() != id {
            return Ok(None);
        }
        let stored = (columns.text("url")?.value(at).to_owned(), columns.text("text")?.value(at).to_owned());
        self.advance()?;
        Ok(Some(stored))
    }
}

impl<'a> Texts<'a> {
    /// Opens the texts of a part.
    pub fn open(run: &'a Opened, part: usize) -> Result<Texts<'a>, Failure> {
        let maps: Vec<_> = run.maps().collect();
        let (_, last) = maps.last().ok_or_else(|| Failure::usage("the run has no documents"))?;
        let removed = maps
            .iter()
            .map(|(number, manifest)| Ok((*number as u32 + 1, Table::open(run, &manifest.parts[part], "removed")?)));
        let removed = removed.collect::<Result<_, Failure>>()?;
        Ok(Texts { mask: run.mask(), docs: Table::open(run, &last.parts[part], "docs")?, removed })
    }

    /// Adds `url` and `text` to the next documents, which have [`NEEDED`].
    pub fn add(&mut self, frame: DataFrame) -> Result<DataFrame, Failure> {
        let mut stored = Vec::with_capacity(frame.height());
        for row in wanted(&frame)? {
            let found = match (row.is_kept, self.removed.get_mut(&row.phase)) {
                (true, _) => self.docs.take(row.id)?,
                (false, Some(removed)) => removed.take(row.id)?,
                (false, None) => None,
            };
            stored.push(found.map(|(url, text)| {
                let text = if row.is_kept { text } else { self.mask.mask_as(&text, row.lang) };
                (self.mask.mask_as(&url, row.lang), text)
            }));
        }
        with_stored(frame, stored)
    }
}
