//! The stages of this crate: one line each, sorted by name.

use crate::{code, decon, dedup, extract, filter, line, page, pii, step, text, url};
use tokenmill_core::Entry;

/// Every stage of this crate.
pub const CATALOG: &[Entry] = &[
    code::language::ENTRY,
    decon::benchmarks::ENTRY,
    dedup::exact::ENTRY,
    dedup::lines::ENTRY,
    dedup::minhash::ENTRY,
    dedup::url::ENTRY,
    extract::all_text::ENTRY,
    extract::main_text::ENTRY,
    extract::wikitext::stage::ENTRY,
    filter::class_share::ENTRY,
    filter::code_license::ENTRY,
    filter::code_page::ENTRY,
    filter::code_path::ENTRY,
    filter::code_text::ENTRY,
    filter::dirty_words::ENTRY,
    filter::ensemble::ENTRY,
    filter::expr::ENTRY,
    filter::fineweb::ENTRY,
    filter::gopher_quality::ENTRY,
    filter::gopher_repetition::ENTRY,
    filter::length::ENTRY,
    filter::math_page::ENTRY,
    filter::opt_out::ENTRY,
    filter::token_divergence::ENTRY,
    line::c4::ENTRY,
    line::policy_notices::ENTRY,
    line::refinedweb::ENTRY,
    line::repetition::ENTRY,
    page::kind::ENTRY,
    pii::domains::ENTRY,
    pii::redact::ENTRY,
    step::pipe::ENTRY,
    text::mojibake::ENTRY,
    url::blocklist::ENTRY,
    url::canonical::ENTRY,
    url::ranking::ENTRY,
    url::references::ENTRY,
    url::words::ENTRY,
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tokenmill_core::assets::MemoryAssets;
    use tokenmill_core::page as stage_page;
    use tokenmill_core::{Catalog, Params};

    #[test]
    fn names_are_unique_and_sorted() {
        Catalog::join(&[CATALOG]).unwrap();
    }

    /// The small files that pages need.
    #[expect(clippy::disallowed_methods, reason = "files of the source tree")]
    fn assets() -> MemoryAssets {
        let mut assets = MemoryAssets::default();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/assets");
        for file in std::fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
            let name = file.file_name().into_string().unwrap();
            assets.0.insert(name, std::fs::read(file.path()).unwrap().into());
        }
        assets
    }

    #[test]
    fn stages_can_be_built_with_their_defaults() {
        for entry in CATALOG {
            let built = (entry.build)(&Params::defaults(entry.params), &assets());
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
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(stage_page::path(entry.name));
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            if text != entry.page {
                problems.push(format!("{}: its `page` must be {}", entry.name, stage_page::path(entry.name)));
            }
            let mut checked = stage_page::check(entry, &text, &assets()).unwrap();
            if bless {
                std::fs::write(&path, &checked.blessed).unwrap();
                checked = stage_page::check(entry, &checked.blessed, &assets()).unwrap();
            }
            problems.extend(checked.problems);
        }
        assert!(problems.is_empty(), "{}\nrun `cargo xtask bless` and read the diff", problems.join("\n"));
    }
}
