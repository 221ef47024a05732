//! The ground floor: everything that touches bytes outside memory. Objects, commits, tables, crawl files and assets.
//!
//! The face is synchronous. Nobody lists: readers follow commits and manifests.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic"))]

pub mod append;
pub mod assets;
pub mod cached;
pub mod child;
pub mod commit;
pub mod cost;
pub mod error;
pub mod fault;
pub mod faulty;
mod inputs;
pub mod keeper;
pub mod local;
mod local_keep;
pub mod location;
pub mod machine;
pub mod measured;
pub mod mem;
pub mod meter;
pub mod phase;
pub mod place;
pub mod post;
pub mod ranges;
pub mod readahead;
pub mod records;
pub mod retry;
pub mod rows;
pub mod s3;
pub mod scratch;
pub mod section;
pub mod sort;
pub mod source;
pub mod spool;
pub mod store;
pub mod table;
pub mod takedown;
pub mod testing;
pub mod warc;
mod web;
pub mod wiki;

pub use append::AppendLog;
pub use commit::{Commit, Manifest, ObjectRef, Part};
pub use cost::Cost;
pub use error::StoreError;
pub use faulty::Faulty;
pub use inputs::Inputs;
pub use keeper::Keeper;
pub use local::LocalStore;
pub use location::open_store;
pub use mem::MemStore;
pub use meter::{Metered, Requests};
pub use phase::{Outcome, Phase, Task, TaskContext};
pub use post::Poster;
pub use records::Records;
pub use retry::Retry;
pub use rows::Rows;
pub use s3::{S3Options, S3Store};
pub use section::{MetricUse, Section, SharedAssets};
pub use spool::{Sealed, Spool};
pub use store::{Created, Object, ObjectMeta, Store};
