//! `detail`: reads the documents that have a pair again, where they are, and ships a larger sketch of each.

use super::cluster::TABLE as CANDIDATES_TABLE;
use super::layout::{CANDIDATE, Candidate, PLACE, Place, STORED, Stored};
use super::walk::{self, Walk};
use crate::exchange::against::{self, AGAINST, Against, Kept, earlier_run};
use crate::exchange::bounds::{Sizes, reducer_of};
use crate::exchange::decisions::BY_GROUP;
use crate::exchange::ranges::{join, label, parts_of, read_rows, tasks_digest};
use crate::exchange::rows::u64_at;
use crate::exchange::steps::Shared;
use crate::exchange::{CLUSTERED, FORMAT, SHUFFLED, SKETCHED};
use crate::spec::SourceSpec;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::io::Write;
use std::iter::Peekable;
use tokenmill_core::exchange::Similar;
use tokenmill_core::hash::digest_hex;
use tokenmill_core::{Analysis, Doc};
use tokenmill_store::sort::records::{LENGTH, RecordSorter};
use tokenmill_store::sort::{Sorted, Sorter};
use tokenmill_store::{Cost, Inputs, Metered, Outcome, Part, Phase, Records, Requests, StoreError, Task, TaskContext};

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
    /// Earlier runs, which have kept what their documents are compared by.
    against: Against,
}

/// What a task reads of an earlier run.
#[derive(Serialize, Deserialize)]
struct Earlier {
    /// The run directory.
    run: String,
    /// Where the larger sketches of every part are.
    kept: Vec<Kept>,
}

impl DetailPhase {
    /// The larger sketches of `step`.
    pub fn new(
        step: &str,
        stage: Shared<dyn Similar>,
        sizes: Sizes,
        source: Option<SourceSpec>,
        against: Against,
    ) -> DetailPhase {
        DetailPhase { name: format!("detail-{step}"), stage, sizes, source, against }
    }

