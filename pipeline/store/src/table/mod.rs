//! Parquet tables with pinned writer properties: rows in, row groups out, and back.

mod chunks;
mod props;
mod read;
mod write;

pub use read::{Batches, Columns, TokenLists};
pub use write::{Field, Row, Table};
