//! The fused chain: one document walks all steps of a phase while its text is hot, and every number it leaves behind is
//! kept for the ledger.

mod build;
mod names;
#[cfg(test)]
mod tests;
mod worker;

pub use build::{Built, Chain, Step};
pub use names::{check, check_reading, check_section};
pub use worker::{Decided, Outcome, Worker};
