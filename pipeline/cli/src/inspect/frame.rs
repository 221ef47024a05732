//! Batches of a table as polars frames, in which queries are asked.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float32Type, UInt32Type, UInt64Type};
use arrow::record_batch::RecordBatch;
use polars::prelude::{
    BinaryChunked, BooleanChunked, Column, DataFrame, Float32Chunked, IntoColumn, NewChunkedArray, PolarsError,
    StringChunked, UInt32Chunked, UInt64Chunked,
};
use tokenmill_store::StoreError;
use tokenmill_store::table::Batches;

use crate::failure::Failure;

/// An error of a query, which means that a table is not what this program writes.
pub fn failed(error: PolarsError) -> Failure {
    Failure::for_good(format!("a table of the run cannot be queried: {error}"))
}

/// A batch as a frame. Document ids are sixteen bytes; lists of tokens are left out.
pub fn of_batch(batch: &RecordBatch) -> Result<DataFrame, Failure> {
    let fields = batch.schema_ref().fields().iter().zip(batch.columns());
    let columns: Vec<Column> = fields.filter_map(|(field, array)| column(field.name(), array)).collect();
    DataFrame::new(batch.num_rows(), columns).map_err(failed)
}

fn column(name: &str, array: &dyn Array) -> Option<Column> {
    let name = name.into();
    Some(match array.data_type() {
        DataType::LargeUtf8 => StringChunked::from_iter_options(name, array.as_string::<i64>().iter()).into_column(),
        DataType::Boolean => BooleanChunked::from_iter_options(name, array.as_boolean().iter()).into_column(),
        DataType::Float32 => {
            Float32Chunked::from_iter_options(name, array.as_primitive::<Float32Type>().iter()).into_column()
        }
        DataType::UInt32 => UInt32Chunked::from_slice(name, array.as_primitive::<UInt32Type>().values()).into_column(),
        DataType::UInt64 => UInt64Chunked::from_slice(name, array.as_primitive::<UInt64Type>().values()).into_column(),
        DataType::FixedSizeBinary(_) => {
            BinaryChunked::from_iter_options(name, array.as_fixed_size_binary().iter()).into_column()
        }
        _ => return None,
    })
}

/// The rows of a table as frames of as many rows as one asks for.
pub struct Rows {
    batches: Batches,
    /// What has been read and not been asked for.
    left: Option<DataFrame>,
}

impl Rows {
    /// Reads what `batches` brings.
    pub fn new(batches: Batches) -> Rows {
        Rows { batches, left: None }
    }

    /// The next rows: `n` of them, or all that are left.
    pub fn next(&mut self, n: usize) -> Result<DataFrame, Failure> {
        let mut frame = match self.left.take() {
            Some(left) => left,
            None => match self.batches.next() {
                Some(batch) => of_batch(&batch?)?,
                // Without any rows, a table still has columns.
                None => return self.empty(),
            },
        };
        while frame.height() < n {
            let Some(batch) = self.batches.next() else { break };
            frame.vstack_mut_owned(of_batch(&batch?)?).map_err(failed)?;
        }
        if frame.height() > n {
            self.left = Some(frame.slice(n as i64, frame.height() - n));
            frame = frame.slice(0, n);
        }
        frame.rechunk_mut();
        Ok(frame)
    }

    fn empty(&self) -> Result<DataFrame, Failure> {
        of_batch(&RecordBatch::new_empty(self.batches.schema()))
    }
}

/// Several tables of equal columns below each other; `None` if there are none.
pub fn stacked(frames: impl IntoIterator<Item = DataFrame>) -> Result<Option<DataFrame>, Failure> {
    let mut all: Option<DataFrame> = None;
    for frame in frames {
        match &mut all {
            Some(all) => drop(all.vstack_mut_owned(frame).map_err(failed)?),
            None => all = Some(frame),
        }
    }
    Ok(all)
}

/// Opens columns of a table of a part.
pub fn open(
    store: &dyn tokenmill_store::Store,
    part: &tokenmill_store::Part,
    table: &str,
    columns: &[&str],
) -> Result<Rows, Failure> {
    let object = part.objects.get(table);
    let object = object.ok_or_else(|| StoreError::corrupt(&part.task, format!("the part has no {table}")))?;
    Ok(Rows::new(Batches::open(store, &object.key, columns)?))
}
