//! The table of references: a head, then for every page its key and the number of articles that refer to it, sorted by key.
//!
//! It is asked as it lies in memory, ten bytes a page: a hundred million pages are a gigabyte, once for all threads of a process.

use std::sync::Arc;
use tokenmill_core::BuildError;

/// How a table begins: its name and version.
const MAGIC: &[u8; 8] = b"TMREFS\x00\x01";

/// Bytes of the head: the magic, and the number of articles (little endian, as all numbers but the keys).
const HEAD_BYTES: usize = 16;

/// Bytes of a record: the key, most significant byte first, and the count.
pub const RECORD_BYTES: usize = 10;

/// What a table says first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Articles that have been read.
    pub n_articles: u64,
}

impl Head {
    /// As it is written.
    pub fn to_bytes(self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..].copy_from_slice(&self.n_articles.to_le_bytes());
        bytes
    }
}

/// A record as it is written; records must follow in the order of their keys. More than 65,535 articles count as so many.
pub fn record(key: u64, n_articles: u64) -> [u8; RECORD_BYTES] {
    let mut bytes = [0; RECORD_BYTES];
    bytes[..8].copy_from_slice(&key.to_be_bytes());
    bytes[8..].copy_from_slice(&u16::try_from(n_articles).unwrap_or(u16::MAX).to_le_bytes());
    bytes
}

/// A table.
#[derive(Clone)]
pub struct References {
    bytes: Arc<[u8]>,
}

impl References {
    /// Takes a table, after a look at all of it.
    ///
    /// # Errors
    /// When the bytes are no table.
    pub fn from_bytes(bytes: Arc<[u8]>) -> Result<References, BuildError> {
        let wrong = |what: &str| {
            Err(BuildError::new(format!("it {what}")).hint("make one with `tokenmill references DUMP.xml.bz2 -o FILE`"))
        };
        if bytes.len() < HEAD_BYTES || !bytes.starts_with(MAGIC) {
            return wrong("is no table of references");
        }
        let (records, rest) = bytes[HEAD_BYTES..].as_chunks::<RECORD_BYTES>();
        if !rest.is_empty() {
            return wrong("is cut off");
        }
        if !records.is_sorted_by(|a, b| a[..8] < b[..8]) {
            return wrong("is not in order");
        }
        Ok(References { bytes })
    }

    /// How many articles refer to the page with a key.
    pub fn n_articles(&self, key: u64) -> u16 {
        let records = self.records();
        let found = records.binary_search_by(|record| record[..8].cmp(&key.to_be_bytes()[..]));
        found.map_or(0, |at| u16::from_le_bytes([records[at][8], records[at][9]]))
    }

    /// Pages in it.
    pub fn len(&self) -> usize {
        self.records().len()
    }

    /// Whether it has no page.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it says first.
    pub fn head(&self) -> Head {
        let number = self.bytes[8..HEAD_BYTES].try_into().unwrap_or_default();
        Head { n_articles: u64::from_le_bytes(number) }
    }

    fn records(&self) -> &[[u8; RECORD_BYTES]] {
        self.bytes[HEAD_BYTES..].as_chunks().0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::hash::hash64;

    fn table(keys: &[u64]) -> Vec<u8> {
        let records = keys.iter().flat_map(|key| record(*key, key % 70_000));
        Head { n_articles: 7 }.to_bytes().into_iter().chain(records).collect()
    }

    #[test]
    fn what_is_in_it_is_found_and_nothing_else() {
        for n in [0_u64, 1, 2, 1000] {
            let mut keys: Vec<u64> = (0..n).map(|at| hash64(1, &at.to_le_bytes())).collect();
            keys.sort_unstable();
            let found = References::from_bytes(table(&keys).into()).unwrap();
            assert_eq!((found.len() as u64, found.head().n_articles), (n, 7));
            for key in &keys {
                assert_eq!(u64::from(found.n_articles(*key)), (key % 70_000).min(65_535));
                assert_eq!(found.n_articles(key + 1), 0);
            }
            assert_eq!(found.n_articles(0), 0);
            assert_eq!(found.n_articles(u64::MAX), 0);
        }
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let good = table(&[1, 5, 9]);
        assert!(References::from_bytes(good.clone().into()).is_ok());
        let cut = &good[..good.len() - 1];
        for (bytes, expected) in [
            (&b""[..], "no table"),
            (&good[1..], "no table"),
            (cut, "cut off"),
            (&table(&[1, 5, 5]), "order"),
            (&table(&[5, 1]), "order"),
        ] {
            let error = References::from_bytes(bytes.into()).err().unwrap();
            assert!(error.message.contains(expected), "{}", error.message);
        }
    }
}
