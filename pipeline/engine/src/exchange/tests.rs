//! The three phases on rows in memory: what they decide is what [`settle`] decides, however the rows are parted.

use super::bounds::Sizes;
use super::layout::{Shipped, sketch_table};
use super::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokenmill_core::exchange::settle;
use tokenmill_core::hash::hash128;
use tokenmill_core::{DocId, Sketch};
use tokenmill_store::{Commit, Inputs, Manifest, MemStore, Phase, Requests, Spool, Store, TaskContext};

/// A document and its sketches for two exchanges.
#[derive(Clone, Copy)]
struct Document {
    id: DocId,
    sketches: [Option<Sketch>; 2],
}

const STEPS: [&str; 2] = ["first", "second"];

/// Documents in groups of very different sizes; some take part in one exchange only, and some come twice.
fn documents(n: u64) -> Vec<Document> {
    let number = |n: u64, salt: &str, below: u64| (hash128(format!("{salt}{n}").as_bytes()) % u128::from(below)) as u64;
    let document = |n: u64| {
        let n = if number(n, "twice", 40) == 0 { n / 2 } else { n };
        let sketch = |step: &str| {
            let group = number(n, step, 64 << number(n, "size", 10));
            let key = hash128(format!("{step}{group}").as_bytes());
            (number(n, "part", 7) > 0).then(|| Sketch { key, rank: number(n, "rank", 5) })
        };
        Document { id: DocId(hash128(&n.to_be_bytes())), sketches: STEPS.map(sketch) }
    };
    (0..n).map(document).collect()
}

/// What a map phase over these parts commits.
fn sketched(store: &MemStore, parts: &[Vec<Document>]) -> Manifest {
    let part = |(number, documents): (usize, &Vec<Document>)| {
        let mut objects = BTreeMap::new();
        for (at, step) in STEPS.into_iter().enumerate() {
            let (mut spool, mut n_rows) = (Spool::create(store).unwrap(), 0);
            for (row, document) in documents.iter().enumerate() {
                let Some(sketch) = document.sketches[at] else { continue };
                let shipped = Shipped { sketch, id: document.id, part: 0, row: row as u32 };
                spool.write_all(&shipped.to_sketch()).unwrap();
                n_rows += 1;
            }
            let object = spool.store(store, "sketch", "rows").unwrap();
            objects.insert(sketch_table(step), ObjectRef { rows: n_rows, ..object });
        }
        Commit {
            task: format!("part {number}"),
            label: String::new(),
            objects,
            tally: Value::Null,
            requests: Requests::default(),
        }
    };
    Manifest { phase: "map".into(), parts: parts.iter().enumerate().map(part).collect() }
}

fn perform(phase: &dyn Phase, store: &MemStore, inputs: &Inputs<'_>, memory: u64) -> Arc<Manifest> {
    let bytes_read = AtomicU64::new(0);
    let context = TaskContext { store, folder: phase.name(), inputs, bytes_read: &bytes_read, timings: false, memory };
    let commit = |task: tokenmill_store::Task| {
        let outcome = phase.run(&task, &context).unwrap();
        Commit {
            task: task.key,
            label: task.label,
            objects: outcome.objects,
            tally: outcome.tally,
            requests: Requests::default(),
        }
    };
    let tasks = phase.tasks("fingerprint", inputs).unwrap();
    Arc::new(Manifest { phase: phase.name().into(), parts: tasks.into_iter().map(commit).collect() })
}

fn sum(manifest: &Manifest, count: &str) -> u64 {
    manifest.parts.iter().map(|part| part.tally[count].as_u64().unwrap()).sum()
}

/// The twins of all documents of every part, by step; both exchanges settle one after the other.
fn run(store: &MemStore, parts: &[Vec<Document>], memory: u64, sizes: Sizes) -> [Vec<Option<DocId>>; 2] {
    let map = Arc::new(sketched(store, parts));
    let mut earlier: Vec<(String, Arc<Manifest>)> = Vec::new();
    STEPS.map(|step| {
        let names: Vec<String> = earlier.iter().map(|(name, _)| name.clone()).collect();
        let inputs = Inputs::new(store).with(SKETCHED, map.clone());
        let inputs = earlier.iter().fold(inputs, |inputs, (name, home)| inputs.with(&decided(name), home.clone()));
        let shuffled = perform(&ShufflePhase::new(step, &names, sizes), store, &inputs, memory);
        let inputs = Inputs::new(store).with(SHUFFLED, shuffled.clone());
        let settled = perform(&SettlePhase::new(step), store, &inputs, memory);
        assert_eq!(sum(&shuffled, "n_out"), sum(&settled, "n_in"));
        let inputs = Inputs::new(store).with(SHUFFLED, shuffled).with(SETTLED, settled.clone());
        let home = perform(&HomePhase::new(step), store, &inputs, memory);
        assert_eq!(sum(&settled, "n_out"), sum(&home, "n_out"));
        let decided = by_part(&home).unwrap();
        let mut twins = Vec::new();
        for (documents, part) in parts.iter().zip(&map.parts) {
            let mut walk = Twins::open(store, &decided[&part.task]).unwrap();
            twins.extend((0..).zip(documents).map(|(row, document)| walk.at(row, document.id).unwrap()));
            walk.finish().unwrap();
        }
        earlier.push((step.to_owned(), home));
        twins
    })
}

