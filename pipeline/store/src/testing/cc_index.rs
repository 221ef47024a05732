//! Makes an index of crawl files like Common Crawl's columnar one: real places, lengths and digests, in the types of its schema.

use crate::source::{IndexRow, stream};
use crate::warc::{Item, Limits, RecordKind, WarcReader, WarcRecord};
use arrow::array::{ArrayRef, BinaryArray, Int16Array, Int32Array, StringArray, TimestampMillisecondArray};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use tokenmill_core::date;

/// A row for every capture of a crawl file, and for every stretch of it that is damaged. `name` is what the index calls the file,
/// `language` gives the languages of a URL.
///
/// # Panics
/// When the file cannot be read.
pub fn rows_of(path: &Path, name: &str, language: &dyn Fn(&str) -> String) -> Vec<IndexRow> {
    let input = crate::source::find(&path.display().to_string()).unwrap();
    let mut reader = WarcReader::new(stream(&input).unwrap(), Limits::default());
    // Everything that begins in the file ends what lies before it.
    let (mut starts, mut rows) = (Vec::new(), Vec::new());
    while let Some(item) = reader.next().unwrap() {
        let row = match item {
            Item::Record(record) => {
                starts.push(record.offset);
                row_of(&record, language)
            }
            Item::Damaged(damage) => {
                starts.push(damage.offset);
                let url = format!("http://damaged.example/{}", damage.offset);
                let (status, mime) = (Some(200), "text/html".to_owned());
                Some(IndexRow { url, status, mime, offset: i64::try_from(damage.offset).ok(), ..IndexRow::default() })
            }
        };
        rows.extend(row);
    }
    starts.push(input.bytes);
    for row in &mut rows {
        let next = starts
            .iter()
            .copied()
            .filter_map(|start| i64::try_from(start).ok())
            .find(|start| Some(*start) > row.offset);
        row.length = next.zip(row.offset).map(|(next, offset)| next - offset);
        row.file = name.to_owned();
    }
    rows
}

/// The row of a record; none for requests and the like.
fn row_of(record: &WarcRecord<'_>, language: &dyn Fn(&str) -> String) -> Option<IndexRow> {
    let is_revisit = match record.kind {
        RecordKind::Response => false,
        RecordKind::Revisit => true,
        _ => return None,
    };
    let response = record.http(&Limits::default());
    let url = record.target_uri()?.into_owned();
    let digest = record.payload_digest().map(|digest| digest.trim_start_matches("sha1:").to_owned());
    Some(IndexRow {
        surt: url.split_once("://").map_or(&*url, |(_, rest)| rest).to_ascii_lowercase(),
        time: record.date().and_then(|date| date::micros(date.as_bytes())).unwrap_or(0),
        status: (response.status > 0 && !is_revisit).then(|| i64::from(response.status)),
        digest: digest.unwrap_or_default(),
        mime: if is_revisit { "warc/revisit".to_owned() } else { response.mime },
        languages: language(&url),
        truncated: record.truncated.map_or("", |why| why.name()).to_owned(),
        record_id: record.record_id().map_or_else(String::new, |id| id.into_owned()),
        file: String::new(),
        offset: i64::try_from(record.offset).ok(),
        length: None,
        url,
    })
}

/// Writes rows as a file of the index. `without` names columns that are left out, as in indexes of earlier years.
///
/// # Panics
/// When the file cannot be written.
#[expect(clippy::disallowed_methods, reason = "tests make files as a user would")]
pub fn write(path: &Path, rows: &[IndexRow], without: &[&str]) {
    let text = |value: fn(&IndexRow) -> &String| {
        let values = rows.iter().map(|row| Some(value(row).as_str()).filter(|text| !text.is_empty()));
        Arc::new(values.collect::<StringArray>()) as ArrayRef
    };
    let int = |value: fn(&IndexRow) -> Option<i64>| {
        let values = rows.iter().map(|row| value(row).and_then(|number| i32::try_from(number).ok()));
        Arc::new(values.collect::<Int32Array>()) as ArrayRef
    };
    let status = rows.iter().map(|row| row.status.and_then(|status| i16::try_from(status).ok()));
    let epoch = date::micros(b"1970-01-01T00:00:00Z").unwrap();
    let time = rows.iter().map(|row| (row.time > 0).then(|| (row.time as i64 - epoch as i64) / 1_000));
    let ids: Vec<Option<Vec<u8>>> = rows.iter().map(|row| uuid(&row.record_id)).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("url_surtkey", text(|row| &row.surt)),
        ("url", text(|row| &row.url)),
        ("fetch_time", Arc::new(time.collect::<TimestampMillisecondArray>().with_timezone("UTC"))),
        ("fetch_status", Arc::new(status.collect::<Int16Array>())),
        ("content_digest", text(|row| &row.digest)),
        ("content_mime_type", text(|row| &row.mime)),
        ("content_mime_detected", text(|row| &row.mime)),
        ("content_languages", text(|row| &row.languages)),
        ("content_truncated", text(|row| &row.truncated)),
        ("warc_record_id", Arc::new(ids.iter().map(Option::as_deref).collect::<BinaryArray>())),
        ("warc_filename", text(|row| &row.file)),
        ("warc_record_offset", int(|row| row.offset)),
        ("warc_record_length", int(|row| row.length)),
        ("warc_segment", text(|row| &row.file)),
    ];
    let columns =
        columns.into_iter().filter(|(name, _)| !without.contains(name)).map(|(name, column)| (name, column, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// The 16 bytes of `urn:uuid:…`.
fn uuid(record_id: &str) -> Option<Vec<u8>> {
    let digits: String = record_id.strip_prefix("urn:uuid:")?.chars().filter(|c| *c != '-').collect();
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    (digits.len() == 32).then(|| (0..32).step_by(2).map(byte).collect()).flatten()
}
