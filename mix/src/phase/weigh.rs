//! `weigh`: how many tokens the groups of a mix have, by slices of the key range. Reads everything but the tokens.

use super::settings::ShardSettings;
use super::sources::{Sources, TableRef, in_tasks, tables_digest, tables_label};
use super::{cost, work_value};
use crate::plan::{Available, Supply, UNUSED};
use crate::take::streams::{Amount, Stream, slice_of};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokenmill_core::hash::digest_hex;
use tokenmill_core::schema;
use tokenmill_store::table::{Batches, Columns, Field, Table};
use tokenmill_store::{Cost, Inputs, Manifest, Outcome, Phase, Store, StoreError, Task, TaskContext};

/// Raised when the sums can change.
const VERSION: u32 = 1;

pub struct Weigh {
    pub sources: Arc<Sources>,
    pub settings: ShardSettings,
}

impl Phase for Weigh {
    fn name(&self) -> &str {
        "weigh"
    }

    fn spec(&self) -> String {
        json!({"version": VERSION, "mix": self.sources.spec(), "around": self.settings.around()}).to_string()
    }

    fn tasks(&self, fingerprint: &str, _: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let lists = in_tasks(self.sources.tables());
        let task = |tables: Vec<TableRef>| Task {
            key: digest_hex(format!("{fingerprint}\0{}", tables_digest(&tables)).as_bytes()),
            label: tables_label(&tables),
            // The tokens are not read; what is, is about this part of a table.
            bytes: tables.iter().map(|table| table.bytes).sum::<u64>() / 50,
            work: json!({"tables": tables}),
        };
        Ok(lists.into_iter().map(task).collect())
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let around = self.settings.around();
        let mut streams: BTreeMap<String, Stream> = BTreeMap::new();
        let mut n_documents = 0u64;
        let (mut name, mut scores) = (String::new(), Vec::new());
        for table in work_value::<Vec<TableRef>>(task, "tables")? {
            let source = self.sources.store(&table)?;
            for batch in Batches::open(&*source.store, &table.key, &self.sources.columns(&["key", "n_tokens"]))? {
                let batch = batch?;
                let columns = Columns(&batch);
                let groups = self.sources.groups(&source.name, &batch)?;
                for (row, (key, n_tokens)) in columns.u64("key")?.iter().zip(columns.u32("n_tokens")?).enumerate() {
                    if !groups.of(row, &mut scores, &mut name) {
                        name.clear();
                        name.push_str(UNUSED);
                    }
                    let amount = Amount { n_documents: 1, n_tokens: u64::from(*n_tokens) + around };
                    n_documents += 1;
                    stream(&mut streams, &name).add(slice_of(*key), amount);
                }
            }
        }
        let mut table = Table::new(context.spool()?, Field::of(schema::WEIGHTS));
        for (group, stream) in &streams {
            for (slice, amount) in stream.slices() {
                table.row().text(group).u32(slice).u64(amount.n_documents).u64(amount.n_tokens).end()?;
            }
        }
        context.advance(task.bytes);
        let weights = context.keep_table(table, "weights")?;
        let tally = json!({"n_in": n_documents, "n_out": n_documents});
        Ok(Outcome { objects: [("weights".to_owned(), weights)].into(), tally, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        "counts the tokens of every group".to_owned()
    }

    fn cost(&self) -> Cost {
        cost::weigh()
    }
}

/// The stream of a group.
fn stream<'a>(streams: &'a mut BTreeMap<String, Stream>, group: &str) -> &'a mut Stream {
    streams.entry(group.to_owned()).or_default()
}

/// The streams of a mix by the names of their groups, from what `weigh` has committed.
pub(super) fn streams(store: &dyn Store, weighed: &Manifest) -> Result<BTreeMap<String, Stream>, StoreError> {
    let mut streams: BTreeMap<String, Stream> = BTreeMap::new();
    for part in &weighed.parts {
        let weights = part.objects.get("weights");
        let weights = weights.ok_or_else(|| StoreError::corrupt(&part.task, "the part has no `weights`"))?;
        for batch in Batches::open(store, &weights.key, &[])? {
            let batch = batch?;
            let columns = Columns(&batch);
            let (groups, slices) = (columns.text("group")?, columns.u32("slice")?);
            let (documents, tokens) = (columns.u64("n_documents")?, columns.u64("n_tokens")?);
            for row in 0..batch.num_rows() {
                let amount = Amount { n_documents: documents[row], n_tokens: tokens[row] };
                stream(&mut streams, groups.value(row)).add(slices[row], amount);
            }
        }
    }
    Ok(streams)
}

/// What there is of every group, from what `weigh` has committed; documents in no group stand under [`UNUSED`].
///
/// # Errors
/// When a table is missing or damaged, or the store fails.
pub fn supply(store: &dyn Store, weighed: &Manifest) -> Result<Supply, StoreError> {
    Ok(supply_of(&streams(store, weighed)?))
}

pub(super) fn supply_of(streams: &BTreeMap<String, Stream>) -> Supply {
    let of = |stream: &Stream| {
        let Amount { n_documents, n_tokens } = stream.total();
        Available { n_documents, n_tokens }
    };
    Supply(streams.iter().map(|(name, stream)| (name.clone(), of(stream))).collect())
}
