//! The exchange: decisions that need all documents, made on rows of fixed width, in bounded memory and with a bounded
//! number of requests.
//!
//! | room | what it does | its tasks |
//! |---|---|---|
//! | `sketch` | writes a row for every document that takes part, fused into the map phase before it | those of the map |
//! | `shuffle` | ships the rows of documents that are still alive, sorted, as one object | one per group of parts |
//! | `settle` | brings groups of equal keys together and decides | one per range of keys |
//! | `home` | sorts the decisions by the place of the document | one per group of parts |
//!
//! The next map phase reads its decisions row by row beside its documents. Exchanges of one recipe settle one after the
//! other, each on what the ones before it have left.

pub mod bounds;
mod decisions;
mod home;
mod layout;
mod settle;
mod shuffle;
mod sketch;
#[cfg(test)]
mod tests;

pub use decisions::{Decided, Twins, by_part};
pub use home::HomePhase;
pub use layout::sketch_table;
pub use settle::SettlePhase;
pub use shuffle::ShufflePhase;
pub use sketch::Sketcher;

use tokenmill_store::{ObjectRef, Part, StoreError};

/// Input of a shuffle: the map phase that wrote the sketches.
pub const SKETCHED: &str = "sketched";
/// Input of settling and of bringing home: the shuffle.
pub const SHUFFLED: &str = "shuffled";
/// Input of bringing home: the settled decisions.
pub const SETTLED: &str = "settled";

/// Input with the decisions of one exchange step.
pub fn decided(step: &str) -> String {
    format!("decided.{step}")
}

/// Raised when the rows, their order or the decisions can change.
const FORMAT: u32 = 1;

/// An object that a part must have.
fn object<'a>(part: &'a Part, name: &str) -> Result<&'a ObjectRef, StoreError> {
    part.objects.get(name).ok_or_else(|| StoreError::corrupt(&part.task, format!("the part has no `{name}`")))
}
