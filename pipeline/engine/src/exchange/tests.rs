//! All phases of every kind of exchange on rows in memory: what they decide is what the rules in `core::exchange` decide,
//! however the documents are parted, however little memory there is.

use super::bounds::Sizes;
use super::*;
use crate::chain::Chain;
use crate::spec::{StepSpec, When};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokenmill_core::catalog::Shape;
use tokenmill_core::exchange::{
    self as rules, Compared, Counted, Equal, Kind, LineKey, LineLimits, Lines, Similar, SimilarDoc, TotalLimits, Totals,
};
use tokenmill_core::hash::{hash64, hash128};
use tokenmill_core::{
    Analysis, Assets, BuildError, Doc, DocId, Document, Edits, Entry, Exchange, Fate, Numbers, Params, Sketch, Stage,
    assets::MemoryAssets, schema,
};
use tokenmill_store::table::{Field, Table};
use tokenmill_store::{Commit, Inputs, Manifest, MemStore, Outcome, Phase, Requests, Store, TaskContext};

fn number(n: u64, salt: &str, below: u64) -> u64 {
    hash64(n, salt.as_bytes()) % below
}

/// Documents whose text is their number; some come twice.
fn documents(n: u64) -> Vec<Document> {
    let document = |n: u64| {
        let n = if number(n, "twice", 40) == 0 { n / 2 } else { n };
        let lang = ["en", "de"][number(n, "lang", 2) as usize].to_owned();
        Document { id: DocId(hash128(&n.to_be_bytes())), text: n.to_string(), lang, ..Document::default() }
    };
    (0..n).map(document).collect()
}

fn number_of(doc: &Doc<'_>) -> u64 {
    doc.text().parse().unwrap()
}

/// Groups of very different sizes; some documents take part in one exchange only.
struct Groups(&'static str);

impl Equal for Groups {
    fn sketch(&self, doc: &Doc<'_>) -> Option<Sketch> {
        let n = number_of(doc);
        let group = number(n, self.0, 64 << number(n, "size", 10));
        let key = hash128(format!("{}{group}", self.0).as_bytes());
        (number(n, "part", 7) > 0).then(|| Sketch { key, rank: number(n, "rank", 5) })
    }
    fn reason(&self) -> &'static str {
        "group"
    }
}

/// Groups of documents in which something is counted; one of them is most of all documents.
struct Amounts;

impl Totals for Amounts {
    fn count(&self, doc: &Doc<'_>) -> Option<Counted> {
        let n = number_of(doc);
        let group = if number(n, "large", 3) == 0 { 0 } else { 1 + number(n, "group", 900) };
        let amount = number(n, "amount", 4) * u64::from(number(group, "rich", 3) == 0);
        (number(n, "counts", 7) > 0).then(|| Counted { group: hash128(&group.to_le_bytes()), amount })
    }
    fn limits(&self) -> TotalLimits {
        TotalLimits { min_documents: 5, max_per_1000: 1_700.0 }
    }
    fn reason(&self) -> &'static str {
        "too_much"
    }
}

/// Documents have a place on a line of points; those less than 10 points apart are similar, and keys are cells of it.
struct Points;

impl Points {
    fn place(doc: &Doc<'_>) -> u64 {
        number(number_of(doc), "place", 60_000)
    }
}

impl Similar for Points {
    fn keys(&self, doc: &Doc<'_>, keys: &mut Vec<u64>) {
        let place = Points::place(doc);
        if !place.is_multiple_of(11) {
            // Two grids of cells, so that chains grow longer than a cell.
            keys.extend(
                [place / 16, (place + 8) / 16]
                    .into_iter()
                    .zip(0..)
                    .map(|(cell, grid)| hash64(grid, &cell.to_le_bytes())),
            );
        }
    }
    fn rank(&self, doc: &Doc<'_>) -> u64 {
        number(number_of(doc), "rank", 5)
    }
    fn detail(&self, doc: &Doc<'_>, out: &mut Vec<u8>) {
        out.extend(Points::place(doc).to_le_bytes());
        // Sketches of very different lengths.
        out.resize(8 + number(number_of(doc), "length", 400) as usize, 0);
    }
    fn compare(&self, kept: &[u8], candidate: &[u8]) -> Compared {
        let place = |detail: &[u8]| u64::from_le_bytes(*detail.first_chunk().unwrap());
        let difference = place(kept).abs_diff(place(candidate));
        Compared { similarity: Some(1.0 - difference as f32 / 100.0), passes: difference < 10 }
    }
    fn representatives(&self) -> usize {
        3
    }
    fn limit(&self) -> Option<f32> {
        None
    }
    fn reason(&self) -> &'static str {
        "near"
    }
    fn notes(&self) -> Vec<String> {
        vec!["near things".to_owned()]
    }
}

