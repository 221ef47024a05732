//! Take-downs: after one no object has the text, everything still adds up, and the document does not come back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use support::{Mixes, Ran, digests};
use tokenmill_engine::plan::RunRecord;
use tokenmill_mix::INDEX_PHASE;
use tokenmill_mix::shard::dataset::Dataset;
use tokenmill_mix::shard::samples;
use tokenmill_store::fault::POINTS;
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{LocalStore, Manifest, Store};

const RUN: &str = "runs/crawl";
const MIX: &str = "runs/final";

/// What phases of that name have committed.
fn manifests(run: &Path, name: &str) -> Vec<Manifest> {
    let store = LocalStore::open(run).unwrap();
    let phases = RunRecord::read(&store).unwrap().phases;
    let named = phases.iter().filter(|phase| phase.name == name);
    named.map(|phase| phase.read_manifest(&store).unwrap().unwrap()).collect()
}

/// Id, URL and text of the kept documents of the crawl.
fn documents(mixes: &Mixes) -> Vec<(String, String, String)> {
    let run = mixes.path().join(RUN);
    let store = LocalStore::open(&run).unwrap();
    let mut found = Vec::new();
    for part in &manifests(&run, "map").last().unwrap().parts {
        for batch in Batches::open(&store, &part.objects["docs"].key, &["id", "url", "text"]).unwrap() {
            let batch = batch.unwrap();
            let columns = Columns(&batch);
            let (urls, texts) = (columns.text("url").unwrap(), columns.text("text").unwrap());
            for (row, id) in columns.ids("id").unwrap().into_iter().enumerate() {
                found.push((id.to_string(), urls.value(row).to_owned(), texts.value(row).to_owned()));
            }
        }
    }
    found
}

/// The token ids of a document in the token store.
fn tokens(mixes: &Mixes, wanted: &str) -> Option<Vec<u32>> {
    let run = mixes.path().join(RUN);
    let store = LocalStore::open(&run).unwrap();
    for part in &manifests(&run, "tokens").last()?.parts {
        for (_, object) in part.objects.iter().filter(|(name, _)| name.starts_with("tokens-")) {
            for batch in Batches::open(&store, &object.key, &["id", "tokens"]).unwrap() {
                let batch = batch.unwrap();
                let columns = Columns(&batch);
                let lists = columns.tokens("tokens").unwrap();
                let at = columns.ids("id").unwrap().iter().position(|id| id.to_string() == wanted);
                if let Some(at) = at {
                    return Some(lists.get(at).to_vec());
                }
            }
        }
    }
    None
}

/// Every column of every table of a run as text, and all other files as they are: what anybody can read there.
fn contents(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let store = LocalStore::open(run).unwrap();
    let mut found = BTreeMap::new();
    for path in digests(run).into_keys().filter(|path| !path.starts_with('.')) {
        if !path.ends_with(".parquet") {
            found.insert(path.clone(), std::fs::read(run.join(&path)).unwrap());
            continue;
        }
        let mut cells = Vec::new();
        for batch in Batches::open(&store, &path, &[]).unwrap() {
            let batch = batch.unwrap();
            let columns = Columns(&batch);
            let names: Vec<String> = batch.schema_ref().fields().iter().map(|field| field.name().clone()).collect();
            for name in &names {
                for row in 0..batch.num_rows() {
                    match name.as_str() {
                        "tokens" => cells.extend_from_slice(columns.tokens(name).unwrap().bytes(row)),
                        _ => cells.extend(columns.show(name, row).unwrap_or_default().into_bytes()),
                    }
                }
            }
        }
        found.insert(path, cells);
    }
    found
}

/// The files that have some bytes.
fn files_with(run: &Path, needle: &[u8]) -> Vec<String> {
    assert!(!needle.is_empty());
    let contents = contents(run).into_iter();
    let has = |content: &[u8]| content.windows(needle.len()).any(|window| window == needle);
    contents.filter(|(_, content)| has(content)).map(|(path, _)| path).collect()
}

/// A piece of a text that nothing else has.
fn needle(text: &str) -> &[u8] {
    let line = text.lines().max_by_key(|line| line.len()).unwrap();
    line.as_bytes()
}

fn little_endian(ids: &[u32]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.to_le_bytes()).collect()
}

/// Ids as shards have them: the vocabulary is small.
fn in_shards(ids: &[u32], dtype: &str) -> Vec<u8> {
    match dtype {
        "uint16" => ids.iter().flat_map(|id| (*id as u16).to_le_bytes()).collect(),
        _ => little_endian(ids),
    }
}

