//! The answers about a part at rest: a row for every document that was asked about, joined by row number and checked by id.

use super::line::Answer;
use crate::exchange::Decided;
use arrow::array::Array;
use arrow::record_batch::RecordBatch;
use tokenmill_core::DocId;
use tokenmill_core::schema::Type;
use tokenmill_store::table::{Batches, Columns, Field, Table};
use tokenmill_store::{ObjectRef, Store, StoreError, TaskContext};

/// The answers of one task being written.
pub struct AnswerTable(Table, Gives);

/// What answers may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// Numbers alone.
    Numbers,
    /// Also removals and texts.
    Decisions,
}

impl AnswerTable {
    /// An empty table for answers with these numbers.
    pub fn create(context: &TaskContext<'_>, gives: Gives, numbers: &[String]) -> Result<AnswerTable, StoreError> {
        let field = |name: &str, kind, nullable| Field { name: name.to_owned(), kind, nullable };
        let mut fields = vec![field("row", Type::U32, false), field("id", Type::Id, false)];
        if gives == Gives::Decisions {
            fields.extend([field("reason", Type::Label, true), field("text", Type::Text, true)]);
        }
        fields.extend(numbers.iter().map(|name| field(&column(name), Type::F32, true)));
        Ok(AnswerTable(Table::new(context.spool()?, fields), gives))
    }

    /// Adds the answer about row `row`.
    pub fn push(&mut self, row: u32, id: DocId, answer: &Answer) -> Result<(), StoreError> {
        let mut line = self.0.row().u32(row).id(id);
        if self.1 == Gives::Decisions {
            line = line.text_or_null(answer.removed_because.as_deref()).text_or_null(answer.text.as_deref());
        }
        answer.numbers.iter().fold(line, |line, number| line.f32_or_null(*number)).end()
    }

    /// Stores the table as `name`.
    pub fn finish(self, context: &TaskContext<'_>, name: &str) -> Result<ObjectRef, StoreError> {
        context.keep_table(self.0, name)
    }
}

/// The column of a number.
fn column(name: &str) -> String {
    format!("number.{name}")
}

/// Walks the answers about a part beside its rows.
pub struct Answers {
    batches: Batches,
    batch: Option<(RecordBatch, Vec<DocId>)>,
    at: usize,
    /// The columns of the numbers.
    numbers: Vec<String>,
    name: String,
}

impl Answers {
    /// Opens the answers about a part.
    ///
    /// # Errors
    /// When they are missing or damaged.
    pub fn open(store: &dyn Store, decided: &Decided, numbers: &[String]) -> Result<Answers, StoreError> {
        let batches = Batches::open(store, &decided.object.key, &[])?;
        let name = store.display(&decided.object.key);
        if batches.rows() != decided.n_rows {
            let why = format!("it holds {} answers, {} were committed", batches.rows(), decided.n_rows);
            return Err(StoreError::corrupt(name, why));
        }
        let numbers = numbers.iter().map(|name| column(name)).collect();
        let mut answers = Answers { batches, batch: None, at: 0, numbers, name };
        answers.settle()?;
        Ok(answers)
    }

    /// Sees to it that the next answer is at hand, if there is one.
    fn settle(&mut self) -> Result<(), StoreError> {
        while self.batch.as_ref().is_none_or(|(_, ids)| self.at >= ids.len()) {
            let Some(batch) = self.batches.next() else {
                self.batch = None;
                return Ok(());
            };
            let batch = batch?;
            let ids = Columns(&batch).ids("id")?;
            (self.batch, self.at) = (Some((batch, ids)), 0);
        }
        Ok(())
    }

    /// The row and the document that the next answer is about.
    fn next(&self) -> Result<Option<(u32, DocId)>, StoreError> {
        let Some((batch, ids)) = &self.batch else { return Ok(None) };
        let row = Columns(batch).u32("row")?.get(self.at).copied();
        Ok(row.zip(ids.get(self.at).copied()))
    }

