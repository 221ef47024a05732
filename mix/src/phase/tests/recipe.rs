//! `[tokens]` and `[shards]`: what the token store says of documents, and that shards hold all of them, however packed.

use super::super::scatter::{Scatter, Selection};
use super::super::scattering::USES;
use super::super::settings::ShardSettings;
use super::super::tokens::CARD;
use super::*;
use crate::order::{shuffle_key, training_key};
use crate::shard::dataset::TokenizerCard;
use std::collections::BTreeMap;
use std::slice::from_ref;
use tokenmill_core::hash::hash64;

fn documents(n: u64) -> Vec<Doc> {
    let doc = |n: u64| {
        let text = format!("{n:x} ").repeat((n % 50) as usize);
        Doc { lang: ["en", "de", ""][n as usize % 3], ..Doc::new(DocId::from_position("test", n), text) }
    };
    (0..n).map(doc).collect()
}

/// What every phase has committed.
fn manifests(phases: &[Box<dyn Phase>], store: &MemStore, parts: &[Vec<Doc>]) -> Result<Vec<Manifest>, StoreError> {
    let mut manifests = vec![docs_manifest(store, parts)];
    for phase in phases {
        let manifest = perform(&**phase, store, &[(DOCS, &manifests[manifests.len() - 1])])?;
        manifests.push(manifest);
    }
    Ok(manifests)
}

fn dataset(phases: &[Box<dyn Phase>], store: &MemStore, parts: &[Vec<Doc>]) -> Result<Dataset, StoreError> {
    Ok(dataset_in(store, manifests(phases, store, parts)?.last().unwrap()))
}

#[test]
fn parts_without_documents_are_one_task_and_add_nothing() {
    let (store, all) = (MemStore::new().unwrap(), documents(40));
    let phases = phases("").unwrap();
    let alone = dataset(&phases, &store, from_ref(&all)).unwrap();
    let among = dataset(&phases, &store, &[Vec::new(), all, Vec::new(), Vec::new()]).unwrap();
    assert_eq!(digests(&among.phases[0]), digests(&alone.phases[0]));
}

#[test]
fn every_document_is_in_the_shards_once_in_shuffled_order() {
    let (store, all) = (MemStore::new().unwrap(), documents(300));
    let parts: Vec<Vec<Doc>> = all.chunks(110).map(<[Doc]>::to_vec).collect();
    let dataset = dataset(&phases("shard_tokens = 5_000").unwrap(), &store, &parts).unwrap();
    let phase = &dataset.phases[0];

    let mut expected: Vec<&Doc> = all.iter().collect();
    expected.sort_by_key(|doc| (training_key(SEED, 0, 0, doc.id), doc.id));
    let found = pieces(&store, phase, dataset.packing);
    assert_eq!(
        found.iter().map(|piece| (piece.id, piece.text())).collect::<Vec<_>>(),
        expected.iter().map(|doc| (doc.id, doc.text.clone())).collect::<Vec<_>>()
    );

    let n_tokens: u64 = all.iter().map(|doc| doc.text.len() as u64 + 1).sum();
    assert_eq!((dataset.n_documents, dataset.n_tokens), (300, n_tokens));
    assert_eq!(phase.shards.len() as u64, n_tokens.div_ceil(5_000));
    assert_eq!(phase.shards.iter().map(|shard| shard.n_tokens).sum::<u64>(), n_tokens);
    assert_eq!((dataset.dtype.as_str(), dataset.seed), ("uint16", SEED));
    assert_eq!((dataset.tokenizer.bos, dataset.tokenizer.eos), (None, Some(EOS)));
    assert_eq!((dataset.packing, phase.name.as_str(), phase.context), (Packing::Concat, "main", 8_192));

    // The groups of a recipe are its languages.
    let mut groups: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for doc in &all {
        let group = groups.entry(if doc.lang.is_empty() { "unknown" } else { doc.lang }).or_default();
        *group = (group.0 + 1, group.1 + doc.ids().len() as u64);
    }
    let stated: Vec<(&str, (u64, u64))> =
        phase.groups.iter().map(|group| (group.name.as_str(), (group.n_documents, group.n_tokens))).collect();
    assert_eq!(stated, groups.into_iter().collect::<Vec<_>>());
    let share = |n: u64| n as f64 / n_tokens as f64;
    assert!(phase.groups.iter().all(|group| (group.share - share(group.n_tokens)).abs() < 1e-12));
}

