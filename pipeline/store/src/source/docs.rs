//! The documents of an earlier phase as input of the next.

use crate::table::{Batches, Columns};
use crate::{Store, StoreError};
use arrow::array::Array;
use arrow::record_batch::RecordBatch;
use tokenmill_core::Document;

/// Reads a `docs/` table row by row.
pub struct DocsReader {
    batches: Batches,
    batch: Option<RecordBatch>,
    at: usize,
}

impl DocsReader {
    /// Opens the table `key` of a run.
    ///
    /// # Errors
    /// When it is missing or not a table of documents.
    pub fn open(store: &dyn Store, key: &str) -> Result<DocsReader, StoreError> {
        Ok(DocsReader { batches: Batches::open(store, key, &[])?, batch: None, at: 0 })
    }

    /// Fills `document` and `source` (the name of the input file) with the next row; false at the end.
    ///
    /// # Errors
    /// When the store fails or the table is damaged.
    pub fn next(&mut self, document: &mut Document, source: &mut String) -> Result<bool, StoreError> {
        while self.batch.as_ref().is_none_or(|batch| self.at >= batch.num_rows()) {
            let Some(batch) = self.batches.next() else { return Ok(false) };
            (self.batch, self.at) = (Some(batch?), 0);
        }
        let Some(batch) = &self.batch else { return Ok(false) };
        document.clear();
        source.clear();
        let columns = Columns(batch);
        let id = batch.column_by_name("id").map(|ids| ids.slice(self.at, 1));
        let id = id.and_then(|id| {
            let id = id.as_any().downcast_ref::<arrow::array::FixedSizeBinaryArray>()?;
            tokenmill_core::DocId::from_bytes(id.value(0))
        });
        document.id = id.ok_or_else(|| StoreError::corrupt("docs", "column `id` is missing or has another type"))?;
        document.truncated = columns.bool("truncated")?.value(self.at);
        for (name, field) in [
            ("record_id", &mut document.record_id),
            ("url", &mut document.url),
            ("canonical_url", &mut document.canonical_url),
            ("date", &mut document.date),
            ("lang", &mut document.lang),
            ("kind", &mut document.kind),
            ("title", &mut document.title),
            ("extra", &mut document.extra),
            ("robots", &mut document.robots),
            ("license", &mut document.license),
            ("text", &mut document.text),
            ("source", source),
        ] {
            let column = columns.text(name)?;
            if column.is_valid(self.at) {
                field.push_str(column.value(self.at));
            }
        }
        self.at += 1;
        Ok(true)
    }
}
