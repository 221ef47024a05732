//! The cellar of the house: what a document, a stage, a rule and a ledger row are. No I/O, no clocks, no randomness.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic"))]

pub mod arena;
pub mod assets;
pub mod catalog;
pub mod combine;
pub mod date;
pub mod doc;
pub mod edits;
pub mod error;
pub mod exchange;
pub mod hash;
pub mod id;
pub mod ledger;
pub mod license;
pub mod numbers;
pub mod page;
pub mod pipe;
pub mod record;
pub mod robots;
pub mod rule;
pub mod schema;
pub mod score;
pub mod spec;
pub mod stage;
pub mod suggest;
pub mod text;

pub use arena::Analysis;
pub use assets::Assets;
pub use catalog::{Catalog, Entry};
pub use combine::Combine;
pub use doc::{Doc, Document};
pub use edits::Edits;
pub use error::BuildError;
pub use exchange::{Exchange, Fate, Sketch};
pub use id::DocId;
pub use ledger::LedgerRow;
pub use numbers::{DocField, Metric, MetricKind, Numbers};
pub use pipe::Pipe;
pub use record::{Payload, Record};
pub use rule::{Keep, Rule, Verdict, judge};
pub use score::Score;
pub use spec::{Default, Param, Params, Value};
pub use stage::{Edit, Extract, Measure, Rejection, Stage};
