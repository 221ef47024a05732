//! Exchanges: decisions that need all documents. Small sketches travel, text stays where it is.
//!
//! | kind | what a document says | what is decided |
//! |---|---|---|
//! | [`Equal`] | one key and a rank | of every group with the same key the first is kept |
//! | [`Similar`] | many keys; on request a larger sketch | of what shares a key, what is similar to something kept goes |
//! | [`Lines`] | a key for every line | lines that occur too often are cut |
//!
//! Every order depends on data only, never on arrival, so the same is decided however the documents are parted. The
//! functions here decide about documents in memory; the engine does the same out of core.

mod equal;
mod lines;
mod similar;

pub use equal::{Equal, Sketch, settle};
pub use lines::{LineKey, LineLimits, Lines, bucket_of, order_of, settle_lines};
pub use similar::{Compared, Greedy, Judged, Similar, SimilarDoc, settle_similar};

use crate::{DocId, Metric, Numbers};

/// A decision over all documents that are alive at the step.
pub enum Exchange {
    /// One of every group of equal keys is kept.
    Equal(Box<dyn Equal>),
    /// Near duplicates: shared keys make candidates, larger sketches decide.
    Similar(Box<dyn Similar>),
    /// Lines are counted over all documents.
    Lines(Box<dyn Lines>),
}

/// Which kind an exchange is, known before it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// [`Exchange::Equal`]
    Equal,
    /// [`Exchange::Similar`]
    Similar,
    /// [`Exchange::Lines`]
    Lines,
}

impl Exchange {
    /// Completes "removed because …" or "cut because …"; snake_case.
    pub fn reason(&self) -> &'static str {
        match self {
            Exchange::Equal(exchange) => exchange.reason(),
            Exchange::Similar(exchange) => exchange.reason(),
            Exchange::Lines(exchange) => exchange.reason(),
        }
    }

    /// Writes down what was decided about the document `id`; says why it goes, if it does.
    pub fn tell(&self, id: DocId, fate: Fate, numbers: &mut Numbers) -> Option<ToldRemoval> {
        let (twin, similarity) = match fate {
            Fate::Removed { twin, similarity } => (twin, similarity),
            Fate::Kept { cluster_size } => {
                numbers.set(CLUSTER_SIZE, cluster_size as f32);
                return None;
            }
        };
        if let Some(similarity) = similarity {
            numbers.set(SIMILARITY, similarity);
        }
        let reason = if id == twin { DUPLICATE_RECORD } else { self.reason() };
        let limit = match self {
            Exchange::Similar(exchange) if id != twin && similarity.is_some() => exchange.limit(),
            _ => None,
        };
        Some(ToldRemoval { reason, twin, judged: similarity.zip(limit) })
    }
}

/// Why an exchange removes a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToldRemoval {
    /// Completes "removed because …".
    pub reason: &'static str,
    /// The document that is kept instead.
    pub twin: DocId,
    /// The similarity, and the limit that it reaches.
    pub judged: Option<(f32, f32)>,
}

/// What was decided about a document that has a twin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    /// It goes.
    Removed {
        /// The document that is kept instead.
        twin: DocId,
        /// How similar they are, 0 to 1, where that was measured.
        similarity: Option<f32>,
    },
    /// It stays, and others went for it.
    Kept {
        /// Documents that it stands for, itself included.
        cluster_size: u32,
    },
}

/// The metrics of an exchange of equal keys.
pub const EQUAL_METRICS: &[Metric] = &[METRICS[CLUSTER_SIZE]];
/// The metrics of an exchange of similar documents.
pub const METRICS: &[Metric] = &[
    Metric::number("cluster_size", "documents that this one is kept for, itself included; absent where it has no twin"),
    Metric::number(SIMILARITY_NAME, "how similar the document is to the one that is kept instead, 0 to 1"),
];
/// Place of `cluster_size` in both.
const CLUSTER_SIZE: usize = 0;
/// Place of `similarity`.
const SIMILARITY: usize = 1;
/// Name of that metric.
pub const SIMILARITY_NAME: &str = "similarity";

/// The reason when the document that is kept has the same id: one record was read twice.
pub const DUPLICATE_RECORD: &str = "duplicate_record";
