//! The token stores of a mix, and the phases that make shards of them.

use super::cuts::Cut;
use super::index::Index;
use super::scatter::{Scatter, Selection};
use super::settings::ShardSettings;
use super::shards::Shards;
use super::weigh::Weigh;
use super::{first_part, json_of, objects_digest, tables, tokens};
use crate::pack::{Long, Packing};
use crate::plan::{Facts, Grouper, Mix, ShardSpec};
use crate::shard::dataset::{SourceLineage, TokenizerCard};
use arrow::array::Float32Array;
use arrow::array::LargeStringArray;
use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokenmill_core::BuildError;
use tokenmill_core::hash::digest_hex;
use tokenmill_core::schema::{self, Type};
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::takedown::original;
use tokenmill_store::{Manifest, ObjectRef, Part, Phase, Store, StoreError};

/// The token store of a run that has ended.
pub struct TokenStore {
    /// What the mix calls it.
    pub name: String,
    /// The run directory, as the mix gives it.
    pub run: String,
    /// The store of the run.
    pub store: Box<dyn Store>,
    /// What its phase `tokens` has committed.
    pub manifest: Manifest,
}

impl TokenStore {
    /// The vocabulary that made the ids.
    ///
    /// # Errors
    /// When the run has no documents at all, or the card is missing or damaged.
    pub fn card(&self) -> Result<TokenizerCard, StoreError> {
        json_of(&*self.store, first_part(&self.manifest)?, tokens::CARD)
    }

    /// The columns of scores, and those of labels, that the recipe of the run has kept.
    ///
    /// # Errors
    /// When the run has no documents at all, or a table is missing or damaged.
    pub fn columns(&self) -> Result<(Vec<String>, Vec<String>), StoreError> {
        let part = first_part(&self.manifest)?;
        let table = tables(part).next();
        let table = table.ok_or_else(|| StoreError::corrupt(&part.task, "the part has no table of tokens"))?;
        let fields = Batches::open(&*self.store, &table.key, &[])?.fields();
        let own = |name: &str| schema::TOKENS.iter().any(|column| column.name == name);
        let (mut scores, mut labels) = (Vec::new(), Vec::new());
        for (name, kind) in fields.into_iter().filter(|(name, _)| !own(name)) {
            match kind {
                Type::F32 => scores.push(name),
                Type::Text | Type::Label => labels.push(name),
                _ => {}
            }
        }
        Ok((scores, labels))
    }
}

/// A phase and what it reads: the name of the input, and the number of the phase that makes it.
pub type MixPhase = (Box<dyn Phase>, Vec<(String, usize)>);

/// The phases that turn token stores into the shards of a mix.
///
/// # Errors
/// When the token stores do not have what the mix asks for, or were made with different vocabularies.
pub fn mix_phases(mix: &Mix, stores: Vec<TokenStore>) -> Result<Vec<MixPhase>, StoreError> {
    let shards = &mix.shards;
    let settings = ShardSettings {
        bos: shards.bos,
        eos: shards.eos,
        packing: shards.packing,
        long: shards.long,
        shard_tokens: shards.shard_tokens,
        seed: mix.seed,
    };
    let sources = Arc::new(Sources::new(mix, stores)?);
    let lineage = sources.lineage();
    let input = |name: &str, from: usize| (name.to_owned(), from);
    let docs = tokenmill_store::phase::DOCS;
    Ok(vec![
        (Box::new(Weigh { sources: sources.clone(), settings }), Vec::new()),
        (Box::new(Cut { sources: sources.clone(), settings }), vec![input(docs, 0)]),
        (
            Box::new(Scatter { settings, selection: Selection::Mix { sources }, chunk_bytes: None }),
            vec![input(docs, 1)],
        ),
        (Box::new(Shards(settings)), vec![input(docs, 2)]),
        (Box::new(Index { settings, sources: lineage }), vec![input(docs, 3)]),
    ])
}

