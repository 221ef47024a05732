//! Shards read back by a reader of another hand: NumPy finds the texts of exactly the documents that were kept.

use std::path::Path;

use serde_json::Value;
use support::{Sandbox, fixture, package, python, said};
use tokenmill_engine::plan::RunRecord;
use tokenmill_mix::tokenize::{Family, Tokenizer};
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{LocalStore, Manifest, Store};

/// What the last phase of that name has committed.
fn manifest(store: &LocalStore, phase: &str) -> Manifest {
    let record = RunRecord::read(store).unwrap();
    let phase = record.phases.iter().rfind(|standing| standing.name == phase).unwrap();
    phase.read_manifest(store).unwrap().unwrap()
}

/// The texts that the last map phase has kept.
fn kept(store: &LocalStore) -> Vec<String> {
    let mut texts = Vec::new();
    for part in manifest(store, "map").parts {
        for batch in Batches::open(store, &part.objects["docs"].key, &["text"]).unwrap() {
            let batch = batch.unwrap();
            texts.extend(Columns(&batch).text("text").unwrap().iter().map(|text| text.unwrap().to_owned()));
        }
    }
    texts
}

/// The ids of all documents of a run, as the Python reader sees them.
fn read(run: &Path) -> Vec<Vec<u32>> {
    let (out, _) = said(package(python()).args(["-m", "tokenmill_reader", "documents"]).arg(run));
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn numpy_reads_the_texts_of_the_kept_documents() {
    let sandbox = Sandbox::new();
    sandbox.run(&["--set", "shards.shard_tokens=50000"]);
    let store = LocalStore::open(sandbox.run_folder()).unwrap();
    let index = &manifest(&store, "index").parts[0].objects["dataset"].key;
    let dataset: Value = serde_json::from_slice(&store.read(index).unwrap()).unwrap();
    let vocabulary = std::fs::read(fixture("mini.tiktoken")).unwrap();
    let tokenizer = Tokenizer::from_rank_file("mini", Family::named("gpt2").unwrap(), &vocabulary).unwrap();

    let (mut found, mut n_tokens) = (Vec::new(), 0);
    for mut ids in read(&sandbox.run_folder()) {
        n_tokens += ids.len();
        assert_eq!(ids.pop().map(u64::from), dataset["tokenizer"]["eos"].as_u64());
        found.push(String::from_utf8(tokenizer.decode(&ids).unwrap()).unwrap());
    }
    let mut kept = kept(&store);
    kept.sort_unstable();
    found.sort_unstable();
    let n_shards = dataset["phases"][0]["shards"].as_array().unwrap().len();
    assert!(n_shards > 1 && kept.len() > 100, "{n_shards} shards, {} documents", kept.len());
    assert_eq!((&dataset["n_tokens"], &dataset["n_documents"]), (&n_tokens.into(), &kept.len().into()));
    assert_eq!(found, kept);
}
