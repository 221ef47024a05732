//! Classifiers that run inside the pipeline: fastText models and the stages built on them.
//!
//! A stage is one file, one line in [`catalog`] and one page in `docs/`. This crate knows `tokenmill-core` and nothing
//! else of the house.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic"))]

pub mod annotate;
pub mod catalog;
pub mod fasttext;
pub mod langid;
pub mod scorer;
mod script;
mod shared;
pub mod training;
