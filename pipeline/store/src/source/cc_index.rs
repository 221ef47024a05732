//! Common Crawl's columnar index as a source of places: one row for every capture, with what is known of it before it is read.
//!
//! The schema is that of `cc-index-schema-flat.json` of the project `commoncrawl/cc-index-table`. Columns that came to it over
//! the years, such as `content_languages` (2018), may be missing.

use super::Input;
use super::input::object;
use crate::cached::Cached;
use crate::meter::counted;
use crate::table::Batches;
use crate::{Requests, StoreError};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use std::fmt::Write;
use tokenmill_core::date;

/// The columns that every index has.
const COLUMNS: [&str; 5] = ["url", "fetch_status", "warc_filename", "warc_record_offset", "warc_record_length"];

/// The columns that are read where they are.
const OPTIONAL: [&str; 7] = [
    "fetch_time",
    "content_digest",
    "content_mime_type",
    "content_mime_detected",
    "content_languages",
    "content_truncated",
    "warc_record_id",
];

/// The key by which one page goes, whatever its URL looks like in detail.
const SURT: &str = "url_surtkey";

/// One row of the index; absent values are `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexRow {
    /// URL as captured.
    pub url: String,
    /// Sort-friendly canonical form of it, where it was asked for.
    pub surt: String,
    /// When it was captured: microseconds from the beginning of the year 1; 0 when unknown.
    pub time: u64,
    /// HTTP status.
    pub status: Option<i64>,
    /// Digest of the payload, as written.
    pub digest: String,
    /// Media type: as found by looking at the content, else as the server says.
    pub mime: String,
    /// ISO 639-3 codes, the main one first, separated by commas.
    pub languages: String,
    /// Why the payload is not all that was sent.
    pub truncated: String,
    /// WARC-Record-ID without brackets.
    pub record_id: String,
    /// Name of the WARC file below the root of the crawl.
    pub file: String,
    /// Place of the record in the file.
    pub offset: Option<i64>,
    /// Bytes of the record in the file.
    pub length: Option<i64>,
}

impl IndexRow {
    fn clear(&mut self) {
        let IndexRow { url, surt, time, status, digest, mime, languages, truncated, record_id, file, offset, length } =
            self;
        [url, surt, digest, mime, languages, truncated, record_id, file].into_iter().for_each(String::clear);
        (*time, *status, *offset, *length) = (0, None, None, None);
    }
}

/// Reads one file of the index.
pub struct IndexReader {
    batches: Batches,
    requests: Box<dyn Fn() -> Requests + Send>,
    batch: Option<Mapped>,
    at: usize,
    name: String,
}

/// The columns of one batch in types of ours.
struct Mapped {
    rows: usize,
    texts: [Option<ArrayRef>; 8],
    numbers: [Option<ArrayRef>; 3],
    time: Option<ArrayRef>,
    record_id: Option<ArrayRef>,
}

impl IndexReader {
    /// Opens a file; `with_surt` asks for the canonical form of URLs, which must then be there, and `needed` for the columns of
    /// [`OPTIONAL`] without which nothing could be decided.
    ///
    /// # Errors
    /// When it is missing, is not Parquet, or lacks a column.
    pub fn open(input: &Input, with_surt: bool, needed: &[&str]) -> Result<IndexReader, StoreError> {
        let (object, requests) = counted(object(input)?);
        let mut columns = COLUMNS.to_vec();
        columns.extend(with_surt.then_some(SURT));
        columns.extend(needed);
        let batches = Batches::of_some(Box::new(Cached::new(object)), &input.uri, &columns, &OPTIONAL)?;
        Ok(IndexReader { batches, requests: Box::new(requests), batch: None, at: 0, name: input.uri.clone() })
    }