    /// The larger sketches of candidates of this run, made from their text.
    fn make(
        &self,
        task: &Task,
        context: &TaskContext<'_>,
        mut candidates: Peekable<Sorted<CANDIDATE>>,
        records: &mut RecordSorter<PLACE>,
    ) -> Result<(u64, Requests), StoreError> {
        let places: Vec<walk::Place> = serde_json::from_value(task.work.get("places").cloned().unwrap_or_default())
            .map_err(|error| StoreError::corrupt(&task.label, error))?;
        let (stage, mut analysis, mut detail) = (&*self.stage.stage, Analysis::default(), Vec::new());
        let (mut n_out, mut requests) = (0u64, Requests::default());
        let first_part = task.work.get("first_part").and_then(Value::as_u64).unwrap_or(0);
        for (place, (part, first)) in places.iter().zip((0u32..).zip(first_part..)) {
            let mut walk = None;
            while let Some(row) = candidates.next_if(|row| is_about(row, first)) {
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
        Ok((n_out, requests))
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
        let standing = self.against.read()?;
        let kept: Vec<BTreeMap<&str, &Kept>> = standing
            .iter()
            .map(|run| run.parts.iter().filter_map(|part| Some((part.part.as_str(), part.kept.as_ref()?))).collect())
            .collect();
        let mut first_part = 0;
        let task = |(group, shuffle): (usize, &Part)| {
            let parts = parts_of(shuffle)?;
            let key = digest_hex(format!("{fingerprint}\0{tasks}\0{group}\0{}", parts.join("\0")).as_bytes());
            let label = label(std::slice::from_ref(shuffle));
            if let Some(number) = earlier_run(shuffle).map(usize::from) {
                let (run, kept) = (self.against.runs.get(number), kept.get(number));
                let kept =
                    kept.and_then(|kept| parts.iter().map(|part| kept.get(part.as_str()).copied().cloned()).collect());
                let (Some(run), Some(kept)) = (run, kept) else {
                    return Err(StoreError::corrupt(&shuffle.task, "it is about an earlier run that is not there"));
                };
                let earlier = Earlier { run: run.uri.clone(), kept };
                let bytes = earlier.kept.iter().map(|kept| kept.bytes).sum();
                let work =
                    json!({"n_reducers": n_reducers, "group": group, "first_part": first_part, AGAINST: earlier});
                first_part += parts.len();
                return Ok(Task { key, label, bytes, work });
            }
            let place_of = |part: &String| {
                walk::Place::of(known.get(part.as_str()).ok_or_else(|| StoreError::corrupt(part, "the part is gone"))?)
            };
            let places = parts.iter().map(place_of).collect::<Result<Vec<_>, StoreError>>()?;
            let work = json!({"n_reducers": n_reducers, "group": group, "first_part": first_part, "places": places});
            first_part += parts.len();
            Ok(Task { key, label, bytes: places.iter().map(walk::Place::bytes).sum(), work })
        };
        shuffled.iter().enumerate().map(task).collect()
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let number = |name: &str| task.work.get(name).and_then(Value::as_u64).unwrap_or(0);
        let (group, n_reducers) = (number("group"), number("n_reducers").max(1));
        let mut candidates = Sorter::<CANDIDATE>::new(context.store.scratch(), context.memory / 4);
        let n_in = read_rows(context, CLUSTERED, CANDIDATES_TABLE, (BY_GROUP, group..group + 1), |_, row| {
            candidates.push(row)
        })?;
        let candidates = candidates.finish()?.peekable();
        let mut records = RecordSorter::<PLACE>::new(context.store.scratch(), context.memory / 2);
        let (n_out, requests) = match task.work.get(AGAINST) {
            None => self.make(task, context, candidates, &mut records)?,
            Some(earlier) => {
                let earlier: Earlier =
                    serde_json::from_value(earlier.clone()).map_err(|error| StoreError::corrupt(&task.label, error))?;
                fetch(&earlier, number("first_part"), context, candidates, &mut records)?
            }
        };
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

/// Whether a candidate is of a part. An error counts as being about it, so that it is passed on at once.
fn is_about(row: &Result<[u8; CANDIDATE], StoreError>, part: u64) -> bool {
    row.as_ref().map_or(true, |row| u64::from(Candidate::of_bytes(row).part) == part)
}

/// The larger sketches of candidates of an earlier run, which it has kept of all documents that it has kept. Candidates that
/// it has removed only connect others.
fn fetch(
    earlier: &Earlier,
    first_part: u64,
    context: &TaskContext<'_>,
    mut candidates: Peekable<Sorted<CANDIDATE>>,
    records: &mut RecordSorter<PLACE>,
) -> Result<(u64, Requests), StoreError> {
    let store = against::open(&earlier.run)?;
    let store = Metered::new(&*store);
    let mut n_out = 0u64;
    for (kept, (part, first)) in earlier.kept.iter().zip((0u32..).zip(first_part..)) {
        context.advance(kept.bytes);
        // A part without candidates is not opened at all.
        if !candidates.peek().is_some_and(|row| is_about(row, first)) {
            continue;
        }
        let mut stored = Records::open_range(&store, &kept.object, kept.start..kept.start + kept.bytes)?;
        while let Some(record) = stored.next_record()? {
            let record = record.split_first_chunk::<STORED>();
            let (head, detail) = record.ok_or_else(|| StoreError::corrupt(&kept.object.key, "a sketch is cut"))?;
            let Stored { row, rank, id } = Stored::of_bytes(head);
            let is = |candidate: &Result<[u8; CANDIDATE], StoreError>, order: Ordering| {
                let cmp = |bytes: &[u8; CANDIDATE]| Candidate::of_bytes(bytes).row.cmp(&row) == order;
                is_about(candidate, first) && candidate.as_ref().map_or(true, cmp)
            };
            while candidates.next_if(|candidate| is(candidate, Ordering::Less)).transpose()?.is_some() {}
            if let Some(bytes) = candidates.next_if(|candidate| is(candidate, Ordering::Equal)).transpose()? {
                let cluster = Candidate::of_bytes(&bytes).cluster;
                records.push(Place { cluster, rank, id, part, row }.to_bytes(), detail)?;
                n_out += 1;
            }
            if !candidates.peek().is_some_and(|row| is_about(row, first)) {
                break;
            }
        }
        while candidates.next_if(|row| is_about(row, first)).transpose()?.is_some() {}
    }
    Ok((n_out, store.requests()))
}
