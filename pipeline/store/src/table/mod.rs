//! Parquet tables with pinned writer properties: rows in, row groups out, and back.

mod copy;
mod props;
mod read;
mod write;

pub use copy::{Cell, Change, copy};
pub use read::{Batches, Columns, TokenLists};
pub use write::{Field, Row, Table};
