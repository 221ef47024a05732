//! `shuffle`: ships the sketches of a group of parts as one object, sorted by key, without documents that an earlier
//! exchange has removed.

use super::bounds::{Sizes, reducer_of};
use super::decisions::{Twins, by_part};
use super::layout::{SHIPPED, SKETCHED as SKETCH_WIDTH, Shipped, sketch_table};
use super::{FORMAT, SKETCHED, decided, object};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::io::Write;
use std::ops::Range;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::sort::Sorter;
use tokenmill_store::{Inputs, Manifest, ObjectRef, Outcome, Part, Phase, Rows, StoreError, Task, TaskContext};

/// The table that a shuffle writes.
pub const TABLE: &str = "shuffled";

/// Ships the rows of one exchange step.
pub struct ShufflePhase {
    name: String,
    step: String,
    /// Exchange steps that settled on the same documents before.
    earlier: Vec<String>,
    sizes: Sizes,
}

/// What a task reads of one part.
#[derive(Serialize, Deserialize)]
struct Work {
    part: String,
    sketch: ObjectRef,
    decided: Vec<super::Decided>,
}

impl ShufflePhase {
    /// The shuffle of `step`, after the exchanges `earlier`.
    pub fn new(step: &str, earlier: &[String], sizes: Sizes) -> ShufflePhase {
        ShufflePhase { name: format!("shuffle-{step}"), step: step.to_owned(), earlier: earlier.to_vec(), sizes }
    }
}

impl Phase for ShufflePhase {
    fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self) -> String {
        json!({"format": FORMAT, "step": self.step, "earlier": self.earlier}).to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let sketched = inputs.get(SKETCHED)?;
        let table = sketch_table(&self.step);
        let rows = sketched.parts.iter().map(|part| Ok(object(part, &table)?.rows));
        let rows = rows.collect::<Result<Vec<u64>, StoreError>>()?;
        let groups = self.sizes.groups(&rows);
        let n_reducers = self.sizes.n_reducers(rows.iter().sum(), groups.len() as u64);
        let earlier = self.earlier.iter().map(|step| by_part(inputs.get(&decided(step))?));
        let earlier = earlier.collect::<Result<Vec<_>, StoreError>>()?;
        let work_of = |part: &Part| {
            let decided = earlier.iter().map(|decided| decided.get(&part.task).cloned());
            let decided: Option<Vec<_>> = decided.collect();
            let decided =
                decided.ok_or_else(|| StoreError::corrupt(&part.task, "nothing was decided about this part"))?;
            Ok(Work { part: part.task.clone(), sketch: object(part, &table)?.clone(), decided })
        };
        let task = |group: Range<usize>| {
            let parts = &sketched.parts[group];
            let work = parts.iter().map(work_of).collect::<Result<Vec<_>, StoreError>>()?;
            let mut identity = format!("{fingerprint}\0{n_reducers}");
            for part in &work {
                identity.extend(["\0", &part.part].into_iter().chain(part.decided.iter().map(|d| d.digest.as_str())));
            }
            Ok(Task {
                key: digest_hex(identity.as_bytes()),
                label: label(parts),
                bytes: work.iter().map(|part| part.sketch.bytes).sum(),
                work: json!({"n_reducers": n_reducers, "parts": work}),
            })
        };
        groups.into_iter().map(task).collect()
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let (n_reducers, parts) = read_work(task)?;
        let mut sorter = Sorter::<SHIPPED>::new(context.store.scratch(), context.memory);
        let (mut n_in, mut n_removed) = (0u64, 0u64);
        for (number, part) in parts.iter().enumerate() {
            let number = u32::try_from(number).map_err(|_| StoreError::Usage("too many parts in a group".into()))?;
            let twins = part.decided.iter().map(|decided| Twins::open(context.store, decided));
            let mut twins = twins.collect::<Result<Vec<_>, StoreError>>()?;
            for row in Rows::<SKETCH_WIDTH>::open(context.store, &part.sketch)? {
                let shipped = Shipped::of_sketch(&row?, number);
                n_in += 1;
                let mut alive = true;
                for twins in &mut twins {
                    alive &= twins.passes(shipped.row, shipped.id)?;
                }
                if alive {
                    sorter.push(shipped.to_bytes())?;
                } else {
                    n_removed += 1;
                }
            }
            context.advance(part.sketch.bytes);
        }
        let mut spool = context.spool()?;
        let mut by_reducer = vec![0u64; usize::try_from(n_reducers).unwrap_or(1).max(1)];
        for row in sorter.finish()? {
            let row = row?;
            let reducer = reducer_of(Shipped::of_bytes(&row).route(), n_reducers) as usize;
            by_reducer[reducer] += 1;
            spool.write_all(&row).map_err(StoreError::io("write", &task.label))?;
        }
        let n_out = n_in - n_removed;
        let object = context.keep(spool, TABLE, "rows", n_out)?;
        let tally = json!({
            "n_in": n_in,
            "n_out": n_out,
            "n_removed_before": n_removed,
            "rows_by_reducer": join(&by_reducer),
            "parts": parts.iter().map(|part| &part.part).collect::<Vec<_>>(),
        });
        Ok(Outcome { objects: [(TABLE.to_owned(), object)].into(), tally, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        format!(
            "the keys of `{}`: one task per MiB of them and more, at most {}",
            self.step,
            super::bounds::MAX_SHUFFLES
        )
    }
}

fn read_work(task: &Task) -> Result<(u64, Vec<Work>), StoreError> {
    let parts = task.work.get("parts").cloned().unwrap_or_default();
    let parts = serde_json::from_value(parts).map_err(|error| StoreError::corrupt(&task.label, error))?;
    Ok((task.work.get("n_reducers").and_then(serde_json::Value::as_u64).unwrap_or(1), parts))
}

/// What some parts are called together, for people.
pub fn label(parts: &[Part]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.label.clone(),
        [first, .., last] => format!("{} … {}", first.label, last.label),
    }
}

/// Counts as text: a matrix of 4,096 shuffles and 2,048 reducers takes a tenth of what a list of JSON values would.
pub fn join(counts: &[u64]) -> String {
    counts.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}

/// The range of rows that belongs to the entries `indices`, from the counts that [`join`] wrote.
pub fn range_of(part: &Part, field: &str, indices: Range<u64>) -> Result<Range<u64>, StoreError> {
    let text = part.tally.get(field).and_then(serde_json::Value::as_str).unwrap_or("");
    let corrupt = |why: String| StoreError::corrupt(&part.task, format!("`{field}`: {why}"));
    let (mut rows, mut n_entries) = (0..0u64, 0);
    for (at, count) in (0u64..).zip(text.split(' ')).take_while(|(at, _)| *at < indices.end) {
        let count: u64 = count.parse().map_err(|error| corrupt(format!("`{count}`: {error}")))?;
        rows.end += count;
        if at < indices.start {
            rows.start += count;
        }
        n_entries = at + 1;
    }
    (n_entries == indices.end).then_some(rows).ok_or_else(|| corrupt(format!("it has no entries {indices:?}")))
}

/// The keys of the parts that a shuffle task has shipped, in order.
pub fn parts_of(shuffled: &Part) -> Result<Vec<String>, StoreError> {
    let parts = shuffled.tally.get("parts").cloned().unwrap_or_default();
    serde_json::from_value(parts).map_err(|error| StoreError::corrupt(&shuffled.task, error))
}

/// A digest of the keys of all tasks of a phase.
pub fn tasks_digest(manifest: &Manifest) -> String {
    let keys: String = manifest.parts.iter().map(|part| part.task.as_str()).collect();
    digest_hex(keys.as_bytes())
}
