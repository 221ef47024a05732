//! Deduplication: stages that say which documents belong together and which of them is worth most.

pub mod exact;
mod keep;
mod normal;
pub mod url;
