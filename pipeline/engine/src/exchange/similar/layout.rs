//! The rows of an exchange of similar documents.

use crate::exchange::rows::{row, u32_at, u64_at, u128_at};
use tokenmill_core::DocId;

/// Width of [`Member`].
pub const MEMBER: usize = 4 + 16;
/// Width of [`Band`] in the keys of a part.
pub const KEYED: usize = 8 + 4;
/// Width of [`Band`] on its way.
pub const SHIPPED: usize = 8 + 4 + 4;
/// Width of [`Edge`].
pub const EDGE: usize = 8 + 8;
/// Width of [`Candidate`].
pub const CANDIDATE: usize = 4 + 4 + 8;
/// Width of [`Place`], the key of a larger sketch.
pub const PLACE: usize = 8 + 8 + 16 + 4 + 4;
/// Width of [`Place`] as it is settled, with a precedence behind the cluster.
pub const RANKED: usize = PLACE + 1;
/// Width of what stands before a larger sketch that is kept for later runs: row, rank, id.
pub const STORED: usize = 4 + 8 + 16;
/// Where the id stands in it.
pub const STORED_ID: usize = 4 + 8;

/// A document that takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub row: u32,
    pub id: DocId,
}

/// One key of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    pub key: u64,
    /// Number of the part in its group.
    pub part: u32,
    pub row: u32,
}

/// Two documents that share a key, each as the number of its part among all parts and its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge(pub u64, pub u64);

/// A document that shares a key with another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub part: u32,
    pub row: u32,
    /// The same for all documents that are connected, and uniformly distributed.
    pub cluster: u64,
}

/// Where a candidate stands in its cluster, and where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub cluster: u64,
    pub rank: u64,
    pub id: DocId,
    pub part: u32,
    pub row: u32,
}

impl Member {
    pub fn to_bytes(self) -> [u8; MEMBER] {
        row(&[&self.row.to_be_bytes(), &self.id.to_bytes()])
    }

    pub fn of_bytes(bytes: &[u8; MEMBER]) -> Member {
        Member { row: u32_at(bytes, 0), id: DocId(u128_at(bytes, 4)) }
    }
}

impl Band {
    /// A row of the keys of a part, which knows no part.
    pub fn to_keys(self) -> [u8; KEYED] {
        row(&[&self.key.to_be_bytes(), &self.row.to_be_bytes()])
    }

    pub fn of_keys(bytes: &[u8; KEYED], part: u32) -> Band {
        Band { key: u64_at(bytes, 0), part, row: u32_at(bytes, 8) }
    }

    pub fn to_bytes(self) -> [u8; SHIPPED] {
        row(&[&self.key.to_be_bytes(), &self.part.to_be_bytes(), &self.row.to_be_bytes()])
    }

    pub fn of_bytes(bytes: &[u8; SHIPPED]) -> Band {
        Band { key: u64_at(bytes, 0), part: u32_at(bytes, 8), row: u32_at(bytes, 12) }
    }

    /// The document, when `part` is its number among all parts.
    pub fn document(self) -> u64 {
        u64::from(self.part) << 32 | u64::from(self.row)
    }
}

impl Edge {
    pub fn to_bytes(self) -> [u8; EDGE] {
        row(&[&self.0.to_be_bytes(), &self.1.to_be_bytes()])
    }

    pub fn of_bytes(bytes: &[u8; EDGE]) -> Edge {
        Edge(u64_at(bytes, 0), u64_at(bytes, 8))
    }
}

impl Candidate {
    pub fn to_bytes(self) -> [u8; CANDIDATE] {
        row(&[&self.part.to_be_bytes(), &self.row.to_be_bytes(), &self.cluster.to_be_bytes()])
    }

    pub fn of_bytes(bytes: &[u8; CANDIDATE]) -> Candidate {
        Candidate { part: u32_at(bytes, 0), row: u32_at(bytes, 4), cluster: u64_at(bytes, 8) }
    }
}

impl Place {
    pub fn to_bytes(self) -> [u8; PLACE] {
        let (cluster, rank) = (self.cluster.to_be_bytes(), self.rank.to_be_bytes());
        row(&[&cluster, &rank, &self.id.to_bytes(), &self.part.to_be_bytes(), &self.row.to_be_bytes()])
    }

    /// As it is settled: of a cluster, documents with a smaller precedence come first, whatever their rank.
    pub fn to_ranked(self, precedence: u8) -> [u8; RANKED] {
        let bytes = self.to_bytes();
        let (cluster, rest) = bytes.split_at(8);
        row(&[cluster, &[precedence], rest])
    }

    /// Inverse of [`Place::to_ranked`].
    pub fn of_ranked(bytes: &[u8; RANKED]) -> (u8, Place) {
        (bytes[8], Place::of_bytes(&row(&[&bytes[..8], &bytes[9..]])))
    }

    pub fn of_bytes(bytes: &[u8; PLACE]) -> Place {
        Place {
            cluster: u64_at(bytes, 0),
            rank: u64_at(bytes, 8),
            id: DocId(u128_at(bytes, 16)),
            part: u32_at(bytes, 32),
            row: u32_at(bytes, 36),
        }
    }
}

/// A document whose larger sketch is kept for later runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    pub row: u32,
    pub rank: u64,
    pub id: DocId,
}

impl Stored {
    pub fn to_bytes(self) -> [u8; STORED] {
        row(&[&self.row.to_be_bytes(), &self.rank.to_be_bytes(), &self.id.to_bytes()])
    }

    pub fn of_bytes(bytes: &[u8; STORED]) -> Stored {
        Stored { row: u32_at(bytes, 0), rank: u64_at(bytes, 4), id: DocId(u128_at(bytes, 12)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_back_and_sort_like_their_fields() {
        let place = Place { cluster: 1 << 60, rank: 2, id: DocId(3), part: 4, row: 5 };
        let later = Place { rank: 3, id: DocId(1), ..place };
        assert_eq!(Place::of_bytes(&place.to_bytes()), place);
        assert!(place.to_bytes() < later.to_bytes());
        assert_eq!(Place::of_ranked(&place.to_ranked(9)), (9, place));
        assert!(later.to_ranked(1) < place.to_ranked(2));
        let stored = Stored { row: 3, rank: 1 << 40, id: DocId(1 << 100) };
        assert_eq!(Stored::of_bytes(&stored.to_bytes()), stored);
        let band = Band { key: 1 << 50, part: 7, row: 9 };
        assert_eq!(Band::of_bytes(&band.to_bytes()), band);
        assert_eq!(Band::of_keys(&band.to_keys(), 7), band);
        assert_eq!(band.document(), 7 << 32 | 9);
        let candidate = Candidate { part: 1, row: 2, cluster: 3 };
        assert_eq!(Candidate::of_bytes(&candidate.to_bytes()), candidate);
        assert_eq!(Edge::of_bytes(&Edge(5, 6).to_bytes()), Edge(5, 6));
        let member = Member { row: 3, id: DocId(1 << 100) };
        assert_eq!(Member::of_bytes(&member.to_bytes()), member);
    }
}
