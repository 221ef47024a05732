//! The rows of an exchange, as bytes whose order is the order of the fields (most significant byte first).

use tokenmill_core::{DocId, Sketch};

/// Width of a row in a sketch: key, rank, id, row.
pub const SKETCHED: usize = 16 + 8 + 16 + 4;
/// Width of a row on its way: key, rank, id, part, row.
pub const SHIPPED: usize = SKETCHED + 4;
/// Width of a decision: part, row, id, twin.
pub const DECIDED: usize = 4 + 4 + 16 + 16;
/// Width of a decision at home: row, id, twin.
pub const AT_HOME: usize = DECIDED - 4;

/// The table of a map phase that holds the sketch of a step.
pub fn sketch_table(step: &str) -> String {
    format!("sketch.{step}")
}

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

/// One document that goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    pub part: u32,
    pub row: u32,
    pub id: DocId,
    /// The document that is kept instead.
    pub twin: DocId,
}

impl Shipped {
    /// A row of a sketch, which knows no part.
    pub fn to_sketch(self) -> [u8; SKETCHED] {
        let mut out = [0; SKETCHED];
        out[..16].copy_from_slice(&self.sketch.key.to_be_bytes());
        out[16..24].copy_from_slice(&self.sketch.rank.to_be_bytes());
        out[24..40].copy_from_slice(&self.id.to_bytes());
        out[40..44].copy_from_slice(&self.row.to_be_bytes());
        out
    }

    /// Reads a row of the sketch of a part.
    pub fn of_sketch(bytes: &[u8; SKETCHED], part: u32) -> Shipped {
        Shipped {
            sketch: Sketch { key: u128_at(bytes, 0), rank: u64_at(bytes, 16) },
            id: DocId(u128_at(bytes, 24)),
            part,
            row: u32_at(bytes, 40),
        }
    }

    /// The row as it travels.
    pub fn to_bytes(self) -> [u8; SHIPPED] {
        let mut out = [0; SHIPPED];
        out[..40].copy_from_slice(&self.to_sketch()[..40]);
        out[40..44].copy_from_slice(&self.part.to_be_bytes());
        out[44..48].copy_from_slice(&self.row.to_be_bytes());
        out
    }

    /// Inverse of [`Shipped::to_bytes`].
    pub fn of_bytes(bytes: &[u8; SHIPPED]) -> Shipped {
        Shipped {
            sketch: Sketch { key: u128_at(bytes, 0), rank: u64_at(bytes, 16) },
            id: DocId(u128_at(bytes, 24)),
            part: u32_at(bytes, 40),
            row: u32_at(bytes, 44),
        }
    }

    /// What the ranges of reducers are cut from.
    pub fn route(&self) -> u64 {
        (self.sketch.key >> 64) as u64
    }
}

impl Decision {
    /// The decision as it travels.
    pub fn to_bytes(self) -> [u8; DECIDED] {
        let mut out = [0; DECIDED];
        out[..4].copy_from_slice(&self.part.to_be_bytes());
        out[4..].copy_from_slice(&self.to_home());
        out
    }

    /// Inverse of [`Decision::to_bytes`].
    pub fn of_bytes(bytes: &[u8; DECIDED]) -> Decision {
        Decision {
            part: u32_at(bytes, 0),
            row: u32_at(bytes, 4),
            id: DocId(u128_at(bytes, 8)),
            twin: DocId(u128_at(bytes, 24)),
        }
    }

    /// The decision at home, where the part is known.
    pub fn to_home(self) -> [u8; AT_HOME] {
        let mut out = [0; AT_HOME];
        out[..4].copy_from_slice(&self.row.to_be_bytes());
        out[4..20].copy_from_slice(&self.id.to_bytes());
        out[20..36].copy_from_slice(&self.twin.to_bytes());
        out
    }

    /// Reads a decision at home.
    pub fn of_home(bytes: &[u8; AT_HOME]) -> Decision {
        Decision { part: 0, row: u32_at(bytes, 0), id: DocId(u128_at(bytes, 4)), twin: DocId(u128_at(bytes, 20)) }
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |chunk| u32::from_be_bytes(*chunk))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |chunk| u64::from_be_bytes(*chunk))
}

fn u128_at(bytes: &[u8], at: usize) -> u128 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |chunk| u128::from_be_bytes(*chunk))
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
            assert_eq!(Shipped::of_sketch(&shipped.to_sketch(), shipped.part), shipped);
        }
        assert!(rows.map(Shipped::to_bytes).is_sorted());
        assert_eq!(rows[1].route(), 1 << 36);
        let decision = Decision { part: 7, row: 5, id: DocId(u128::MAX - 1), twin: DocId(3) };
        assert_eq!(Decision::of_bytes(&decision.to_bytes()), decision);
        assert_eq!(Decision::of_home(&decision.to_home()), Decision { part: 0, ..decision });
    }
}
