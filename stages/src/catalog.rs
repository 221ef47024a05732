//! The stages of this crate: one line each, sorted by name.

use crate::{dedup, extract, filter, line, step, url};
use tokenmill_core::Entry;

/// Every stage of this crate.
pub const CATALOG: &[Entry] = &[
    dedup::exact::ENTRY,
    dedup::lines::ENTRY,
    dedup::minhash::ENTRY,
    dedup::url::ENTRY,
    extract::all_text::ENTRY,
    extract::main_text::ENTRY,
    filter::expr::ENTRY,
    filter::gopher_quality::ENTRY,
    filter::gopher_repetition::ENTRY,
    filter::length::ENTRY,
    line::policy_notices::ENTRY,
    step::pipe::ENTRY,
    url::blocklist::ENTRY,
    url::canonical::ENTRY,
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_core::{Catalog, Params, page};

    #[test]
    fn names_are_unique_and_sorted() {
        Catalog::join(&[CATALOG]).unwrap();
    }

    #[test]
    fn stages_can_be_built_with_their_defaults() {
        for entry in CATALOG {
            let built = (entry.build)(&Params::defaults(entry.params), &MemoryAssets::default());
            assert!(built.is_ok(), "{}: {}", entry.name, built.err().unwrap());
        }
    }

    /// With `TOKENMILL_BLESS` set, what the stages say is written into their pages first.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "pages are files of the source tree")]
    fn pages_are_true() {
        let bless = std::env::var_os("TOKENMILL_BLESS").is_some();
        let mut problems = Vec::new();
        for entry in CATALOG {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page::path(entry.name));
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            if text != entry.page {
                problems.push(format!("{}: its `page` must be {}", entry.name, page::path(entry.name)));
            }
            let mut checked = page::check(entry, &text, &MemoryAssets::default()).unwrap();
            if bless {
                std::fs::write(&path, &checked.blessed).unwrap();
                checked = page::check(entry, &checked.blessed, &MemoryAssets::default()).unwrap();
            }
            problems.extend(checked.problems);
        }
        assert!(problems.is_empty(), "{}\nrun `cargo xtask bless` and read the diff", problems.join("\n"));
    }
}
