//! Shards read back by a reader of another hand: NumPy finds the texts of exactly the documents that were kept.

use std::path::Path;

use support::{Sandbox, fixture, python, root};
use tokenmill_engine::plan::RunRecord;
use tokenmill_mix::shard::dataset::Dataset;
use tokenmill_mix::tokenize::{Family, Tokenizer};
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{LocalStore, Manifest, Store, commit};

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

/// The ids of all documents of a shard, as the Python reader sees them.
fn read(prefix: &Path) -> Vec<Vec<u32>> {
    let output = python().arg(root().join("mix/python/read_megatron.py")).arg(prefix).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn numpy_reads_the_texts_of_the_kept_documents() {
    let sandbox = Sandbox::new();
    sandbox.run(&["--set", "shards.shard_tokens=50000"]);
    let store = LocalStore::open(sandbox.run_folder()).unwrap();
    let index = &manifest(&store, "index").parts[0].objects["dataset"].key;
    let dataset: Dataset = commit::parse(index, &store.read(index).unwrap()).unwrap();
    let vocabulary = std::fs::read(fixture("mini.tiktoken")).unwrap();
    let tokenizer = Tokenizer::from_rank_file("mini", Family::named("gpt2").unwrap(), &vocabulary).unwrap();

    let (mut found, mut n_tokens) = (Vec::new(), 0);
    for shard in &dataset.phases[0].shards {
        let documents = read(&sandbox.run_folder().join(&shard.prefix));
        assert_eq!(documents.len() as u64, shard.n_documents, "{}", shard.prefix);
        for mut ids in documents {
            n_tokens += ids.len() as u64;
            assert_eq!(ids.pop(), dataset.tokenizer.eos);
            found.push(String::from_utf8(tokenizer.decode(&ids).unwrap()).unwrap());
        }
    }
    let mut kept = kept(&store);
    kept.sort_unstable();
    found.sort_unstable();
    assert!(dataset.phases[0].shards.len() > 1 && kept.len() > 100, "{} shards, {} documents", dataset.phases[0].shards.len(), kept.len());
    assert_eq!((dataset.n_tokens, dataset.n_documents), (n_tokens, kept.len() as u64));
    assert_eq!(found, kept);
}