/// The token stores of a mix, and how their documents fall into groups.
pub struct Sources {
    pub mix: Mix,
    pub stores: Vec<TokenStore>,
    pub card: TokenizerCard,
    pub grouper: Grouper,
    /// Columns of the tables that groups go by.
    columns: Vec<String>,
    scores: Vec<String>,
    labels: Vec<String>,
}

/// A table of a token store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRef {
    /// Number of the token store; 0 in a recipe.
    pub source: usize,
    /// Key in the store of its run.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// Key that it had before a take-down, by which tasks are known; empty without any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub was: String,
}

impl TableRef {
    /// The key that tasks are known by.
    fn identity(&self) -> &str {
        if self.was.is_empty() { &self.key } else { &self.was }
    }
}

impl Sources {
    pub fn new(mix: &Mix, stores: Vec<TokenStore>) -> Result<Sources, StoreError> {
        let mut card: Option<(TokenizerCard, &str)> = None;
        for source in &stores {
            let own = source.card()?;
            match &card {
                Some((first, name)) if first.sha256 != own.sha256 || first.vocab_size != own.vocab_size => {
                    return Err(StoreError::Refused {
                        what: format!(
                            "the token stores have different vocabularies: `{name}` has `{}`, `{}` has `{}`",
                            first.name, source.name, own.name
                        ),
                        hint: "run one of the recipes again with the `tokenizer` of the other".to_owned(),
                    });
                }
                Some(_) => {}
                None => card = Some((own, &source.name)),
            }
        }
        let (card, _) = card.ok_or_else(|| StoreError::Usage("the mix has no sources".into()))?;
        let (scores, labels) = (mix.scores(), mix.labels());
        let columns = ["lang", "kind", "domain"].map(str::to_owned).into_iter();
        let columns = columns.chain(scores.iter().cloned()).chain(labels.iter().cloned()).collect();
        Ok(Sources { mix: mix.clone(), stores, card, grouper: Grouper::new(mix), columns, scores, labels })
    }

    /// Everything about groups that can change an output, but the token stores themselves.
    pub fn spec(&self) -> serde_json::Value {
        let stores = self.stores.iter().map(|source| (source.name.clone(), objects_digest(&source.manifest)));
        // The training phases do not matter to who is in which group.
        let groups = Mix { phases: Vec::new(), ..self.nameless() };
        serde_json::json!({"groups": groups.to_toml(), "sources": stores.collect::<Vec<_>>()})
    }

    /// What training phases the mix has.
    pub fn phases_toml(&self) -> String {
        self.nameless().to_toml()
    }

    /// The mix without what does not matter to the cuts: its name, its place, and the form of its shards.
    fn nameless(&self) -> Mix {
        let shards = ShardSpec { packing: Packing::None, long: Long::Fragment, shard_tokens: 1, ..self.mix.shards };
        Mix { name: String::new(), root: String::new(), shards, ..self.mix.clone() }
    }

    /// The tables of all token stores, in order; every task gets those of some parts.
    pub fn tables(&self) -> Vec<Vec<TableRef>> {
        let of = |(source, store): (usize, &TokenStore)| store_tables(source, &store.manifest);
        self.stores.iter().enumerate().flat_map(of).collect()
    }

    pub fn store(&self, table: &TableRef) -> Result<&TokenStore, StoreError> {
        self.stores.get(table.source).ok_or_else(|| super::other_version("source"))
    }

    /// The columns that are to be read, together with some that the caller wants.
    pub fn columns<'a>(&'a self, own: &[&'a str]) -> Vec<&'a str> {
        own.iter().copied().chain(self.columns.iter().map(String::as_str)).collect()
    }

    /// The groups of the documents of a batch.
    pub fn groups<'a>(&'a self, source: &'a str, batch: &'a RecordBatch) -> Result<Groups<'a>, StoreError> {
        let columns = Columns(batch);
        Ok(Groups {
            grouper: &self.grouper,
            source,
            lang: columns.text("lang")?,
            kind: columns.text("kind")?,
            domain: columns.text("domain")?,
            scores: self.scores.iter().map(|name| columns.f32(name)).collect::<Result<_, _>>()?,
            labels: self.labels.iter().map(|name| columns.text(name)).collect::<Result<_, _>>()?,
        })
    }

    pub fn lineage(&self) -> Vec<SourceLineage> {
        let of = |source: &TokenStore| SourceLineage {
            name: source.name.clone(),
            run: source.run.clone(),
            phase: source.manifest.phase.clone(),
            objects: objects_digest(&source.manifest),
        };
        self.stores.iter().map(of).collect()
    }
}

