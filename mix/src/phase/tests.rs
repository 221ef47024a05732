//! The three phases on documents in memory, with a vocabulary of single bytes, so that ids are text.

use super::tokens::Tokens;
use super::*;
use crate::order::shuffle_key;
use crate::shard::dataset::Dataset;
use crate::shard::read::Reader;
use crate::tokenize::tests::rank_file;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::{DocId, schema};
use tokenmill_store::phase::DOCS;
use tokenmill_store::table::{Field, Table};
use tokenmill_store::{Commit, Inputs, MemStore, Requests, Store, TaskContext};

const EOS: u32 = 50_256;
const SEED: u64 = 7;

fn assets() -> Arc<dyn SharedAssets> {
    Arc::new(MemoryAssets([("mine".to_owned(), rank_file().into())].into()))
}

fn phases(recipe: &str) -> Result<Vec<Box<dyn Phase>>, BuildError> {
    let table = format!("tokenizer = \"gpt2=mine\"\n{recipe}").parse().unwrap();
    (SHARDS.build)(&Params::from_table(SHARDS.params, &table)?, SEED, assets())
}

fn documents(n: u64) -> BTreeMap<DocId, String> {
    let text = |n: u64| format!("{n:x} ").repeat((n % 50) as usize);
    (0..n).map(|n| (DocId::from_position("test", n), text(n))).collect()
}

/// A manifest of as many parts as there are lists.
fn docs_manifest(store: &MemStore, parts: &[Vec<(DocId, &str)>]) -> Manifest {
    let part = |(number, documents): (usize, &Vec<(DocId, &str)>)| {
        let mut table = Table::new(tokenmill_store::Spool::create(store).unwrap(), Field::of(schema::DOCS));
        for (id, text) in documents {
            let row = table.row().id(*id).u32(0).text("").text("").text("").text("").text("en").text("").text("");
            row.bool(false).text("test").text("").text("").text("").text(text).end().unwrap();
        }
        let (spool, _) = table.finish().unwrap();
        let docs = spool.store(store, "docs", "parquet").unwrap();
        let objects = [("docs".to_owned(), docs)].into();
        Commit {
            task: format!("part {number}"),
            label: String::new(),
            objects,
            tally: Value::Null,
            requests: Requests::default(),
        }
    };
    Manifest { phase: "docs".into(), parts: parts.iter().enumerate().map(part).collect() }
}

fn perform(phase: &dyn Phase, store: &MemStore, upstream: &Manifest) -> Result<Manifest, StoreError> {
    let bytes_read = AtomicU64::new(0);
    let inputs = Inputs::new(store).with(DOCS, Arc::new(upstream.clone()));
    let context = TaskContext {
        store,
        folder: phase.name(),
        inputs: &inputs,
        bytes_read: &bytes_read,
        timings: false,
        memory: 1 << 20,
    };
    let commit = |task: Task| {
        let outcome = phase.run(&task, &context)?;
        assert_eq!(outcome.tally["n_in"], outcome.tally["n_out"]);
        Ok(Commit {
            task: task.key,
            label: task.label,
            objects: outcome.objects,
            tally: outcome.tally,
            requests: Requests::default(),
        })
    };
    let tasks = phase.tasks("fingerprint", &inputs)?;
    Ok(Manifest { phase: phase.name().into(), parts: tasks.into_iter().map(commit).collect::<Result<_, _>>()? })
}

fn dataset(phases: &[Box<dyn Phase>], store: &MemStore, parts: &[Vec<(DocId, &str)>]) -> Result<Dataset, StoreError> {
    let mut manifest = docs_manifest(store, parts);
    for phase in phases {
        manifest = perform(&**phase, store, &manifest)?;
    }
    Ok(serde_json::from_slice(&store.read(&manifest.parts[0].objects["dataset"].key)?).unwrap())
}

/// Every document of every shard, as text, with the end token taken off.
fn texts(store: &MemStore, dataset: &Dataset) -> Vec<String> {
    let mut texts = Vec::new();
    for shard in &dataset.phases[0].shards {
        let (bin, idx) = (store.read(&shard.bin.key).unwrap(), store.read(&shard.idx.key).unwrap());
        assert_eq!(shard.bin.key, format!("{}.bin", shard.prefix));
        assert_eq!(shard.idx.key, format!("{}.idx", shard.prefix));
        let reader = Reader::new(&bin, &idx).unwrap();
        assert_eq!(reader.n_documents() as u64, shard.n_documents);
        for mut ids in reader.documents() {
            assert_eq!(ids.pop(), Some(EOS));
            texts.push(ids.into_iter().map(|id| char::from(u8::try_from(id).unwrap())).collect());
        }
    }
    texts
}