/// The same rule, on all documents at once.
fn expected(documents: &[Document]) -> [Vec<Option<DocId>>; 2] {
    let first: Vec<_> = documents.iter().map(|document| (document.id, document.sketches[0])).collect();
    let first = settle(&first);
    let alive =
        |(document, twin): (&Document, &Option<DocId>)| (document.id, document.sketches[1].filter(|_| twin.is_none()));
    let second: Vec<_> = documents.iter().zip(&first).map(alive).collect();
    [first, settle(&second)]
}

#[test]
fn exchanges_decide_as_if_all_documents_were_in_memory() {
    let documents = documents(20_000);
    let expected = expected(&documents);
    let removed = expected.each_ref().map(|twins| twins.iter().flatten().count());
    assert!(removed.iter().all(|n| (1_000..19_000).contains(n)), "{removed:?}");
    let kept: BTreeSet<DocId> = documents
        .iter()
        .zip(expected[0].iter().zip(&expected[1]))
        .filter(|(_, (first, second))| first.is_none() && second.is_none())
        .map(|(document, _)| document.id)
        .collect();
    // A document that is kept instead of others by the last exchange is kept in the end.
    assert!(expected[1].iter().flatten().all(|twin| kept.contains(twin)));
    for n_parts in [1, 7, 64] {
        let store = MemStore::new().unwrap();
        let parts: Vec<Vec<Document>> =
            documents.chunks(documents.len().div_ceil(n_parts)).map(<[_]>::to_vec).collect();
        let small = Sizes { shuffle: 50_000, range: 1_000, reducer: 40_000 };
        for (memory, sizes) in [(0, small), (1 << 30, small), (1 << 30, Sizes::default())] {
            assert!(run(&store, &parts, memory, sizes) == expected, "{n_parts} parts, {memory} bytes, {sizes:?}");
        }
    }
}

#[test]
fn a_document_falls_once_and_does_not_take_its_twin_with_it() {
    // A and B are two captures of one page, B and C two pages of one text. B falls to A by the first exchange; would C
    // fall to B by the second, nothing of that text were left.
    let sketch = |key: u128, rank| Some(Sketch { key: key << 64, rank });
    let documents = [
        Document { id: DocId(1), sketches: [sketch(1, 0), sketch(8, 0)] },
        Document { id: DocId(2), sketches: [sketch(1, 1), sketch(9, 0)] },
        Document { id: DocId(3), sketches: [sketch(2, 0), sketch(9, 1)] },
    ];
    let store = MemStore::new().unwrap();
    let parts = documents.map(|document| vec![document]);
    let [first, second] = run(&store, &parts, 0, Sizes::default());
    assert_eq!(first, [None, Some(DocId(1)), None]);
    assert_eq!(second, [None, None, None]);
}

#[test]
fn no_documents_and_no_parts_are_settled_too() {
    let store = MemStore::new().unwrap();
    assert_eq!(run(&store, &[], 0, Sizes::default()), [vec![], vec![]]);
    assert_eq!(run(&store, &[vec![], vec![]], 0, Sizes::default()), [vec![], vec![]]);
}

#[test]
fn a_lost_decision_is_an_error_and_not_a_kept_document() {
    let store = MemStore::new().unwrap();
    let documents = documents(200);
    let map = Arc::new(sketched(&store, &[documents[..100].to_vec(), documents[100..].to_vec()]));
    let inputs = Inputs::new(&store).with(SKETCHED, map);
    let shuffled = perform(&ShufflePhase::new("first", &[], Sizes::default()), &store, &inputs, 0);
    let settled = perform(&SettlePhase::new("first"), &store, &Inputs::new(&store).with(SHUFFLED, shuffled.clone()), 0);
    let inputs = Inputs::new(&store).with(SHUFFLED, shuffled).with(SETTLED, settled);
    let home = perform(&HomePhase::new("first"), &store, &inputs, 0);
    let mut found = by_part(&home).unwrap().into_values().next().unwrap();
    assert!(found.n_rows > 0);
    let no_walk = Twins::open(&store, &found).unwrap();
    assert!(no_walk.finish().is_err(), "a row that never came");
    assert!(Twins::open(&store, &found).unwrap().at(u32::MAX, DocId(0)).is_err(), "another document");
    store.put("elsewhere", b"").unwrap();
    found.object.key = "elsewhere".into();
    assert!(Twins::open(&store, &found).is_err(), "another object");
    found.object.key = "nowhere".into();
    assert!(Twins::open(&store, &found).is_err(), "no object");
}
