//! `verify`: takes a range of clusters from all parts, walks each in order of rank, and decides.

use super::detail::TABLE as DETAILS_TABLE;
use super::layout::{PLACE, Place, RANKED};
use crate::exchange::against::{OWN, Owners};
use crate::exchange::decisions::{Decision, DecisionWriter};
use crate::exchange::ranges::{range_index, range_of, range_tasks};
use crate::exchange::steps::Shared;
use crate::exchange::{DETAILED, FORMAT, SHUFFLED, object};
use serde_json::json;
use tokenmill_core::exchange::{Greedy, Judged, Similar};
use tokenmill_core::{DocId, Fate};
use tokenmill_store::sort::records::{LENGTH, RecordSorter};
use tokenmill_store::{Cost, Inputs, Outcome, Phase, Records, StoreError, Task, TaskContext};

/// Decides about the candidates of one exchange step.
pub struct VerifyPhase {
    name: String,
    stage: Shared<dyn Similar>,
}

impl VerifyPhase {
    /// Decides for `step`.
    pub fn new(step: &str, stage: Shared<dyn Similar>) -> VerifyPhase {
        VerifyPhase { name: format!("verify-{step}"), stage }
    }
}

impl Phase for VerifyPhase {
    fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self) -> String {
        json!({"format": FORMAT, "stage": self.stage.identity}).to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        range_tasks(fingerprint, inputs.get(DETAILED)?, (DETAILS_TABLE, "bytes_by_reducer"), "clusters")
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let index = range_index(task);
        let Owners { first_parts, precedences } = Owners::of(context.inputs.get(SHUFFLED)?)?;
        let mut sorter = RecordSorter::<RANKED>::new(context.store.scratch(), context.memory / 2);
        let mut n_in = 0u64;
        let groups = first_parts.iter().zip(&precedences);
        for (part, (first_part, precedence)) in context.inputs.get(DETAILED)?.parts.iter().zip(groups) {
            let range = range_of(part, "bytes_by_reducer", index..index + 1)?;
            if range.is_empty() {
                continue;
            }
            let mut records = Records::open_range(context.store, object(part, DETAILS_TABLE)?, range)?;
            while let Some(record) = records.next_record()? {
                let (place, detail) = split(record, &part.task)?;
                sorter.push(Place { part: first_part + place.part, ..place }.to_ranked(*precedence), detail)?;
                n_in += 1;
            }
        }
        let mut decisions = DecisionWriter::new(context, context.memory / 4);
        let mut walk = Walk { greedy: Greedy::new(&*self.stage.stage), cluster: None, decisions: &mut decisions };
        let mut n_clusters = 0u64;
        let mut records = sorter.finish()?;
        while let Some(record) = records.next_record()? {
            let ranked = record.get(LENGTH..).and_then(|record| record.split_first_chunk::<RANKED>());
            let (place, detail) = ranked.ok_or_else(|| StoreError::corrupt(&task.label, "a larger sketch is cut"))?;
            let (precedence, place) = Place::of_ranked(place);
            n_clusters += u64::from(walk.next(precedence, place, detail)?);
        }
        walk.end_cluster()?;
        let mut outcome = decisions.finish(context, &first_parts, n_in)?;
        outcome.tally["n_clusters"] = n_clusters.into();
        context.advance(task.bytes);
        Ok(outcome)
    }

    fn forecast(&self) -> String {
        format!(
            "compares candidates and decides: one task per range of clusters, at most {}",
            crate::exchange::bounds::MAX_REDUCERS
        )
    }

    fn cost(&self) -> Cost {
        crate::exchange::cost::verify()
    }
}

/// The place of a record and the larger sketch behind it.
fn split<'a>(record: &'a [u8], name: &str) -> Result<(Place, &'a [u8]), StoreError> {
    let (place, detail) =
        record.split_first_chunk::<PLACE>().ok_or_else(|| StoreError::corrupt(name, "a larger sketch is cut"))?;
    Ok((Place::of_bytes(place), detail))
}

/// Walks the clusters of a task.
struct Walk<'a, 'b> {
    /// A document of this run has a place, one of an earlier run has none.
    greedy: Greedy<'a, Option<(u32, u32)>>,
    cluster: Option<u64>,
    decisions: &'b mut DecisionWriter,
}

impl Walk<'_, '_> {
    /// The next document; says whether it begins a cluster.
    fn next(&mut self, precedence: u8, place: Place, detail: &[u8]) -> Result<bool, StoreError> {
        let Place { cluster, id, part, row, .. } = place;
        let is_new = self.cluster != Some(cluster);
        if is_new {
            self.end_cluster()?;
            self.cluster = Some(cluster);
        }
        if precedence != OWN {
            let longest_ago = self.greedy.stand(id, None, detail);
            longest_ago.into_iter().try_for_each(|kept| keep(self.decisions, kept))?;
            return Ok(is_new);
        }
        match self.greedy.next(id, Some((part, row)), detail) {
            Judged::Removed { twin, similarity } => {
                self.decisions.push(Decision { part, row, id, fate: Fate::Removed { twin, similarity } })?;
            }
            Judged::Kept(Some(longest_ago)) => keep(self.decisions, longest_ago)?,
            Judged::Kept(None) => {}
        }
        Ok(is_new)
    }

    fn end_cluster(&mut self) -> Result<(), StoreError> {
        self.greedy.end().try_for_each(|kept| keep(self.decisions, kept))
    }
}

/// Writes down what a kept document of this run stands for, if it is more than itself.
fn keep(
    decisions: &mut DecisionWriter,
    (id, place, cluster_size): (DocId, Option<(u32, u32)>, u32),
) -> Result<(), StoreError> {
    match place {
        Some((part, row)) if cluster_size > 1 => {
            decisions.push(Decision { part, row, id, fate: Fate::Kept { cluster_size } })
        }
        _ => Ok(()),
    }
}
