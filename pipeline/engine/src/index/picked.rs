//! What the first map phase reads: every crawl file with the records that were located in it.

use super::LOCATED;
use crate::exchange::object;
use serde_json::Value;
use tokenmill_store::source::{Input, Picked, find_all, join};
use tokenmill_store::{Inputs, Records, StoreError};

/// The table of records by crawl file.
pub const TABLE: &str = "picks";
/// The table of crawl files.
pub const FILES: &str = "files";

/// One crawl file in the table of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    pub name: String,
    /// First row of it in the table of records.
    pub start: u64,
    pub n_rows: u64,
    pub n_reads: u64,
    pub bytes_read: u64,
    /// Bytes of the read that is open, while it is written.
    pub span_bytes: u64,
    /// xxh3-128 of its rows.
    pub digest: String,
}

/// Bytes of a digest in hexadecimal digits.
const DIGEST: usize = 32;

impl File {
    /// The record, with its length in front.
    pub fn to_record(&self) -> Result<Vec<u8>, StoreError> {
        let numbers = [self.start, self.n_rows, self.n_reads, self.bytes_read].map(u64::to_be_bytes).concat();
        let body = [&numbers, self.digest.as_bytes(), self.name.as_bytes()].concat();
        let length = u32::try_from(body.len()).map_err(|error| StoreError::corrupt(&self.name, error))?;
        Ok([&length.to_be_bytes()[..], &body].concat())
    }

    /// Inverse of [`File::to_record`], without the length.
    pub fn of_record(record: &[u8]) -> Option<File> {
        let number = |at: usize| Some(u64::from_be_bytes(*record.get(at..)?.first_chunk()?));
        let text = |range: &[u8]| std::str::from_utf8(range).ok().map(str::to_owned);
        Some(File {
            name: text(record.get(32 + DIGEST..)?)?,
            start: number(0)?,
            n_rows: number(8)?,
            n_reads: number(16)?,
            bytes_read: number(24)?,
            span_bytes: 0,
            digest: text(record.get(32..32 + DIGEST)?)?,
        })
    }
}

/// The crawl files with their picked records, in the order of their names. They are looked up below `base`, or below the root of
/// where the index itself comes from, `origin`.
///
/// # Errors
/// When a file is missing, there is no base, or a table is damaged.
pub fn inputs(inputs: &Inputs<'_>, base: &str, origin: &str) -> Result<Vec<Input>, StoreError> {
    let (mut files, mut picked) = (Vec::new(), Vec::new());
    for part in &inputs.get(LOCATED)?.parts {
        let (table, list) = (object(part, TABLE)?, object(part, FILES)?);
        let gap = part.tally.get("gap").and_then(Value::as_u64).unwrap_or(0);
        let mut records = Records::open_range(inputs.store()?, list, 0..list.bytes)?;
        while let Some(record) = records.next_record()? {
            let file = File::of_record(record).ok_or_else(|| StoreError::corrupt(&list.key, "a damaged record"))?;
            let File { name, start, n_rows, n_reads, bytes_read, digest, .. } = file;
            files.push((join(base, &name, origin)?, name));
            picked.push(Picked { object: table.clone(), start, n_rows, digest, gap, n_reads, bytes_read });
        }
    }
    let found = find_all(&files, "the index")?;
    let mut found: Vec<Input> =
        found.into_iter().zip(picked).map(|(input, picked)| Input { picked: Some(picked), ..input }).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_back() {
        let file = File {
            name: "crawl-data/é.warc.gz".into(),
            start: 1,
            n_rows: 2,
            n_reads: 3,
            bytes_read: u64::MAX,
            span_bytes: 0,
            digest: "0".repeat(DIGEST),
        };
        let record = file.to_record().unwrap();
        assert_eq!(File::of_record(&record[4..]), Some(file));
        assert_eq!(File::of_record(&record[4..40]), None);
    }
}
