//! Writes a table row by row; a row group is closed at a fixed number of rows or bytes, never at a moment in time.

use super::props::{properties, public_properties};
use crate::{Spool, StoreError};
use arrow::array::{
    ArrayBuilder, ArrayRef, BooleanBuilder, FixedSizeBinaryBuilder, Float32Builder, LargeListBuilder,
    LargeStringBuilder, UInt32Builder, UInt64Builder,
};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::errors::ParquetError;
use std::io;
use std::sync::Arc;
use tokenmill_core::DocId;
use tokenmill_core::schema::{Column, Type};

/// A row group ends at this many rows …
const GROUP_ROWS: u64 = 65_536;
/// … or at this many bytes of text, whichever comes first.
const GROUP_BYTES: usize = 32 << 20;

/// One column of a table being written.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name in the file.
    pub name: String,
    /// Physical type.
    pub kind: Type,
    /// Whether a row may have no value.
    pub nullable: bool,
}

impl Field {
    /// The fields of a table declared in `core::schema`.
    pub fn of(columns: &[Column]) -> Vec<Field> {
        columns.iter().map(|c| Field { name: c.name.to_owned(), kind: c.kind, nullable: c.nullable }).collect()
    }

    pub(super) fn arrow(&self) -> arrow::datatypes::Field {
        let kind = match self.kind {
            Type::Text | Type::Label => DataType::LargeUtf8,
            Type::Id => DataType::FixedSizeBinary(16),
            Type::U64 => DataType::UInt64,
            Type::U32 => DataType::UInt32,
            Type::F32 => DataType::Float32,
            Type::Bool => DataType::Boolean,
            Type::Tokens => DataType::LargeList(token_field()),
        };
        arrow::datatypes::Field::new(&self.name, kind, self.nullable)
    }
}

/// One id of a list of tokens.
fn token_field() -> Arc<arrow::datatypes::Field> {
    Arc::new(arrow::datatypes::Field::new("item", DataType::UInt32, false))
}

enum Builder {
    Text(LargeStringBuilder),
    Id(FixedSizeBinaryBuilder),
    U64(UInt64Builder),
    U32(UInt32Builder),
    F32(Float32Builder),
    Bool(BooleanBuilder),
    Tokens(LargeListBuilder<UInt32Builder>),
}

impl Builder {
    fn new(kind: Type) -> Builder {
        match kind {
            Type::Text | Type::Label => Builder::Text(LargeStringBuilder::new()),
            Type::Id => Builder::Id(FixedSizeBinaryBuilder::new(16)),
            Type::U64 => Builder::U64(UInt64Builder::new()),
            Type::U32 => Builder::U32(UInt32Builder::new()),
            Type::F32 => Builder::F32(Float32Builder::new()),
            Type::Bool => Builder::Bool(BooleanBuilder::new()),
            Type::Tokens => Builder::Tokens(LargeListBuilder::new(UInt32Builder::new()).with_field(token_field())),
        }
    }

    fn dynamic(&mut self) -> &mut dyn ArrayBuilder {
        match self {
            Builder::Text(builder) => builder,
            Builder::Id(builder) => builder,
            Builder::U64(builder) => builder,
            Builder::U32(builder) => builder,
            Builder::F32(builder) => builder,
            Builder::Bool(builder) => builder,
            Builder::Tokens(builder) => builder,
        }
    }
}

/// A table being written.
pub struct Table {
    fields: Vec<Field>,
    schema: SchemaRef,
    builders: Vec<Builder>,
    /// Text bytes in the builders.
    pending_bytes: usize,
    pending_rows: u64,
    rows: u64,
    writer: Option<ArrowWriter<Spool>>,
    spool: Option<Spool>,
    /// Whether other programs will read it.
    is_public: bool,
}

impl Table {
    /// Starts a table in `spool`.
    pub fn new(spool: Spool, fields: Vec<Field>) -> Table {
        let schema = Arc::new(Schema::new(fields.iter().map(Field::arrow).collect::<Vec<_>>()));
        let builders = fields.iter().map(|field| Builder::new(field.kind)).collect();
        Table {
            fields,
            schema,
            builders,
            pending_bytes: 0,
            pending_rows: 0,
            rows: 0,
            writer: None,
            spool: Some(spool),
            is_public: false,
        }
    }

    /// Starts a table that other programs will read: as plain as Parquet can be, so that texts come as their own strings
    /// and nothing of how this program holds them in memory is in it.
    pub fn public(spool: Spool, fields: Vec<Field>) -> Table {
        Table { is_public: true, ..Table::new(spool, fields) }
    }

    /// Starts a row; set its columns from left to right, then call [`Row::end`].
    pub fn row(&mut self) -> Row<'_> {
        Row { table: self, column: 0 }
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes the rest out and gives back the file and its number of rows.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> Result<(Spool, u64), StoreError> {
        self.flush()?;
        let rows = self.rows;
        let writer = self.writer.take().ok_or_else(|| StoreError::Usage("a table was finished twice".into()))?;
        Ok((writer.into_inner().map_err(failed)?, rows))
    }

