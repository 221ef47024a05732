//! The tables of one part, without some documents.

use super::sketches::rows_of;
use crate::tally::{StepTally, Tally};
use arrow::array::Array;
use std::collections::{BTreeMap, BTreeSet};
use tokenmill_core::DocId;
use tokenmill_store::table::{Batches, Cell, Change, Columns, copy};
use tokenmill_store::takedown::{FORGOTTEN, Trace, revise_commit};
use tokenmill_store::{Commit, ObjectRef, Part, Spool, Store, StoreError};

/// The step that ledgers name for a document that was taken down.
pub const STEP: &str = "forget";

/// What of a document's row is emptied where the row must stay.
const EMPTIED: [&str; 8] = ["record_id", "url", "canonical_url", "title", "extra", "robots", "license", "text"];

/// Looks for the documents `ids` in a part of phase `folder`, and writes what it has of them anew if `writes`; `is_last` says
/// whether it is the last map phase. Notes every place in `traces`, and the bytes of text of documents that were kept to
/// the end in `bytes`. Gives back the commit that is to stand instead; `None` when nothing is to be changed.
///
/// # Errors
/// When a table is missing or damaged, or the store fails.
pub fn revise(
    store: &dyn Store,
    (folder, part): (&str, &Part),
    ids: &BTreeSet<DocId>,
    (is_last, writes): (bool, bool),
    traces: &mut Vec<Trace>,
    bytes: &mut BTreeMap<DocId, u64>,
) -> Result<Option<Commit>, StoreError> {
    let mut revision = Revision {
        store,
        folder,
        part,
        ids,
        is_last,
        writes,
        traces,
        objects: part.objects.clone(),
        has_changed: false,
    };
    let mut tally = part.tally.clone();
    if part.objects.contains_key("ledger") {
        let gone = revision.ledger(bytes)?;
        revision.docs()?;
        revision.metrics(&gone)?;
        revision.removed()?;
        revision.groups(&gone)?;
        if is_last {
            tally = tally_without(part, &gone)?;
        }
    } else {
        revision.answers()?;
    }
    for (table, object) in &part.objects {
        for (id, row) in rows_of(store, table, object, ids)? {
            revision.trace(table, object, id, format!("row {row}"), true);
        }
    }
    let Revision { objects, has_changed, .. } = revision;
    Ok(has_changed.then(|| revise_commit(part, objects, tally)))
}

/// A ledger row of a document that goes.
struct Gone {
    id: DocId,
    row: u32,
    /// Bytes of text.
    bytes: u64,
    /// The step that removed it before, if one did.
    step: Option<String>,
    /// Host of its URL; empty when there is none, or it was taken out before.
    host: String,
    /// Whether it is removed now.
    is_new: bool,
}

struct Revision<'a> {
    store: &'a dyn Store,
    folder: &'a str,
    part: &'a Part,
    ids: &'a BTreeSet<DocId>,
    is_last: bool,
    writes: bool,
    traces: &'a mut Vec<Trace>,
    objects: BTreeMap<String, ObjectRef>,
    has_changed: bool,
}

