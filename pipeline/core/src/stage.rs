//! The shapes of work a stage can have. Choose the first that fits: the weakest is the best.

use crate::{Combine, Doc, Document, Edits, Exchange, Metric, Numbers, Pipe, Record, Rule, Score};

/// A built stage, ready to be shared by all threads.
pub enum Stage {
    /// Raw record to document.
    Extract(Box<dyn Extract>),
    /// One document to numbers, judged by rules.
    Measure(Box<dyn Measure>),
    /// One document and the numbers of earlier steps to numbers, judged by rules.
    Combine(Box<dyn Combine>),
    /// One document to spans that are cut or replaced.
    Edit(Box<dyn Edit>),
    /// All documents to decisions about each.
    Exchange(Exchange),
    /// Documents to a command of the user's, which decides about each.
    Pipe(Pipe),
    /// Documents to numbers, in batches, by a model with a device of its own.
    Score(Box<dyn Score>),
}

impl Stage {
    /// The rules by which the stage's numbers are judged.
    pub fn rules(&self) -> &[Rule] {
        match self {
            Stage::Extract(stage) => stage.rules(),
            Stage::Measure(stage) => stage.rules(),
            Stage::Combine(stage) => stage.rules(),
            Stage::Edit(stage) => stage.rules(),
            Stage::Exchange(_) | Stage::Pipe(_) | Stage::Score(_) => &[],
        }
    }
}

/// Turns the payload of a record into text.
pub trait Extract: Send + Sync {
    /// Fills `document.text` (and `title`, `lang`, `canonical_url`, `kind` where it knows better) and its numbers.
    ///
    /// # Errors
    /// Never for a fault of ours: a page that has no usable text is a [`Rejection`], which becomes a ledger row.
    fn extract(&self, record: &Record<'_>, document: &mut Document, numbers: &mut Numbers) -> Result<(), Rejection>;

    /// Rules on the numbers; none unless a stage says so.
    fn rules(&self) -> &[Rule] {
        &[]
    }
}

/// A pure function from a document to numbers.
pub trait Measure: Send + Sync {
    /// Sets the stage's numbers; what does not apply stays absent.
    fn measure(&self, doc: &Doc<'_>, numbers: &mut Numbers);

    /// The rules by which the numbers are judged, in order.
    fn rules(&self) -> &[Rule];
}

/// A pure function from a document to edits.
pub trait Edit: Send + Sync {
    /// Adds the spans to cut or replace, and sets the stage's numbers (which describe the text before the edit).
    fn edit(&self, doc: &Doc<'_>, edits: &mut Edits, numbers: &mut Numbers);

    /// Rules on the numbers; judged before the edit is applied.
    fn rules(&self) -> &[Rule] {
        &[]
    }

    /// Whether what it takes out must not be kept anywhere. Then a document that its own rules remove is edited all the
    /// same, before its text is stored among the samples of removed documents.
    fn conceals(&self) -> bool {
        false
    }
}

/// Why a record gives no document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Completes "removed because …"; snake_case.
    pub reason: &'static str,
    /// What else explains it, or empty.
    pub evidence: String,
}

impl Rejection {
    /// A rejection with no further explanation.
    pub fn new(reason: &'static str) -> Rejection {
        Rejection { reason, evidence: String::new() }
    }
}

/// The metrics of stages that measure nothing.
pub const NO_METRICS: &[Metric] = &[];
