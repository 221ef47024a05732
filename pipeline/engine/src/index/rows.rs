//! What is shipped of a wanted row of the index: fixed width, the bytes in the order of the fields.

use crate::exchange::object;
use crate::exchange::rows::{row, u64_at, u128_at};
use tokenmill_core::DocId;
use tokenmill_store::source::{PICK, Pick};
use tokenmill_store::{Part, Rows, Store, StoreError};

/// The table of wanted rows by URL.
pub const BY_URL: &str = "wanted";
/// The table of wanted rows by crawl file.
pub const BY_FILE: &str = "located";
/// The table of the names of crawl files.
pub const NAMES: &str = "names";

/// Width of a row by crawl file: hash of the name, offset, and what a [`Pick`] has besides.
pub const LOCATED: usize = 16 + PICK;
/// Width of a row by URL: key of the URL, age, id, and the rest.
pub const WANTED: usize = 16 + 8 + 16 + LOCATED;

/// A wanted record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    /// xxh3-128 of the name of its crawl file.
    pub file: u128,
    pub pick: Pick,
}

impl Located {
    pub fn to_bytes(self) -> [u8; LOCATED] {
        row(&[&self.file.to_be_bytes(), &self.pick.to_bytes()])
    }

    pub fn of_bytes(bytes: &[u8]) -> Located {
        let pick = bytes.get(16..).and_then(|rest| rest.first_chunk()).unwrap_or(&[0; PICK]);
        Located { file: u128_at(bytes, 0), pick: Pick::of_bytes(pick) }
    }
}

/// A wanted record on its way to the other captures of its URL: the newest comes first, of equally new ones that with the
/// smallest id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// xxh3-128 of what makes captures the same page.
    pub key: u128,
    /// When it was captured, as in the index.
    pub time: u64,
    pub located: Located,
}

impl Wanted {
    pub fn to_bytes(self) -> [u8; WANTED] {
        let age = !self.time;
        row(&[&self.key.to_be_bytes(), &age.to_be_bytes(), &self.located.pick.id.to_bytes(), &self.located.to_bytes()])
    }

    pub fn of_bytes(bytes: &[u8; WANTED]) -> Wanted {
        let located = Located::of_bytes(bytes.get(40..).unwrap_or_default());
        Wanted { key: u128_at(bytes, 0), time: !u64_at(bytes, 16), located }
    }
}

/// The table in which a part of an index phase gives out what its ledger keeps.
pub fn kept_table(part: &Part) -> Option<&'static str> {
    [BY_URL, BY_FILE].into_iter().find(|table| part.objects.contains_key(*table))
}

/// The number and the sum of the ids that a part of an index phase gives out, whatever their order; for audits.
///
/// # Errors
/// When the table is damaged.
pub fn kept_ids(store: &dyn Store, part: &Part) -> Result<(u64, u128), StoreError> {
    let (mut n, mut sum) = (0u64, 0u128);
    let mut add = |id: DocId| (n, sum) = (n + 1, sum.wrapping_add(id.0));
    match kept_table(part) {
        Some(BY_URL) => Rows::<WANTED>::open(store, object(part, BY_URL)?)?
            .try_for_each(|row| row.map(|row| add(Wanted::of_bytes(&row).located.pick.id)))?,
        _ => Rows::<LOCATED>::open(store, object(part, BY_FILE)?)?
            .try_for_each(|row| row.map(|row| add(Located::of_bytes(&row).pick.id)))?,
    }
    Ok((n, sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_back_and_the_newest_comes_first() {
        let pick = |id| Pick { offset: 1, length: 2, id: DocId(id), url_hash: 3, digest: 4 };
        let wanted = |key, time, id| Wanted { key, time, located: Located { file: 9, pick: pick(id) } };
        let rows = [wanted(1, 5, 7), wanted(1 << 100, 9, 8), wanted(1 << 100, 9, 9), wanted(1 << 100, 2, 1)];
        for row in rows {
            assert_eq!(Wanted::of_bytes(&row.to_bytes()), row);
            assert_eq!(Located::of_bytes(&row.located.to_bytes()), row.located);
        }
        assert!(rows.map(Wanted::to_bytes).is_sorted());
    }
}
