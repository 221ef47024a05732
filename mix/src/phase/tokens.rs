//! `tokens`: one task per part of documents; the token store, sorted by key. Nobody tokenises these documents again.

use super::settings::TokenSettings;
use super::{cost, work_text};
use crate::order::shuffle_key;
use serde_json::json;
use std::io::Write;
use std::sync::Arc;
use tokenmill_core::hash::{digest_hex, hash64};
use tokenmill_core::schema::Type;
use tokenmill_core::text::{domain::registrable_domain, host_of};
use tokenmill_core::{DocId, schema};
use tokenmill_store::measured::{self, Row};
use tokenmill_store::phase::{DOCS, MEASURED};
use tokenmill_store::table::{Batches, Columns, Field, Table};
use tokenmill_store::{Cost, Inputs, Manifest, Outcome, Part, Phase, StoreError, Task, TaskContext, commit};

/// Raised when the tokens of a document, or the table, can change.
const VERSION: u32 = 2;

/// A task holds this many ids in memory (256 MiB) before it sorts them and writes them out as a table.
pub const TABLE_IDS: usize = 1 << 26;

/// What every table of token ids is called, before its number.
pub const TABLE: &str = "tokens-";

/// The object with the [`crate::shard::dataset::TokenizerCard`], the same in every part.
pub const CARD: &str = "tokenizer";

pub struct Tokens {
    pub settings: Arc<TokenSettings>,
    /// Ids of a table; [`TABLE_IDS`] outside tests.
    pub table_ids: usize,
}

impl Phase for Tokens {
    fn name(&self) -> &str {
        super::TOKENS_PHASE
    }

    fn spec(&self) -> String {
        let TokenSettings { tokenizer, vocabulary, seed, scores, labels, .. } = &*self.settings;
        json!({"version": VERSION, "tokenizer": tokenizer, "vocabulary": vocabulary, "seed": seed, "scores": scores, "labels": labels})
            .to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let measured = measured_in(inputs)?;
        let task = |part: &Part| {
            let docs = part.objects.get("docs");
            let docs = docs.ok_or_else(|| StoreError::corrupt(&part.task, "the part has no documents"))?;
            let others = measured.iter().flat_map(|manifest| &manifest.parts).filter(|other| other.label == part.label);
            let others: String = others.map(|other| other.task.as_str()).collect();
            Ok(Task {
                key: digest_hex(format!("{fingerprint}\0{}\0{others}", part.task).as_bytes()),
                label: part.label.clone(),
                bytes: docs.bytes,
                work: json!({"docs": docs.key}),
            })
        };
        inputs.get(DOCS)?.parts.iter().map(task).collect()
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let tokenizer = self.settings.tokenizer()?;
        let names: Vec<String> = self.settings.scores.iter().chain(&self.settings.labels).cloned().collect();
        let measured = measured::of_part(context.store, measured_in(context.inputs)?, &task.label, &names)?;
        let mut outcome = Outcome::default();
        let (mut n_documents, mut n_tokens, mut n_bytes) = (0u64, 0u64, 0u64);
        let mut rows = Rows::default();
        let columns = ["id", "url", "lang", "kind", "source", "text"];
        for batch in Batches::open(context.store, work_text(task, "docs")?, &columns)? {
            let batch = batch?;
            let columns = Columns(&batch);
            let [urls, langs, kinds] = [columns.text("url")?, columns.text("lang")?, columns.text("kind")?];
            let [sources, texts] = [columns.text("source")?, columns.text("text")?];
            for (at, id) in columns.ids("id")?.into_iter().enumerate() {
                let (start, text) = (rows.ids.len(), texts.value(at));
                let encoded = tokenizer.encode(text, &mut rows.ids);
                encoded.map_err(|error| StoreError::Usage(format!("document `{id}`: {error}")))?;
                n_documents += 1;
                n_tokens += (rows.ids.len() - start) as u64;
                n_bytes += text.len() as u64;
                rows.documents.push(Document {
                    key: shuffle_key(self.settings.seed, 0, id),
                    id,
                    lang: langs.value(at).to_owned(),
                    kind: kinds.value(at).to_owned(),
                    source: sources.value(at).to_owned(),
                    domain: registrable_domain(host_of(urls.value(at))).trim_end_matches('.').to_ascii_lowercase(),
                    ids: start..rows.ids.len(),
                });
                if rows.ids.len() >= self.table_ids {
                    self.write(std::mem::take(&mut rows), &measured, context, &mut outcome)?;
                }
            }
        }
        // Always at least one table, so that a missing one is never mistaken for an empty one.
        if !rows.documents.is_empty() || outcome.objects.is_empty() {
            self.write(rows, &measured, context, &mut outcome)?;
        }
        let mut spool = context.spool()?;
        spool.write_all(&commit::to_json(&self.settings.card()?)?).map_err(StoreError::io("write", &task.label))?;
        outcome.objects.insert(CARD.to_owned(), context.keep(spool, CARD, "json", 0)?);
        context.advance(task.bytes);
        outcome.tally = json!({"n_in": n_documents, "n_out": n_documents, "n_tokens": n_tokens, "n_bytes": n_bytes});
        Ok(outcome)
    }

