//! The rows of one part of one phase: ledger and metrics side by side, batch by batch.

use crate::chain::{Chain, Step};
use arrow::array::{Array, Float32Array, LargeStringArray};
use arrow::record_batch::RecordBatch;
use std::sync::Arc;
use tokenmill_core::{DocField, DocId, MetricKind, Numbers};
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Part, Store, StoreError};

/// The columns of a ledger that are read.
const LEDGER: [&str; 10] = ["id", "kept", "step", "reason", "metric", "value", "limit", "bytes", "lang", "kind"];

/// Reads a part row by row.
pub struct Rows {
    ledger: Cursor,
    metrics: Cursor,
    /// The columns of `metrics/` that are read: step, metric, name.
    wanted: Vec<(usize, usize, String)>,
    columns: Vec<Column>,
    /// What each step measured of the row in hand.
    pub numbers: Vec<Numbers>,
    /// The row in hand.
    pub row: Row,
}

/// A ledger row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Document id.
    pub id: DocId,
    /// Number of the row in its part.
    pub number: u32,
    /// Whether the document was kept.
    pub kept: bool,
    /// Step that removed it, or empty.
    pub step: String,
    /// Reason, or empty.
    pub reason: String,
    /// Metric that was judged, or empty.
    pub metric: String,
    /// Its value.
    pub value: Option<f32>,
    /// The limit that applied.
    pub limit: Option<f32>,
    /// Bytes of text when the verdict fell.
    pub bytes: u64,
    /// Language at the end of the phase.
    pub lang: String,
    /// Kind at the end of the phase.
    pub kind: String,
}

enum Column {
    Number(Float32Array),
    Label(LargeStringArray),
}

struct Cursor {
    batches: Batches,
    batch: Option<RecordBatch>,
    at: usize,
}

impl Cursor {
    /// Goes to the next row; says whether there is one, and whether it is the first of a batch.
    fn advance(&mut self) -> Result<Option<bool>, StoreError> {
        self.at += 1;
        let mut is_new = false;
        while self.batch.as_ref().is_none_or(|batch| self.at >= batch.num_rows()) {
            let Some(batch) = self.batches.next() else { return Ok(None) };
            (self.batch, self.at, is_new) = (Some(batch?), 0, true);
        }
        Ok(Some(is_new))
    }
}

impl Rows {
    /// Opens a part. Of the metrics, those are read that `is_wanted` by step and number, and all that name a language or kind.
    ///
    /// # Errors
    /// When a table is missing or of another version.
    pub fn open(
        store: &dyn Store,
        part: &Part,
        chain: &Chain,
        is_wanted: &dyn Fn(usize, usize) -> bool,
    ) -> Result<Rows, StoreError> {
        let key = |table: &str| {
            let object = part.objects.get(table).map(|object| object.key.as_str());
            object.ok_or_else(|| StoreError::corrupt(&part.task, format!("the part has no {table}")))
        };
        let mut wanted = Vec::new();
        for (at, step) in chain.steps.iter().enumerate() {
            for (number, (metric, kind)) in step.metrics().enumerate() {
                let names = matches!(kind, MetricKind::Label(Some(DocField::Lang | DocField::Kind)));
                if names || is_wanted(at, number) {
                    wanted.push((at, number, format!("{}.{metric}", step.name)));
                }
            }
        }
        let names: Vec<&str> = wanted.iter().map(|(_, _, name)| name.as_str()).chain(["row"]).collect();
        let cursor = |batches| Cursor { batches, batch: None, at: 0 };
        let ledger = Batches::open(store, key("ledger")?, &LEDGER)?;
        let metrics = Batches::open(store, key("metrics")?, &names)?;
        if ledger.rows() != metrics.rows() {
            let why = format!("{} rows of metrics for {} rows of ledger", metrics.rows(), ledger.rows());
            return Err(StoreError::corrupt(&part.task, why));
        }
        let numbers = chain.steps.iter().map(Step::numbers).collect();
        let (ledger, metrics) = (cursor(ledger), cursor(metrics));
        Ok(Rows { ledger, metrics, wanted, columns: Vec::new(), numbers, row: Row::default() })
    }

    /// Goes to the next row; false at the end.
    ///
    /// # Errors
    /// When the store fails or a table is damaged.
    pub fn advance(&mut self) -> Result<bool, StoreError> {
        let is_first = self.ledger.batch.is_none();
        let (Some(_), Some(is_new)) = (self.ledger.advance()?, self.metrics.advance()?) else { return Ok(false) };
        self.row.number = if is_first { 0 } else { self.row.number + 1 };
        if let Some(batch) = self.metrics.batch.as_ref().filter(|_| is_new) {
            let columns = Columns(batch);
            let column = |(_, _, name): &(usize, usize, String)| match columns.f32(name) {
                Ok(numbers) => Ok(Column::Number(numbers.clone())),
                Err(_) => columns.text(name).map(|labels| Column::Label(labels.clone())),
            };
            self.columns = self.wanted.iter().map(column).collect::<Result<_, _>>()?;
        }
        self.read_ledger()?;
        self.numbers.iter_mut().for_each(Numbers::clear);
        let at = self.metrics.at;
        for ((step, metric, _), column) in self.wanted.iter().zip(&self.columns) {
            match column {
                Column::Number(values) if values.is_valid(at) => self.numbers[*step].set(*metric, values.value(at)),
                Column::Label(labels) if labels.is_valid(at) => {
                    self.numbers[*step].set_label(*metric, Arc::from(labels.value(at)));
                }
                _ => {}
            }
        }
        Ok(true)
    }

    fn read_ledger(&mut self) -> Result<(), StoreError> {
        let (Some(batch), at, row) = (&self.ledger.batch, self.ledger.at, &mut self.row) else { return Ok(()) };
        let columns = Columns(batch);
        row.id = columns.id("id", at)?;
        row.kept = columns.bool("kept")?.value(at);
        row.bytes = columns.u32("bytes")?.get(at).copied().map_or(0, u64::from);
        let number = |name: &str| columns.f32(name).map(|values| values.is_valid(at).then(|| values.value(at)));
        (row.value, row.limit) = (number("value")?, number("limit")?);
        for (name, field) in [
            ("step", &mut row.step),
            ("reason", &mut row.reason),
            ("metric", &mut row.metric),
            ("lang", &mut row.lang),
            ("kind", &mut row.kind),
        ] {
            field.clear();
            field.push_str(columns.text(name)?.value(at));
        }
        Ok(())
    }
}
