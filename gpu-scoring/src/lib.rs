//! Encoder scorers: documents through BERT-like models in batches without padding, on the CPU or on GPUs found at run time.
//!
//! | room | what it does |
//! |---|---|
//! | `encoder` | reads a Hugging Face folder into weights and heads |
//! | `tokenize` | texts to sequences of ids, cut into windows |
//! | `batcher` | sequences to batches by a budget of tokens |
//! | `device` | what runs a batch; `cpu` and `cuda` are its kinds |
//! | `fleet` | which devices there are, one worker for each, and the queue that feeds them |
//! | `scorer` | the stage `score.encoder` |
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic"))]

pub mod batcher;
pub mod catalog;
pub mod cpu;
pub mod cuda;
pub mod device;
pub mod encoder;
pub mod fleet;
pub mod scorer;
pub mod tokenize;

pub use catalog::CATALOG;
