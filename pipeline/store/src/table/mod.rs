//! Parquet tables with pinned writer properties: rows in, row groups out, and back.

mod chunks;
mod columns;
mod copy;
mod find;
mod props;
mod read;
mod write;

pub use columns::{Columns, TokenLists};
pub use copy::{Cell, Change, copy};
pub use find::{Hit, Key, find};
pub use read::Batches;
pub use write::{Field, Row, Table};
