//! Anybody's Parquet as a source: columns mapped by name, whatever text or number type they have.

use super::input::object;
use super::{ColumnMap, Event, Input, Item, Refusal, SplitReader};
use crate::StoreError;
use crate::table::Batches;
use crate::warc::Notes;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::json::writer::{JsonArray, WriterBuilder};
use arrow::record_batch::RecordBatch;
use tokenmill_core::{DocId, Payload, Record};

/// Reads one Parquet file.
pub struct ParquetReader {
    batches: Batches,
    columns: ColumnMap,
    name: String,
    bytes: u64,
    rows: u64,
    batch: Option<Mapped>,
    at: usize,
    row_number: u64,
}

/// The columns of one batch, cast to text.
struct Mapped {
    rows: usize,
    text: ArrayRef,
    id: Option<ArrayRef>,
    url: Option<ArrayRef>,
    date: Option<ArrayRef>,
    lang: Option<ArrayRef>,
    extra: Vec<String>,
}

impl ParquetReader {
    /// Opens a file.
    ///
    /// # Errors
    /// When it is missing or not Parquet.
    pub fn open(input: &Input, columns: &ColumnMap) -> Result<ParquetReader, StoreError> {
        let batches = Batches::of(object(input)?, &input.uri, &[])?;
        let rows = batches.rows();
        let (name, columns, bytes) = (input.name.clone(), columns.clone(), input.bytes);
        Ok(ParquetReader { batches, columns, name, bytes, rows, batch: None, at: 0, row_number: 0 })
    }

    fn map(&self, batch: &RecordBatch) -> Result<Mapped, StoreError> {
        let corrupt = |why: String| StoreError::corrupt(&self.name, why);
        let text = |name: &str| {
            let array = batch.column_by_name(name);
            array.map(|array| cast(array, &DataType::LargeUtf8)).transpose().map_err(|error| corrupt(error.to_string()))
        };
        let missing = || corrupt(format!("there is no column `{}`; name it in [source.columns]", self.columns.text));
        Ok(Mapped {
            rows: batch.num_rows(),
            text: text(&self.columns.text)?.ok_or_else(missing)?,
            id: text(&self.columns.id)?,
            url: text(&self.columns.url)?,
            date: text(&self.columns.date)?,
            lang: text(&self.columns.lang)?,
            extra: self.extra(batch).map_err(|error| corrupt(error.to_string()))?,
        })
    }

    /// The carried columns of every row as a JSON object.
    fn extra(&self, batch: &RecordBatch) -> Result<Vec<String>, arrow::error::ArrowError> {
        let schema = batch.schema();
        let carried: Vec<usize> =
            (0..batch.num_columns()).filter(|at| self.columns.carries(schema.field(*at).name())).collect();
        if carried.is_empty() {
            return Ok(vec![String::new(); batch.num_rows()]);
        }
        let carried = batch.project(&carried)?;
        let one_row = |row: usize| {
            let mut writer = WriterBuilder::new().build::<_, JsonArray>(Vec::new());
            writer.write(&carried.slice(row, 1))?;
            writer.finish()?;
            let json = String::from_utf8_lossy(&writer.into_inner()).into_owned();
            Ok(json.strip_prefix('[').and_then(|json| json.strip_suffix(']')).unwrap_or(&json).to_owned())
        };
        (0..batch.num_rows()).map(one_row).collect()
    }
}

fn cell(array: Option<&ArrayRef>, row: usize) -> &str {
    array.map(|array| array.as_string::<i64>()).filter(|array| array.is_valid(row)).map_or("", |array| array.value(row))
}

impl SplitReader for ParquetReader {
    fn next(&mut self) -> Result<Option<Event<'_>>, StoreError> {
        while self.batch.as_ref().is_none_or(|batch| self.at >= batch.rows) {
            let Some(batch) = self.batches.next() else { return Ok(None) };
            (self.batch, self.at) = (Some(self.map(&batch?)?), 0);
        }
        let Some(batch) = &self.batch else { return Ok(None) };
        let row = self.at;
        self.at += 1;
        self.row_number += 1;
        let record_id = cell(batch.id.as_ref(), row);
        let id = if record_id.is_empty() {
            DocId::from_position(&self.name, self.row_number)
        } else {
            DocId::from_record_id(record_id)
        };
        let record = Record {
            record_id,
            url: cell(batch.url.as_ref(), row),
            date: cell(batch.date.as_ref(), row),
            lang: cell(batch.lang.as_ref(), row),
            truncated: false,
            extra: &batch.extra[row],
            robots: "",
            license: "",
            payload: Payload::Text(cell(Some(&batch.text), row)),
        };
        let refusal = batch.text.is_null(row).then(|| Refusal { reason: "no_text", ..Refusal::default() });
        Ok(Some(Event::Document(Item { record, id, refusal, notes: Notes::default() })))
    }

    fn bytes_read(&self) -> u64 {
        // Parquet is read in pieces; the share of rows stands for the share of bytes.
        if self.rows == 0 { self.bytes } else { (self.bytes as f64 * self.row_number as f64 / self.rows as f64) as u64 }
    }

    fn digest(&self) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray};
    use parquet::arrow::ArrowWriter;
    use std::sync::Arc;

    #[test]
    fn reads_foreign_types_and_carries_columns() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("id", Arc::new(Int64Array::from(vec![1, 2]))),
            ("body", Arc::new(StringArray::from(vec![Some("hi [x]"), None]))),
            ("stars", Arc::new(Int64Array::from(vec![Some(3), None]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = ArrowWriter::try_new(file.reopen().unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let input = super::super::find(&file.path().display().to_string()).unwrap();
        let map = ColumnMap { text: "body".into(), ..ColumnMap::default() };
        let mut reader = ParquetReader::open(&input, &map).unwrap();
        let mut rows = Vec::new();
        while let Some(Event::Document(item)) = reader.next().unwrap() {
            let Payload::Text(text) = item.record.payload else { panic!("text only") };
            rows.push((item.record.record_id.to_owned(), text.to_owned(), item.record.extra.to_owned(), item.refusal));
        }
        assert_eq!(rows[0], ("1".into(), "hi [x]".into(), "{\"stars\":3}".into(), None));
        assert_eq!(rows[1].3.as_ref().unwrap().reason, "no_text");
        let wrong = ColumnMap { text: "nope".into(), ..map };
        assert!(ParquetReader::open(&input, &wrong).unwrap().next().is_err());
    }
}
