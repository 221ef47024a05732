//! Shard formats: what lies on disk for a trainer.

pub mod dataset;
pub mod megatron;
pub mod read;
