//! `detail`: reads the documents that have a pair again, where they are, and ships a larger sketch of each.

use super::cluster::TABLE as CANDIDATES_TABLE;
use super::layout::{CANDIDATE, Candidate, PLACE, Place};
use super::walk::{self, Walk};
use crate::exchange::bounds::{Sizes, reducer_of};
use crate::exchange::decisions::BY_GROUP;
use crate::exchange::ranges::{join, label, parts_of, read_rows, tasks_digest};
use crate::exchange::rows::u64_at;
use crate::exchange::steps::Shared;
use crate::exchange::{CLUSTERED, FORMAT, SHUFFLED, SKETCHED};
use crate::spec::SourceSpec;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use tokenmill_core::exchange::Similar;
use tokenmill_core::hash::digest_hex;
use tokenmill_core::{Analysis, Doc};
use tokenmill_store::sort::Sorter;
use tokenmill_store::sort::records::{LENGTH, RecordSorter};
use tokenmill_store::{Cost, Inputs, Outcome, Part, Phase, Requests, StoreError, Task, TaskContext};

/// The table of larger sketches.
pub const TABLE: &str = "details";

/// Bytes that a larger sketch takes, about: only the number of ranges follows from it.
const BYTES_OF_A_DETAIL: u64 = 2_500;

/// Ships the larger sketches of one exchange step.
pub struct DetailPhase {
    name: String,
    stage: Shared<dyn Similar>,
    sizes: Sizes,
    /// Where documents come from that no phase has stored.
    source: Option<SourceSpec>,
}

impl DetailPhase {
    /// The larger sketches of `step`.
    pub fn new(step: &str, stage: Shared<dyn Similar>, sizes: Sizes, source: Option<SourceSpec>) -> DetailPhase {
        DetailPhase { name: format!("detail-{step}"), stage, sizes, source }
    }
}

impl Phase for DetailPhase {
    fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self) -> String {
        json!({"format": FORMAT, "stage": self.stage.identity}).to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let (shuffled, clustered) = (&inputs.get(SHUFFLED)?.parts, inputs.get(CLUSTERED)?);
        let known: BTreeMap<&str, &Part> =
            inputs.get(SKETCHED)?.parts.iter().map(|part| (part.task.as_str(), part)).collect();
        let tasks = tasks_digest(clustered);
        let n_candidates: u64 = clustered.parts.iter().filter_map(|part| part.tally.get("n_out")?.as_u64()).sum();
        let n_reducers = self.sizes.n_reducers(n_candidates * BYTES_OF_A_DETAIL, shuffled.len() as u64);
        let mut first_part = 0;
        let task = |(group, shuffle): (usize, &Part)| {
            let parts = parts_of(shuffle)?;
            let place_of = |part: &String| {
                walk::Place::of(known.get(part.as_str()).ok_or_else(|| StoreError::corrupt(part, "the part is gone"))?)
            };
            let places = parts.iter().map(place_of).collect::<Result<Vec<_>, StoreError>>()?;
            let work = json!({"n_reducers": n_reducers, "group": group, "first_part": first_part, "places": places});
            first_part += parts.len();
            Ok(Task {
                key: digest_hex(format!("{fingerprint}\0{tasks}\0{group}\0{}", parts.join("\0")).as_bytes()),
                label: label(std::slice::from_ref(shuffle)),
                bytes: places.iter().map(walk::Place::bytes).sum(),
                work,
            })
        };
        shuffled.iter().enumerate().map(task).collect()
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let number = |name: &str| task.work.get(name).and_then(Value::as_u64).unwrap_or(0);
        let (group, n_reducers) = (number("group"), number("n_reducers").max(1));
        let places: Vec<walk::Place> = serde_json::from_value(task.work.get("places").cloned().unwrap_or_default())
            .map_err(|error| StoreError::corrupt(&task.label, error))?;
        let mut candidates = Sorter::<CANDIDATE>::new(context.store.scratch(), context.memory / 4);
        let n_in = read_rows(context, CLUSTERED, CANDIDATES_TABLE, (BY_GROUP, group..group + 1), |_, row| {
            candidates.push(row)
        })?;
        let mut candidates = candidates.finish()?.peekable();
        let mut records = RecordSorter::<PLACE>::new(context.store.scratch(), context.memory / 2);
        let (stage, mut analysis, mut detail) = (&*self.stage.stage, Analysis::default(), Vec::new());
        let (mut n_out, mut requests) = (0u64, Requests::default());
        for (place, (part, first)) in places.iter().zip((0u32..).zip(number("first_part")..)) {
            // An error counts as being about the part, so that it is passed on at once.
            let is_about = |row: &Result<[u8; CANDIDATE], StoreError>| {
                row.as_ref().map_or(true, |row| u64::from(Candidate::of_bytes(row).part) == first)
            };
            let mut walk = None;
            while let Some(row) = candidates.next_if(is_about) {
                let candidate = Candidate::of_bytes(&row?);
                // A part without candidates is not opened at all.
                let walk = match &mut walk {
                    Some(walk) => walk,
                    None => {
                        requests.add(&place.requests());
                        walk.insert(Walk::open(context, place, self.source.as_ref())?)
                    }
                };
                walk.to(candidate.row)?;
                analysis.reset();
                detail.clear();
                let doc = Doc::new(&walk.document, &analysis);
                stage.detail(&doc, &mut detail);
                let (cluster, rank, id) = (candidate.cluster, stage.rank(&doc), walk.document.id);
                records.push(Place { cluster, rank, id, part, row: candidate.row }.to_bytes(), &detail)?;
                n_out += 1;
            }
            context.advance(place.bytes());
        }
        let mut spool = context.spool()?;
        let mut by_reducer = vec![0u64; usize::try_from(n_reducers).unwrap_or(1)];
        let mut records = records.finish()?;
        while let Some(record) = records.next_record()? {
            by_reducer[reducer_of(u64_at(record, LENGTH), n_reducers) as usize] += record.len() as u64;
            spool.write_all(record).map_err(StoreError::io("write", &task.label))?;
        }
        let object = context.keep(spool, TABLE, "records", n_out)?;
        let tally = json!({"n_in": n_in, "n_out": n_out, "bytes_by_reducer": join(&by_reducer)});
        Ok(Outcome { objects: [(TABLE.to_owned(), object)].into(), tally, requests, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        "a larger sketch of every document that has a pair: as many tasks as the shuffle".to_owned()
    }

    fn cost(&self) -> Cost {
        crate::exchange::cost::detail(self.source.as_ref())
    }
}
