//! Assets are really fetched: one from each kind of package, with this machine's own clients.

use tokenmill_core::Assets as _;
use tokenmill_store::assets::{Asset, Assets, Source, State};

/// Fetches `name` into an empty cache from the first of its sources that `is_wanted`, and from no other.
fn fetch_from(name: &str, is_wanted: fn(&Source) -> bool) {
    let cache = tempfile::tempdir().unwrap();
    let built_in = Assets::open(cache.path()).unwrap();
    let listed = built_in.list().unwrap().into_iter().find(|status| status.asset.name == name).unwrap();
    assert_eq!(listed.state, State::Missing);
    let Asset { sha256, bytes, sources, .. } = listed.asset;
    let source = sources.into_iter().find(is_wanted).unwrap();
    // The same content under another name, with this source alone.
    let table = format!(
        "[[asset]]\nname = \"wanted\"\nversion = \"1\"\nkind = \"test\"\nlicence = \"\"\nsha256 = \"{sha256}\"\nbytes = {bytes}\nsources = [\"{source}\"]\n"
    );
    let online = Assets::open(cache.path()).unwrap().with_table(&table).unwrap();
    assert_eq!(online.bytes("wanted").unwrap().len() as u64, bytes, "{source}");

    let nowhere = table.replace(&source.to_string(), "https://localhost:1/gone");
    let offline = Assets::open(cache.path()).unwrap().with_table(&nowhere).unwrap();
    assert_eq!(offline.bytes("wanted").unwrap().len() as u64, bytes, "{source}, from the cache");
}

#[test]
fn a_wheel_gives_the_language_model() {
    fetch_from("lid.176.ftz", |source| matches!(source, Source::PyPi { .. }));
}

#[test]
fn an_npm_tarball_gives_the_language_model() {
    fetch_from("lid.176.ftz", |source| matches!(source, Source::Npm { .. }));
}

#[test]
fn a_crate_gives_a_vocabulary() {
    fetch_from("gpt2", |source| matches!(source, Source::Crate { .. }));
}

#[test]
fn an_npm_tarball_gives_a_vocabulary() {
    fetch_from("gpt2", |source| matches!(source, Source::Npm { .. }));
}

#[test]
fn a_wheel_gives_the_llama_3_vocabulary() {
    fetch_from("llama3", |source| matches!(source, Source::PyPi { .. }));
}

/// Nothing listens there: the message names every source and what to run.
#[test]
fn an_address_that_does_not_answer_is_told() {
    let cache = tempfile::tempdir().unwrap();
    let assets = Assets::open(cache.path()).unwrap();
    let name = format!("https://localhost:1/model.bin#sha256={}", "0".repeat(64));
    let error = assets.bytes(&name).unwrap_err();
    assert!(error.message.contains("https://localhost:1/model.bin: "), "{}", error.message);
    assert!(error.hint.unwrap().contains("`tokenmill assets fetch https://localhost:1/model.bin#sha256=0"));
}
