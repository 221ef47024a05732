//! Deduplication: stages that say which documents belong together and which of them is worth most.

pub mod exact;
mod keep;
mod line_key;
pub mod lines;
pub mod minhash;
mod normal;
mod scope;
pub mod url;
