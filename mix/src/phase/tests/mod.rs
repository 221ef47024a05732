//! The phases on documents in memory, with a vocabulary of single bytes, so that ids are text.

mod mixes;
mod recipe;

use super::settings::TokenSettings;
use super::tokens::{TABLE_IDS, Tokens};
use super::{SHARDS, TOKENS, TokenStore};
use crate::pack::Packing;
use crate::shard::dataset::{Dataset, Shard, TrainingPhase};
use crate::shard::read::{Reader, piece_lengths};
use crate::shard::samples;
use crate::tokenize::tests::rank_file;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::schema::{self, Type};
use tokenmill_core::{BuildError, DocId, Params};
use tokenmill_store::phase::DOCS;
use tokenmill_store::table::{Batches, Columns, Field, Table};
use tokenmill_store::{
    Commit, Inputs, Manifest, MemStore, ObjectRef, Phase, Requests, SharedAssets, Spool, Store, StoreError, Task,
    TaskContext,
};

const EOS: u32 = 50_256;

/// Seed of every recipe here.
const SEED: u64 = 7;

/// Metrics that documents have: columns of a token store.
const MEASURES: &str = "scores = [\"quality.score\"]\nlabels = [\"topics.top_label\"]";

/// A document as the steps of a recipe leave it.
#[derive(Clone, Debug, PartialEq)]
struct Doc {
    id: DocId,
    text: String,
    url: String,
    lang: &'static str,
    kind: &'static str,
    score: Option<f32>,
    label: Option<&'static str>,
}

impl Doc {
    fn new(id: DocId, text: impl Into<String>) -> Doc {
        Doc { id, text: text.into(), url: String::new(), lang: "en", kind: "", score: None, label: None }
    }

    /// Its ids, with the end token.
    fn ids(&self) -> Vec<u32> {
        self.text.bytes().map(u32::from).chain([EOS]).collect()
    }
}

