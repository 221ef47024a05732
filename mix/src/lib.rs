//! Token ids and training shards: tokenise, shuffle, and write what a trainer reads.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic"))]

pub mod ablation;
pub mod audit;
pub mod order;
pub mod pack;
mod phase;
pub mod plan;
pub mod shard;
mod take;
pub mod tokenize;

pub use phase::{CUTS, CUTS_PHASE, INDEX_PHASE, SHARDS, TOKENS, TOKENS_PHASE, TokenStore, forget, mix_phases, supply};
