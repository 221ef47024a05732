//! `locate`: takes a range of crawl files from all parts, and lists the wanted records of each in the order of their offsets.

use super::buckets::{self, counts_of, range_of_task};
use super::picked::{FILES, File, TABLE};
use super::rows::{BY_FILE, LOCATED, Located, NAMES};
use super::{FORMAT, NAMED, WANTED};
use crate::exchange::object;
use crate::exchange::ranges::{range_of, read_rows};
use crate::exchange::rows::u128_at;
use serde_json::json;
use std::io::Write;
use std::ops::Range;
use tokenmill_core::hash::Digester;
use tokenmill_store::ranges::are_read_at_once;
use tokenmill_store::sort::Sorter;
use tokenmill_store::sort::records::{LENGTH, RecordSorter, SortedRecords};
use tokenmill_store::{Inputs, Outcome, Phase, Records, Spool, StoreError, Task, TaskContext};

/// Locates the wanted records.
pub struct LocatePhase {
    /// Bytes between two records that are rather read than asked around.
    gap: u64,
    /// Records of a crawl file, at most.
    limit: Option<u64>,
}

impl LocatePhase {
    /// Locates the first `limit` wanted records of every crawl file, or all of them.
    pub fn new(gap: u64, limit: Option<u64>) -> LocatePhase {
        LocatePhase { gap, limit }
    }
}

impl Phase for LocatePhase {
    fn name(&self) -> &str {
        "locate"
    }

    fn spec(&self) -> String {
        json!({"format": FORMAT, "gap": self.gap, "limit": self.limit}).to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        buckets::tasks(fingerprint, inputs.get(WANTED)?, BY_FILE, "crawl files")
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let (scratch, range) = (context.store.scratch(), range_of_task(task));
        let mut rows = Sorter::<LOCATED>::new(scratch, context.memory / 2);
        let counts = counts_of(BY_FILE);
        let n_in = read_rows(context, WANTED, BY_FILE, (&counts, range.clone()), |_, row| rows.push(row))?;
        let mut names = Names::read(context, range)?;
        let mut picks = Picks { spool: context.spool()?, n_rows: 0, digest: Digester::new() };
        let (mut files, mut n_files, mut n_beyond) = (context.spool()?, 0u64, 0u64);
        let mut open: Option<(u128, File, Range<u64>)> = None;
        for row in rows.finish()? {
            let Located { file, pick } = Located::of_bytes(&row?);
            if open.as_ref().is_none_or(|(key, ..)| *key != file) {
                if let Some((_, done, _)) = open.take() {
                    picks.end(done, &mut files)?;
                }
                n_files += 1;
                let name = names.of(file)?;
                open = Some((file, File { name, start: picks.n_rows, ..File::default() }, 0..0));
            }
            let Some((_, file, span)) = &mut open else { continue };
            if self.limit.is_some_and(|limit| file.n_rows >= limit) {
                n_beyond += 1;
                continue;
            }
            let wanted = pick.range();
            if file.n_rows > 0 && are_read_at_once(span, &wanted, self.gap) {
                span.end = span.end.max(wanted.end);
            } else {
                file.bytes_read += span.end - span.start;
                file.n_reads += 1;
                *span = wanted;
            }
            file.n_rows += 1;
            file.span_bytes = span.end - span.start;
            picks.push(&pick.to_bytes())?;
        }
        if let Some((_, done, _)) = open {
            picks.end(done, &mut files)?;
        }
        let n_out = picks.n_rows;
        let objects = [
            (TABLE.to_owned(), context.keep(picks.spool, TABLE, "rows", n_out)?),
            (FILES.to_owned(), context.keep(files, FILES, "records", n_files)?),
        ];
        context.advance(task.bytes);
        let tally =
            json!({"n_in": n_in, "n_out": n_out, "n_files": n_files, "n_beyond_limit": n_beyond, "gap": self.gap});
        Ok(Outcome { objects: objects.into(), tally, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        format!(
            "brings the records of a crawl file together: one task per range of files, at most {}",
            buckets::BUCKETS
        )
    }
}

/// The list of records being written.
struct Picks {
    spool: Spool,
    n_rows: u64,
    /// Of the rows of the open file.
    digest: Digester,
}

impl Picks {
    fn push(&mut self, row: &[u8]) -> Result<(), StoreError> {
        self.digest.update(row);
        self.n_rows += 1;
        self.spool.write_all(row).map_err(StoreError::io("write", TABLE))
    }

    /// Ends a file.
    fn end(&mut self, mut file: File, files: &mut Spool) -> Result<(), StoreError> {
        file.bytes_read += std::mem::take(&mut file.span_bytes);
        file.digest = std::mem::replace(&mut self.digest, Digester::new()).hex();
        files.write_all(&file.to_record()?).map_err(StoreError::io("write", FILES))
    }
}

/// The names of the crawl files of some buckets, in the order of their hashes.
struct Names {
    names: SortedRecords<16>,
    at: Option<(u128, Vec<u8>)>,
}

impl Names {
    fn read(context: &TaskContext<'_>, buckets: Range<u64>) -> Result<Names, StoreError> {
        let mut names = RecordSorter::<16>::new(context.store.scratch(), context.memory / 4);
        for part in &context.inputs.get(NAMED)?.parts {
            let range = range_of(part, &counts_of(NAMES), buckets.clone())?;
            if range.is_empty() {
                continue;
            }
            let mut records = Records::open_range(context.store, object(part, NAMES)?, range)?;
            while let Some(record) = records.next_record()? {
                if let Some((key, name)) = record.split_first_chunk() {
                    names.push(*key, name)?;
                }
            }
        }
        Ok(Names { names: names.finish()?, at: None })
    }

    /// The name behind a hash; hashes come in rising order. All names with one hash are looked at, because two would be one too
    /// many.
    fn of(&mut self, file: u128) -> Result<String, StoreError> {
        let mut found: Option<Vec<u8>> = None;
        loop {
            if self.at.is_none() {
                let record = self.names.next_record()?.map(|record| record.get(LENGTH..).unwrap_or_default());
                self.at = record.map(|record| (u128_at(record, 0), record.get(16..).unwrap_or_default().to_vec()));
            }
            match self.at.take_if(|(key, _)| *key <= file) {
                Some((key, name)) if key == file => match &found {
                    Some(other) if *other != name => {
                        return Err(StoreError::corrupt(NAMES, "two crawl files have the same hash"));
                    }
                    _ => found = Some(name),
                },
                Some(_) => {}
                None => break,
            }
        }
        let name = found.and_then(|name| String::from_utf8(name).ok());
        name.ok_or_else(|| StoreError::corrupt(NAMES, format!("no crawl file has the hash {file:032x}")))
    }
}
