//! `cuts`: one task that plans the mix from the sums, and finds the documents at which the streams are cut.

use super::settings::ShardSettings;
use super::sources::{Sources, refused};
use super::{cost, parts_digest, weigh};
use crate::plan::{Schedule, UNUSED, schedule};
use crate::take::streams::{Cutter, Standing, Stream, keys_of, slice_of};
use crate::take::{Cuts, Training};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::phase::DOCS;
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Cost, Inputs, Outcome, Phase, StoreError, Task, TaskContext, commit};

/// Raised when the cuts can change.
const VERSION: u32 = 1;

/// The object that holds [`Planned`].
pub const CUTS: &str = "cuts";

pub struct Cut {
    pub sources: Arc<Sources>,
    pub settings: ShardSettings,
}

/// What a mix has been planned to be, and where that cuts its streams.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// Tokens by phase and group, as planned.
    pub schedule: Schedule,
    /// The documents at the cuts.
    pub cuts: Cuts,
}

impl Phase for Cut {
    fn name(&self) -> &str {
        super::CUTS_PHASE
    }

    fn spec(&self) -> String {
        json!({"version": VERSION, "mix": self.sources.phases_toml()}).to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let key = digest_hex(format!("{fingerprint}\0{}", parts_digest(inputs.get(DOCS)?)).as_bytes());
        Ok(vec![Task { key, label: "where streams are cut".to_owned(), bytes: 0, work: json!({}) }])
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let streams = weigh::streams(context.store, context.inputs.get(DOCS)?)?;
        let schedule = schedule(&self.sources.mix, &weigh::supply_of(&streams)).map_err(refused)?;
        let mut cutters = cutters(&schedule, &streams);
        let slices: BTreeSet<u32> = cutters.values().flat_map(Cutter::slices).collect();
        for slice in slices {
            let mut standing = self.standing(slice, &cutters)?;
            for (group, cutter) in &mut cutters {
                if let Some(documents) = standing.get_mut(group) {
                    cutter.see(slice, documents);
                }
            }
        }
        let mut cuts = Cuts::default();
        for (group, cutter) in &cutters {
            let intervals = cutter.intervals();
            let gone = || {
                StoreError::corrupt(
                    &task.label,
                    format!("documents of group `{group}` are gone since they were counted"),
                )
            };
            cuts.streams.insert(group.clone(), intervals.ok_or_else(gone)?);
        }
        for (number, phase) in schedule.phases.iter().enumerate() {
            let taken = cuts.streams.values().flatten().filter(|interval| interval.training as usize == number);
            let (n_documents, n_tokens) =
                taken.fold((0, 0), |(documents, tokens), it| (documents + it.n_documents, tokens + it.n_tokens));
            cuts.trainings.push(Training { name: phase.name.clone(), context: phase.context, n_documents, n_tokens });
        }
        let n_documents: u64 = streams.values().map(|stream| stream.total().n_documents).sum();
        let n_unused = streams.get(UNUSED).map_or(0, |stream| stream.total().n_documents);
        let mut spool = context.spool()?;
        let planned = Planned { schedule, cuts };
        spool.write_all(&commit::to_json(&planned)?).map_err(StoreError::io("write", &task.label))?;
        let object = context.keep(spool, CUTS, "json", 0)?;
        let tally = json!({"n_in": n_documents, "n_out": n_documents, "n_unused": n_unused});
        Ok(Outcome { objects: [(CUTS.to_owned(), object)].into(), tally, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        "one task, which plans the mix".to_owned()
    }

    fn cost(&self) -> Cost {
        cost::small()
    }
}

/// What the training phases cut of every stream.
fn cutters(schedule: &Schedule, streams: &BTreeMap<String, Stream>) -> BTreeMap<String, Cutter> {
    let mut taken: BTreeMap<&str, Vec<(u32, u64, u64)>> = BTreeMap::new();
    for (number, phase) in schedule.phases.iter().enumerate() {
        for take in phase.takes.iter().filter(|take| take.start < take.end) {
            taken.entry(&take.group).or_default().push((number as u32, take.start, take.end));
        }
    }
    let none = Stream::default();
    let cutter =
        |(group, taken): (&str, Vec<_>)| (group.to_owned(), Cutter::new(streams.get(group).unwrap_or(&none), taken));
    taken.into_iter().map(cutter).collect()
}

impl Cut {
    /// The documents of a slice in the groups that are cut there.
    fn standing(
        &self,
        slice: u32,
        cutters: &BTreeMap<String, Cutter>,
    ) -> Result<BTreeMap<String, Vec<Standing>>, StoreError> {
        let wanted = cutters.iter().filter(|(_, cutter)| cutter.slices().any(|cut| cut == slice));
        let mut standing: BTreeMap<String, Vec<Standing>> =
            wanted.map(|(group, _)| (group.clone(), Vec::new())).collect();
        let (mut name, mut scores) = (String::new(), Vec::new());
        let columns = self.sources.columns(&["key", "id", "n_tokens"]);
        for table in self.sources.tables().iter().flatten() {
            let source = self.sources.store(table)?;
            for batch in Batches::open_range(&*source.store, &table.key, &columns, "key", &keys_of(slice))? {
                let batch = batch?;
                let columns = Columns(&batch);
                let groups = self.sources.groups(&source.name, &batch)?;
                let (keys, tokens) = (columns.u64("key")?, columns.u32("n_tokens")?);
                for (row, id) in columns.ids("id")?.into_iter().enumerate() {
                    if slice_of(keys[row]) != slice || !groups.of(row, &mut scores, &mut name) {
                        continue;
                    }
                    if let Some(documents) = standing.get_mut(&name) {
                        let n_tokens = u64::from(tokens[row]) + self.settings.around();
                        documents.push(Standing { place: (keys[row], id), n_tokens });
                    }
                }
            }
        }
        Ok(standing)
    }
}