/// Two vocabularies: `mine`, and `other`, which lacks a token of it.
fn assets() -> Arc<dyn SharedAssets> {
    let mine = rank_file();
    let end = mine[..mine.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
    let other = mine[..=end].to_vec();
    Arc::new(MemoryAssets([("mine".to_owned(), mine.into()), ("other".to_owned(), other.into())].into()))
}

/// The parameters of `[shards]`.
fn shard_params(recipe: &str) -> Result<Params, BuildError> {
    Params::from_table(SHARDS.params, &format!("tokenizer = \"gpt2=mine\"\n{recipe}").parse().unwrap())
}

/// The phases of `[shards]`.
fn phases(recipe: &str) -> Result<Vec<Box<dyn Phase>>, BuildError> {
    (SHARDS.build)(&shard_params(recipe)?, SEED, assets())
}

/// The phase that makes a token store.
fn tokens(recipe: &str, vocabulary: &str, table_ids: usize) -> Tokens {
    let table = format!("tokenizer = \"gpt2={vocabulary}\"\n{recipe}").parse().unwrap();
    let params = Params::from_table(TOKENS.params, &table).unwrap();
    Tokens { settings: Arc::new(TokenSettings::new(&params, SEED, assets()).unwrap()), table_ids }
}

fn part(number: usize, objects: Vec<(&str, ObjectRef)>) -> Commit {
    Commit {
        task: format!("part {number}"),
        label: format!("input {number}"),
        objects: objects.into_iter().map(|(name, object)| (name.to_owned(), object)).collect(),
        tally: Value::Null,
        requests: Requests::default(),
    }
}

fn stored(store: &MemStore, table: Table, name: &str) -> ObjectRef {
    let (spool, rows) = table.finish().unwrap();
    ObjectRef { rows, ..spool.store(store, name, "parquet").unwrap() }
}

/// What the last map phase has kept: as many parts as there are lists.
fn docs_manifest(store: &MemStore, parts: &[Vec<Doc>]) -> Manifest {
    let of = |(number, documents): (usize, &Vec<Doc>)| {
        let mut table = Table::new(Spool::create(store).unwrap(), Field::of(schema::DOCS));
        for (at, doc) in documents.iter().enumerate() {
            let row = table.row().id(doc.id).u32(at as u32).text("").text(&doc.url).text("").text("");
            let row = row.text(doc.lang).text(doc.kind).text("").bool(false).text("crawl.warc").text("");
            row.text("").text("").text(&doc.text).end().unwrap();
        }
        part(number, vec![("docs", stored(store, table, "docs"))])
    };
    Manifest { phase: "docs".into(), parts: parts.iter().enumerate().map(of).collect() }
}

/// What a map phase has measured: a ledger, and beside it a row of metrics for each of its rows.
fn measured_manifest(store: &MemStore, parts: &[Vec<Doc>]) -> Manifest {
    let of = |(number, documents): (usize, &Vec<Doc>)| {
        let field = |name: &str, kind, nullable| Field { name: name.to_owned(), kind, nullable };
        let fields = vec![
            field("row", Type::U32, false),
            field("quality.score", Type::F32, true),
            field("topics.top_label", Type::Label, true),
        ];
        let mut ledger = Table::new(Spool::create(store).unwrap(), Field::of(schema::LEDGER));
        let mut metrics = Table::new(Spool::create(store).unwrap(), fields);
        for (at, doc) in documents.iter().enumerate() {
            let row = ledger.row().id(doc.id).u64(0).text("").u32(at as u32).bool(true).text("").text("").text("");
            let row = row.f32_or_null(None).f32_or_null(None).u32(doc.text.len() as u32).text_or_null(None);
            row.text(doc.lang).text(doc.kind).text("").end().unwrap();
            metrics.row().u32(at as u32).f32_or_null(doc.score).text_or_null(doc.label).end().unwrap();
        }
        let ledger = stored(store, ledger, "ledger");
        part(number, vec![("ledger", ledger), ("metrics", stored(store, metrics, "metrics"))])
    };
    Manifest { phase: "measured".into(), parts: parts.iter().enumerate().map(of).collect() }
}

fn inputs<'a>(store: &'a MemStore, read: &[(&str, &Manifest)]) -> Inputs<'a> {
    let with =
        |inputs: Inputs<'a>, (name, manifest): &(&str, &Manifest)| inputs.with(name, Arc::new((*manifest).clone()));
    read.iter().fold(Inputs::new(store), with)
}

/// Does all tasks of a phase.
fn perform(phase: &dyn Phase, store: &MemStore, read: &[(&str, &Manifest)]) -> Result<Manifest, StoreError> {
    let (bytes_read, inputs) = (AtomicU64::new(0), inputs(store, read));
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
        // A scatter gives out uses of documents.
        assert!(phase.name() == "scatter" || outcome.tally["n_in"] == outcome.tally["n_out"], "{}", outcome.tally);
        Ok(Commit {
            task: task.key,
            label: task.label,
            objects: outcome.objects,
            tally: outcome.tally,
            requests: Requests::default(),
        })
    };
    let tasks = phase.tasks("fingerprint", &inputs)?;
    let parts = tasks.into_iter().map(commit).collect::<Result<Vec<Commit>, StoreError>>()?;
    for (at, part) in parts.iter().enumerate() {
        let twin = parts[..at].iter().find(|twin| twin.task == part.task);
        assert!(twin.is_none_or(|twin| twin == part), "two tasks of one key are not equal: {part:?}");
    }
    Ok(Manifest { phase: phase.name().to_owned(), parts })
}

/// The token store of a run, with what was measured in it.
fn token_store(name: &str, vocabulary: &str, parts: &[Vec<Doc>], table_ids: Option<usize>) -> TokenStore {
    let store = MemStore::new().unwrap();
    let (docs, measured) = (docs_manifest(&store, parts), measured_manifest(&store, parts));
    let phase = tokens(MEASURES, vocabulary, table_ids.unwrap_or(TABLE_IDS));
    let manifest = perform(&phase, &store, &[(DOCS, &docs), ("measured 0", &measured)]).unwrap();
    TokenStore { name: name.to_owned(), run: format!("runs/{name}"), store: Box::new(store), manifest }
}

