//! The workshop of the house: stages that read, measure and edit one document at a time.
//!
//! A stage is one file, one line in [`catalog`] and one page in `docs/`, which is its doc, its config example and its
//! golden test at once. Stages know `tokenmill-core` and nothing else of the house.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic"))]

mod asset_name;
mod buffer;
pub mod catalog;
pub mod code;
mod datatrove;
pub mod decon;
pub mod dedup;
pub mod divergence;
pub mod extract;
pub mod filter;
pub mod line;
pub mod page;
mod phrases;
pub mod pii;
pub mod quantiles;
pub mod references;
mod repetition;
pub mod step;
pub mod text;
pub mod url;
