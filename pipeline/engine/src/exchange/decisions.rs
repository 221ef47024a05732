//! Decisions at home: which rows of a part go, joined by row number and checked by id.

use super::layout::{AT_HOME, Decision};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use tokenmill_core::DocId;
use tokenmill_store::{Manifest, ObjectRef, Rows, Store, StoreError};

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
pub struct Twins {
    rows: Rows<AT_HOME>,
    next: Option<Decision>,
    name: String,
}

impl Twins {
    /// Opens the decisions about a part.
    ///
    /// # Errors
    /// When they are missing or damaged.
    pub fn open(store: &dyn Store, decided: &Decided) -> Result<Twins, StoreError> {
        let rows = Rows::open_range(store, &decided.object, decided.start..decided.start + decided.n_rows)?;
        let mut twins = Twins { rows, next: None, name: store.display(&decided.object.key) };
        twins.advance()?;
        Ok(twins)
    }

    fn advance(&mut self) -> Result<(), StoreError> {
        self.next = self.rows.next().transpose()?.map(|row| Decision::of_home(&row));
        Ok(())
    }

    /// The twin that is kept instead of row `row`, which is the document `id`; rows come in rising order.
    ///
    /// # Errors
    /// When the decision is about another document, or one about an earlier row found no such row.
    pub fn at(&mut self, row: u32, id: DocId) -> Result<Option<DocId>, StoreError> {
        match self.next {
            Some(decision) if decision.row == row && decision.id == id => {
                self.advance()?;
                Ok(Some(decision.twin))
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
        self.at(row, id).map(|twin| twin.is_none())
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
