//! Looks up rows by an id or a hash: row groups that cannot hold it are passed over, by their statistics and bloom filters.

use super::chunks::Chunks;
use super::columns::Columns;
use crate::{ObjectRef, Store, StoreError};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;
use tokenmill_core::DocId;

/// A value that is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// In a column of document ids.
    Id(DocId),
    /// In a column of 64-bit numbers.
    U64(u64),
}

/// A row that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Number of the row in the table.
    pub row: u64,
    /// Which of the keys it has.
    pub key: usize,
}

/// All rows of a table whose `column` has one of the values `keys`, in order. A table that cannot hold them costs its
/// metadata and a filter for each row group, whatever its size.
///
/// # Errors
/// When the object is missing or damaged, or has no such column.
pub fn find(store: &dyn Store, object: &ObjectRef, column: &str, keys: &[Key]) -> Result<Vec<Hit>, StoreError> {
    let name = store.display(&object.key);
    let chunks = Chunks::new(store.open_committed(&object.key, object.bytes)?);
    let explain = |error| chunks.last_error.explain(&name, error);
    let metadata = ArrowReaderMetadata::load(&chunks, ArrowReaderOptions::default()).map_err(explain)?;
    chunks.learn(metadata.metadata());
    let schema = metadata.metadata().file_metadata().schema_descr();
    let leaf = (0..schema.num_columns()).find(|leaf| schema.column(*leaf).path().string() == column);
    let leaf = leaf.ok_or_else(|| StoreError::corrupt(&name, format!("there is no column `{column}`")))?;
    let mut hits = Vec::new();
    let mut first = 0u64;
    for (at, group) in metadata.metadata().row_groups().iter().enumerate() {
        let n_rows = u64::try_from(group.num_rows()).unwrap_or(0);
        let builder = || ParquetRecordBatchReaderBuilder::new_with_metadata(chunks.clone(), metadata.clone());
        let mut possible: Vec<usize> = (0..keys.len()).filter(|key| in_statistics(group, leaf, keys[*key])).collect();
        if !possible.is_empty()
            && let Some(filter) = builder().get_row_group_column_bloom_filter(at, leaf).map_err(explain)?
        {
            possible.retain(|key| in_filter(&filter, keys[*key]));
        }
        if !possible.is_empty() {
            let mask = ProjectionMask::leaves(schema, [leaf]);
            let reader = builder().with_row_groups(vec![at]).with_projection(mask).build().map_err(explain)?;
            let mut row = first;
            for batch in reader {
                let batch = batch.map_err(|error| chunks.last_error.explain(&name, error))?;
                let columns = Columns(&batch);
                let (ids, numbers) = match keys.first() {
                    Some(Key::Id(_)) => (columns.ids(column)?, &[][..]),
                    _ => (Vec::new(), columns.u64(column)?),
                };
                for in_batch in 0..batch.num_rows() {
                    let key = possible.iter().find(|key| match keys[**key] {
                        Key::Id(id) => ids.get(in_batch) == Some(&id),
                        Key::U64(number) => numbers.get(in_batch) == Some(&number),
                    });
                    hits.extend(key.map(|key| Hit { row, key: *key }));
                    row += 1;
                }
            }
        }
        first += n_rows;
    }
    Ok(hits)
}

/// Whether the statistics of a row group leave room for a key.
fn in_statistics(group: &RowGroupMetaData, leaf: usize, key: Key) -> bool {
    match (group.column(leaf).statistics(), key) {
        (Some(Statistics::Int64(statistics)), Key::U64(number)) => match (statistics.min_opt(), statistics.max_opt()) {
            (Some(min), Some(max)) => (*min as u64..=*max as u64).contains(&number),
            _ => true,
        },
        (Some(Statistics::FixedLenByteArray(statistics)), Key::Id(id)) => {
            match (statistics.min_opt(), statistics.max_opt()) {
                (Some(min), Some(max)) => (min.data()..=max.data()).contains(&&id.to_bytes()[..]),
                _ => true,
            }
        }
        _ => true,
    }
}

/// Whether a filter leaves room for a key.
fn in_filter(filter: &Sbbf, key: Key) -> bool {
    match key {
        Key::Id(id) => filter.check(&id.to_bytes()[..]),
        Key::U64(number) => filter.check(&(number as i64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Field, Table};
    use crate::{MemStore, Metered, Spool};
    use tokenmill_core::hash::{hash64, hash128};
    use tokenmill_core::schema;

    const ROWS: u32 = 200_000;

    fn id(n: u32) -> DocId {
        DocId(hash128(&n.to_le_bytes()))
    }

    /// Every URL stands in two rows, one far from the other.
    fn url(n: u32) -> u64 {
        hash64(0, &(n % (ROWS / 2)).to_le_bytes())
    }

    fn stored(store: &MemStore, rows: u32) -> ObjectRef {
        let mut table = Table::new(Spool::create(store).unwrap(), Field::of(schema::LEDGER));
        for n in 0..rows {
            let line = table.row().id(id(n)).u64(url(n)).text("part").u32(n).bool(true).text("").text("").text("");
            line.f32_or_null(None)
                .f32_or_null(None)
                .u32(1)
                .text_or_null(None)
                .text("en")
                .text("")
                .text("a.org")
                .end()
                .unwrap();
        }
        let (spool, _) = table.finish().unwrap();
        spool.store(store, "t", "parquet").unwrap()
    }

    #[test]
    fn rows_are_found_by_either_key_in_any_row_group() {
        let store = MemStore::new().unwrap();
        let table = stored(&store, ROWS);
        for n in [0, 65_535, 65_536, 131_072, ROWS - 1] {
            let hits = find(&store, &table, "id", &[Key::Id(DocId(7)), Key::Id(id(n))]).unwrap();
            assert_eq!(hits, [Hit { row: u64::from(n), key: 1 }]);
        }
        let hits = find(&store, &table, "url_hash", &[Key::U64(url(5)), Key::U64(url(9))]).unwrap();
        let rows: Vec<(u64, usize)> = hits.iter().map(|hit| (hit.row, hit.key)).collect();
        let far = u64::from(ROWS / 2);
        assert_eq!(rows, [(5, 0), (9, 1), (far + 5, 0), (far + 9, 1)]);
        assert!(find(&store, &table, "nope", &[Key::U64(1)]).is_err());
        assert!(find(&store, &stored(&store, 0), "id", &[Key::Id(id(0))]).unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_there_is_not_read() {
        let store = MemStore::new().unwrap();
        let table = stored(&store, ROWS);
        let column: u64 = u64::from(ROWS) * 16;
        let n_misses = 50u32;
        let mut read = 0;
        for n in 0..n_misses {
            let metered = Metered::new(&store);
            assert!(find(&metered, &table, "id", &[Key::Id(id(ROWS + n))]).unwrap().is_empty());
            read += metered.requests().bytes_read;
        }
        // Four filters of 64 KiB or so each time, and one group of a hundred for nothing.
        assert!(read / u64::from(n_misses) < column / 4, "{read} bytes for {n_misses}, the column has {column}");
    }
}