    /// Fills `row` with the next row; false at the end.
    ///
    /// # Errors
    /// When the store fails, the file is damaged, or a column has a type that cannot hold what it should.
    pub fn next(&mut self, row: &mut IndexRow) -> Result<bool, StoreError> {
        while self.batch.as_ref().is_none_or(|batch| self.at >= batch.rows) {
            let Some(batch) = self.batches.next() else { return Ok(false) };
            (self.batch, self.at) = (Some(map(&batch?).map_err(|why| StoreError::corrupt(&self.name, why))?), 0);
        }
        let Some(batch) = &self.batch else { return Ok(false) };
        row.clear();
        let at = self.at;
        self.at += 1;
        let mut detected = String::new();
        let texts = [
            &mut row.url,
            &mut row.file,
            &mut row.digest,
            &mut row.mime,
            &mut detected,
            &mut row.languages,
            &mut row.truncated,
            &mut row.surt,
        ];
        for (column, text) in batch.texts.iter().zip(texts) {
            text.push_str(text_at(column.as_ref(), at));
        }
        if !detected.is_empty() {
            row.mime = detected;
        }
        let number = |column: &Option<ArrayRef>| {
            let column = column.as_ref().filter(|column| column.is_valid(at));
            column.map(|column| column.as_primitive::<Int64Type>().value(at))
        };
        let [status, offset, length] = &batch.numbers;
        (row.status, row.offset, row.length) = (number(status), number(offset), number(length));
        row.time = batch.time.as_ref().filter(|time| time.is_valid(at)).map_or(0, |time| time_at(time, at));
        if let Some(id) = batch.record_id.as_ref().filter(|id| id.is_valid(at)) {
            push_record_id(id, at, &mut row.record_id);
        }
        Ok(true)
    }

    /// What has been asked of object stores so far, besides the question whether the file is unchanged.
    pub fn requests(&self) -> Requests {
        (self.requests)()
    }
}

/// Casts the columns; says what is wrong with one.
fn map(batch: &RecordBatch) -> Result<Mapped, String> {
    let column = |name: &str, kind: &DataType| {
        let column = batch.column_by_name(name).map(|column| cast(column, kind)).transpose();
        column.map_err(|error| format!("column `{name}`: {error}"))
    };
    let text = |name: &str| column(name, &DataType::LargeUtf8);
    let number = |name: &str| column(name, &DataType::Int64);
    let time = match batch.column_by_name("fetch_time").map(|column| column.data_type()) {
        Some(DataType::Timestamp(..)) => column("fetch_time", &DataType::Timestamp(TimeUnit::Microsecond, None))?,
        _ => text("fetch_time")?,
    };
    let is_binary = |kind: &DataType| {
        matches!(kind, DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_))
    };
    let record_id = match batch.column_by_name("warc_record_id").map(|column| is_binary(column.data_type())) {
        Some(true) => column("warc_record_id", &DataType::LargeBinary)?,
        _ => text("warc_record_id")?,
    };
    Ok(Mapped {
        rows: batch.num_rows(),
        texts: [
            text("url")?,
            text("warc_filename")?,
            text("content_digest")?,
            text("content_mime_type")?,
            text("content_mime_detected")?,
            text("content_languages")?,
            text("content_truncated")?,
            text(SURT)?,
        ],
        numbers: [number("fetch_status")?, number("warc_record_offset")?, number("warc_record_length")?],
        time,
        record_id,
    })
}

fn text_at(column: Option<&ArrayRef>, at: usize) -> &str {
    column.map(|column| column.as_string::<i64>()).filter(|c| c.is_valid(at)).map_or("", |c| c.value(at))
}

/// A moment in the count of [`date::micros`].
fn time_at(column: &ArrayRef, at: usize) -> u64 {
    match column.as_primitive_opt::<TimestampMicrosecondType>() {
        Some(times) => {
            let epoch = date::micros(b"1970-01-01T00:00:00Z").unwrap_or(0);
            epoch.saturating_add_signed(times.value(at))
        }
        None => date::micros(text_at(Some(column), at).as_bytes()).unwrap_or(0),
    }
}

