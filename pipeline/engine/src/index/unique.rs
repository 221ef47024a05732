//! `unique`: takes a range of URLs from all parts of the index, and keeps the newest capture of each.

use super::buckets::{self, counts_of, range_of_task};
use super::ledger::{Judged, Ledger, PLACES};
use super::rows::{BY_FILE, BY_URL, LOCATED, WANTED, Wanted};
use super::{FORMAT, WANTED as INPUT};
use crate::exchange::ranges::read_rows;
use serde_json::json;
use tokenmill_core::DocId;
use tokenmill_core::ledger::Removal;
use tokenmill_store::sort::Sorter;
use tokenmill_store::{Inputs, Outcome, Phase, StoreError, Task, TaskContext};

/// Keeps one capture of every URL.
pub struct UniquePhase;

impl Phase for UniquePhase {
    fn name(&self) -> &str {
        "unique"
    }

    fn spec(&self) -> String {
        json!({"format": FORMAT}).to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        buckets::tasks(fingerprint, inputs.get(INPUT)?, BY_URL, "URLs")
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let scratch = context.store.scratch();
        let mut rows = Sorter::<WANTED>::new(scratch, context.memory / 2);
        let (counts, range) = (counts_of(BY_URL), range_of_task(task));
        read_rows(context, INPUT, BY_URL, (&counts, range), |_, row| rows.push(row))?;
        let mut ledger = Ledger::create(context, &task.label, "unique", PLACES)?;
        let mut newest = Sorter::<LOCATED>::new(scratch, context.memory / 4);
        // Key and id of the newest capture, and how many captures of its URL have come so far.
        let mut first: Option<(u128, DocId, u32)> = None;
        for row in rows.finish()? {
            let Wanted { key, located, .. } = Wanted::of_bytes(&row?);
            let pick = located.pick;
            let (removal, place) = match &mut first {
                Some((open, twin, place)) if *open == key => {
                    *place = place.saturating_add(1);
                    (Some((1, older_than(*twin))), *place)
                }
                _ => {
                    first = Some((key, pick.id, 1));
                    newest.push(located.to_bytes())?;
                    (None, 1)
                }
            };
            // The index rows that travel here have no URL; the ledger of the phase before has language and host.
            let (id, url_hash) = (pick.id, pick.url_hash);
            let judged = Judged { id, url_hash, bytes: pick.length, lang: "", host: "", removal };
            ledger.add(&judged, |line| line.f32_or_null(Some(place as f32)).end())?;
        }
        let mut outcome = ledger.finish(context, &task.label)?;
        buckets::store(context, newest, BY_FILE, &mut outcome)?;
        context.advance(task.bytes);
        Ok(outcome)
    }

    fn forecast(&self) -> String {
        format!("keeps the newest capture of every URL: one task per range of URLs, at most {}", buckets::BUCKETS)
    }
}

/// Why a capture goes for a newer one.
fn older_than(twin: DocId) -> Removal {
    Removal {
        step: "unique".to_owned(),
        reason: "index_older_capture".to_owned(),
        evidence: Some(twin.to_string()),
        ..Removal::default()
    }
}
