//! Reads tables: row groups as Arrow batches, with the columns one asks for by name.

use super::chunks::{Chunks, LastError};
use super::write::Field;
use crate::{Object, Store, StoreError};
use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchReader as _};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use tokenmill_core::schema::Type;

/// Rows of a batch handed to the caller: few, because a row can be megabytes.
const BATCH_ROWS: usize = 1_024;

/// Which rows are read.
enum Want<'a> {
    /// All.
    All,
    /// Those of row groups that may hold a value of the range in the column.
    Keys(&'a str, &'a RangeInclusive<u64>),
    /// Those of ascending ranges.
    Ranges(&'a [Range<usize>]),
}

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
        Batches::read(store.open(key)?, &store.display(key), columns, &Want::All)
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
        Batches::read(store.open(key)?, &store.display(key), columns, &Want::Keys(column, range))
    }

    /// Opens a table of a run and reads the rows of some ranges alone, which ascend and do not overlap. Pages without such
    /// a row are not fetched.
    ///
    /// # Errors
    /// As [`Batches::open`].
    pub fn open_rows(
        store: &dyn Store,
        key: &str,
        columns: &[&str],
        rows: &[Range<usize>],
    ) -> Result<Batches, StoreError> {
        Batches::read(store.open(key)?, &store.display(key), columns, &Want::Ranges(rows))
    }

    /// Opens a table that was made for other programs, whose file does not say how this program holds `fields`, all of
    /// its columns, in memory.
    ///
    /// # Errors
    /// As [`Batches::open`].
    pub fn public(
        object: Box<dyn Object>,
        name: &str,
        fields: &[Field],
        columns: &[&str],
    ) -> Result<Batches, StoreError> {
        let schema = Arc::new(Schema::new(fields.iter().map(Field::arrow).collect::<Vec<_>>()));
        Batches::read_as(object, name, columns, &Want::All, ArrowReaderOptions::new().with_schema(schema))
    }

    /// Opens any object as a table.
    ///
    /// # Errors
    /// As [`Batches::open`].
    pub fn of(object: Box<dyn Object>, name: &str, columns: &[&str]) -> Result<Batches, StoreError> {
        Batches::read(object, name, columns, &Want::All)
    }

    /// Opens any object as a table, for these columns and those of `optional` that it has.
    ///
    /// # Errors
    /// As [`Batches::open`].
    pub fn of_some(
        object: Box<dyn Object>,
        name: &str,
        columns: &[&str],
        optional: &[&str],
    ) -> Result<Batches, StoreError> {
        let object: Arc<dyn Object> = object.into();
        let chunks = Chunks::new(object.clone());
        let metadata = ArrowReaderMetadata::load(&chunks, ArrowReaderOptions::default());
        let metadata = metadata.map_err(|error| chunks.last_error.explain(name, error))?;
        let is_there = |column: &&&str| metadata.schema().field_with_name(column).is_ok();
        let columns: Vec<&str> = columns.iter().chain(optional.iter().filter(is_there)).copied().collect();
        Batches::read(object, name, &columns, &Want::All)
    }

    fn read(
        object: impl Into<Arc<dyn Object>>,
        name: &str,
        columns: &[&str],
        want: &Want<'_>,
    ) -> Result<Batches, StoreError> {
        let policy = if matches!(want, Want::Ranges(_)) { PageIndexPolicy::Optional } else { PageIndexPolicy::Skip };
        Batches::read_as(object, name, columns, want, ArrowReaderOptions::new().with_offset_index_policy(policy))
    }

    fn read_as(
        object: impl Into<Arc<dyn Object>>,
        name: &str,
        columns: &[&str],
        want: &Want<'_>,
        options: ArrowReaderOptions,
    ) -> Result<Batches, StoreError> {
        let chunks = Chunks::new(object);
        let last_error = chunks.last_error.clone();
        let explain = |error: ParquetError| last_error.explain(name, error);
        let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(chunks.clone(), options);
        let mut builder = builder.map_err(explain)?;
        // Where few rows are wanted, what lies beside them is not.
        if !matches!(want, Want::Ranges(_)) {
            chunks.learn(builder.metadata());
        }
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
        let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
        match want {
            Want::All => {}
            Want::Keys(column, range) => {
                let groups = groups_in_range(builder.metadata(), column, range);
                builder = builder.with_row_groups(groups);
            }
            Want::Ranges(ranges) if ranges.last().is_some_and(|last| last.end as u64 > rows) => {
                return Err(StoreError::corrupt(name, format!("it has {rows} rows, and others were asked for")));
            }
            Want::Ranges(ranges) => {
                let selection = RowSelection::from_consecutive_ranges(ranges.iter().cloned(), rows as usize);
                builder = builder.with_row_selection(selection);
            }
        }
        let reader = builder.with_batch_size(BATCH_ROWS).build().map_err(explain)?;
        Ok(Batches { reader, last_error, name: name.to_owned(), rows })
    }

    /// The names of the columns that are read.
    pub fn columns(&self) -> Vec<String> {
        self.reader.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The Arrow schema of the columns that are read.
    pub fn schema(&self) -> Arc<Schema> {
        self.reader.schema()
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

    /// Whether rows may have no value, for the columns of [`Batches::fields`].
    pub fn nullable(&self) -> Vec<bool> {
        let names: Vec<String> = self.fields().into_iter().map(|(name, _)| name).collect();
        let schema = self.reader.schema();
        let nullable = |name: &String| schema.field_with_name(name).is_ok_and(|field| field.is_nullable());
        names.iter().map(nullable).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Columns, Table};
    use crate::{MemStore, Spool};
    use bytes::Bytes;
    use tokenmill_core::DocId;
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

        fn read_at(&self, _: Range<u64>) -> Result<Bytes, StoreError> {
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
    fn single_rows_are_read_and_nothing_else() {
        let store = MemStore::new().unwrap();
        let object = write(&store, 3_000);
        let read = |ranges: &[Range<usize>]| -> Vec<u128> {
            let batches = Batches::open_rows(&store, &object.key, &["id", "text"], ranges).unwrap();
            batches.flat_map(|batch| Columns(&batch.unwrap()).ids("id").unwrap()).map(|id| id.0).collect()
        };
        assert_eq!(read(&[0..1, 5..8, 2_999..3_000]), [0, 5, 6, 7, 2_999]);
        assert!(read(&[]).is_empty());
        assert!(Batches::open_rows(&store, &object.key, &["id"], &[0..1, 2_999..3_001]).is_err());
    }

    #[test]
    fn a_table_for_others_is_read_as_it_was_written() {
        let store = MemStore::new().unwrap();
        let fields = Field::of(&schema::REMOVED[1..]);
        let mut table = Table::public(Spool::public(&store).unwrap(), fields.clone());
        for text in ["", "é", "x"] {
            table.row().text("http://a/").text("en").text("s").text("r").text(text).end().unwrap();
        }
        let object = table.finish().unwrap().0.store(&store, "t", "parquet").unwrap();
        // The file holds no schema of Arrow, so its strings come as anybody's.
        assert!(Batches::open(&store, &object.key, &["text"]).unwrap().fields().is_empty());
        let mut read = Batches::public(store.open(&object.key).unwrap(), "t", &fields, &["text"]).unwrap();
        let batch = read.next().unwrap().unwrap();
        assert_eq!(Columns(&batch).text("text").unwrap().iter().flatten().collect::<Vec<_>>(), ["", "é", "x"]);
    }

    #[test]
    fn a_short_row_is_an_error() {
        let store = MemStore::new().unwrap();
        let mut table = Table::new(Spool::create(&store).unwrap(), Field::of(schema::REMOVED));
        assert!(table.row().text("only one").end().is_err());
    }
}