/// The tables of the parts of one token store.
pub fn store_tables(source: usize, manifest: &Manifest) -> Vec<Vec<TableRef>> {
    let of = |part: &Part| {
        let named = part.objects.iter().filter(|(_, object)| tables(part).any(|table| table == *object));
        let table = |(name, object): (&String, &ObjectRef)| {
            let was = original(part, name).map(|was| was.key).filter(|was| *was != object.key).unwrap_or_default();
            TableRef { source, key: object.key.clone(), bytes: object.bytes, was }
        };
        named.map(table).collect()
    };
    manifest.parts.iter().map(of).collect()
}

/// At most this many tasks read token stores, each as many parts as that takes: what they write is read by every shard.
const MAX_TASKS: u64 = 4_096;

/// Puts parts together, in order, so that there are at most [`MAX_TASKS`] lists of about equal size.
pub fn in_tasks(parts: Vec<Vec<TableRef>>) -> Vec<Vec<TableRef>> {
    let bytes = |tables: &[TableRef]| tables.iter().map(|table| table.bytes).sum::<u64>();
    let fair = parts.iter().map(|part| bytes(part)).sum::<u64>().div_ceil(MAX_TASKS / 2);
    let mut tasks: Vec<Vec<TableRef>> = Vec::new();
    let mut open = 0;
    for part in parts {
        let size = bytes(&part);
        match tasks.last_mut() {
            Some(last) if open + size <= fair => {
                open += size;
                last.extend(part);
            }
            _ => {
                open = size;
                tasks.push(part);
            }
        }
    }
    tasks
}

/// A digest of some tables: the identity of what a task reads.
pub fn tables_digest(tables: &[TableRef]) -> String {
    let keys: Vec<String> = tables.iter().map(|table| format!("{} {}", table.source, table.identity())).collect();
    digest_hex(keys.join("\n").as_bytes())
}

/// What people see of a task. It follows from the tables alone: two parts without documents have equal ones, and so are one
/// task.
pub fn tables_label(tables: &[TableRef]) -> String {
    let name = tables.first().and_then(|table| table.identity().rsplit('/').next()).unwrap_or_default();
    let name = name.get(..8).unwrap_or(name);
    if tables.len() == 1 { format!("table {name}") } else { format!("{} tables from {name}", tables.len()) }
}

/// The documents of a batch as groups see them.
pub struct Groups<'a> {
    grouper: &'a Grouper,
    source: &'a str,
    lang: &'a LargeStringArray,
    kind: &'a LargeStringArray,
    domain: &'a LargeStringArray,
    scores: Vec<&'a Float32Array>,
    labels: Vec<&'a LargeStringArray>,
}

impl Groups<'_> {
    /// Writes the name of the group of a row; false when it is in none.
    pub fn of(&self, row: usize, scores: &mut Vec<Option<f32>>, name: &mut String) -> bool {
        use arrow::array::Array as _;
        scores.clear();
        scores.extend(self.scores.iter().map(|scores| scores.is_valid(row).then(|| scores.value(row))));
        let labels = self.labels.iter().map(|labels| if labels.is_valid(row) { labels.value(row) } else { "" });
        let labels: Vec<&str> = labels.collect();
        let facts = Facts {
            source: self.source,
            lang: self.lang.value(row),
            kind: self.kind.value(row),
            domain: self.domain.value(row),
            scores,
            labels: &labels,
        };
        self.grouper.group(&facts, name)
    }
}

/// A build error as an error of the store.
pub fn refused(error: BuildError) -> StoreError {
    match error.hint {
        Some(hint) => StoreError::Refused { what: error.message, hint },
        None => StoreError::Usage(error.message),
    }
}
