//! The rows of an exchange of lines.

use crate::exchange::rows::{row, u32_at, u64_at, u128_at};
use tokenmill_core::DocId;

/// Width of [`ScopedRow`].
pub const SCOPED: usize = 4 + 16 + 8;
/// Width of [`LineRow`].
pub const LINE: usize = 8 + 4 + 4;
/// Width of [`Occurrence`].
pub const OCCURRENCE: usize = 8 + 8 + 4 + 4 + 4;
/// Width of [`Counted`].
pub const COUNTED: usize = 8 + 8 + 4;
/// Width of [`Frequent`].
pub const FREQUENT: usize = 4 + 8 + 8;
/// Width of [`Cut`].
pub const CUT: usize = 4 + AT_HOME;
/// Width of [`Cut`] at home, where the part is known.
pub const AT_HOME: usize = 4 + 4 + 4;

/// A document that has lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopedRow {
    pub row: u32,
    pub id: DocId,
    /// Hash of what it is counted within.
    pub scope: u64,
}

/// A line of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRow {
    pub hash: u64,
    pub row: u32,
    pub line: u32,
}

/// A line on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// Hash of the line, its scope and its bucket.
    pub key: u64,
    /// Place among the occurrences, see [`tokenmill_core::exchange::order_of`].
    pub order: u64,
    /// Number of the part in its group.
    pub part: u32,
    pub row: u32,
    pub line: u32,
}

/// A line as it is counted: which group of parts it came from is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    pub key: u64,
    pub order: u64,
    pub group: u32,
}

/// A frequent line that a group of parts has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frequent {
    pub group: u32,
    pub key: u64,
    /// Occurrences from this order on go.
    pub cut_from: u64,
}

/// A line that goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    pub part: u32,
    pub row: u32,
    pub line: u32,
    /// The upper bits of the document's id, to notice a decision about another document.
    pub check: u32,
}

impl ScopedRow {
    pub fn to_bytes(self) -> [u8; SCOPED] {
        row(&[&self.row.to_be_bytes(), &self.id.to_bytes(), &self.scope.to_be_bytes()])
    }

    pub fn of_bytes(bytes: &[u8; SCOPED]) -> ScopedRow {
        ScopedRow { row: u32_at(bytes, 0), id: DocId(u128_at(bytes, 4)), scope: u64_at(bytes, 20) }
    }
}

impl LineRow {
    pub fn to_bytes(self) -> [u8; LINE] {
        row(&[&self.hash.to_be_bytes(), &self.row.to_be_bytes(), &self.line.to_be_bytes()])
    }

    pub fn of_bytes(bytes: &[u8; LINE]) -> LineRow {
        LineRow { hash: u64_at(bytes, 0), row: u32_at(bytes, 8), line: u32_at(bytes, 12) }
    }
}

impl Occurrence {
    pub fn to_bytes(self) -> [u8; OCCURRENCE] {
        let (key, order) = (self.key.to_be_bytes(), self.order.to_be_bytes());
        row(&[&key, &order, &self.part.to_be_bytes(), &self.row.to_be_bytes(), &self.line.to_be_bytes()])
    }

    pub fn of_bytes(bytes: &[u8; OCCURRENCE]) -> Occurrence {
        let (part, row, line) = (u32_at(bytes, 16), u32_at(bytes, 20), u32_at(bytes, 24));
        Occurrence { key: u64_at(bytes, 0), order: u64_at(bytes, 8), part, row, line }
    }
}

impl Counted {
    pub fn to_bytes(self) -> [u8; COUNTED] {
        row(&[&self.key.to_be_bytes(), &self.order.to_be_bytes(), &self.group.to_be_bytes()])
    }

    pub fn of_bytes(bytes: &[u8; COUNTED]) -> Counted {
        Counted { key: u64_at(bytes, 0), order: u64_at(bytes, 8), group: u32_at(bytes, 16) }
    }
}

impl Frequent {
    pub fn to_bytes(self) -> [u8; FREQUENT] {
        row(&[&self.group.to_be_bytes(), &self.key.to_be_bytes(), &self.cut_from.to_be_bytes()])
    }

    pub fn of_bytes(bytes: &[u8; FREQUENT]) -> Frequent {
        Frequent { group: u32_at(bytes, 0), key: u64_at(bytes, 4), cut_from: u64_at(bytes, 12) }
    }
}

impl Cut {
    pub fn to_bytes(self) -> [u8; CUT] {
        let (part, check) = (self.part.to_be_bytes(), self.check.to_be_bytes());
        row(&[&part, &self.row.to_be_bytes(), &self.line.to_be_bytes(), &check])
    }

    pub fn of_home(bytes: &[u8; AT_HOME]) -> Cut {
        Cut { part: 0, row: u32_at(bytes, 0), line: u32_at(bytes, 4), check: u32_at(bytes, 8) }
    }

    /// What [`Cut::check`] is for a document.
    pub fn check_of(id: DocId) -> u32 {
        (id.0 >> 96) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_back() {
        let scoped = ScopedRow { row: 1, id: DocId(1 << 99), scope: 3 };
        assert_eq!(ScopedRow::of_bytes(&scoped.to_bytes()), scoped);
        let line = LineRow { hash: 1 << 60, row: 2, line: 3 };
        assert_eq!(LineRow::of_bytes(&line.to_bytes()), line);
        let occurrence = Occurrence { key: 1 << 61, order: 7, part: 2, row: 3, line: 4 };
        assert_eq!(Occurrence::of_bytes(&occurrence.to_bytes()), occurrence);
        let counted = Counted { key: 5, order: 6, group: 7 };
        assert_eq!(Counted::of_bytes(&counted.to_bytes()), counted);
        let frequent = Frequent { group: 5, key: 6, cut_from: 7 };
        assert_eq!(Frequent::of_bytes(&frequent.to_bytes()), frequent);
        let cut = Cut { part: 9, row: 8, line: 7, check: 6 };
        assert_eq!(Cut::of_home(cut.to_bytes().last_chunk().unwrap()), Cut { part: 0, ..cut });
    }
}