/// The manifest of shards that the phase `index` has written.
fn dataset_in(store: &MemStore, index: &Manifest) -> Dataset {
    Dataset::read(store, &index.parts[0].objects["dataset"].key).unwrap()
}

/// A piece as it lies in a shard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    id: DocId,
    epoch: u32,
    group: String,
    content: u64,
    start: u64,
    n_document: u64,
    ids: Vec<u32>,
}

impl Found {
    /// The text of a whole document, with the end token taken off.
    fn text(&self) -> String {
        let (eos, ids) = self.ids.split_last().unwrap();
        assert_eq!((self.start, self.n_document, *eos), (0, self.ids.len() as u64, EOS));
        ids.iter().map(|id| char::from(u8::try_from(*id).unwrap())).collect()
    }
}

/// The pieces of a shard: what its table says of them, and the ids that lie there.
fn pieces_of(store: &MemStore, shard: &Shard) -> Vec<Found> {
    let (bin, idx) = (store.read(&shard.bin.key).unwrap(), store.read(&shard.idx.key).unwrap());
    assert_eq!(shard.bin.key, format!("{}.bin", shard.prefix));
    assert_eq!(shard.idx.key, format!("{}.idx", shard.prefix));
    assert_eq!(shard.samples.key, format!("{}.samples", shard.prefix));
    let reader = Reader::new(&bin, &idx).unwrap();
    assert_eq!(reader.n_documents() as u64, shard.n_pieces);
    let mut lists = reader.documents();
    let mut found = Vec::new();
    for batch in Batches::open(store, &shard.pieces.key, &[]).unwrap() {
        let batch = batch.unwrap();
        let columns = Columns(&batch);
        let (groups, epochs) = (columns.text("group").unwrap(), columns.u32("epoch").unwrap());
        let (starts, lengths) = (columns.u64("start").unwrap(), columns.u32("n_tokens").unwrap());
        let (wholes, contents) = (columns.u64("n_document").unwrap(), columns.u64("content").unwrap());
        for (row, id) in columns.ids("id").unwrap().into_iter().enumerate() {
            let piece = Found {
                id,
                epoch: epochs[row],
                group: groups.value(row).to_owned(),
                content: contents[row],
                start: starts[row],
                n_document: wholes[row],
                ids: lists.next().unwrap(),
            };
            assert_eq!(piece.ids.len(), lengths[row] as usize);
            found.push(piece);
        }
    }
    assert_eq!(lists.next(), None);
    found
}

/// The pieces of a training phase, in order; also looks at the sequences.
fn pieces(store: &MemStore, phase: &TrainingPhase, packing: Packing) -> Vec<Found> {
    for shard in &phase.shards {
        let (_, lengths) = piece_lengths(&store.read(&shard.idx.key).unwrap()).unwrap();
        let offsets = samples::read(&store.read(&shard.samples.key).unwrap()).unwrap();
        assert_eq!(offsets.len() as u64, shard.n_sequences + 1);
        samples::check(&offsets, &lengths, phase.context, packing == Packing::Concat).unwrap();
    }
    phase.shards.iter().flat_map(|shard| pieces_of(store, shard)).collect()
}

/// Documents put together of their pieces, sorted by id, epoch, group and content.
fn joined(mut pieces: Vec<Found>) -> Vec<Found> {
    pieces.sort();
    let mut joined: Vec<Found> = Vec::new();
    for piece in pieces {
        match joined.last_mut() {
            Some(last) if piece.start > 0 => {
                let which = |it: &Found| (it.id, it.epoch, it.group.clone(), it.content, it.n_document);
                assert_eq!(which(&*last), which(&piece));
                assert_eq!(last.ids.len() as u64, piece.start, "pieces do not follow each other");
                last.ids.extend(piece.ids);
            }
            _ => {
                assert_eq!(piece.start, 0, "the beginning of a document is missing");
                joined.push(piece);
            }
        }
    }
    joined
}

/// What tells the files of all shards of a phase apart from any others.
fn digests(phase: &TrainingPhase) -> Vec<[String; 4]> {
    phase.shards.iter().map(|shard| shard.files().map(|(_, object)| object.digest.clone())).collect()
}
