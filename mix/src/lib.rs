//! Token ids and training shards: tokenise, shuffle, and write what a trainer reads.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic"))]

pub mod order;
pub mod pack;
mod phase;
pub mod plan;
pub mod shard;
pub mod tokenize;

pub use phase::SHARDS;