/// Neither how documents are parted, nor their order, nor how much fits into memory reaches a shard.
#[test]
fn shards_depend_on_the_documents_alone() {
    let (store, mut all) = (MemStore::new().unwrap(), documents(200));
    all.push(Doc::new(all[0].id, "another text under the id of the first"));
    let shards = |table_ids: Option<usize>, chunk_bytes: Option<u64>, parts: &[Vec<Doc>]| {
        let mut phases = phases("shard_tokens = 2_000").unwrap();
        if let Some(table_ids) = table_ids {
            phases[0] = Box::new(tokens("", "mine", table_ids));
        }
        if chunk_bytes.is_some() {
            let (settings, context) = ShardSettings::new(&shard_params("shard_tokens = 2_000").unwrap(), SEED).unwrap();
            phases[1] = Box::new(Scatter { settings, selection: Selection::All { context }, chunk_bytes });
        }
        let manifests = manifests(&phases, &store, parts).unwrap();
        let uses = |part: &Commit| part.objects.keys().filter(|name| name.starts_with(USES)).count();
        let n_objects: usize = manifests[2].parts.iter().map(uses).sum();
        let phase = dataset_in(&store, &manifests[4]).phases.remove(0);
        assert!(phase.shards.len() > 2);
        (digests(&phase), n_objects, manifests[2].parts.len())
    };
    let (whole, n_objects, _) = shards(None, None, from_ref(&all));
    assert_eq!(n_objects, 1);
    let parted: Vec<Vec<Doc>> = all.chunks(17).map(<[Doc]>::to_vec).collect();
    let (several, _, n_tasks) = shards(None, None, &parted);
    assert_eq!(several, whole);
    assert!(n_tasks > 3, "{n_tasks}");
    all.reverse();
    let (small, n_objects, n_tasks) = shards(Some(1_000), Some(1), &[all.clone(), Vec::new()]);
    assert_eq!(small, whole);
    assert!(n_objects > n_tasks + 5, "{n_objects} objects of {n_tasks} tasks");
}

#[test]
fn a_run_without_files_is_refused_and_one_without_documents_has_an_empty_shard() {
    let store = MemStore::new().unwrap();
    let error = dataset(&phases("").unwrap(), &store, &[]).unwrap_err().to_string();
    assert!(error.contains("`tokens` has no parts") && error.contains("\nhint: "), "{error}");
    for packing in ["concat", "best_fit", "none"] {
        let phases = phases(&format!("packing = \"{packing}\"")).unwrap();
        let dataset = dataset(&phases, &store, &[Vec::new()]).unwrap();
        let phase = &dataset.phases[0];
        assert_eq!((dataset.n_documents, dataset.n_tokens, phase.shards.len()), (0, 0, 1));
        assert!(pieces(&store, phase, dataset.packing).is_empty() && phase.groups.is_empty());
    }
}

#[test]
fn a_document_larger_than_a_shard_stays_whole() {
    let store = MemStore::new().unwrap();
    let huge = "x".repeat(70_000);
    let parts = [vec![Doc::new(DocId(1), huge.as_str()), Doc::new(DocId(2), "")]];
    let dataset = dataset(&phases("shard_tokens = 1_000").unwrap(), &store, &parts).unwrap();
    let found = joined(pieces(&store, &dataset.phases[0], dataset.packing));
    assert_eq!(found.iter().map(Found::text).collect::<Vec<_>>(), [huge, String::new()]);
    assert_eq!((dataset.phases[0].n_pieces, dataset.phases[0].shards.len()), (2, 71));
}

