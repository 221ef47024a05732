//! Reads tables: row groups as Arrow batches, with the columns one asks for by name.

use super::chunks::{Chunks, LastError};
use crate::{Object, Store, StoreError};
use arrow::array::{
    Array, AsArray, BooleanArray, FixedSizeBinaryArray, Float32Array, LargeListArray, LargeStringArray,
};
use arrow::datatypes::{DataType, Float32Type, UInt32Type, UInt64Type};
use arrow::record_batch::{RecordBatch, RecordBatchReader as _};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use std::ops::RangeInclusive;
use tokenmill_core::DocId;
use tokenmill_core::schema::Type;

/// Rows of a batch handed to the caller: few, because a row can be megabytes.
const BATCH_ROWS: usize = 1_024;

/// The batches of a table, in order.
pub struct Batches {
    reader: ParquetRecordBatchReader,
    last_error: LastError,
    name: String,
    rows: u64,
}

impl Batches {
    /// Opens a table of a run; `columns` empty means all of them.
    ///
    /// # Errors
    /// When the object is missing or is not Parquet, or a column is not there.
    pub fn open(store: &dyn Store, key: &str, columns: &[&str]) -> Result<Batches, StoreError> {
        Batches::read(store.open(key)?, &store.display(key), columns, None)
    }

    /// Opens a table of a run and leaves out the row groups that hold no value of `range` in the 64-bit column
    /// `column`, by their statistics. Rows outside the range may still come.
    ///
    /// # Errors
    /// As [`Batches::open`].
    pub fn open_range(
        store: &dyn Store,
        key: &str,
        columns: &[&str],
        column: &str,
        range: &RangeInclusive<u64>,
    ) -> Result<Batches, StoreError> {
        Batches::read(store.open(key)?, &store.display(key), columns, Some((column, range)))
    }

    /// Opens any object as a table.
    ///
    /// # Errors
    /// As [`Batches::open`].
    pub fn of(object: Box<dyn Object>, name: &str, columns: &[&str]) -> Result<Batches, StoreError> {
        Batches::read(object, name, columns, None)
    }

    fn read(
        object: Box<dyn Object>,
        name: &str,
        columns: &[&str],
        keys: Option<(&str, &RangeInclusive<u64>)>,
    ) -> Result<Batches, StoreError> {
        let chunks = Chunks::new(object);
        let last_error = chunks.last_error.clone();
        let explain = |error: ParquetError| last_error.explain(name, error);
        let mut builder = ParquetRecordBatchReaderBuilder::try_new(chunks.clone()).map_err(explain)?;
        chunks.learn(builder.metadata());
        if !columns.is_empty() {
            let known: Vec<&str> = builder.schema().fields().iter().map(|field| field.name().as_str()).collect();
            if let Some(missing) = columns.iter().find(|column| !known.contains(column)) {
                let why = format!("there is no column `{missing}`; its columns are {}", known.join(", "));
                return Err(StoreError::corrupt(name, why));
            }
            let roots: Vec<usize> = (0..known.len()).filter(|at| columns.contains(&known[*at])).collect();
            let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
            builder = builder.with_projection(mask);
        }
        if let Some((column, range)) = keys {
            let groups = groups_in_range(builder.metadata(), column, range);
            builder = builder.with_row_groups(groups);
        }
        let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
        let reader = builder.with_batch_size(BATCH_ROWS).build().map_err(explain)?;
        Ok(Batches { reader, last_error, name: name.to_owned(), rows })
    }

    /// The names of the columns that are read.
    pub fn columns(&self) -> Vec<String> {
        self.reader.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The names and types of the columns that are read, of those with a type of ours.
    pub fn fields(&self) -> Vec<(String, Type)> {
        let kind = |kind: &DataType| match kind {
            DataType::LargeUtf8 => Some(Type::Text),
            DataType::FixedSizeBinary(16) => Some(Type::Id),
            DataType::UInt64 => Some(Type::U64),
            DataType::UInt32 => Some(Type::U32),
            DataType::Float32 => Some(Type::F32),
            DataType::Boolean => Some(Type::Bool),
            DataType::LargeList(_) => Some(Type::Tokens),
            _ => None,
        };
        let schema = self.reader.schema();
        schema.fields().iter().filter_map(|field| Some((field.name().clone(), kind(field.data_type())?))).collect()
    }

    /// Rows in the table.
    pub fn rows(&self) -> u64 {
        self.rows
    }
}

/// The row groups whose statistics do not exclude `range`.
fn groups_in_range(metadata: &ParquetMetaData, column: &str, range: &RangeInclusive<u64>) -> Vec<usize> {
    let may_hold = |group: &RowGroupMetaData| {
        let chunk = group.columns().iter().find(|chunk| chunk.column_path().string() == column);
        match chunk.and_then(|chunk| chunk.statistics()) {
            Some(Statistics::Int64(statistics)) => match (statistics.min_opt(), statistics.max_opt()) {
                (Some(min), Some(max)) => *min as u64 <= *range.end() && *max as u64 >= *range.start(),
                _ => true,
            },
            _ => true,
        }
    };
    let groups = metadata.row_groups().iter().enumerate();
    groups.filter(|(_, group)| may_hold(group)).map(|(at, _)| at).collect()
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.reader.next().map(|batch| batch.map_err(|error| self.last_error.explain(&self.name, error)))
    }
}