/// Documents have lines, some of which are frequent.
struct Rows;

const LIMITS: LineLimits = LineLimits { bucket_documents: 700, max_copies: 6, keep_first: 2 };

impl Lines for Rows {
    fn scope<'a>(&self, doc: &Doc<'a>) -> &'a str {
        doc.lang()
    }
    fn keys(&self, doc: &Doc<'_>, keys: &mut Vec<LineKey>) {
        let n = number_of(doc);
        keys.extend(
            (0..number(n, "lines", 9) as u32)
                .map(|line| LineKey { line, hash: number(n + u64::from(line), "line", 400) }),
        );
    }
    fn limits(&self) -> LineLimits {
        LIMITS
    }
    fn cut(&self, _: &Doc<'_>, _: &[u32], _: &mut Edits, _: &mut Numbers) {}
    fn reason(&self) -> &'static str {
        "line"
    }
}

const fn entry(name: &'static str, kind: Kind, build: fn(&Params, &dyn Assets) -> Result<Stage, BuildError>) -> Entry {
    Entry {
        name,
        version: 1,
        about: "",
        shape: Shape::Exchange(kind),
        needs_text: true,
        costly: false,
        params: &[],
        metrics: &[],
        asset_params: &[],
        page: "",
        build,
    }
}

static FIRST: Entry =
    entry("first", Kind::Equal, |_, _| Ok(Stage::Exchange(Exchange::Equal(Box::new(Groups("first"))))));
static SECOND: Entry =
    entry("second", Kind::Equal, |_, _| Ok(Stage::Exchange(Exchange::Equal(Box::new(Groups("second"))))));
static NEAR: Entry = entry("near", Kind::Similar, |_, _| Ok(Stage::Exchange(Exchange::Similar(Box::new(Points)))));
static LINES: Entry = entry("lines", Kind::Lines, |_, _| Ok(Stage::Exchange(Exchange::Lines(Box::new(Rows)))));

static TOTALS: Entry = entry("totals", Kind::Totals, |_, _| Ok(Stage::Exchange(Exchange::Totals(Box::new(Amounts)))));

const SEED: u64 = 5;

fn step(entry: &'static Entry) -> StepSpec {
    let (params, by_lang) = (Params::defaults(&[]), BTreeMap::new());
    StepSpec { name: entry.name.to_owned(), entry, params, by_lang, when: When::default() }
}

fn context<'a>(store: &'a MemStore, inputs: &'a Inputs<'a>, folder: &'a str, memory: u64) -> TaskContext<'a> {
    static BYTES_READ: AtomicU64 = AtomicU64::new(0);
    TaskContext { store, folder, inputs, bytes_read: &BYTES_READ, timings: false, memory }
}

fn commit(task: String, outcome: Outcome) -> Commit {
    let Outcome { objects, tally, .. } = outcome;
    Commit { task, label: String::new(), objects, tally, requests: Requests::default() }
}

/// What a map phase over these parts commits.
fn sketched(store: &MemStore, steps: &[StepSpec], parts: &[Vec<Document>]) -> Arc<Manifest> {
    let chain = Chain::build(&[], steps, &MemoryAssets::default()).unwrap();
    let part = |(number, documents): (usize, &Vec<Document>)| {
        let inputs = Inputs::none();
        let context = context(store, &inputs, "map", 0);
        let mut sketcher = Sketcher::create(&chain.exchanges, &context).unwrap();
        let mut docs = Table::new(context.spool().unwrap(), Field::of(schema::DOCS));
        let mut sketches = Vec::new();
        for (row, document) in (0u32..).zip(documents) {
            sketcher.sketch(document, &Analysis::default(), &mut sketches);
            sketcher.add(&sketches, document.id, row).unwrap();
            let line = docs.row().id(document.id).u32(row).text("").text("").text("").text("").text(&document.lang);
            line.text("").text("").bool(false).text("").text("").text("").text("").text(&document.text).end().unwrap();
        }
        let mut outcome = Outcome { tally: json!({"scopes": sketcher.scopes()}), ..Outcome::default() };
        outcome.objects.insert("docs".to_owned(), context.keep_table(docs, "docs").unwrap());
        sketcher.finish(&context, &mut outcome).unwrap();
        commit(format!("part {number}"), outcome)
    };
    Arc::new(Manifest { phase: "map".into(), parts: parts.iter().enumerate().map(part).collect() })
}