/// Every token is in the shards once, and no sequence is longer than the context.
#[test]
fn documents_are_put_together_again_however_they_were_packed() {
    let (store, all) = (MemStore::new().unwrap(), documents(300));
    let expected: BTreeMap<DocId, &Doc> = all.iter().map(|doc| (doc.id, doc)).collect();
    let longest = all.iter().map(|doc| doc.ids().len()).max().unwrap();
    let n_tokens: u64 = all.iter().map(|doc| doc.ids().len() as u64).sum();
    let mut n_sequences = BTreeMap::new();
    for packing in ["concat", "best_fit", "none"] {
        let cases = [("fragment", 100), ("fragment", 1), ("truncate", 100), ("fragment", 0), ("truncate", 0)];
        for (long, context) in cases {
            if context == 0 && packing != "none" {
                continue;
            }
            let how = format!("packing = \"{packing}\"\ncontext = {context}\nlong = \"{long}\"");
            let recipe = format!("shard_tokens = 3_000\n{how}");
            let dataset = dataset(&phases(&recipe).unwrap(), &store, from_ref(&all)).unwrap();
            let phase = &dataset.phases[0];
            assert_eq!((phase.context, dataset.packing.name(), dataset.long.name()), (context as u64, packing, long));
            let found = pieces(&store, phase, dataset.packing);
            if packing != "concat" && context > 0 {
                assert!(found.iter().all(|piece| piece.ids.len() <= context));
            }
            let is_cut = packing != "concat" && long == "fragment" && context > 0;
            assert_eq!(found.len() > all.len(), is_cut, "{recipe}");
            let kept = if long == "truncate" && context > 0 { context } else { longest };
            let found = joined(found);
            assert_eq!(found.len(), expected.len());
            for (piece, (id, doc)) in found.iter().zip(&expected) {
                let ids = doc.ids();
                let bytes: Vec<u8> = ids[..ids.len() - 1].iter().flat_map(|id| id.to_le_bytes()).collect();
                let group = if doc.lang.is_empty() { "unknown" } else { doc.lang };
                assert_eq!((piece.id, piece.epoch, piece.group.as_str()), (*id, 0, group));
                assert_eq!((piece.n_document, piece.content), (ids.len() as u64, hash64(0, &bytes)));
                assert_eq!(piece.ids, ids[..kept.min(ids.len())], "{recipe}");
            }
            assert_eq!(phase.n_tokens + phase.n_truncated, n_tokens);
            assert_eq!(phase.n_truncated > 0, long == "truncate" && context > 0, "{recipe}");
            n_sequences.insert((packing, long, context), phase.n_sequences);
        }
    }
    let of = |packing| n_sequences[&(packing, "fragment", 100)];
    let [concat, best_fit, none] = ["concat", "best_fit", "none"].map(of);
    // Best fit needs a few sequences more than the least, and fewer than one for each piece.
    assert!(concat <= best_fit && best_fit < concat * 5 / 4 && best_fit < none, "{concat} {best_fit} {none}");
}

#[test]
fn wrong_recipes_are_refused() {
    let refused = |recipe: &str| phases(recipe).err().unwrap().message;
    assert!(refused("shard_tokens = 0").contains("`shards.shard_tokens`"));
    assert!(refused("packing = \"tight\"").contains("no packing method `tight`"));
    assert!(refused("long = \"throw\"").contains("`throw`"));
    assert!(refused("context = 0").contains("at least 1 token"));
    assert!(refused("packing = \"best_fit\"\ncontext = 20_000_000").contains("`best_fit`"));
    assert!(refused("scores = [\"a.b\"]\nlabels = [\"a.b\"]").contains("`a.b` twice"));
    let unknown = Params::from_table(SHARDS.params, &"tokenizer = \"no/such/file\"".parse().unwrap()).unwrap();
    assert!((SHARDS.build)(&unknown, SEED, assets()).is_err());
    let store = MemStore::new().unwrap();
    let error = dataset(&phases("bos = true").unwrap(), &store, &[Vec::new()]).unwrap_err().to_string();
    assert_eq!(error, "the vocabulary `gpt2=mine` has no bos token\nhint: set `shards.bos = false`");
}

