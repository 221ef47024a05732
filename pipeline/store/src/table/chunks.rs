//! Any object as the Parquet crate wants to see it, read with few requests and no byte twice.
//!
//! That crate asks for every page on its own, its head first: a request for each would be thousands for a table, and
//! reading ahead from each would fetch everything several times. So a block is fetched at a time and kept, one for every
//! column of a row group, because columns are read beside each other.

use crate::{Object, StoreError};
use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::{ChunkReader, Length};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// How much of a column is fetched at once.
const BLOCK: u64 = 1 << 20;

/// Blocks that are kept, for each column of a row group: the one in use, and one that the next row group may have begun.
const KEPT: usize = 2;

/// The last error of the store itself. The Parquet crate passes on its text alone, and then a network that failed would
/// be taken for a damaged file.
#[derive(Clone, Default)]
pub struct LastError(Arc<Mutex<Option<StoreError>>>);

impl LastError {
    fn note(&self, error: StoreError) -> ParquetError {
        let text = error.to_string();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        ParquetError::General(text)
    }

    /// What is behind an error of the Parquet crate.
    pub fn explain(&self, name: &str, error: impl Display) -> StoreError {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        noted.unwrap_or_else(|| StoreError::corrupt(name, error))
    }
}

/// An object with what has been fetched of it.
#[derive(Clone)]
pub struct Chunks {
    object: Arc<dyn Object>,
    pub last_error: LastError,
    fetched: Arc<Fetched>,
}

#[derive(Default)]
struct Fetched {
    /// Where the columns of all row groups lie, in order; nothing is kept before that is known.
    places: OnceLock<Places>,
    /// By the number of the place: where a block begins, and the block.
    blocks: Mutex<BTreeMap<usize, (u64, Bytes)>>,
}

struct Places {
    ranges: Vec<Range<u64>>,
    n_columns: usize,
}

impl Places {
    /// The column that holds a byte.
    fn of(&self, at: u64) -> Option<(usize, Range<u64>)> {
        let number = self.ranges.partition_point(|range| range.end <= at);
        self.ranges.get(number).filter(|range| range.contains(&at)).map(|range| (number, range.clone()))
    }
}

impl Chunks {
    /// An object of which nothing has been fetched.
    pub fn new(object: impl Into<Arc<dyn Object>>) -> Chunks {
        Chunks { object: object.into(), last_error: LastError::default(), fetched: Arc::default() }
    }

    /// A handle on the same object that learns where its columns are from the metadata that were read through it.
    pub fn learn(&self, metadata: &ParquetMetaData) {
        let groups = metadata.row_groups();
        // The file may be anybody's, so its numbers may be anything.
        let range = |column: &ColumnChunkMetaData| {
            let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
            let (start, length) = (u64::try_from(start).ok()?, u64::try_from(column.compressed_size()).ok()?);
            Some(start..start.saturating_add(length).min(self.object.bytes()))
        };
        let mut ranges: Vec<Range<u64>> = groups.iter().flat_map(|group| group.columns()).filter_map(range).collect();
        ranges.sort_by_key(|range| (range.start, range.end));
        let n_columns = groups.iter().map(|group| group.columns().len()).max().unwrap_or(0);
        let _ = self.fetched.places.set(Places { ranges, n_columns });
    }

    /// The bytes from `at` that are at hand once `length` of them are: those and maybe more.
    fn from(&self, at: u64, length: u64) -> Result<Bytes, StoreError> {
        let places = self.fetched.places.get();
        let place = places.and_then(|places| Some((places.of(at)?, places.n_columns)));
        let Some(((number, range), n_columns)) = place.filter(|((_, range), _)| range.end - at >= length) else {
            return self.object.read_at(at..at.saturating_add(length));
        };
        let mut blocks = self.fetched.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = Bytes::new();
        if let Some((start, block)) = blocks.get(&number)
            && (*start..=*start + block.len() as u64).contains(&at)
        {
            known = block.slice((at - start) as usize..);
        }
        if known.len() as u64 >= length.max(1) {
            return Ok(known);
        }
        let start = at + known.len() as u64;
        let end = (at + length).max((start + BLOCK).min(range.end));
        let fresh = self.object.read_at(start..end)?;
        let block = if known.is_empty() { fresh } else { [known, fresh].concat().into() };
        blocks.insert(number, (at, block.clone()));
        while blocks.len() > KEPT * n_columns.max(1) {
            blocks.pop_first();
        }
        Ok(block)
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.object.bytes()
    }
}

