//! `keep`: stores a larger sketch of every document that is kept, for later runs, which then need no text of this one.

use super::layout::{MEMBER, Member, Stored};
use super::walk::{Place, Walk};
use crate::exchange::against::own;
use crate::exchange::ranges::{label, parts_of};
use crate::exchange::steps::Shared;
use crate::exchange::{Decided, FORMAT, Fates, SHUFFLED, SKETCHED, by_part, decided, object, sketch_table};
use crate::spec::SourceSpec;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use tokenmill_core::exchange::Similar;
use tokenmill_core::hash::digest_hex;
use tokenmill_core::{Analysis, Doc};
use tokenmill_store::{Inputs, ObjectRef, Outcome, Part, Phase, Requests, Rows, StoreError, Task, TaskContext};

/// The table of larger sketches.
pub const TABLE: &str = "kept";

/// Keeps the larger sketches of one exchange step.
pub struct KeepPhase {
    name: String,
    stage: Shared<dyn Similar>,
    /// The step, and those that settled on the same documents before.
    steps: Vec<String>,
    /// What the recipe says of the size of the sketches.
    size: i64,
    /// Where documents come from that no phase has stored.
    source: Option<SourceSpec>,
}

/// What a task reads of one part.
#[derive(Serialize, Deserialize)]
struct Work {
    part: String,
    members: ObjectRef,
    decided: Vec<Decided>,
    place: Place,
}

impl KeepPhase {
    /// Keeps sketches of `size` for `step`, which settles after `earlier`.
    pub fn new(
        step: &str,
        earlier: &[String],
        stage: Shared<dyn Similar>,
        size: i64,
        source: Option<SourceSpec>,
    ) -> KeepPhase {
        let steps = earlier.iter().cloned().chain([step.to_owned()]).collect();
        KeepPhase { name: format!("keep-{step}"), stage, steps, size, source }
    }
}

impl Phase for KeepPhase {
    fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self) -> String {
        json!({"format": FORMAT, "stage": self.stage.identity, "size": self.size}).to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let known: BTreeMap<&str, &Part> =
            inputs.get(SKETCHED)?.parts.iter().map(|part| (part.task.as_str(), part)).collect();
        let decisions = self.steps.iter().map(|step| by_part(inputs.get(&decided(step))?));
        let decisions = decisions.collect::<Result<Vec<_>, StoreError>>()?;
        let sketches = sketch_table(self.steps.last().map_or("", String::as_str));
        let work_of = |part: String| {
            let gone = |what: &str| StoreError::corrupt(&part, what);
            let known = known.get(part.as_str()).ok_or_else(|| gone("the part is gone"))?;
            let decided = decisions.iter().map(|decided| decided.get(&part).cloned()).collect::<Option<Vec<_>>>();
            let decided = decided.ok_or_else(|| gone("nothing was decided about this part"))?;
            Ok(Work { members: object(known, &sketches)?.clone(), decided, place: Place::of(known)?, part })
        };
        let task = |group: &Part| {
            let parts = parts_of(group)?.into_iter().map(work_of).collect::<Result<Vec<Work>, StoreError>>()?;
            let mut identity = fingerprint.to_owned();
            for part in &parts {
                identity.extend(["\0", &part.part].into_iter().chain(part.decided.iter().map(|d| d.digest.as_str())));
            }
            Ok(Task {
                key: digest_hex(identity.as_bytes()),
                label: label(std::slice::from_ref(group)),
                bytes: parts.iter().map(|part| part.place.bytes()).sum(),
                work: json!({"parts": parts}),
            })
        };
        own(inputs.get(SHUFFLED)?).iter().map(task).collect()
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let parts: Vec<Work> = serde_json::from_value(task.work.get("parts").cloned().unwrap_or(Value::Null))
            .map_err(|error| StoreError::corrupt(&task.label, error))?;
        let (stage, mut analysis, mut detail) = (&*self.stage.stage, Analysis::default(), Vec::new());
        let mut spool = context.spool()?;
        let (mut n_in, mut n_out, mut at) = (0u64, 0u64, 0u64);
        let (mut places, mut requests) = (Vec::with_capacity(parts.len()), Requests::default());
        for part in &parts {
            let fates = part.decided.iter().map(|decided| Fates::open(context.store, decided));
            let mut fates = fates.collect::<Result<Vec<_>, StoreError>>()?;
            let (start, mut walk) = (at, None);
            for member in Rows::<MEMBER>::open(context.store, &part.members)? {
                let Member { row, id } = Member::of_bytes(&member?);
                n_in += 1;
                let mut stays = true;
                for fates in &mut fates {
                    stays &= fates.passes(row, id)?;
                }
                if !stays {
                    continue;
                }
                let walk = match &mut walk {
                    Some(walk) => walk,
                    None => {
                        requests.add(&part.place.requests());
                        walk.insert(Walk::open(context, &part.place, self.source.as_ref())?)
                    }
                };
                walk.to(row)?;
                analysis.reset();
                detail.clear();
                let doc = Doc::new(&walk.document, &analysis);
                stage.keep(&doc, &mut detail);
                let head = Stored { row, rank: stage.rank(&doc), id: walk.document.id }.to_bytes();
                let too_long = |_| StoreError::Usage("a larger sketch has more than 4 GiB".into());
                let length = u32::try_from(head.len() + detail.len()).map_err(too_long)?;
                let written = [&length.to_be_bytes()[..], &head, &detail].concat();
                spool.write_all(&written).map_err(StoreError::io("write", &task.label))?;
                at += written.len() as u64;
                n_out += 1;
            }
            places.push(json!({"part": part.part, "start": start, "bytes": at - start}));
            context.advance(part.place.bytes());
        }
        let object = context.keep(spool, TABLE, "records", n_out)?;
        let tally = json!({"n_in": n_in, "n_out": n_out, "n_removed_before": n_in - n_out, "parts": places});
        Ok(Outcome { objects: [(TABLE.to_owned(), object)].into(), tally, requests, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        "a larger sketch of every document that is kept, for later runs: as many tasks as the shuffle".to_owned()
    }
}