fn perform(phase: &dyn Phase, store: &MemStore, inputs: &Inputs<'_>, memory: u64) -> Arc<Manifest> {
    let context = context(store, inputs, phase.name(), memory);
    let tasks = phase.tasks("fingerprint", inputs).unwrap();
    let parts = tasks.into_iter().map(|task| commit(task.key.clone(), phase.run(&task, &context).unwrap()));
    Arc::new(Manifest { phase: phase.name().into(), parts: parts.collect() })
}

fn sum(manifest: &Manifest, count: &str) -> u64 {
    manifest.parts.iter().map(|part| part.tally[count].as_u64().unwrap()).sum()
}

/// The manifests of all phases of an exchange step, the decisions at home last.
fn run_step(
    store: &MemStore,
    map: &Arc<Manifest>,
    step: &StepSpec,
    earlier: &[(String, Arc<Manifest>)],
    (memory, sizes): (u64, Sizes),
) -> Vec<Arc<Manifest>> {
    let names: Vec<String> = earlier.iter().map(|(name, _)| name.clone()).collect();
    let mut done: Vec<Arc<Manifest>> = Vec::new();
    for made in steps(step, &names, SEED, None, sizes, &MemoryAssets::default()).unwrap() {
        let mut inputs = Inputs::new(store);
        for (name, from) in made.inputs {
            inputs = inputs.with(
                &name,
                match from {
                    From::Map => map.clone(),
                    From::Step(step) => done[step].clone(),
                },
            );
        }
        if done.is_empty() {
            inputs = earlier.iter().fold(inputs, |inputs, (name, home)| inputs.with(&decided(name), home.clone()));
        }
        let manifest = perform(&*made.phase, store, &inputs, memory);
        if let Some(before) = done.last() {
            assert_eq!(sum(before, "n_out"), sum(&manifest, "n_in"), "{}", manifest.phase);
        }
        done.push(manifest);
    }
    done
}

