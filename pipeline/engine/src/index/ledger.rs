//! The ledger of a phase that judges rows of an index, with what the index says of each as metrics, and its tally.

use crate::Tally;
use tokenmill_core::hash::hash64;
use tokenmill_core::ledger::Removal;
use tokenmill_core::schema::{self, Type};
use tokenmill_core::{DocId, schema::Column};
use tokenmill_store::table::{Field, Table};
use tokenmill_store::{Outcome, StoreError, TaskContext};

const fn metric(name: &'static str, kind: Type, about: &'static str) -> Column {
    Column { name, kind, nullable: true, about }
}

/// The metrics of the phase `index`.
pub const METRICS: &[Column] = &[
    Column { name: "row", kind: Type::U32, nullable: false, about: "row in the ledger" },
    metric("index.status", Type::F32, "HTTP status"),
    metric("index.length", Type::F32, "bytes of the record in its file"),
    metric("index.mime", Type::Label, "media type"),
    metric("index.languages", Type::Label, "languages, the main one first"),
    metric("index.truncated", Type::Label, "why the payload is not all that was sent"),
    metric("index.file", Type::Label, "crawl file"),
    metric("index.offset", Type::Text, "place in the crawl file"),
];

/// The metrics of the phase `unique`.
pub const PLACES: &[Column] = &[
    Column { name: "row", kind: Type::U32, nullable: false, about: "row in the ledger" },
    metric("unique.place", Type::F32, "1 for the newest capture of the URL, 2 for the next …"),
];

/// One judged row.
pub struct Judged<'a> {
    pub id: DocId,
    pub url_hash: u64,
    /// Bytes of the record in its file.
    pub bytes: u64,
    pub lang: &'a str,
    /// Host of the URL as ledgers have it, or empty.
    pub host: &'a str,
    /// Place of the step in the tally that has removed it (0 is `read`), and why.
    pub removal: Option<(usize, Removal)>,
}

/// Writes the ledger and counts.
pub struct Ledger {
    ledger: Table,
    metrics: Table,
    part: String,
    pub tally: Tally,
    /// Number of the row that comes next.
    pub row: u32,
}

impl Ledger {
    /// An empty ledger of the part `part`, whose one step is `step`.
    pub fn create(context: &TaskContext<'_>, part: &str, step: &str, metrics: &[Column]) -> Result<Ledger, StoreError> {
        Ok(Ledger {
            ledger: Table::new(context.spool()?, Field::of(schema::LEDGER)),
            metrics: Table::new(context.spool()?, Field::of(metrics)),
            part: part.to_owned(),
            tally: Tally::new(std::iter::once(step)),
            row: 0,
        })
    }

    /// Writes one row; its metrics are written by `metrics`.
    pub fn add(
        &mut self,
        judged: &Judged<'_>,
        metrics: impl FnOnce(tokenmill_store::table::Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Judged { id, url_hash, bytes, lang, host, removal } = judged;
        self.count(*bytes, removal.as_ref());
        let line = self.ledger.row().id(*id).u64(*url_hash).text(&self.part).u32(self.row).bool(removal.is_none());
        let kept = Removal::default();
        let why = removal.as_ref().map_or(&kept, |(_, why)| why);
        let line =
            line.text(&why.step).text(&why.reason).text(&why.metric).f32_or_null(why.value).f32_or_null(why.limit);
        let line = line.u32(u32::try_from(*bytes).unwrap_or(u32::MAX)).text_or_null(why.evidence.as_deref());
        line.text(lang).text("").text(host).end()?;
        metrics(self.metrics.row().u32(self.row))?;
        self.row = self
            .row
            .checked_add(1)
            .ok_or_else(|| StoreError::Usage(format!("`{}` has more than 4 billion rows; split it", self.part)))?;
        Ok(())
    }

    fn count(&mut self, bytes: u64, removal: Option<&(usize, Removal)>) {
        let tally = &mut self.tally;
        tally.n_in += 1;
        let reached = removal.map_or(tally.steps.len(), |(at, _)| at + 1);
        for step in tally.steps.iter_mut().take(reached) {
            step.n_in += 1;
            step.bytes_in += bytes;
        }
        match removal.and_then(|(at, why)| Some((tally.steps.get_mut(*at)?, why))) {
            Some((step, why)) => {
                step.n_removed += 1;
                step.bytes_removed += bytes;
                *step.reasons.entry(why.reason.clone()).or_default() += 1;
            }
            None => {
                tally.n_out += 1;
                tally.bytes_out += bytes;
            }
        }
    }

    /// Stores the tables and the tally.
    pub fn finish(self, context: &TaskContext<'_>, label: &str) -> Result<Outcome, StoreError> {
        if let Some(violation) = self.tally.violations().first() {
            return Err(StoreError::corrupt(label, format!("the ledger does not add up: {violation}")));
        }
        let mut outcome = Outcome::default();
        for (name, table) in [("ledger", self.ledger), ("metrics", self.metrics)] {
            outcome.objects.insert(name.to_owned(), context.keep_table(table, name)?);
        }
        outcome.tally = serde_json::to_value(&self.tally).map_err(|error| StoreError::Usage(error.to_string()))?;
        Ok(outcome)
    }
}

/// xxh3-64 of a URL, as ledgers have it.
pub fn url_hash(url: &str) -> u64 {
    hash64(0, url.as_bytes())
}
