//! The columns of one batch, by name and type.

use crate::StoreError;
use arrow::array::{
    Array, AsArray, BooleanArray, FixedSizeBinaryArray, Float32Array, LargeListArray, LargeStringArray,
};
use arrow::datatypes::{DataType, Float32Type, UInt32Type, UInt64Type};
use arrow::record_batch::RecordBatch;
use tokenmill_core::DocId;

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
