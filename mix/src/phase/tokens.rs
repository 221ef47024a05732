//! `tokens`: one task per part of documents; ids sorted by shuffle key, so that shards can pick their ranges.

use super::{Settings, needed};
use crate::order::shuffle_key;
use serde_json::json;
use std::sync::Arc;
use tokenmill_core::hash::digest_hex;
use tokenmill_core::{DocId, schema};
use tokenmill_store::table::{Batches, Columns, Field, Table};
use tokenmill_store::{Manifest, Outcome, Phase, StoreError, Task, TaskContext};

/// Raised when the tokens of a document, or the table, can change.
const VERSION: u32 = 1;

pub struct Tokens(pub Arc<Settings>);

impl Phase for Tokens {
    fn name(&self) -> &str {
        "tokens"
    }

    fn spec(&self) -> String {
        json!({"version": VERSION, "tokenizer": self.0.tokenizer, "seed": self.0.seed}).to_string()
    }

    fn tasks(&self, fingerprint: &str, upstream: Option<&Manifest>) -> Result<Vec<Task>, StoreError> {
        let task = |part: &tokenmill_store::Part| {
            let docs = part.objects.get("docs").ok_or_else(|| StoreError::corrupt(&part.task, "the part has no documents"))?;
            Ok(Task {
                key: digest_hex(format!("{fingerprint}\0{}", part.task).as_bytes()),
                label: part.label.clone(),
                bytes: docs.bytes,
                work: json!({"docs": docs.key}),
            })
        };
        needed(upstream)?.parts.iter().map(task).collect()
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let key = task.work.get("docs").and_then(serde_json::Value::as_str).unwrap_or_default();
        let rows = self.tokenize(context, key)?;
        let mut order: Vec<usize> = (0..rows.documents.len()).collect();
        order.sort_unstable_by_key(|at| (rows.documents[*at].key, rows.documents[*at].id));
        let mut table = Table::new(context.spool()?, Field::of(schema::TOKENS));
        for at in order {
            let document = &rows.documents[at];
            let ids = &rows.ids[document.start..document.end];
            table.row().u64(document.key).id(document.id).text(&document.lang).text(&document.source).tokens(ids).end()?;
        }
        let n_documents = rows.documents.len();
        let objects = [("tokens".to_owned(), context.keep_table(table, "tokens")?)].into();
        context.advance(task.bytes);
        let tally = json!({"n_in": n_documents, "n_out": n_documents, "n_tokens": rows.ids.len(), "n_bytes": rows.n_bytes});
        Ok(Outcome { objects, tally, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        format!("one task per part of the phase before, vocabulary `{}`", self.0.tokenizer)
    }
}

/// The tokens of one part, in the order of its documents.
#[derive(Default)]
struct Rows {
    documents: Vec<Document>,
    ids: Vec<u32>,
    n_bytes: usize,
}

struct Document {
    key: u64,
    id: DocId,
    lang: String,
    source: String,
    start: usize,
    end: usize,
}

impl Tokens {
    fn tokenize(&self, context: &TaskContext<'_>, key: &str) -> Result<Rows, StoreError> {
        let tokenizer = self.0.tokenizer()?;
        let mut rows = Rows::default();
        for batch in Batches::open(context.store, key, &["id", "lang", "source", "text"])? {
            let batch = batch?;
            let columns = Columns(&batch);
            let (langs, sources, texts) = (columns.text("lang")?, columns.text("source")?, columns.text("text")?);
            for (at, id) in columns.ids("id")?.into_iter().enumerate() {
                let start = rows.ids.len();
                let encoded = tokenizer.encode(texts.value(at), &mut rows.ids);
                encoded.map_err(|error| StoreError::Usage(format!("document {id}: {error}")))?;
                rows.n_bytes += texts.value(at).len();
                rows.documents.push(Document {
                    key: shuffle_key(self.0.seed, 0, id),
                    id,
                    lang: langs.value(at).to_owned(),
                    source: sources.value(at).to_owned(),
                    start,
                    end: rows.ids.len(),
                });
            }
        }
        Ok(rows)
    }
}
