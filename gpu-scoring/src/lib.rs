//! Encoder scorers in batches. So far the room that every device needs: documents packed into batches by tokens.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic"))]

pub mod batcher;
