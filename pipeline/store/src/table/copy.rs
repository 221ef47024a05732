//! Copies a table with some of its rows changed or left out, in the same form.

use super::columns::Columns;
use super::read::Batches;
use super::write::{Field, Table};
use crate::{Spool, Store, StoreError};
use arrow::array::Array;
use arrow::record_batch::RecordBatch;
use std::collections::BTreeMap;
use tokenmill_core::schema::{self, Type};

/// A value that is put into a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Text.
    Text(String),
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A number of 32 bits.
    U32(u32),
    /// A number of 64 bits.
    U64(u64),
}

/// What becomes of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It is copied.
    Keep,
    /// It is left out.
    Drop,
    /// It is copied with other values in the columns of these names.
    With(BTreeMap<String, Cell>),
}

/// Copies the table `key` into `spool`; `change` is asked about every row of a batch. Gives back the file and its number of rows.
///
/// # Errors
/// When the table is damaged, or the file cannot be written.
pub fn copy(
    store: &dyn Store,
    key: &str,
    spool: Spool,
    mut change: impl FnMut(&RecordBatch, usize) -> Result<Change, StoreError>,
) -> Result<(Spool, u64), StoreError> {
    let batches = Batches::open(store, key, &[])?;
    let nullable = batches.nullable();
    let field = |((name, kind), nullable): ((String, Type), bool)| {
        let kind = if kind == Type::Text && !is_long(&name) { Type::Label } else { kind };
        Field { name, kind, nullable }
    };
    let fields: Vec<Field> = batches.fields().into_iter().zip(nullable).map(field).collect();
    let mut table = Table::new(spool, fields.clone());
    for batch in batches {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            match change(&batch, row)? {
                Change::Drop => {}
                Change::Keep => write(&mut table, &fields, &batch, row, &BTreeMap::new())?,
                Change::With(cells) => write(&mut table, &fields, &batch, row, &cells)?,
            }
        }
    }
    table.finish()
}

fn write(
    table: &mut Table,
    fields: &[Field],
    batch: &RecordBatch,
    row: usize,
    cells: &BTreeMap<String, Cell>,
) -> Result<(), StoreError> {
    let columns = Columns(batch);
    let mut line = table.row();
    for field in fields {
        let name = field.name.as_str();
        let is_valid = batch.column_by_name(name).is_some_and(|column| column.is_valid(row));
        line = match (cells.get(name), field.kind) {
            (Some(Cell::Text(text)), _) => line.text(text),
            (Some(Cell::Bool(value)), _) => line.bool(*value),
            (Some(Cell::U32(value)), _) => line.u32(*value),
            (Some(Cell::U64(value)), _) => line.u64(*value),
            (Some(Cell::Null), Type::F32) => line.f32_or_null(None),
            (Some(Cell::Null), _) => line.text_or_null(None),
            (None, Type::Text | Type::Label) => {
                line.text_or_null(is_valid.then(|| columns.text(name)).transpose()?.map(|text| text.value(row)))
            }
            (None, Type::F32) => {
                line.f32_or_null(is_valid.then(|| columns.f32(name)).transpose()?.map(|values| values.value(row)))
            }
            (None, Type::Id) => line.id(columns.id(name, row)?),
            (None, Type::U64) => line.u64(columns.u64(name)?[row]),
            (None, Type::U32) => line.u32(columns.u32(name)?[row]),
            (None, Type::Bool) => line.bool(columns.bool(name)?.value(row)),
            (None, Type::Tokens) => line.tokens(columns.tokens(name)?.get(row)),
        };
    }
    line.end()
}

/// Whether a text column has mostly different values; a file does not tell labels from text.
fn is_long(name: &str) -> bool {
    let tables = [schema::DOCS, schema::LEDGER, schema::REMOVED, schema::GROUPS, schema::TOKENS];
    tables.iter().flat_map(|table| table.iter()).any(|column| column.name == name && column.kind == Type::Text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemStore;
    use tokenmill_core::DocId;

    #[test]
    fn an_unchanged_copy_has_the_same_bytes_and_changes_are_made() {
        let store = MemStore::new().unwrap();
        let mut table = Table::new(Spool::create(&store).unwrap(), Field::of(schema::LEDGER));
        for n in 0..5_000u32 {
            let line =
                table.row().id(DocId(u128::from(n))).u64(7).text("part").u32(n).bool(n % 2 == 0).text("").text("");
            let line = line.text("").f32_or_null((n % 3 == 0).then_some(n as f32)).f32_or_null(None).u32(n);
            line.text_or_null((n % 5 == 0).then_some("why")).text("en").text("").text("a.org").end().unwrap();
        }
        let (spool, _) = table.finish().unwrap();
        let first = spool.store(&store, "t", "parquet").unwrap();
        let (same, rows) = copy(&store, &first.key, Spool::create(&store).unwrap(), |_, _| Ok(Change::Keep)).unwrap();
        assert_eq!((same.digest(), rows), (first.digest.clone(), 5_000));
        let cells = BTreeMap::from([("evidence".to_owned(), Cell::Null), ("kept".to_owned(), Cell::Bool(false))]);
        let (other, rows) = copy(&store, &first.key, Spool::create(&store).unwrap(), |batch, row| {
            Ok(match Columns(batch).u32("row")?[row] {
                10 => Change::Drop,
                20 => Change::With(cells.clone()),
                _ => Change::Keep,
            })
        })
        .unwrap();
        assert_eq!(rows, 4_999);
        let other = other.store(&store, "t", "parquet").unwrap();
        let mut n_changed = 0;
        for batch in Batches::open(&store, &other.key, &[]).unwrap() {
            let batch = batch.unwrap();
            let columns = Columns(&batch);
            for (at, row) in columns.u32("row").unwrap().iter().enumerate() {
                assert_ne!(*row, 10);
                let expected =
                    if *row == 20 { (false, None) } else { (row % 2 == 0, (row % 5 == 0).then_some("why".to_owned())) };
                assert_eq!((columns.bool("kept").unwrap().value(at), columns.show("evidence", at)), expected);
                n_changed += usize::from(*row == 20);
            }
        }
        assert_eq!(n_changed, 1);
    }
}
