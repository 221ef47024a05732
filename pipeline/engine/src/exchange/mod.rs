//! The exchange: decisions that need all documents, made on small rows, in bounded memory and with a bounded number of
//! requests.
//!
//! | room | what it does | its tasks |
//! |---|---|---|
//! | `sketch` | writes the rows of every document that takes part, fused into the map phase before it | those of the map |
//! | `shuffle` | ships the rows of documents that are still alive, sorted, as one object | one per group of parts |
//! | `equal`, `similar`, `lines` | bring what belongs together together and decide | one per range of keys, mostly |
//! | `home` | sorts the decisions by the place of the document | one per group of parts |
//! | `against` | finds what earlier runs have kept, which counts as kept already | those of the shuffle |
//!
//! The next map phase reads its decisions row by row beside its documents. Exchanges of one recipe settle one after the
//! other, each on what the ones before it have left.

mod against;
pub mod bounds;
pub mod cost;
mod decisions;
mod equal;
mod home;
mod lines;
pub(crate) mod ranges;
pub(crate) mod rows;
mod shuffle;
mod similar;
mod sketch;
mod steps;
#[cfg(test)]
mod tests;

pub use against::{AGAINST, Pinned, identity, pin};
pub use decisions::{Decided, Fates, PartDecisions, by_part};
pub use home::TABLE as DECISIONS;
pub use lines::Cuts;
pub use similar::{KEPT, KEPT_ID};
pub use sketch::{Sketched, Sketcher};
pub use steps::{From, Step, steps};

use tokenmill_store::{ObjectRef, Part, StoreError};

/// Input of a shuffle: the map phase that wrote the sketches.
pub const SKETCHED: &str = "sketched";
/// Input of what comes behind a shuffle.
pub const SHUFFLED: &str = "shuffled";
/// Input of clustering: pairs of documents that share a key.
pub const PAIRED: &str = "paired";
/// Input of the larger sketches: the documents that have a pair.
pub const CLUSTERED: &str = "clustered";
/// Input of verification: the larger sketches.
pub const DETAILED: &str = "detailed";
/// Input of bringing home: the settled decisions.
pub const SETTLED: &str = "settled";

/// Input with the decisions of one exchange step.
pub fn decided(step: &str) -> String {
    format!("decided.{step}")
}

/// The table of a map phase that has a row for every document that takes part in a step.
pub fn sketch_table(step: &str) -> String {
    format!("sketch.{step}")
}

/// The table of a map phase with the keys of a step, for kinds that have several for a document.
fn keys_table(step: &str) -> String {
    format!("keys.{step}")
}

/// Raised when the rows, their order or the decisions can change.
const FORMAT: u32 = 2;

/// An object that a part must have.
pub(crate) fn object<'a>(part: &'a Part, name: &str) -> Result<&'a ObjectRef, StoreError> {
    part.objects.get(name).ok_or_else(|| StoreError::corrupt(&part.task, format!("the part has no `{name}`")))
}
