//! The stages of this crate: one line each, sorted by name.

use crate::{langid, scorer};
use tokenmill_core::Entry;

/// Every stage of this crate. Their pages need models, so they are checked where the models are: in the data tier.
pub const CATALOG: &[Entry] = &[scorer::ENTRY, langid::ENTRY];

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_core::Catalog;

    #[test]
    fn names_are_unique_and_sorted() {
        Catalog::join(&[CATALOG]).unwrap();
    }
}
