//! The four tables a map task writes, always all of them, so that a missing file is never mistaken for an empty one.

use crate::chain::{Chain, Worker};
use tokenmill_core::numbers::Measured;
use tokenmill_core::text::site_of;
use tokenmill_core::{Document, LedgerRow, schema};
use tokenmill_store::table::{Field, Table};
use tokenmill_store::{Outcome, StoreError, TaskContext};

/// The tables of one task.
pub struct Tables {
    docs: Table,
    ledger: Table,
    metrics: Table,
    removed: Table,
    part: String,
}

impl Tables {
    /// Starts empty tables.
    pub fn create(chain: &Chain, part: &str, context: &TaskContext<'_>) -> Result<Tables, StoreError> {
        Ok(Tables {
            docs: Table::new(context.spool()?, Field::of(schema::DOCS)),
            ledger: Table::new(context.spool()?, Field::of(schema::LEDGER)),
            metrics: Table::new(context.spool()?, chain.metric_fields()),
            removed: Table::new(context.spool()?, Field::of(schema::REMOVED)),
            part: part.to_owned(),
        })
    }

    /// The ledger row of one document.
    pub fn ledger(&mut self, row: &LedgerRow, document: &Document) -> Result<(), StoreError> {
        let line = self.ledger.row().id(row.id).u64(row.url_hash).text(&self.part).u32(row.row);
        let line = match &row.removal {
            None => line
                .bool(true)
                .text("")
                .text("")
                .text("")
                .f32_or_null(None)
                .f32_or_null(None)
                .u32(row.bytes)
                .text_or_null(None),
            Some(why) => line
                .bool(false)
                .text(&why.step)
                .text(&why.reason)
                .text(&why.metric)
                .f32_or_null(why.value)
                .f32_or_null(why.limit)
                .u32(row.bytes)
                .text_or_null(why.evidence.as_deref()),
        };
        line.text(&document.lang).text(&document.kind).text(&site_of(&document.url)).end()
    }

    /// The metrics of one document, in the row of its ledger row.
    pub fn metrics(&mut self, row: u32, chain: &Chain, worker: &Worker) -> Result<(), StoreError> {
        let mut line = self.metrics.row().u32(row);
        for (step, numbers) in chain.steps.iter().zip(&worker.numbers) {
            for ((_, kind), value) in step.metrics().zip(numbers.values()) {
                line = match (kind, value) {
                    (tokenmill_core::MetricKind::Number, Measured::Number(value)) => line.f32_or_null(Some(*value)),
                    (tokenmill_core::MetricKind::Number, _) => line.f32_or_null(None),
                    (_, Measured::Label(label)) => line.text_or_null(Some(label)),
                    (_, _) => line.text_or_null(None),
                };
            }
        }
        line.end()
    }

    /// A document that was kept.
    pub fn doc(&mut self, row: u32, document: &Document, source: &str) -> Result<(), StoreError> {
        let line = self.docs.row().id(document.id).u32(row).text(&document.record_id).text(&document.url);
        let line = line.text(&document.canonical_url).text(&document.date).text(&document.lang).text(&document.kind);
        let line = line.text(&document.title).bool(document.truncated).text(source).text(&document.extra);
        line.text(&document.robots).text(&document.license).text(&document.text).end()
    }

    /// A removed document of the sample.
    pub fn removed(&mut self, document: &Document, step: &str, reason: &str) -> Result<(), StoreError> {
        let line = self.removed.row().id(document.id).text(&document.url).text(&document.lang);
        line.text(step).text(reason).text(&document.text).end()
    }

    /// Stores all tables.
    pub fn finish(self, context: &TaskContext<'_>, outcome: &mut Outcome) -> Result<(), StoreError> {
        let tables =
            [("docs", self.docs), ("ledger", self.ledger), ("metrics", self.metrics), ("removed", self.removed)];
        for (name, table) in tables {
            outcome.objects.insert(name.to_owned(), context.keep_table(table, name)?);
        }
        Ok(())
    }
}