#[test]
fn every_document_is_in_the_shards_once_in_shuffled_order() {
    let (store, documents) = (MemStore::new().unwrap(), documents(300));
    let all: Vec<(DocId, &str)> = documents.iter().map(|(id, text)| (*id, text.as_str())).collect();
    let parts: Vec<_> = all.chunks(110).map(<[_]>::to_vec).collect();
    let dataset = dataset(&phases("shard_tokens = 5_000").unwrap(), &store, &parts).unwrap();

    let mut expected = all.clone();
    expected.sort_by_key(|(id, _)| (shuffle_key(SEED, 0, *id), *id));
    assert_eq!(texts(&store, &dataset), expected.iter().map(|(_, text)| text.to_string()).collect::<Vec<_>>());

    let n_tokens: u64 = all.iter().map(|(_, text)| text.len() as u64 + 1).sum();
    assert_eq!((dataset.n_documents, dataset.n_tokens), (300, n_tokens));
    assert_eq!(dataset.phases[0].shards.len() as u64, n_tokens.div_ceil(5_000));
    assert_eq!(dataset.phases[0].shards.iter().map(|shard| shard.n_tokens).sum::<u64>(), n_tokens);
    assert_eq!((dataset.dtype.as_str(), dataset.seed), ("uint16", SEED));
    assert_eq!((dataset.tokenizer.bos, dataset.tokenizer.eos), (None, Some(EOS)));
}

/// Neither how documents are parted, nor their order, nor how much fits into memory reaches a shard.
#[test]
fn shards_depend_on_the_documents_alone() {
    let (store, documents) = (MemStore::new().unwrap(), documents(200));
    let mut all: Vec<(DocId, &str)> = documents.iter().map(|(id, text)| (*id, text.as_str())).collect();
    let twin = (all[0].0, "another text under the id of the first");
    all.push(twin);
    let shards = |table_ids: Option<usize>, parts: &[Vec<(DocId, &str)>]| {
        let mut phases = phases("shard_tokens = 2_000").unwrap();
        if let Some(table_ids) = table_ids {
            let table = "tokenizer = \"gpt2=mine\"".parse().unwrap();
            let settings = settings(&Params::from_table(SHARDS.params, &table).unwrap(), SEED, assets()).unwrap();
            phases[0] = Box::new(Tokens { settings: Arc::new(settings), table_ids });
        }
        let shards = dataset(&phases, &store, parts).unwrap().phases.remove(0).shards;
        assert!(shards.len() > 2);
        shards.into_iter().map(|shard| (shard.bin.digest, shard.idx.digest)).collect::<Vec<_>>()
    };
    let whole = shards(None, &[all.clone()]);
    let parted: Vec<_> = all.chunks(17).map(<[_]>::to_vec).collect();
    assert_eq!(shards(None, &parted), whole);
    all.reverse();
    assert_eq!(shards(Some(1_000), &[all.clone(), Vec::new()]), whole);
}

#[test]
fn a_run_without_documents_has_one_empty_shard() {
    let store = MemStore::new().unwrap();
    for parts in [&[][..], &[Vec::new()]] {
        let dataset = dataset(&phases("").unwrap(), &store, parts).unwrap();
        assert_eq!((dataset.n_documents, dataset.n_tokens, dataset.phases[0].shards.len()), (0, 0, 1));
        assert!(texts(&store, &dataset).is_empty());
    }
}

#[test]
fn a_document_larger_than_a_shard_stays_whole() {
    let store = MemStore::new().unwrap();
    let huge = "x".repeat(70_000);
    let parts = [vec![(DocId(1), huge.as_str()), (DocId(2), "")]];
    let dataset = dataset(&phases("shard_tokens = 1_000").unwrap(), &store, &parts).unwrap();
    let mut texts = texts(&store, &dataset);
    texts.sort();
    assert_eq!(texts, ["", &huge]);
}

#[test]
fn wrong_recipes_are_refused() {
    assert!(phases("shard_tokens = 0").err().unwrap().message.contains("`shards.shard_tokens`"));
    let unknown = Params::from_table(SHARDS.params, &"tokenizer = \"no/such/file\"".parse().unwrap()).unwrap();
    assert!((SHARDS.build)(&unknown, SEED, assets()).is_err());
    let store = MemStore::new().unwrap();
    let error = dataset(&phases("bos = true").unwrap(), &store, &[]).unwrap_err().to_string();
    assert_eq!(error, "the vocabulary `gpt2=mine` has no bos token\nhint: set `shards.bos = false`");
}

#[test]
fn each_phase_is_made_anew_for_what_it_depends_on() {
    let specs = |recipe: &str| phases(recipe).unwrap().iter().map(|phase| phase.spec()).collect::<Vec<_>>();
    let (plain, resized) = (specs(""), specs("shard_tokens = 9"));
    assert_eq!((&plain[0], &plain[2]), (&resized[0], &resized[2]));
    assert_ne!(plain[1], resized[1]);
}
