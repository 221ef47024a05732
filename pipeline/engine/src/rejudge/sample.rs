//! A sample of documents: those with the smallest hashes of their ids, so that it is the same however it is gathered.

use tokenmill_core::DocId;
use tokenmill_core::hash::hash64;

/// Seed of the hash that picks documents.
const SEED: u64 = 0x7265_6a75_6467_6531;

/// A document of the sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its id.
    pub id: DocId,
    /// Its language, or empty.
    pub lang: String,
    /// Bytes of its text.
    pub bytes: u64,
    /// Number of the phase in which the step judged it, among those with ledgers.
    pub phase: usize,
    /// Number of the part.
    pub part: usize,
    /// Row in the ledger of that part.
    pub row: u32,
    /// The step that removes it, or removed it.
    pub step: String,
    /// The reason.
    pub reason: String,
    /// The metric that is judged, or empty.
    pub metric: String,
    /// Its value.
    pub value: Option<f32>,
    /// The limit of the run; `None` when there was none.
    pub limit_before: Option<f32>,
    /// The new limit; `None` when it is off.
    pub limit_after: Option<f32>,
    /// The first step that has not measured it, if there is one.
    pub unmeasured: Option<String>,
}

/// Documents that go, and that come back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// How many of each kind are wanted.
    pub n: usize,
    /// Those that go.
    pub go: Vec<Sample>,
    /// Those that come back.
    pub come_back: Vec<Sample>,
}

/// The place of a document in the order in which samples are drawn.
pub fn place(id: DocId) -> (u64, DocId) {
    (hash64(SEED, &id.to_bytes()), id)
}

/// Whether a document would get into a sample of `n`.
pub fn is_wanted(sample: &[Sample], n: usize, id: DocId) -> bool {
    sample.len() < n || sample.last().is_some_and(|last| n > 0 && place(id) < place(last.id))
}

/// Puts a document into a sample of `n`.
pub fn add(sample: &mut Vec<Sample>, n: usize, found: Sample) {
    let at = sample.partition_point(|other| place(other.id) < place(found.id));
    sample.insert(at, found);
    sample.truncate(n);
}

impl Samples {
    /// The sample of both.
    #[must_use]
    pub fn plus(mut self, other: Samples) -> Samples {
        other.go.into_iter().for_each(|found| add(&mut self.go, self.n, found));
        other.come_back.into_iter().for_each(|found| add(&mut self.come_back, self.n, found));
        self
    }
}