impl ChunkReader for Chunks {
    type T = Sequential;

    fn get_read(&self, start: u64) -> Result<Sequential, ParquetError> {
        Ok(Sequential { chunks: self.clone(), at: start, buffer: Bytes::new() })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.from(start, length as u64).map_err(|error| self.last_error.note(error))?;
        Ok(bytes.slice(..length))
    }
}

/// Bytes fetched at once where no column is known to be.
const UNKNOWN: u64 = 64 << 10;

/// A forward read of an object.
pub struct Sequential {
    chunks: Chunks,
    at: u64,
    buffer: Bytes,
}

impl Read for Sequential {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.chunks.len().saturating_sub(self.at);
        if self.buffer.is_empty() && left > 0 {
            let is_known = self.chunks.fetched.places.get().is_some_and(|places| places.of(self.at).is_some());
            let read = self.chunks.from(self.at, if is_known { 1 } else { UNKNOWN.min(left) });
            self.buffer = read.map_err(|error| io::Error::other(self.chunks.last_error.note(error)))?;
            self.at += self.buffer.len() as u64;
        }
        let n = out.len().min(self.buffer.len());
        out[..n].copy_from_slice(&self.buffer.split_to(n));
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use crate::table::{Batches, Columns, Field, Table};
    use crate::{MemStore, Metered, Spool, Store};
    use arrow::array::Array;
    use tokenmill_core::{DocId, hash, schema};

    /// A table whose text is several blocks; says what it holds.
    fn stored(store: &MemStore) -> (String, Vec<String>) {
        let mut table = Table::new(Spool::create(store).unwrap(), Field::of(schema::REMOVED));
        let mut texts = Vec::new();
        for at in 0..9_000_u64 {
            // Digits, which hardly compress, of many lengths.
            let text: String = (0..(at % 197)).map(|n| hash::hash64(at, &n.to_le_bytes()).to_string()).collect();
            let row = table.row().id(DocId(u128::from(at))).text("http://a/").text("en").text("s").text("r");
            row.text(&text).end().unwrap();
            texts.push(text);
        }
        let (spool, _) = table.finish().unwrap();
        (spool.store(store, "t", "parquet").unwrap().key, texts)
    }

    #[test]
    fn a_table_is_read_once_and_with_few_requests() {
        let store = MemStore::new().unwrap();
        let (key, texts) = stored(&store);
        let bytes = store.head(&key).unwrap().unwrap().bytes;
        assert!(bytes > 5 << 20, "{bytes} bytes are several blocks");
        let metered = Metered::new(&store);
        let mut found = Vec::new();
        for batch in Batches::open(&metered, &key, &[]).unwrap() {
            let batch = batch.unwrap();
            let column = Columns(&batch).text("text").unwrap();
            found.extend((0..column.len()).map(|at| column.value(at).to_owned()));
        }
        assert!(found == texts, "what comes out is what went in");
        let requests = metered.requests();
        assert!(requests.bytes_read < bytes + bytes / 20, "{requests:?} of {bytes} bytes");
        assert!(requests.get < 40 + bytes / (1 << 20), "{requests:?} of {bytes} bytes");
        // One column alone costs no more than itself.
        let metered = Metered::new(&store);
        Batches::open(&metered, &key, &["id"]).unwrap().for_each(|batch| drop(batch.unwrap()));
        assert!(metered.requests().bytes_read < bytes / 20, "{:?} of {bytes} bytes", metered.requests());
    }
}