/// Typed columns of one batch by name.
pub struct Columns<'a>(pub &'a RecordBatch);

impl<'a> Columns<'a> {
    fn column<T: 'static>(&self, name: &str) -> Result<&'a T, StoreError> {
        let array = self.0.column_by_name(name).and_then(|array| array.as_any().downcast_ref());
        array.ok_or_else(|| StoreError::corrupt("table", format!("column `{name}` is missing or has another type")))
    }

    /// A text or label column.
    ///
    /// # Errors
    /// When it is missing or of another type.
    pub fn text(&self, name: &str) -> Result<&'a LargeStringArray, StoreError> {
        self.column(name)
    }

    /// A column of flags.
    ///
    /// # Errors
    /// As [`Columns::text`].
    pub fn bool(&self, name: &str) -> Result<&'a BooleanArray, StoreError> {
        self.column(name)
    }

    /// A column of document ids.
    ///
    /// # Errors
    /// As [`Columns::text`].
    pub fn ids(&self, name: &str) -> Result<Vec<DocId>, StoreError> {
        let array: &FixedSizeBinaryArray = self.column(name)?;
        Ok((0..array.len()).filter_map(|at| DocId::from_bytes(array.value(at))).collect())
    }

    /// The document id of one row.
    ///
    /// # Errors
    /// As [`Columns::text`], and when there is no such row.
    pub fn id(&self, name: &str, row: usize) -> Result<DocId, StoreError> {
        let array: &FixedSizeBinaryArray = self.column(name)?;
        let id = (row < array.len()).then(|| DocId::from_bytes(array.value(row))).flatten();
        id.ok_or_else(|| StoreError::corrupt("table", format!("column `{name}` has no id in row {row}")))
    }

    /// A column of token lists.
    ///
    /// # Errors
    /// As [`Columns::text`].
    pub fn tokens(&self, name: &str) -> Result<TokenLists<'a>, StoreError> {
        let lists: &LargeListArray = self.column(name)?;
        let ids = lists.values().as_primitive_opt::<UInt32Type>();
        let ids = ids.ok_or_else(|| StoreError::corrupt("table", format!("column `{name}` holds no token ids")))?;
        let bytes = ids.values().inner().as_slice();
        Ok(TokenLists { ids: ids.values(), bytes, offsets: lists.value_offsets() })
    }

    /// A column of unsigned 32-bit numbers.
    ///
    /// # Errors
    /// As [`Columns::text`].
    pub fn u32(&self, name: &str) -> Result<&'a [u32], StoreError> {
        self.column::<arrow::array::PrimitiveArray<UInt32Type>>(name).map(|array| &array.values()[..])
    }

    /// A column of 32-bit floats, some of which may be absent.
    ///
    /// # Errors
    /// As [`Columns::text`].
    pub fn f32(&self, name: &str) -> Result<&'a Float32Array, StoreError> {
        self.column(name)
    }

    /// A column of unsigned 64-bit numbers.
    ///
    /// # Errors
    /// As [`Columns::text`].
    pub fn u64(&self, name: &str) -> Result<&'a [u64], StoreError> {
        self.column::<arrow::array::PrimitiveArray<UInt64Type>>(name).map(|array| &array.values()[..])
    }

    /// One cell as text for people; `None` when it is absent.
    pub fn show(&self, name: &str, row: usize) -> Option<String> {
        let array = self.0.column_by_name(name).filter(|array| array.is_valid(row))?;
        Some(match array.data_type() {
            DataType::LargeUtf8 => array.as_string::<i64>().value(row).to_owned(),
            DataType::Float32 => array.as_primitive::<Float32Type>().value(row).to_string(),
            DataType::UInt32 => array.as_primitive::<UInt32Type>().value(row).to_string(),
            DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row).to_string(),
            DataType::Boolean => array.as_boolean().value(row).to_string(),
            DataType::FixedSizeBinary(_) => DocId::from_bytes(array.as_fixed_size_binary().value(row))?.to_string(),
            other => format!("({other})"),
        })
    }
}

/// The token lists of one batch.
pub struct TokenLists<'a> {
    ids: &'a [u32],
    bytes: &'a [u8],
    offsets: &'a [i64],
}