fn dataset(mixes: &Mixes) -> Dataset {
    let run = mixes.path().join(MIX);
    let index = manifests(&run, INDEX_PHASE);
    let store = LocalStore::open(&run).unwrap();
    Dataset::read(&store, &index[0].parts[0].objects["dataset"].key).unwrap()
}

fn forget(mixes: &Mixes, what: &[&str], more: &[&str]) -> Ran {
    mixes.tokenmill(&[&["forget", RUN][..], what, &["--mix", MIX], more].concat())
}

fn collect(mixes: &Mixes) {
    for run in [RUN, MIX] {
        mixes.tokenmill(&["gc", run, "--older-than", "0s", "--stale"]).ok();
    }
}

fn audit(mixes: &Mixes) -> String {
    mixes.tokenmill(&["audit", RUN]).ok();
    mixes.tokenmill(&["audit", MIX]).ok();
    mixes.tokenmill(&["mix", "audit", MIX]).ok()
}

/// A document that is in the shards, with a URL and a longest line of its own.
fn target(mixes: &Mixes, skip: usize) -> (String, String, String) {
    let used: BTreeSet<String> = pieces(mixes).into_iter().map(|(id, ..)| id).collect();
    let all = documents(mixes);
    let has = |text: &str, needle: &[u8]| text.as_bytes().windows(needle.len()).any(|window| window == needle);
    let is_alone = |url: &str, text: &str| {
        let others = all.iter().filter(|(_, other_url, other)| other_url.contains(url) || has(other, needle(text)));
        others.count() == 1
    };
    let mut fit = all.iter().filter(|(id, url, text)| used.contains(id) && !url.is_empty() && is_alone(url, text));
    fit.nth(skip).unwrap().clone()
}

/// Every piece of every shard: document, the file of the ids, first token, tokens.
fn pieces(mixes: &Mixes) -> Vec<(String, PathBuf, u64, u64)> {
    let run = mixes.path().join(MIX);
    let store = LocalStore::open(&run).unwrap();
    let mut found = Vec::new();
    for shard in dataset(mixes).phases.iter().flat_map(|phase| &phase.shards) {
        let mut at = 0;
        for batch in Batches::open(&store, &shard.pieces.key, &["id", "n_tokens"]).unwrap() {
            let batch = batch.unwrap();
            let columns = Columns(&batch);
            for (id, len) in columns.ids("id").unwrap().into_iter().zip(columns.u32("n_tokens").unwrap()) {
                found.push((id.to_string(), run.join(&shard.bin.key), at, u64::from(*len)));
                at += u64::from(*len);
            }
        }
    }
    found
}

#[test]
fn a_dry_run_lists_every_place_and_changes_nothing() {
    let mixes = Mixes::new();
    mixes.run(&[]);
    let (id, url, text) = target(&mixes, 0);
    let before = (digests(&mixes.path().join(RUN)), digests(&mixes.path().join(MIX)));
    let said = forget(&mixes, &[&url], &["--dry-run"]).ok();
    assert_eq!(before, (digests(&mixes.path().join(RUN)), digests(&mixes.path().join(MIX))));
    assert!(said.contains("nothing was changed"), "{said}");
    // Every file that has the text or its tokens is named.
    let ids = tokens(&mixes, &id).unwrap();
    let dtype = dataset(&mixes).dtype;
    for (run, needle) in [
        (RUN, needle(&text).to_vec()),
        (RUN, url.clone().into_bytes()),
        (RUN, little_endian(&ids)),
        (MIX, little_endian(&ids)),
    ] {
        for file in files_with(&mixes.path().join(run), &needle) {
            assert!(said.contains(&format!("{run}/{file}")), "{file} is not in\n{said}");
        }
    }
    // What is said of a shard is where the document lies there.
    let lines = said.lines().filter(|line| line.contains(".bin") && line.contains(&id));
    let (mut n_seen, mut n_compared) = (0, 0);
    for line in lines {
        let file = line.split_whitespace().next().unwrap();
        let (_, place) = line.split_once("sequence ").unwrap();
        let numbers: Vec<u64> = place
            .split(|c: char| !c.is_ascii_digit())
            .filter(|n| !n.is_empty())
            .take(3)
            .map(|n| n.parse().unwrap())
            .collect();
        let is_it = |piece: &&(String, PathBuf, u64, u64)| piece.0 == id && piece.1.ends_with(&file[MIX.len() + 1..]);
        let piece = pieces(&mixes).into_iter().find(|piece| is_it(&piece) && piece.2 == numbers[1]).unwrap();
        assert_eq!(numbers[2] - numbers[1], piece.3, "{line}");
        let width = if dtype == "uint16" { 2 } else { 4 };
        let bin = std::fs::read(&piece.1).unwrap();
        let there = &bin[numbers[1] as usize * width..numbers[2] as usize * width];
        let expected = in_shards(&ids, &dtype);
        // A short end may be little more than the end token.
        let start = there.get(..8 * width).filter(|_| piece.3 > 9);
        assert!(start.is_none_or(|start| expected.windows(8 * width).any(|own| own == start)), "{line}");
        n_compared += usize::from(start.is_some());
        let offsets = samples::read(&std::fs::read(piece.1.with_extension("samples")).unwrap()).unwrap();
        let sequence = numbers[0] as usize;
        assert!(offsets[sequence] <= numbers[1] && numbers[1] < offsets[sequence + 1], "{line}");
        n_seen += 1;
    }
    assert_eq!(n_seen, pieces(&mixes).iter().filter(|piece| piece.0 == id).count());
    assert!(n_seen > 0 && n_compared > 0);
}