    fn forecast(&self) -> String {
        format!("one task per part of the phase before, vocabulary `{}`", self.settings.tokenizer)
    }

    fn cost(&self) -> Cost {
        cost::tokens()
    }
}

/// The manifests of the phases that have measured something.
fn measured_in<'a>(inputs: &'a Inputs<'_>) -> Result<Vec<&'a Manifest>, StoreError> {
    inputs.names().filter(|name| name.starts_with(MEASURED)).map(|name| inputs.get(name)).collect()
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
    kind: String,
    source: String,
    domain: String,
    /// Where its ids lie in those of the table.
    ids: std::ops::Range<usize>,
}

impl Tokens {
    /// Writes the table that follows those in `outcome`, in the order of keys.
    fn write(
        &self,
        mut rows: Rows,
        measured: &std::collections::BTreeMap<DocId, Row>,
        context: &TaskContext<'_>,
        outcome: &mut Outcome,
    ) -> Result<(), StoreError> {
        // Down to the ids, so that not even two documents of one id depend on the order in which they came.
        let ids = &rows.ids;
        rows.documents.sort_by(|a, b| {
            (a.key, a.id).cmp(&(b.key, b.id)).then_with(|| ids[a.ids.clone()].cmp(&ids[b.ids.clone()]))
        });
        let (n_scores, n_labels) = (self.settings.scores.len(), self.settings.labels.len());
        let mut fields = Field::of(schema::TOKENS);
        let field = |name: &String, kind| Field { name: name.clone(), kind, nullable: true };
        fields.extend(self.settings.scores.iter().map(|name| field(name, Type::F32)));
        fields.extend(self.settings.labels.iter().map(|name| field(name, Type::Label)));
        let mut table = Table::new(context.spool()?, fields);
        let mut bytes = Vec::new();
        for document in &rows.documents {
            let ids = &rows.ids[document.ids.clone()];
            let n_ids = u32::try_from(ids.len());
            let n_ids = n_ids.map_err(|_| StoreError::Usage(format!("document `{}` has 2^32 tokens", document.id)))?;
            bytes.clear();
            ids.iter().for_each(|id| bytes.extend_from_slice(&id.to_le_bytes()));
            let row = table.row().u64(document.key).id(document.id).text(&document.lang).text(&document.kind);
            let row = row.text(&document.source).text(&document.domain).u32(n_ids).u64(hash64(0, &bytes));
            let mut row = row.tokens(ids);
            let values = measured.get(&document.id).map_or(&[][..], |values| values);
            let value = |at: usize| values.get(at).and_then(Option::as_deref);
            for at in 0..n_scores {
                row = row.f32_or_null(value(at).and_then(|value| value.parse().ok()));
            }
            for at in n_scores..n_scores + n_labels {
                row = row.text_or_null(value(at));
            }
            row.end()?;
        }
        let name = format!("{TABLE}{:05}", outcome.objects.len());
        outcome.objects.insert(name, context.keep_table(table, "tokens")?);
        Ok(())
    }
}