/// The id as records write it, from the 16 bytes of its UUID or from text.
fn push_record_id(column: &ArrayRef, at: usize, id: &mut String) {
    match column.as_binary_opt::<i64>().map(|column| column.value(at)) {
        Some(bytes) if bytes.len() == 16 => {
            id.push_str("urn:uuid:");
            for (place, byte) in bytes.iter().enumerate() {
                // Writing to a String cannot fail.
                let _ = write!(id, "{}{byte:02x}", if [4, 6, 8, 10].contains(&place) { "-" } else { "" });
            }
        }
        Some(_) => {}
        None => {
            let text = text_at(Some(column), at).trim_start_matches('<').trim_end_matches('>');
            id.push_str(if text.is_empty() || text.contains(':') { "" } else { "urn:uuid:" });
            id.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        FixedSizeBinaryArray, Int16Array, Int32Array, Int64Array, StringArray, TimestampNanosecondArray,
    };
    use parquet::arrow::ArrowWriter;
    use std::sync::Arc;

    fn write(columns: Vec<(&str, ArrayRef)>) -> (tempfile::NamedTempFile, Input) {
        let file = tempfile::NamedTempFile::new().unwrap();
        let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true))).unwrap();
        let mut writer = ArrowWriter::try_new(file.reopen().unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let input = super::super::find(&file.path().display().to_string()).unwrap();
        (file, input)
    }

    fn least() -> Vec<(&'static str, ArrayRef)> {
        vec![
            ("url", Arc::new(StringArray::from(vec!["http://a/", "http://b/"]))),
            ("fetch_status", Arc::new(Int16Array::from(vec![Some(200), None]))),
            ("warc_filename", Arc::new(StringArray::from(vec![Some("f.warc.gz"), None]))),
            ("warc_record_offset", Arc::new(Int32Array::from(vec![7, -1]))),
            ("warc_record_length", Arc::new(Int64Array::from(vec![Some(1 << 40), None]))),
        ]
    }

    fn rows(reader: &mut IndexReader) -> Vec<IndexRow> {
        let (mut row, mut rows) = (IndexRow::default(), Vec::new());
        while reader.next(&mut row).unwrap() {
            rows.push(row.clone());
        }
        rows
    }

    #[test]
    fn old_and_new_indexes_are_read() {
        let (_file, input) = write(least());
        let old = rows(&mut IndexReader::open(&input, false, &[]).unwrap());
        assert_eq!((old[0].file.as_str(), old[0].offset, old[0].length), ("f.warc.gz", Some(7), Some(1 << 40)));
        assert_eq!((old[1].status, old[1].file.as_str(), old[1].offset), (None, "", Some(-1)));
        let error = IndexReader::open(&input, false, &["content_languages"]).err().unwrap().to_string();
        assert!(error.contains("there is no column `content_languages`"), "{error}");
        assert!(IndexReader::open(&input, true, &[]).is_err());

        let mut columns = least();
        let uuid: Vec<u8> = (0..16).collect();
        let ids = FixedSizeBinaryArray::try_from_iter([uuid.clone(), uuid].into_iter()).unwrap();
        let nanos = TimestampNanosecondArray::from(vec![Some(1_714_521_600_000_001_000), None]);
        columns.push(("fetch_time", Arc::new(nanos)));
        columns.push(("content_mime_type", Arc::new(StringArray::from(vec!["text/xml", "text/html"]))));
        columns.push(("content_mime_detected", Arc::new(StringArray::from(vec![Some("text/html"), None]))));
        columns.push(("content_languages", Arc::new(StringArray::from(vec!["deu,eng", ""]))));
        columns.push(("warc_record_id", Arc::new(ids)));
        columns.push(("url_surtkey", Arc::new(StringArray::from(vec!["a)/", "b)/"]))));
        let (_file, input) = write(columns);
        let mut reader = IndexReader::open(&input, true, &["content_languages"]).unwrap();
        let new = rows(&mut reader);
        assert_eq!(new[0].time, date::micros(b"2024-05-01T00:00:00.000001Z").unwrap());
        assert_eq!((new[0].mime.as_str(), new[1].mime.as_str(), new[1].time), ("text/html", "text/html", 0));
        assert_eq!((new[0].languages.as_str(), new[0].surt.as_str()), ("deu,eng", "a)/"));
        assert_eq!(new[0].record_id, "urn:uuid:00010203-0405-0607-0809-0a0b0c0d0e0f");
        assert_eq!(reader.requests().get, 1, "a small file is read once");
    }

    #[test]
    fn a_column_of_a_wrong_type_is_told() {
        let mut columns = least();
        columns[3].1 = Arc::new(arrow::array::BooleanArray::from(vec![true, false]));
        columns.push(("fetch_time", Arc::new(StringArray::from(vec!["2024-05-01 00:00:00", "soon"]))));
        columns.push(("warc_record_id", Arc::new(StringArray::from(vec!["<urn:uuid:1>", "2"]))));
        let (_file, input) = write(columns.clone());
        let read = rows(&mut IndexReader::open(&input, false, &[]).unwrap());
        assert_eq!((read[0].record_id.as_str(), read[1].record_id.as_str()), ("urn:uuid:1", "urn:uuid:2"));
        assert_eq!((read[0].time, read[1].time), (date::micros(b"2024-05-01T00:00:00Z").unwrap(), 0));
        let field = Arc::new(arrow::datatypes::Field::new("x", DataType::Int64, true));
        let inner: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        columns[3].1 = Arc::new(arrow::array::StructArray::from(vec![(field, inner)]));
        let (_file, input) = write(columns);
        let mut reader = IndexReader::open(&input, false, &[]).unwrap();
        let error = reader.next(&mut IndexRow::default()).unwrap_err().to_string();
        assert!(error.contains("warc_record_offset"), "{error}");
    }
}