/// Takes down what is named and looks whether it is gone.
fn take_down(mixes: &Mixes, what: &str, gone: &[(String, String, String)]) {
    let before = dataset(mixes);
    let n_documents = documents(mixes).len();
    let ids: Vec<Vec<u32>> = gone.iter().map(|(id, ..)| tokens(mixes, id).unwrap()).collect();
    let places: Vec<_> = pieces(mixes).into_iter().map(|(id, _, at, len)| (id, at, len)).collect();
    let said = forget(mixes, &[what], &["--note", "ticket 17", "--yes"]).ok();
    assert!(said.contains("tokenmill gc runs/crawl --older-than 0s --stale"), "{said}");
    assert!(audit(mixes).contains("were taken down"));
    collect(mixes);
    audit(mixes);
    for ((id, url, text), ids) in gone.iter().zip(&ids) {
        for run in [RUN, MIX] {
            let run = mixes.path().join(run);
            assert_eq!(files_with(&run, needle(text)), [""; 0]);
            assert_eq!(files_with(&run, url.as_bytes()), [""; 0]);
            assert_eq!(files_with(&run, &little_endian(ids)), [""; 0]);
            assert_eq!(files_with(&run, &in_shards(ids, &before.dtype)), [""; 0]);
        }
        assert_eq!(tokens(mixes, id), None);
        let why = mixes.tokenmill(&["inspect", "why", RUN, id]).ok();
        assert!(why.contains("removed by forget because forgotten"), "{why}");
    }
    assert_eq!(documents(mixes).len(), n_documents - gone.len());
    // Nothing has moved.
    let after = dataset(mixes);
    assert_eq!(places, pieces(mixes).into_iter().map(|(id, _, at, len)| (id, at, len)).collect::<Vec<_>>());
    let sizes = |dataset: &Dataset| -> Vec<(u64, u64, String)> {
        let shards = dataset.phases.iter().flat_map(|phase| &phase.shards);
        shards.map(|shard| (shard.n_documents, shard.n_tokens, shard.samples.digest.clone())).collect()
    };
    assert_eq!(sizes(&before), sizes(&after));
    let list = mixes.tokenmill(&["forget", RUN, "--list"]).ok();
    assert!(list.contains("ticket 17") && gone.iter().all(|(id, ..)| list.contains(id)), "{list}");
}

