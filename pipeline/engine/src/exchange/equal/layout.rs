//! The rows of an exchange of equal keys; where something is counted, the amount is in the place of the rank.

use crate::exchange::rows::{row, u32_at, u64_at, u128_at};
use tokenmill_core::{DocId, Sketch};

/// Width of a row in a sketch: key, rank, id, row.
pub const SKETCHED: usize = 16 + 8 + 16 + 4;
/// Width of a row on its way: key, rank, id, part, row.
pub const SHIPPED: usize = SKETCHED + 4;
/// Width of a row as it is settled: key, precedence, rank, id, part, row.
pub const RANKED: usize = SHIPPED + 1;

/// One document that takes part: where its group is, its place in it, and where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    pub sketch: Sketch,
    pub id: DocId,
    /// Number of the part, in the group of a shuffle task while it travels, then among all parts.
    pub part: u32,
    /// Row in the part.
    pub row: u32,
}

impl Shipped {
    /// A row of a sketch, which knows no part.
    pub fn to_sketch(self) -> [u8; SKETCHED] {
        let Sketch { key, rank } = self.sketch;
        row(&[&key.to_be_bytes(), &rank.to_be_bytes(), &self.id.to_bytes(), &self.row.to_be_bytes()])
    }

    /// Reads a row of the sketch of a part.
    pub fn of_sketch(bytes: &[u8; SKETCHED], part: u32) -> Shipped {
        Shipped { part, row: u32_at(bytes, 40), ..Shipped::of_prefix(bytes) }
    }

    /// The row as it travels.
    pub fn to_bytes(self) -> [u8; SHIPPED] {
        let Sketch { key, rank } = self.sketch;
        let (part, at) = (self.part.to_be_bytes(), self.row.to_be_bytes());
        row(&[&key.to_be_bytes(), &rank.to_be_bytes(), &self.id.to_bytes(), &part, &at])
    }

    /// Inverse of [`Shipped::to_bytes`].
    pub fn of_bytes(bytes: &[u8; SHIPPED]) -> Shipped {
        Shipped { part: u32_at(bytes, 40), row: u32_at(bytes, 44), ..Shipped::of_prefix(bytes) }
    }

    /// The row as it is settled: of a group, documents with a smaller precedence come first, whatever their rank.
    pub fn to_ranked(self, precedence: u8) -> [u8; RANKED] {
        let bytes = self.to_bytes();
        let (key, rest) = bytes.split_at(16);
        row(&[key, &[precedence], rest])
    }

    /// Inverse of [`Shipped::to_ranked`].
    pub fn of_ranked(bytes: &[u8; RANKED]) -> (u8, Shipped) {
        (bytes[16], Shipped::of_bytes(&row(&[&bytes[..16], &bytes[17..]])))
    }

    fn of_prefix(bytes: &[u8]) -> Shipped {
        let sketch = Sketch { key: u128_at(bytes, 0), rank: u64_at(bytes, 16) };
        Shipped { sketch, id: DocId(u128_at(bytes, 24)), part: 0, row: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_back_and_sort_like_their_fields() {
        let row = |key, rank, id, part, row| Shipped { sketch: Sketch { key, rank }, id: DocId(id), part, row };
        let rows =
            [row(1, 9, 9, 9, 9), row(1 << 100, 1, 9, 9, 9), row(1 << 100, 2, 1, 9, 9), row(1 << 100, 2, 2, 1, 0)];
        for shipped in rows {
            assert_eq!(Shipped::of_bytes(&shipped.to_bytes()), shipped);
            assert_eq!(Shipped::of_ranked(&shipped.to_ranked(7)), (7, shipped));
            assert_eq!(Shipped::of_sketch(&shipped.to_sketch(), shipped.part), shipped);
        }
        assert!(rows.map(Shipped::to_bytes).is_sorted());
        assert!(row(1, 9, 9, 9, 9).to_ranked(0) < row(1, 0, 0, 0, 0).to_ranked(1));
        assert!(row(1, 9, 9, 9, 9).to_ranked(9) < row(2, 0, 0, 0, 0).to_ranked(1));
    }
}
