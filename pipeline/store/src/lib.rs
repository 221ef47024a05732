//! The ground floor: everything that touches bytes outside memory. Objects, commits, tables, crawl files and assets.
//!
//! The face is synchronous. Nobody lists: readers follow commits and manifests.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic"))]

pub mod assets;
pub mod commit;
pub mod error;
pub mod fault;
mod inputs;
pub mod local;
pub mod mem;
pub mod phase;
pub mod rows;
pub mod section;
pub mod sort;
pub mod source;
pub mod spool;
pub mod store;
pub mod table;
pub mod warc;

pub use commit::{Commit, Manifest, ObjectRef, Part};
pub use error::StoreError;
pub use inputs::Inputs;
pub use local::LocalStore;
pub use mem::MemStore;
pub use phase::{Outcome, Phase, Task, TaskContext};
pub use rows::Rows;
pub use section::{Section, SharedAssets};
pub use spool::Spool;
pub use store::{Created, Object, ObjectMeta, Store};