/// What becomes of all documents of every part by each of the steps, which settle one after the other.
fn run(
    store: &MemStore,
    entries: &[&'static Entry],
    parts: &[Vec<Document>],
    limits: (u64, Sizes),
) -> Vec<Vec<Option<Fate>>> {
    let specs: Vec<StepSpec> = entries.iter().map(|entry| step(entry)).collect();
    let map = sketched(store, &specs, parts);
    let mut earlier: Vec<(String, Arc<Manifest>)> = Vec::new();
    let settle = |spec: &StepSpec| {
        let home = run_step(store, &map, spec, &earlier, limits).pop().unwrap();
        let decided = by_part(&home).unwrap();
        let mut fates = Vec::new();
        for (documents, part) in parts.iter().zip(&map.parts) {
            let mut walk = Fates::open(store, &decided[&part.task]).unwrap();
            fates.extend((0..).zip(documents).map(|(row, document)| walk.at(row, document.id).unwrap()));
            walk.finish().unwrap();
        }
        earlier.push((spec.name.clone(), home));
        fates
    };
    specs.iter().map(settle).collect()
}

/// The same by the rules, on all documents at once.
fn expected(entries: &[&'static Entry], documents: &[Document]) -> Vec<Vec<Option<Fate>>> {
    let mut alive = vec![true; documents.len()];
    let analysis = Analysis::default();
    let docs: Vec<Doc<'_>> = documents.iter().map(|document| Doc::new(document, &analysis)).collect();
    let settle = |entry: &&'static Entry| {
        let fates = match (entry.build)(&Params::defaults(&[]), &MemoryAssets::default()).unwrap() {
            Stage::Exchange(Exchange::Equal(stage)) => {
                let sketch = |(doc, alive): (&Doc<'_>, &bool)| (doc.id(), stage.sketch(doc).filter(|_| *alive));
                rules::settle(&docs.iter().zip(&alive).map(sketch).collect::<Vec<_>>())
            }
            Stage::Exchange(Exchange::Totals(stage)) => {
                let count = |(doc, alive): (&Doc<'_>, &bool)| (doc.id(), stage.count(doc).filter(|_| *alive));
                rules::settle_totals(stage.limits(), &docs.iter().zip(&alive).map(count).collect::<Vec<_>>())
            }
            Stage::Exchange(Exchange::Similar(stage)) => {
                let sketch = |(doc, alive): (&Doc<'_>, &bool)| {
                    let mut said = SimilarDoc { id: doc.id(), rank: stage.rank(doc), ..SimilarDoc::default() };
                    stage.detail(doc, &mut said.detail);
                    if *alive {
                        stage.keys(doc, &mut said.keys);
                    }
                    said
                };
                rules::settle_similar(&*stage, &docs.iter().zip(&alive).map(sketch).collect::<Vec<_>>())
            }
            _ => panic!("these remove documents"),
        };
        for (alive, fate) in alive.iter_mut().zip(&fates) {
            *alive &= !is_removed(fate);
        }
        fates
    };
    entries.iter().map(settle).collect()
}

fn is_removed(fate: &Option<Fate>) -> bool {
    fate.is_some_and(|fate| fate.removes())
}

/// Cuts documents into parts.
fn parted(documents: &[Document], n_parts: usize) -> Vec<Vec<Document>> {
    documents.chunks(documents.len().div_ceil(n_parts)).map(<[_]>::to_vec).collect()
}

/// So small that there are several tasks of everything, and so little memory that everything spills.
fn all_limits() -> [(u64, Sizes); 3] {
    let small = Sizes { shuffle: 50_000, range: 1_000, reducer: 40_000 };
    // The one task that joins all pairs says how much it needs at least.
    [(64 << 10, small), (1 << 30, small), (1 << 30, Sizes::default())]
}

#[test]
fn the_phases_decide_as_the_rules_do_however_the_documents_are_parted() {
    let entries = [&FIRST, &TOTALS, &NEAR, &SECOND];
    let documents = documents(20_000);
    let expected = expected(&entries, &documents);
    let n_removed: Vec<usize> =
        expected.iter().map(|fates| fates.iter().filter(|fate| is_removed(fate)).count()).collect();
    assert!(n_removed.iter().all(|n| (300..12_000).contains(n)), "{n_removed:?}");
    for n_parts in [1, 7, 64] {
        let store = MemStore::new().unwrap();
        for limits in all_limits() {
            let found = run(&store, &entries, &parted(&documents, n_parts), limits);
            for (step, (found, expected)) in found.iter().zip(&expected).enumerate() {
                // A record that was read twice is one record: which of its rows stays is up to the parts.
                let told = |fates: &[Option<Fate>]| {
                    let mut told: Vec<_> = documents
                        .iter()
                        .map(|document| document.id.0)
                        .zip(fates.iter().map(|fate| format!("{fate:?}")))
                        .collect();
                    told.sort();
                    told
                };
                assert!(told(found) == told(expected), "step {step}, {n_parts} parts, {limits:?}");
            }
        }
    }
}

#[test]
fn lines_are_cut_as_the_rules_say_however_the_documents_are_parted() {
    let mut documents = documents(9_000);
    // A line of a record that was read twice has two equal places, so which of them is kept is up to the parts.
    documents.sort_by_key(|document| document.id);
    documents.dedup_by_key(|document| document.id);
    let keyed = |document: &Document| {
        let analysis = Analysis::default();
        let mut keys = Vec::new();
        Rows.keys(&Doc::new(document, &analysis), &mut keys);
        (document.id, document.lang.clone(), keys)
    };
    let keyed: Vec<_> = documents.iter().map(keyed).collect();
    let borrowed: Vec<_> = keyed.iter().map(|(id, lang, keys)| (*id, lang.as_str(), keys.clone())).collect();
    let expected = rules::settle_lines(LIMITS, SEED, &borrowed);
    let n_cut: usize = expected.iter().map(Vec::len).sum();
    assert!((2_000..60_000).contains(&n_cut), "{n_cut}");
    for n_parts in [1, 7, 64] {
        let store = MemStore::new().unwrap();
        let parts = parted(&documents, n_parts);
        for limits in all_limits() {
            let map = sketched(&store, &[step(&LINES)], &parts);
            let done = run_step(&store, &map, &step(&LINES), &[], limits);
            assert!(done[0].parts[0].tally["survey"]["buckets"]["en"].as_u64().unwrap() > 3);
            let decided = by_part(&done[2]).unwrap();
            let (mut found, mut lines) = (Vec::new(), Vec::new());
            for (documents, part) in parts.iter().zip(&map.parts) {
                let mut walk = Cuts::open(&store, &decided[&part.task]).unwrap();
                for (row, document) in (0..).zip(documents) {
                    walk.at(row, document.id, &mut lines).unwrap();
                    found.push(lines.clone());
                }
                walk.finish().unwrap();
            }
            assert!(found == expected, "{n_parts} parts, {limits:?}");
        }
    }
}

#[test]
fn a_document_falls_once_and_does_not_take_its_twin_with_it() {
    // Of any chain over two exchanges: whoever is named as kept by the last is not removed by anything before it.
    let documents = documents(3_000);
    let store = MemStore::new().unwrap();
    let found = run(&store, &[&FIRST, &NEAR], &parted(&documents, 3), all_limits()[1]);
    let removed: std::collections::BTreeSet<DocId> = (0..documents.len())
        .filter(|at| found.iter().any(|fates| is_removed(&fates[*at])))
        .map(|at| documents[at].id)
        .collect();
    let kept: std::collections::BTreeSet<DocId> = (0..documents.len())
        .filter(|at| !found.iter().any(|fates| is_removed(&fates[*at])))
        .map(|at| documents[at].id)
        .collect();
    assert!(!removed.is_empty());
    for fate in found[1].iter().flatten() {
        if let Fate::Removed { twin, .. } = fate {
            assert!(kept.contains(twin), "{twin} is named as kept");
        }
    }
}

#[test]
fn no_documents_and_no_parts_are_settled_too() {
    let store = MemStore::new().unwrap();
    let entries = [&FIRST, &NEAR];
    assert!(run(&store, &entries, &[], all_limits()[2]).iter().all(Vec::is_empty));
    assert!(run(&store, &entries, &[vec![], vec![]], all_limits()[2]).iter().all(Vec::is_empty));
    for parts in [&[][..], &[vec![]][..]] {
        let map = sketched(&store, &[step(&LINES)], parts);
        run_step(&store, &map, &step(&LINES), &[], all_limits()[2]);
    }
}

#[test]
fn clustering_says_when_it_needs_more_memory() {
    let store = MemStore::new().unwrap();
    let map = sketched(&store, &[step(&NEAR)], &parted(&documents(2_000), 2));
    let made = steps(&step(&NEAR), &[], SEED, None, Sizes::default(), &MemoryAssets::default()).unwrap();
    assert_eq!(made[0].notes, ["near things"]);
    let shuffled = perform(&*made[0].phase, &store, &Inputs::new(&store).with(SKETCHED, map.clone()), 0);
    let paired = perform(&*made[1].phase, &store, &Inputs::new(&store).with(SHUFFLED, shuffled.clone()), 0);
    let inputs = Inputs::new(&store).with(PAIRED, paired).with(SHUFFLED, shuffled).with(SKETCHED, map);
    let task = &made[2].phase.tasks("fingerprint", &inputs).unwrap()[0];
    let failed = made[2].phase.run(task, &context(&store, &inputs, "cluster", 100)).unwrap_err().to_string();
    assert!(failed.contains("clustering needs") && failed.contains("raise `run.memory`"), "{failed}");
}

#[test]
fn a_lost_decision_is_an_error_and_not_a_kept_document() {
    let store = MemStore::new().unwrap();
    let map = sketched(&store, &[step(&FIRST)], &parted(&documents(200), 2));
    let home = run_step(&store, &map, &step(&FIRST), &[], all_limits()[2]).pop().unwrap();
    let mut found = by_part(&home).unwrap().into_values().next().unwrap();
    assert!(found.n_rows > 0);
    let no_walk = Fates::open(&store, &found).unwrap();
    assert!(no_walk.finish().is_err(), "a row that never came");
    assert!(Fates::open(&store, &found).unwrap().at(u32::MAX, DocId(0)).is_err(), "another document");
    store.put("elsewhere", b"").unwrap();
    found.object.key = "elsewhere".into();
    assert!(Fates::open(&store, &found).is_err(), "another object");
    found.object.key = "nowhere".into();
    assert!(Fates::open(&store, &found).is_err(), "no object");
}
