//! A ledger row: what became of one input document in one phase, and why.

use crate::DocId;

/// What became of one input document. Every input document has exactly one row per phase.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LedgerRow {
    /// Document id.
    pub id: DocId,
    /// xxh3-64 of the URL as captured.
    pub url_hash: u64,
    /// Position in the input of the task.
    pub row: u32,
    /// Bytes of text when the verdict fell; of the payload when there was no text yet.
    pub bytes: u32,
    /// `None` when the document was kept.
    pub removal: Option<Removal>,
}

/// Why a document was removed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Removal {
    /// The step; `read` for what the source itself refuses.
    pub step: String,
    /// Completes "removed because …".
    pub reason: String,
    /// The metric that was judged, or empty.
    pub metric: String,
    /// Its value.
    pub value: Option<f32>,
    /// The limit that applied.
    pub limit: Option<f32>,
    /// What else explains the row.
    pub evidence: Option<String>,
}
