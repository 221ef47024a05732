//! The stages of this crate.

use crate::scorer;
use tokenmill_core::Entry;

/// Every stage of this crate.
pub const CATALOG: &[Entry] = &[scorer::ENTRY];