impl Revision<'_> {
    fn trace(&mut self, table: &str, object: &ObjectRef, id: DocId, place: String, stays: bool) {
        self.traces.push(Trace {
            phase: self.folder.to_owned(),
            part: self.part.label.clone(),
            table: table.to_owned(),
            object: object.key.clone(),
            id,
            place,
            stays,
        });
    }

    /// Writes a table anew with the changes to some of its rows, by row number in the table.
    fn rewrite(&mut self, table: &str, changes: &BTreeMap<u64, Change>) -> Result<(), StoreError> {
        let Some(object) = self.part.objects.get(table).filter(|_| !changes.is_empty()) else { return Ok(()) };
        self.has_changed = true;
        if !self.writes {
            return Ok(());
        }
        let mut row = 0u64;
        let (spool, rows) = copy(self.store, &object.key, Spool::create(self.store)?, |_, _| {
            row += 1;
            Ok(changes.get(&(row - 1)).cloned().unwrap_or(Change::Keep))
        })?;
        let object = spool.store(self.store, &format!("{}/{table}", self.folder), "parquet")?;
        self.objects.insert(table.to_owned(), ObjectRef { rows, ..object });
        Ok(())
    }

    /// The rows of the ledger stay. They lose the host and the evidence, which may quote the page, and the last phase says that the
    /// document is gone.
    fn ledger(&mut self, bytes_of: &mut BTreeMap<DocId, u64>) -> Result<Vec<Gone>, StoreError> {
        let Some(object) = self.part.objects.get("ledger").cloned() else { return Ok(Vec::new()) };
        let (mut gone, mut changes, mut first) = (Vec::new(), BTreeMap::new(), 0u64);
        for batch in
            Batches::open(self.store, &object.key, &["id", "row", "kept", "step", "bytes", "evidence", "host"])?
        {
            let batch = batch?;
            let columns = Columns(&batch);
            let (rows, kept, bytes) = (columns.u32("row")?, columns.bool("kept")?, columns.u32("bytes")?);
            let (steps, evidence, hosts) = (columns.text("step")?, columns.text("evidence")?, columns.text("host")?);
            for (at, id) in columns.ids("id")?.into_iter().enumerate().filter(|(_, id)| self.ids.contains(id)) {
                let is_new = self.is_last && kept.value(at);
                let mut cells = BTreeMap::new();
                if evidence.is_valid(at) {
                    cells.insert("evidence".to_owned(), Cell::Null);
                }
                if !hosts.value(at).is_empty() {
                    cells.insert("host".to_owned(), Cell::Text(String::new()));
                }
                if is_new {
                    bytes_of.insert(id, u64::from(bytes[at]));
                    cells.insert("kept".to_owned(), Cell::Bool(false));
                    cells.insert("step".to_owned(), Cell::Text(STEP.to_owned()));
                    cells.insert("reason".to_owned(), Cell::Text(FORGOTTEN.to_owned()));
                }
                let step = (!kept.value(at)).then(|| steps.value(at).to_owned());
                let (row, bytes, host) = (rows[at], u64::from(bytes[at]), hosts.value(at).to_owned());
                gone.push(Gone { id, row, bytes, step, host, is_new });
                if !cells.is_empty() {
                    changes.insert(first + at as u64, Change::With(cells));
                    self.trace("ledger", &object, id, format!("row {}", rows[at]), false);
                }
            }
            first += batch.num_rows() as u64;
        }
        self.rewrite("ledger", &changes)?;
        Ok(gone)
    }

    /// In the last map phase the row of a document goes; in others it stays, without anything in it.
    fn docs(&mut self) -> Result<(), StoreError> {
        let Some(object) = self.part.objects.get("docs").cloned() else { return Ok(()) };
        let (mut changes, mut first) = (BTreeMap::new(), 0u64);
        for batch in Batches::open(self.store, &object.key, &[&["id"], &EMPTIED[..]].concat())? {
            let batch = batch?;
            let columns = Columns(&batch);
            for (at, id) in columns.ids("id")?.into_iter().enumerate().filter(|(_, id)| self.ids.contains(id)) {
                let is_empty = |name: &&str| Ok(columns.text(name)?.value(at).is_empty());
                let is_empty = EMPTIED.iter().map(is_empty).collect::<Result<Vec<bool>, StoreError>>()?;
                let change = match self.is_last {
                    true => Change::Drop,
                    false if is_empty.iter().all(|is_empty| *is_empty) => continue,
                    false => Change::With(
                        EMPTIED.iter().map(|name| ((*name).to_owned(), Cell::Text(String::new()))).collect(),
                    ),
                };
                changes.insert(first + at as u64, change);
                self.trace("docs", &object, id, format!("row {}", first + at as u64), false);
            }
            first += batch.num_rows() as u64;
        }
        self.rewrite("docs", &changes)
    }

    /// What was measured of a document goes, its row stays beside that of the ledger.
    fn metrics(&mut self, gone: &[Gone]) -> Result<(), StoreError> {
        let Some(object) = self.part.objects.get("metrics").cloned().filter(|_| !gone.is_empty()) else {
            return Ok(());
        };
        let rows: BTreeMap<u32, DocId> = gone.iter().map(|gone| (gone.row, gone.id)).collect();
        let (mut changes, mut first) = (BTreeMap::new(), 0u64);
        for batch in Batches::open(self.store, &object.key, &[])? {
            let batch = batch?;
            for (at, row) in Columns(&batch).u32("row")?.iter().enumerate() {
                let Some(id) = rows.get(row).copied() else { continue };
                let schema = batch.schema_ref().clone();
                let measured = schema.fields().iter().zip(batch.columns());
                let measured = measured.filter(|(field, column)| field.is_nullable() && column.is_valid(at));
                let cells: BTreeMap<String, Cell> =
                    measured.map(|(field, _)| (field.name().clone(), Cell::Null)).collect();
                if !cells.is_empty() {
                    changes.insert(first + at as u64, Change::With(cells));
                    self.trace("metrics", &object, id, format!("row {row}"), false);
                }
            }
            first += batch.num_rows() as u64;
        }
        self.rewrite("metrics", &changes)
    }

    /// The samples of removed documents.
    fn removed(&mut self) -> Result<(), StoreError> {
        let Some(object) = self.part.objects.get("removed").cloned() else { return Ok(()) };
        let (mut changes, mut first) = (BTreeMap::new(), 0u64);
        for batch in Batches::open(self.store, &object.key, &["id"])? {
            let batch = batch?;
            for (at, id) in Columns(&batch).ids("id")?.into_iter().enumerate().filter(|(_, id)| self.ids.contains(id)) {
                changes.insert(first + at as u64, Change::Drop);
                self.trace("removed", &object, id, format!("row {}", first + at as u64), false);
            }
            first += batch.num_rows() as u64;
        }
        self.rewrite("removed", &changes)
    }

    /// The counts of domains, which are names.
    fn groups(&mut self, gone: &[Gone]) -> Result<(), StoreError> {
        let mut hosts = BTreeMap::<&str, Vec<Option<&str>>>::new();
        for gone in gone.iter().filter(|gone| !gone.host.is_empty()) {
            hosts.entry(&gone.host).or_default().push(gone.step.as_deref());
        }
        let Some(object) = self.part.objects.get("groups").filter(|_| !hosts.is_empty()) else { return Ok(()) };
        let (mut changes, mut first) = (BTreeMap::new(), 0u64);
        for batch in Batches::open(self.store, &object.key, &["kind", "name", "step", "n"])? {
            let batch = batch?;
            let columns = Columns(&batch);
            let (kinds, names, steps) = (columns.text("kind")?, columns.text("name")?, columns.text("step")?);
            for (at, n) in columns.u32("n")?.iter().enumerate().filter(|(at, _)| kinds.value(*at) == "domain") {
                let Some(gone) = hosts.get(names.value(at)) else { continue };
                let step = steps.value(at);
                let n_gone = gone.iter().filter(|by| step.is_empty() || **by == Some(step)).count();
                let left = n.saturating_sub(u32::try_from(n_gone).unwrap_or(u32::MAX));
                let change = match left {
                    0 => Change::Drop,
                    left if left == *n => continue,
                    left => Change::With([("n".to_owned(), Cell::U32(left))].into()),
                };
                changes.insert(first + at as u64, change);
            }
            first += batch.num_rows() as u64;
        }
        self.rewrite("groups", &changes)
    }

    /// The texts that a command has given back.
    fn answers(&mut self) -> Result<(), StoreError> {
        let tables: Vec<(String, ObjectRef)> = self.part.objects.clone().into_iter().collect();
        for (table, object) in tables.iter().filter(|(_, object)| object.key.ends_with(".parquet")) {
            let batches = Batches::open(self.store, &object.key, &[])?;
            let names = batches.columns();
            if !["id", "text"].iter().all(|name| names.iter().any(|column| column == name)) {
                continue;
            }
            let (mut changes, mut first) = (BTreeMap::new(), 0u64);
            for batch in batches {
                let batch = batch?;
                let texts = Columns(&batch).text("text")?;
                let ids = Columns(&batch).ids("id")?;
                for (at, id) in ids.into_iter().enumerate().filter(|(_, id)| self.ids.contains(id)) {
                    if texts.is_valid(at) {
                        changes.insert(first + at as u64, Change::With([("text".to_owned(), Cell::Null)].into()));
                        self.trace(table, object, id, format!("row {}", first + at as u64), false);
                    }
                }
                first += batch.num_rows() as u64;
            }
            self.rewrite(table, &changes)?;
        }
        Ok(())
    }
}

