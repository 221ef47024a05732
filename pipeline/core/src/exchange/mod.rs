//! Exchanges: decisions that need all documents. Small sketches travel, text stays where it is.
//!
//! | kind | what a document says | what is decided |
//! |---|---|---|
//! | [`Equal`] | one key and a rank | of every group with the same key the first is kept |
//! | [`Similar`] | many keys; on request a larger sketch | of what shares a key, what is similar to something kept goes |
//! | [`Lines`] | a key for every line | lines that occur too often are cut |
//! | [`Totals`] | a group and an amount | groups with too much of it go |
//!
//! Every order depends on data only, never on arrival, so the same is decided however the documents are parted. The
//! functions here decide about documents in memory; the engine does the same out of core.

mod against;
mod equal;
mod lines;
mod similar;
mod totals;

pub use against::{AGAINST, KEEP_SKETCHES, MAY_DIFFER};
pub use equal::{Equal, Sketch, settle};
pub use lines::{LineKey, LineLimits, Lines, bucket_of, order_of, settle_lines};
pub use similar::{Compared, Greedy, Judged, Similar, SimilarDoc, settle_similar};
pub use totals::{Counted, Total, TotalLimits, Totals, settle_totals};

use crate::{DocId, Metric, Numbers};

/// A decision over all documents that are alive at the step.
pub enum Exchange {
    /// One of every group of equal keys is kept.
    Equal(Box<dyn Equal>),
    /// Near duplicates: shared keys make candidates, larger sketches decide.
    Similar(Box<dyn Similar>),
    /// Lines are counted over all documents.
    Lines(Box<dyn Lines>),
    /// Something is counted in groups of documents.
    Totals(Box<dyn Totals>),
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
    /// [`Exchange::Totals`]
    Totals,
}

impl Exchange {
    /// Completes "removed because …" or "cut because …"; snake_case.
    pub fn reason(&self) -> &'static str {
        match self {
            Exchange::Equal(exchange) => exchange.reason(),
            Exchange::Similar(exchange) => exchange.reason(),
            Exchange::Lines(exchange) => exchange.reason(),
            Exchange::Totals(exchange) => exchange.reason(),
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
            Fate::GroupRemoved { rate, group_size } => {
                numbers.set(RATE, rate);
                numbers.set(GROUP_SIZE, group_size as f32);
                let limit = if let Exchange::Totals(exchange) = self { exchange.limits().max_per_1000 } else { rate };
                let judged = Some(Judgement { metric: RATE_NAME, value: rate, limit });
                return Some(ToldRemoval { reason: self.reason(), twin: None, judged });
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
        let judged = similarity.zip(limit).map(|(value, limit)| Judgement { metric: SIMILARITY_NAME, value, limit });
        Some(ToldRemoval { reason, twin: Some(twin), judged })
    }
}

/// Why an exchange removes a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToldRemoval {
    /// Completes "removed because …".
    pub reason: &'static str,
    /// The document that is kept instead, if there is one.
    pub twin: Option<DocId>,
    /// The number that was judged.
    pub judged: Option<Judgement>,
}

/// A number of an exchange, and the limit that it reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// Name of the metric.
    pub metric: &'static str,
    /// Its value.
    pub value: f32,
    /// The limit.
    pub limit: f32,
}

/// What was decided about a document.
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
    /// It goes with all documents of its group.
    GroupRemoved {
        /// What was counted in the group, per 1,000 documents.
        rate: f32,
        /// Documents of the group.
        group_size: u32,
    },
}

impl Fate {
    /// Whether the document goes.
    pub fn removes(&self) -> bool {
        !matches!(self, Fate::Kept { .. })
    }
}

/// The metrics of an exchange of equal keys.
pub const EQUAL_METRICS: &[Metric] = &[METRICS[CLUSTER_SIZE]];
/// The metrics of an exchange of similar documents.
pub const METRICS: &[Metric] = &[
    Metric::number("cluster_size", "documents that this one is kept for, itself included; absent where it has no twin"),
    Metric::number(SIMILARITY_NAME, "how similar the document is to the one that is kept instead, 0 to 1"),
];
/// The metrics of an exchange of totals.
pub const TOTAL_METRICS: &[Metric] = &[
    Metric::number(RATE_NAME, "what was counted in the group, per 1,000 documents; absent where the group stays"),
    Metric::number("group_size", "documents of the group; absent where the group stays"),
];
const RATE: usize = 0;
const RATE_NAME: &str = "rate";
const GROUP_SIZE: usize = 1;
/// Place of `cluster_size` in the first two.
const CLUSTER_SIZE: usize = 0;
/// Place of `similarity`.
const SIMILARITY: usize = 1;
/// Name of that metric.
const SIMILARITY_NAME: &str = "similarity";

/// The reason when the document that is kept has the same id: one record was read twice.
pub const DUPLICATE_RECORD: &str = "duplicate_record";