impl<'a> TokenLists<'a> {
    /// The ids of one row; none for a row that is not there.
    pub fn get(&self, row: usize) -> &'a [u32] {
        match (self.offsets.get(row), self.offsets.get(row + 1)) {
            (Some(start), Some(end)) => self.ids.get(*start as usize..*end as usize).unwrap_or(&[]),
            _ => &[],
        }
    }

    /// The ids of one row as they lie in memory: four bytes each, little-endian.
    pub fn bytes(&self, row: usize) -> &'a [u8] {
        match (self.offsets.get(row), self.offsets.get(row + 1)) {
            (Some(start), Some(end)) => self.bytes.get(*start as usize * 4..*end as usize * 4).unwrap_or(&[]),
            _ => &[],
        }
    }
}

#[cfg(target_endian = "big")]
compile_error!("token ids are written as they lie in memory, which must be little-endian");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Field, Table};
    use crate::{MemStore, Spool};
    use bytes::Bytes;
    use tokenmill_core::schema;

    fn write(store: &MemStore, n: u32) -> crate::ObjectRef {
        let mut table = Table::new(Spool::create(store).unwrap(), Field::of(schema::REMOVED));
        for i in 0..n {
            let row = table.row().id(DocId(u128::from(i))).text("http://a/").text("en").text("s").text("r");
            row.text(&"x".repeat(i as usize % 100)).end().unwrap();
        }
        let (spool, rows) = table.finish().unwrap();
        assert_eq!(rows, u64::from(n));
        spool.store(store, "t", "parquet").unwrap()
    }

    #[test]
    fn what_was_written_is_read_back_and_equal_rows_give_equal_bytes() {
        let store = MemStore::new().unwrap();
        for n in [0, 1, 3_000] {
            let object = write(&store, n);
            assert_eq!(object.digest, write(&store, n).digest);
            let batches = Batches::open(&store, &object.key, &["id", "text"]).unwrap();
            assert_eq!(batches.rows(), u64::from(n));
            let mut seen = 0u32;
            for batch in batches {
                let batch = batch.unwrap();
                let columns = Columns(&batch);
                let texts = columns.text("text").unwrap();
                for (at, id) in columns.ids("id").unwrap().into_iter().enumerate() {
                    assert_eq!(id, DocId(u128::from(seen)));
                    assert_eq!(texts.value(at).len(), seen as usize % 100);
                    seen += 1;
                }
                assert!(columns.text("id").is_err());
            }
            assert_eq!(seen, n);
        }
    }

    #[test]
    fn wrong_columns_and_broken_files_are_errors() {
        let store = MemStore::new().unwrap();
        let object = write(&store, 2);
        assert!(Batches::open(&store, &object.key, &["nope"]).is_err());
        store.put("broken", b"PAR1 not really").unwrap();
        assert!(matches!(Batches::open(&store, "broken", &[]), Err(StoreError::Corrupt { .. })));
    }

    /// An object that cannot be reached any more.
    struct Gone(u64);

    impl Object for Gone {
        fn bytes(&self) -> u64 {
            self.0
        }

        fn read_at(&self, _: std::ops::Range<u64>) -> Result<Bytes, StoreError> {
            Err(StoreError::transient("read", "x", "no network"))
        }
    }

    #[test]
    fn a_network_that_fails_is_no_damaged_file() {
        let Err(error) = Batches::of(Box::new(Gone(1_000)), "x", &[]) else { panic!("nothing can be read") };
        assert!(error.is_transient(), "{error}");
    }

    #[test]
    fn token_lists_and_key_ranges() {
        let store = MemStore::new().unwrap();
        let mut table = Table::new(Spool::create(&store).unwrap(), Field::of(schema::TOKENS));
        // Rows of a megabyte, so that several row groups come about.
        for key in 0..100u64 {
            let ids = vec![key as u32; 1 << 18];
            let row = table.row().u64(key << 57).id(DocId(1)).text("en").text("").text("f").text("a.org");
            row.u32(1 << 18).u64(key).tokens(&ids).end().unwrap();
        }
        let object = table.finish().unwrap().0.store(&store, "t", "parquet").unwrap();
        let range = (30u64 << 57)..=(40u64 << 57);
        let mut seen = Vec::new();
        for batch in Batches::open_range(&store, &object.key, &["key", "tokens"], "key", &range).unwrap() {
            let batch = batch.unwrap();
            let columns = Columns(&batch);
            let lists = columns.tokens("tokens").unwrap();
            for (row, key) in columns.u64("key").unwrap().iter().enumerate() {
                assert_eq!(lists.get(row), vec![(key >> 57) as u32; 1 << 18]);
                seen.push(key >> 57);
            }
        }
        assert!((30..=40).all(|key| seen.contains(&key)));
        assert!(seen.len() < 100, "row groups outside the range are not read");
    }

    #[test]
    fn a_short_row_is_an_error() {
        let store = MemStore::new().unwrap();
        let mut table = Table::new(Spool::create(&store).unwrap(), Field::of(schema::REMOVED));
        assert!(table.row().text("only one").end().is_err());
    }
}
