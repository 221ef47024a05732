//! Decisions about documents: as they travel, and at home, where they are joined by row number and checked by id.

use super::ranges::{group_of, join};
use super::rows::{row, u32_at, u128_at};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use tokenmill_core::{DocId, Fate};
use tokenmill_store::sort::Sorter;
use tokenmill_store::{Manifest, ObjectRef, Outcome, Rows, Store, StoreError, TaskContext};

/// The table of settled decisions.
pub const TABLE: &str = "decided";
/// The counts of decisions by group of parts.
pub const BY_GROUP: &str = "decisions_by_group";
/// Width of a decision: part, row, id, twin, similarity or rate, cluster or group size.
pub const DECIDED: usize = 4 + AT_HOME;
/// Width of a decision at home: the same without the part.
pub const AT_HOME: usize = 4 + 16 + 16 + 4 + 4;

/// What was decided about one document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    pub part: u32,
    pub row: u32,
    pub id: DocId,
    pub fate: Fate,
}

impl Decision {
    /// The decision as it travels.
    pub fn to_bytes(self) -> [u8; DECIDED] {
        let (twin, measured, size) = match self.fate {
            Fate::Removed { twin, similarity } => (twin, similarity.unwrap_or(f32::NAN), 0),
            // A size of 0 is what tells the one that goes for a twin; the one that stays is its own twin.
            Fate::Kept { cluster_size } => (self.id, f32::NAN, cluster_size),
            Fate::GroupRemoved { rate, group_size } => (DocId(!self.id.0), rate, group_size),
        };
        let (part, at) = (self.part.to_be_bytes(), self.row.to_be_bytes());
        let measured = [measured.to_bits().to_be_bytes(), size.to_be_bytes()];
        row(&[&part, &at, &self.id.to_bytes(), &twin.to_bytes(), &measured[0], &measured[1]])
    }

    /// Reads a decision at home, where the part is known.
    fn of_home(bytes: &[u8; AT_HOME]) -> Decision {
        let (id, twin) = (DocId(u128_at(bytes, 4)), DocId(u128_at(bytes, 20)));
        let measured = f32::from_bits(u32_at(bytes, 36));
        let fate = match u32_at(bytes, 40) {
            0 => Fate::Removed { twin, similarity: Some(measured).filter(|similarity| !similarity.is_nan()) },
            cluster_size if twin == id => Fate::Kept { cluster_size },
            group_size => Fate::GroupRemoved { rate: measured, group_size },
        };
        Decision { part: 0, row: u32_at(bytes, 0), id, fate }
    }
}

/// Collects the decisions of one task.
pub struct DecisionWriter {
    rows: Sorter<DECIDED>,
    n_removed: u64,
}

impl DecisionWriter {
    /// Holds at most `memory` bytes of them.
    pub fn new(context: &TaskContext<'_>, memory: u64) -> DecisionWriter {
        DecisionWriter { rows: Sorter::new(context.store.scratch(), memory), n_removed: 0 }
    }

    /// Adds one.
    pub fn push(&mut self, decision: Decision) -> Result<(), StoreError> {
        self.n_removed += u64::from(decision.fate.removes());
        self.rows.push(decision.to_bytes())
    }

    /// Stores them, sorted by part and row.
    pub fn finish(self, context: &TaskContext<'_>, first_parts: &[u32], n_in: u64) -> Result<Outcome, StoreError> {
        let mut outcome = store_by_group(context, self.rows, first_parts, TABLE, n_in)?;
        outcome.tally["n_removed"] = self.n_removed.into();
        Ok(outcome)
    }
}

/// Stores rows that begin with a part and tells how many there are for each group of parts.
pub fn store_by_group<const W: usize>(
    context: &TaskContext<'_>,
    rows: Sorter<W>,
    first_parts: &[u32],
    table: &str,
    n_in: u64,
) -> Result<Outcome, StoreError> {
    let mut spool = context.spool()?;
    let mut by_group = vec![0u64; first_parts.len()];
    let mut n_out = 0;
    for row in rows.finish()? {
        let row = row?;
        if let Some(count) = by_group.get_mut(group_of(first_parts, u32_at(&row, 0))) {
            *count += 1;
        }
        n_out += 1;
        spool.write_all(&row).map_err(StoreError::io("write", table))?;
    }
    let object = context.keep(spool, table, "rows", n_out)?;
    let tally = json!({"n_in": n_in, "n_out": n_out, BY_GROUP: join(&by_group)});
    Ok(Outcome { objects: [(table.to_owned(), object)].into(), tally, ..Outcome::default() })
}