    /// What was answered about row `row`, which is the document `id`; rows come in rising order.
    ///
    /// # Errors
    /// When the answer is about another document, or one about an earlier row found no such row.
    pub fn at(&mut self, row: u32, id: DocId) -> Result<Option<Answer>, StoreError> {
        let answer = match self.next()? {
            Some(next) if next == (row, id) => self.read()?,
            Some((other_row, other)) if other_row <= row => {
                let why = format!("it is about document {other} at row {other_row}, not {id} at row {row}");
                return Err(StoreError::corrupt(&self.name, why));
            }
            _ => return Ok(None),
        };
        self.at += 1;
        self.settle()?;
        Ok(answer)
    }

    fn read(&self) -> Result<Option<Answer>, StoreError> {
        let Some((batch, _)) = &self.batch else { return Ok(None) };
        let columns = Columns(batch);
        let text = |name: &str| -> Result<Option<String>, StoreError> {
            if batch.column_by_name(name).is_none() {
                return Ok(None);
            }
            let column = columns.text(name)?;
            Ok(column.is_valid(self.at).then(|| column.value(self.at).to_owned()))
        };
        let number = |name: &String| -> Result<Option<f32>, StoreError> {
            let column = columns.f32(name)?;
            Ok(column.is_valid(self.at).then(|| column.value(self.at)))
        };
        let numbers = self.numbers.iter().map(number).collect::<Result<_, _>>()?;
        Ok(Some(Answer { removed_because: text("reason")?, text: text("text")?, numbers }))
    }

    /// Ends the walk.
    ///
    /// # Errors
    /// When there is an answer about a row that never came.
    pub fn finish(self) -> Result<(), StoreError> {
        match self.next()? {
            None => Ok(()),
            Some((row, _)) => Err(StoreError::corrupt(&self.name, format!("there is no row {row}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;
    use tokenmill_store::{Inputs, MemStore};

    /// Answers about rows 1, 4 and 5, which are documents 10, 40 and 50.
    fn stored(store: &MemStore) -> (Decided, Vec<String>, [Answer; 3]) {
        let inputs = Inputs::none();
        let bytes_read = AtomicU64::new(0);
        let context =
            TaskContext { store, folder: "p", inputs: &inputs, bytes_read: &bytes_read, timings: false, memory: 0 };
        let numbers = vec!["a".to_owned(), "row".to_owned()];
        let answers = [
            Answer { numbers: vec![Some(1.5), None], ..Answer::default() },
            Answer { removed_because: Some("red".into()), text: None, numbers: vec![None, None] },
            Answer { removed_because: None, text: Some(String::new()), numbers: vec![None, Some(-1.0)] },
        ];
        let mut table = AnswerTable::create(&context, Gives::Decisions, &numbers).unwrap();
        for (row, answer) in [1, 4, 5].into_iter().zip(&answers) {
            table.push(row, DocId(u128::from(row) * 10), answer).unwrap();
        }
        let object = table.finish(&context, "decisions").unwrap();
        (Decided { digest: object.digest.clone(), object, start: 0, n_rows: 3 }, numbers, answers)
    }

    #[test]
    fn answers_are_read_beside_their_documents() {
        let store = MemStore::new().unwrap();
        let (decided, numbers, answers) = stored(&store);
        let mut read = Answers::open(&store, &decided, &numbers).unwrap();
        let found: Vec<_> = (0..7).map(|row| read.at(row, DocId(u128::from(row) * 10)).unwrap()).collect();
        let [first, second, third] = answers.map(Some);
        assert_eq!(found, [None, first, None, None, second, third, None]);
        read.finish().unwrap();
    }

    #[test]
    fn answers_about_others_are_errors() {
        let store = MemStore::new().unwrap();
        let (decided, numbers, _) = stored(&store);
        let open = || Answers::open(&store, &decided, &numbers).unwrap();
        assert!(open().at(1, DocId(11)).is_err(), "another document at this row");
        assert!(open().at(2, DocId(20)).is_err(), "a row that never came");
        assert!(open().finish().is_err(), "rows that never came");
        let more = Decided { n_rows: 4, ..decided.clone() };
        assert!(Answers::open(&store, &more, &numbers).is_err(), "an answer is missing");
    }
}