/// The tally of a part of the last map phase, when some documents are gone by a step of their own.
fn tally_without(part: &Part, gone: &[Gone]) -> Result<serde_json::Value, StoreError> {
    let corrupt = |error: serde_json::Error| StoreError::corrupt(&part.task, error);
    let (n, bytes) =
        gone.iter().filter(|gone| gone.is_new).fold((0, 0), |(n, bytes), gone| (n + 1, bytes + gone.bytes));
    if n == 0 {
        return Ok(part.tally.clone());
    }
    let mut tally: Tally = serde_json::from_value(part.tally.clone()).map_err(corrupt)?;
    if tally.steps.last().is_none_or(|step| step.name != STEP) {
        let (n_in, bytes_in) = (tally.n_out, tally.bytes_out);
        tally.steps.push(StepTally { name: STEP.to_owned(), n_in, bytes_in, ..StepTally::default() });
    }
    if let Some(step) = tally.steps.last_mut() {
        step.n_removed += n;
        step.bytes_removed += bytes;
        *step.reasons.entry(FORGOTTEN.to_owned()).or_default() += n;
    }
    tally.n_out = tally.n_out.saturating_sub(n);
    tally.bytes_out = tally.bytes_out.saturating_sub(bytes);
    if let Some(violation) = tally.violations().first() {
        return Err(StoreError::corrupt(&part.task, format!("the ledger does not add up: {violation}")));
    }
    serde_json::to_value(&tally).map_err(corrupt)
}
