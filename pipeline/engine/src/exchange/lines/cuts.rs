//! Decisions about lines at home: which lines of a document go, joined by row number and checked by id.

use super::layout::{AT_HOME, Cut};
use crate::exchange::Decided;
use tokenmill_core::DocId;
use tokenmill_store::{Rows, Store, StoreError};

/// Walks the decisions about a part beside its rows.
pub struct Cuts {
    rows: Rows<AT_HOME>,
    next: Option<Cut>,
    name: String,
}

impl Cuts {
    /// Opens the decisions about a part.
    ///
    /// # Errors
    /// When they are missing or damaged.
    pub fn open(store: &dyn Store, decided: &Decided) -> Result<Cuts, StoreError> {
        let rows = Rows::open_range(store, &decided.object, decided.start..decided.start + decided.n_rows)?;
        let mut cuts = Cuts { rows, next: None, name: store.display(&decided.object.key) };
        cuts.advance()?;
        Ok(cuts)
    }

    fn advance(&mut self) -> Result<(), StoreError> {
        self.next = self.rows.next().transpose()?.map(|row| Cut::of_home(&row));
        Ok(())
    }

    /// Fills `lines` with the lines of row `row` that go, which is the document `id`; rows come in rising order.
    ///
    /// # Errors
    /// When the decision is about another document, or one about an earlier row found no such row.
    pub fn at(&mut self, row: u32, id: DocId, lines: &mut Vec<u32>) -> Result<(), StoreError> {
        lines.clear();
        while let Some(cut) = self.next.filter(|cut| cut.row <= row) {
            if cut.row < row || cut.check != Cut::check_of(id) {
                let why = format!("it decides about row {} and another document, not about {id} at row {row}", cut.row);
                return Err(StoreError::corrupt(&self.name, why));
            }
            lines.push(cut.line);
            self.advance()?;
        }
        Ok(())
    }

    /// The lines of row `row` that go, which is the document `id`, without walking the rows before it one by one.
    ///
    /// # Errors
    /// As [`Cuts::open`], and when the decision is about another document.
    pub fn of_row(store: &dyn Store, decided: &Decided, row: u32, id: DocId) -> Result<Vec<u32>, StoreError> {
        let mut cuts = Cuts::open(store, decided)?;
        while cuts.next.is_some_and(|cut| cut.row < row) {
            cuts.advance()?;
        }
        let mut lines = Vec::new();
        cuts.at(row, id, &mut lines)?;
        Ok(lines)
    }

    /// Ends the walk.
    ///
    /// # Errors
    /// When there is a decision about a row that never came.
    pub fn finish(self) -> Result<(), StoreError> {
        match self.next {
            None => Ok(()),
            Some(cut) => Err(StoreError::corrupt(&self.name, format!("there is no row {}", cut.row))),
        }
    }
}
