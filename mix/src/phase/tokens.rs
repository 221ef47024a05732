//! `tokens`: one task per part of documents; ids sorted by shuffle key, so that shards can pick their ranges.

use super::{Settings, work_text};
use crate::order::shuffle_key;
use serde_json::json;
use std::sync::Arc;
use tokenmill_core::hash::digest_hex;
use tokenmill_core::{DocId, schema};
use tokenmill_store::phase::DOCS;
use tokenmill_store::table::{Batches, Columns, Field, Table};
use tokenmill_store::{Inputs, Outcome, Phase, StoreError, Task, TaskContext};

/// Raised when the tokens of a document, or the table, can change.
const VERSION: u32 = 1;

/// A task holds this many ids in memory (256 MiB) before it sorts them and writes them out as a table.
pub const TABLE_IDS: usize = 1 << 26;

/// What every table of token ids is called, before its number.
pub const TABLE: &str = "tokens-";

pub struct Tokens {
    pub settings: Arc<Settings>,
    /// Ids of a table; [`TABLE_IDS`] outside tests.
    pub table_ids: usize,
}

impl Phase for Tokens {
    fn name(&self) -> &str {
        "tokens"
    }

    fn spec(&self) -> String {
        let settings = &self.settings;
        json!({"version": VERSION, "tokenizer": settings.tokenizer, "vocabulary": settings.vocabulary, "seed": settings.seed})
            .to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let task = |part: &tokenmill_store::Part| {
            let docs = part.objects.get("docs");
            let docs = docs.ok_or_else(|| StoreError::corrupt(&part.task, "the part has no documents"))?;
            Ok(Task {
                key: digest_hex(format!("{fingerprint}\0{}", part.task).as_bytes()),
                label: part.label.clone(),
                bytes: docs.bytes,
                work: json!({"docs": docs.key}),
            })
        };
        inputs.get(DOCS)?.parts.iter().map(task).collect()
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let tokenizer = self.settings.tokenizer()?;
        let mut outcome = Outcome::default();
        let (mut n_documents, mut n_tokens, mut n_bytes) = (0u64, 0u64, 0u64);
        let mut rows = Rows::default();
        for batch in Batches::open(context.store, work_text(task, "docs")?, &["id", "lang", "source", "text"])? {
            let batch = batch?;
            let columns = Columns(&batch);
            let (langs, sources, texts) = (columns.text("lang")?, columns.text("source")?, columns.text("text")?);
            for (at, id) in columns.ids("id")?.into_iter().enumerate() {
                let (start, text) = (rows.ids.len(), texts.value(at));
                let encoded = tokenizer.encode(text, &mut rows.ids);
                encoded.map_err(|error| StoreError::Usage(format!("document `{id}`: {error}")))?;
                n_documents += 1;
                n_tokens += (rows.ids.len() - start) as u64;
                n_bytes += text.len() as u64;
                let key = shuffle_key(self.settings.seed, 0, id);
                let (lang, source) = (langs.value(at).to_owned(), sources.value(at).to_owned());
                rows.documents.push(Document { key, id, lang, source, ids: start..rows.ids.len() });
                if rows.ids.len() >= self.table_ids {
                    std::mem::take(&mut rows).write(context, &mut outcome)?;
                }
            }
        }
        // Always at least one table, so that a missing one is never mistaken for an empty one.
        if !rows.documents.is_empty() || outcome.objects.is_empty() {
            rows.write(context, &mut outcome)?;
        }
        context.advance(task.bytes);
        outcome.tally = json!({"n_in": n_documents, "n_out": n_documents, "n_tokens": n_tokens, "n_bytes": n_bytes});
        Ok(outcome)
    }

    fn forecast(&self) -> String {
        format!("one task per part of the phase before, vocabulary `{}`", self.settings.tokenizer)
    }
}

/// The documents of one table, in the order in which they came.
#[derive(Default)]
struct Rows {
    documents: Vec<Document>,
    ids: Vec<u32>,
}

struct Document {
    key: u64,
    id: DocId,
    lang: String,
    source: String,
    /// Where its ids lie in those of the table.
    ids: std::ops::Range<usize>,
}

impl Rows {
    /// Writes the table that follows those in `outcome`, in shuffled order.
    fn write(mut self, context: &TaskContext<'_>, outcome: &mut Outcome) -> Result<(), StoreError> {
        self.documents.sort_by_key(|document| (document.key, document.id));
        let mut table = Table::new(context.spool()?, Field::of(schema::TOKENS));
        for document in self.documents {
            let row = table.row().u64(document.key).id(document.id).text(&document.lang).text(&document.source);
            row.tokens(&self.ids[document.ids]).end()?;
        }
        let name = format!("{TABLE}{:05}", outcome.objects.len());
        outcome.objects.insert(name, context.keep_table(table, "tokens")?);
        Ok(())
    }
}
