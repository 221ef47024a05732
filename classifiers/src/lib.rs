//! Classifiers that run inside the pipeline: fastText models and the stages built on them.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic"))]

pub mod fasttext;