    fn writer(&mut self) -> Result<&mut ArrowWriter<Spool>, StoreError> {
        if let Some(spool) = self.spool.take() {
            // A table that ends within its first group knows its rows, so its bloom filters need no more room.
            let group_rows = self.pending_rows.min(GROUP_ROWS);
            let options = match self.is_public {
                true => ArrowWriterOptions::new()
                    .with_properties(public_properties(&self.fields, group_rows))
                    .with_skip_arrow_metadata(true),
                false => ArrowWriterOptions::new().with_properties(properties(&self.fields, group_rows)),
            };
            let writer = ArrowWriter::try_new_with_options(spool, self.schema.clone(), options);
            self.writer = Some(writer.map_err(failed)?);
        }
        self.writer.as_mut().ok_or_else(|| StoreError::Usage("a table was finished twice".into()))
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let arrays: Vec<ArrayRef> = self.builders.iter_mut().map(|builder| builder.dynamic().finish()).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), arrays);
        let batch = batch.map_err(|error| StoreError::corrupt("table", error))?;
        let writer = self.writer()?;
        let mut write = || {
            writer.write(&batch)?;
            writer.flush()
        };
        write().map_err(failed)?;
        (self.pending_bytes, self.pending_rows) = (0, 0);
        Ok(())
    }
}

/// Why a table cannot be written. A disk that is full is the machine's fault and not the table's, and the Parquet crate
/// carries its error along.
fn failed(error: ParquetError) -> StoreError {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => StoreError::io("write", "a table")(*error),
            Err(error) => StoreError::corrupt("table", error),
        },
        error => StoreError::corrupt("table", error),
    }
}

/// A row being written, column by column from left to right.
///
/// A value of the wrong type, or a missing one, is found when the row group is closed.
pub struct Row<'a> {
    table: &'a mut Table,
    column: usize,
}

impl Row<'_> {
    fn next(&mut self) -> Option<&mut Builder> {
        let builder = self.table.builders.get_mut(self.column);
        self.column += 1;
        builder
    }

    /// A text or label.
    #[must_use]
    pub fn text(mut self, value: &str) -> Self {
        self.table.pending_bytes += value.len();
        if let Some(Builder::Text(builder)) = self.next() {
            builder.append_value(value);
        }
        self
    }

    /// A text or label that may be absent.
    #[must_use]
    pub fn text_or_null(mut self, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(value),
            None => {
                if let Some(Builder::Text(builder)) = self.next() {
                    builder.append_null();
                }
                self
            }
        }
    }

    /// A document id.
    #[must_use]
    pub fn id(mut self, value: DocId) -> Self {
        if let Some(Builder::Id(builder)) = self.next() {
            // Sixteen bytes always fit a column of sixteen.
            let _ = builder.append_value(value.to_bytes());
        }
        self
    }

    /// An unsigned 64-bit number.
    #[must_use]
    pub fn u64(mut self, value: u64) -> Self {
        if let Some(Builder::U64(builder)) = self.next() {
            builder.append_value(value);
        }
        self
    }

    /// An unsigned 32-bit number.
    #[must_use]
    pub fn u32(mut self, value: u32) -> Self {
        if let Some(Builder::U32(builder)) = self.next() {
            builder.append_value(value);
        }
        self
    }

    /// A float that may be absent.
    #[must_use]
    pub fn f32_or_null(mut self, value: Option<f32>) -> Self {
        if let Some(Builder::F32(builder)) = self.next() {
            builder.append_option(value);
        }
        self
    }

    /// True or false.
    #[must_use]
    pub fn bool(mut self, value: bool) -> Self {
        if let Some(Builder::Bool(builder)) = self.next() {
            builder.append_value(value);
        }
        self
    }

    /// A list of token ids.
    #[must_use]
    pub fn tokens(mut self, ids: &[u32]) -> Self {
        self.table.pending_bytes += ids.len() * 4;
        if let Some(Builder::Tokens(builder)) = self.next() {
            builder.values().append_slice(ids);
            builder.append(true);
        }
        self
    }

    /// Ends the row, and the row group when it is full.
    ///
    /// # Errors
    /// When the row has too few or too many columns, or the group cannot be written.
    pub fn end(self) -> Result<(), StoreError> {
        if self.column != self.table.builders.len() {
            let (given, declared) = (self.column, self.table.builders.len());
            return Err(StoreError::Usage(format!("a row has {given} values for {declared} columns")));
        }
        let table = self.table;
        table.rows += 1;
        table.pending_rows += 1;
        if table.pending_rows >= GROUP_ROWS || table.pending_bytes >= GROUP_BYTES {
            table.flush()?;
        }
        Ok(())
    }
}