#[test]
fn each_phase_is_made_anew_for_what_it_depends_on() {
    let specs = |recipe: &str| phases(recipe).unwrap().iter().map(|phase| phase.spec()).collect::<Vec<_>>();
    let plain = specs("");
    let changed = |recipe: &str| {
        let pairs = specs(recipe).into_iter().zip(&plain).enumerate();
        pairs.filter(|(_, (new, old))| new != *old).map(|(number, _)| number).collect::<Vec<_>>()
    };
    for (recipe, phases) in [
        ("shard_tokens = 9", [1]),
        ("eos = false", [1]),
        ("context = 9", [1]),
        ("packing = \"best_fit\"", [2]),
        ("long = \"truncate\"", [2]),
        (MEASURES, [0]),
    ] {
        assert_eq!(changed(recipe), phases, "{recipe}");
    }
}

#[test]
fn the_token_store_says_what_a_mix_may_go_by() {
    let urls = [
        ("https://a.b.Example.co.uk:8080/x", "example.co.uk"),
        ("", ""),
        ("http://127.0.0.1/", "127.0.0.1"),
        ("https://www.site.example./y?z", "site.example"),
    ];
    let mut documents: Vec<Doc> = documents(120);
    for (doc, n) in documents.iter_mut().zip(0..) {
        doc.url = urls[n % 4].0.to_owned();
        doc.kind = ["code", "prose", ""][n % 3];
    }
    let store = MemStore::new().unwrap();
    let docs = docs_manifest(&store, from_ref(&documents));
    let manifest = perform(&tokens("", "mine", 1_000), &store, &[(DOCS, &docs)]).unwrap();
    let [part] = &manifest.parts[..] else { panic!("{} parts", manifest.parts.len()) };
    let tables: Vec<&ObjectRef> = part.objects.iter().filter(|(name, _)| *name != CARD).map(|(_, it)| it).collect();
    assert!(tables.len() > 3, "{}", tables.len());
    let mut left: BTreeMap<DocId, (usize, &Doc)> =
        documents.iter().enumerate().map(|(n, doc)| (doc.id, (n, doc))).collect();
    for table in tables {
        let mut last = None;
        for batch in Batches::open(&store, &table.key, &[]).unwrap() {
            let batch = batch.unwrap();
            let columns = Columns(&batch);
            let lists = columns.tokens("tokens").unwrap();
            for (row, id) in columns.ids("id").unwrap().into_iter().enumerate() {
                let (n, doc) = left.remove(&id).unwrap();
                let place = Some((columns.u64("key").unwrap()[row], id));
                assert_eq!(place, Some((shuffle_key(SEED, 0, id), id)));
                assert!(last < place);
                last = place;
                let texts = ["lang", "kind", "source", "domain"].map(|name| columns.text(name).unwrap().value(row));
                assert_eq!(texts, [doc.lang, doc.kind, "crawl.warc", urls[n % 4].1]);
                let mut ids = doc.ids();
                ids.pop();
                assert_eq!(lists.get(row), ids);
                assert_eq!(columns.u32("n_tokens").unwrap()[row] as usize, ids.len());
                let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
                assert_eq!(columns.u64("content").unwrap()[row], hash64(0, &bytes));
            }
        }
    }
    assert!(left.is_empty());
    let n_tokens: u64 = documents.iter().map(|doc| doc.text.len() as u64).sum();
    assert_eq!((&part.tally["n_out"], &part.tally["n_tokens"]), (&120.into(), &n_tokens.into()));
    let card: TokenizerCard = serde_json::from_slice(&store.read(&part.objects[CARD].key).unwrap()).unwrap();
    assert_eq!((card.name.as_str(), card.eos, card.sha256.len()), ("gpt2=mine", Some(EOS), 64));
}