#[test]
fn an_url_an_id_and_a_domain_are_taken_down_and_do_not_come_back() {
    let mixes = Mixes::new();
    mixes.run(&[]);
    let by_url = target(&mixes, 0);
    take_down(&mixes, &by_url.1.clone(), std::slice::from_ref(&by_url));
    let by_id = target(&mixes, 2);
    take_down(&mixes, &by_id.0.clone(), std::slice::from_ref(&by_id));
    let host = target(&mixes, 4).1.split('/').nth(2).unwrap().to_owned();
    let of_host =
        |url: &str| url.split('/').nth(2).is_some_and(|own| own == host || own.ends_with(&format!(".{host}")));
    let gone: Vec<_> = documents(&mixes).into_iter().filter(|(_, url, _)| of_host(url)).collect();
    let made = (digests(&mixes.path().join(RUN)), digests(&mixes.path().join(MIX)));
    forget(&mixes, &["nowhere.example"], &[]).code(1);
    assert_eq!(made, (digests(&mixes.path().join(RUN)), digests(&mixes.path().join(MIX))));
    forget(&mixes, &[&host], &["--yes"]).ok();
    audit(&mixes);
    collect(&mixes);
    assert!(!gone.is_empty());
    for (_, url, _) in &gone {
        assert_eq!(files_with(&mixes.path().join(RUN), url.as_bytes()), [""; 0]);
    }
    // The same again changes nothing.
    let made = (mixes.made(), digests(&mixes.path().join(RUN)));
    for what in [by_url.1.as_str(), by_id.0.as_str(), host.as_str()] {
        let said = forget(&mixes, &[what], &["--yes"]).ok();
        assert!(said.contains("all of it was taken down before"), "{said}");
    }
    assert_eq!(made, (mixes.made(), digests(&mixes.path().join(RUN))));
    // Neither does the recipe, nor the mix: all that was done stands as it is now.
    for arguments in [&["run", "recipe.toml"][..], &["mix", "run", "mix.toml"]] {
        let said = mixes.tokenmill(arguments).ok();
        assert!(said.contains("\n0 of "), "{said}");
    }
    audit(&mixes);
    let kept: BTreeSet<String> = documents(&mixes).into_iter().map(|(_, url, _)| url).collect();
    assert!(!kept.contains(&by_url.1) && !kept.contains(&by_id.1) && !kept.iter().any(|url| of_host(url)));
    // A step more does all documents again; those do not come back.
    let recipe = mixes.path().join("recipe.toml");
    let text = std::fs::read_to_string(&recipe).unwrap().replace("min_chars = 200", "min_chars = 199");
    std::fs::write(&recipe, text).unwrap();
    mixes.tokenmill(&["run", "recipe.toml"]).ok();
    mixes.tokenmill(&["audit", RUN]).ok();
    let again: BTreeSet<String> = documents(&mixes).into_iter().map(|(_, url, _)| url).collect();
    assert_eq!(again, kept);
    assert_eq!(files_with(&mixes.path().join(RUN), needle(&by_url.2)), [""; 0]);
}

#[test]
fn dying_at_every_step_ends_the_same() {
    let mixes = Mixes::new();
    mixes.run(&[]);
    let (_, url, _) = target(&mixes, 0);
    let saved = tempfile::tempdir().unwrap();
    let copy = |from: &Path, to: &Path| {
        let done = std::process::Command::new("cp").args(["-a"]).arg(from).arg(to).status().unwrap();
        assert!(done.success());
    };
    copy(&mixes.path().join("runs"), saved.path());
    let restore = || {
        std::fs::remove_dir_all(mixes.path().join("runs")).unwrap();
        copy(&saved.path().join("runs"), mixes.path());
    };
    let made = || {
        collect(&mixes);
        let mut made = digests(&mixes.path().join("runs"));
        made.retain(|path, _| !path.contains("/."));
        made
    };
    forget(&mixes, &[&url], &["--yes"]).ok();
    let expected = made();
    for point in POINTS {
        let mut n_deaths = 0;
        for pass in [1, 2, 5] {
            restore();
            let arguments = ["forget", RUN, &url, "--mix", MIX, "--yes"];
            let mut command = mixes.command(&arguments);
            command.env("TOKENMILL_FAILPOINT", format!("{point}:{pass}")).stdout(Stdio::null()).stderr(Stdio::null());
            n_deaths += usize::from(command.status().unwrap().code().is_none());
            forget(&mixes, &[&url], &["--yes"]).ok();
            audit(&mixes);
            assert_eq!(made(), expected, "after a death at pass {pass} of `{point}`");
        }
        assert!(n_deaths > 0, "no take-down passes `{point}`");
    }
}

#[test]
fn what_names_nothing_is_refused() {
    let mixes = Mixes::new();
    for what in ["nothing", "https://", "a b.example"] {
        let said = mixes.tokenmill(&["forget", RUN, what]).code(2).stderr;
        assert!(said.contains(what), "{said}");
    }
    assert!(LocalStore::open(mixes.path().join(RUN)).unwrap().head("takedown/00001.json").unwrap().is_none());
    // What is not there yet is remembered, too.
    mixes.tokenmill(&["forget", RUN, "https://later.example/page", "--yes"]).ok();
    let list = mixes.tokenmill(&["forget", RUN, "--list"]).ok();
    assert!(list.contains("0 documents, 1 URLs"), "{list}");
}
