//! Shard formats: what lies on disk for a trainer.

mod check;
pub mod dataset;
pub mod export;
mod export_mds;
pub mod locate;
pub mod mds;
pub mod megatron;
pub mod npy;
pub mod read;
pub mod samples;
pub mod sha256;
#[cfg(test)]
mod tests;
pub mod view;