/// The score and label of every document in a token store.
fn measures(store: &MemStore, tokens: &Manifest) -> BTreeMap<DocId, [Option<String>; 2]> {
    let mut found = BTreeMap::new();
    for (name, table) in tokens.parts.iter().flat_map(|part| &part.objects) {
        if name == CARD {
            continue;
        }
        for batch in Batches::open(store, &table.key, &[]).unwrap() {
            let batch = batch.unwrap();
            let columns = Columns(&batch);
            for (row, id) in columns.ids("id").unwrap().into_iter().enumerate() {
                found.insert(id, ["quality.score", "topics.top_label"].map(|name| columns.show(name, row)));
            }
        }
    }
    found
}

/// A document has the last value that a step has measured of it, in whatever part and row it stands.
#[test]
fn what_was_measured_becomes_columns() {
    let store = MemStore::new().unwrap();
    let measured = |mut doc: Doc, n: usize| {
        doc.score = [Some(0.1), Some(-3.25e-7), None, Some(1.000_01)][n % 4];
        doc.label = [Some("health"), None, Some("games")][n % 3];
        doc
    };
    let plain = documents(90);
    let all: Vec<Doc> = plain.iter().cloned().zip(0..).map(|(doc, n)| measured(doc, n)).collect();
    let parts: Vec<Vec<Doc>> = all.chunks(40).map(<[Doc]>::to_vec).collect();
    let mut fewer = parts.clone();
    // Documents that were removed in between are in the earlier ledger alone; those of the later one have other values.
    let kept = |part: &mut Vec<Doc>| {
        let mut n = 0;
        part.retain(|_| {
            n += 1;
            n % 3 > 0
        });
    };
    fewer.iter_mut().for_each(kept);
    let mut later = fewer.clone();
    for (doc, n) in later.iter_mut().flatten().zip(5usize..) {
        *doc = measured(doc.clone(), n * 7);
    }
    let docs = docs_manifest(&store, &fewer);
    let (first, second) = (measured_manifest(&store, &parts), measured_manifest(&store, &later));
    let read = [(DOCS, &docs), ("measured 0", &first), ("measured 1", &second)];
    let tokens = |read: &[(&str, &Manifest)]| perform(&tokens(MEASURES, "mine", 500), &store, read).unwrap();

    let earlier: BTreeMap<DocId, &Doc> = all.iter().map(|doc| (doc.id, doc)).collect();
    let mut n_older = 0;
    let found = measures(&store, &tokens(&read));
    assert_eq!(found.len(), later.iter().map(Vec::len).sum::<usize>());
    for doc in later.iter().flatten() {
        let old = earlier[&doc.id];
        n_older += usize::from(doc.score.is_none() && old.score.is_some());
        let [score, label] = &found[&doc.id];
        let expected = doc.score.or(old.score);
        assert_eq!(score.as_ref().map(|score| score.parse::<f32>().unwrap()), expected);
        assert_eq!(label.as_deref(), doc.label.or(old.label));
    }
    assert!(n_older > 0);

    // What no step has measured is absent.
    let unmeasured = measures(&store, &tokens(&read[..1]));
    assert!(unmeasured.len() == found.len() && unmeasured.values().all(|row| *row == [None, None]));
}

#[test]
fn a_part_that_is_measured_anew_is_made_anew() {
    let store = MemStore::new().unwrap();
    let parts: Vec<Vec<Doc>> = documents(20).chunks(10).map(<[Doc]>::to_vec).collect();
    let (docs, mut measured) = (docs_manifest(&store, &parts), measured_manifest(&store, &parts));
    let phase = tokens(MEASURES, "mine", TABLE_IDS);
    let keys = |measured: &Manifest| {
        let tasks = phase.tasks("f", &inputs(&store, &[(DOCS, &docs), ("measured 0", measured)])).unwrap();
        tasks.into_iter().map(|task| task.key).collect::<Vec<_>>()
    };
    let before = keys(&measured);
    measured.parts[1].task = "another".to_owned();
    let after = keys(&measured);
    assert_eq!((before.len(), &before[0]), (2, &after[0]));
    assert_ne!(before[1], after[1]);
}