/// Where the decisions about one part are. No decision is an empty range of an object that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The object that holds them, with those of other parts.
    pub object: ObjectRef,
    /// First row.
    pub start: u64,
    /// Rows.
    pub n_rows: u64,
    /// xxh3-128 of those rows: a task whose decisions have not changed need not be done again.
    pub digest: String,
}

/// The decisions about one part, in the tally of the task that brought them home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartDecisions {
    /// Key of the part's task.
    pub part: String,
    /// First row in the object.
    pub start: u64,
    /// Rows.
    pub n_rows: u64,
    /// xxh3-128 of those rows.
    pub digest: String,
}

/// The decisions about every part, by the key of its task.
///
/// # Errors
/// When the manifest is of another kind.
pub fn by_part(home: &Manifest) -> Result<BTreeMap<String, Decided>, StoreError> {
    let mut found = BTreeMap::new();
    for task in &home.parts {
        let object = super::object(task, super::home::TABLE)?;
        let parts = task.tally.get("parts").cloned().unwrap_or(Value::Null);
        let parts: Vec<PartDecisions> =
            serde_json::from_value(parts).map_err(|error| StoreError::corrupt(&task.task, error))?;
        for PartDecisions { part, start, n_rows, digest } in parts {
            found.insert(part, Decided { object: object.clone(), start, n_rows, digest });
        }
    }
    Ok(found)
}

/// Walks the decisions about a part beside its rows.
pub struct Fates {
    rows: Rows<AT_HOME>,
    next: Option<Decision>,
    name: String,
}

impl Fates {
    /// Opens the decisions about a part.
    ///
    /// # Errors
    /// When they are missing or damaged.
    pub fn open(store: &dyn Store, decided: &Decided) -> Result<Fates, StoreError> {
        let rows = Rows::open_range(store, &decided.object, decided.start..decided.start + decided.n_rows)?;
        let mut fates = Fates { rows, next: None, name: store.display(&decided.object.key) };
        fates.advance()?;
        Ok(fates)
    }

    fn advance(&mut self) -> Result<(), StoreError> {
        self.next = self.rows.next().transpose()?.map(|row| Decision::of_home(&row));
        Ok(())
    }

    /// What was decided about row `row`, which is the document `id`; rows come in rising order.
    ///
    /// # Errors
    /// When the decision is about another document, or one about an earlier row found no such row.
    pub fn at(&mut self, row: u32, id: DocId) -> Result<Option<Fate>, StoreError> {
        match self.next {
            Some(decision) if decision.row == row && decision.id == id => {
                self.advance()?;
                Ok(Some(decision.fate))
            }
            Some(decision) if decision.row <= row => {
                let why =
                    format!("it decides about document {} at row {}, not {id} at row {row}", decision.id, decision.row);
                Err(StoreError::corrupt(&self.name, why))
            }
            _ => Ok(None),
        }
    }

    /// Whether row `row` stays, for a walk beside some of the rows only.
    ///
    /// # Errors
    /// When the decision is about another document.
    pub fn passes(&mut self, row: u32, id: DocId) -> Result<bool, StoreError> {
        while self.next.is_some_and(|decision| decision.row < row) {
            self.advance()?;
        }
        self.at(row, id).map(|fate| !fate.is_some_and(|fate| fate.removes()))
    }

    /// Ends the walk.
    ///
    /// # Errors
    /// When there is a decision about a row that never came.
    pub fn finish(self) -> Result<(), StoreError> {
        match self.next {
            None => Ok(()),
            Some(decision) => Err(StoreError::corrupt(&self.name, format!("there is no row {}", decision.row))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_read_back() {
        let removed = |similarity| Fate::Removed { twin: DocId(3), similarity };
        let group_removed = Fate::GroupRemoved { rate: 12.5, group_size: 3 };
        for fate in [removed(None), removed(Some(0.875)), Fate::Kept { cluster_size: 7 }, group_removed] {
            let decision = Decision { part: 7, row: 5, id: DocId(u128::MAX - 1), fate };
            let bytes = decision.to_bytes();
            assert_eq!(u32_at(&bytes, 0), 7);
            assert_eq!(Decision::of_home(bytes.last_chunk().unwrap()), Decision { part: 0, ..decision });
        }
    }
}
