//! `shuffle`: ships the sketches of a group of parts as one object, sorted by key, without documents that an earlier
//! exchange has removed.

use super::against::{AGAINST, Against, Standing, StandingPart};
use super::bounds::{Sizes, reducer_of};
use super::decisions::{Fates, by_part};
use super::ranges::{join, label};
use super::rows::u64_at;
use super::{FORMAT, SKETCHED, decided, object};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::io::Write;
use std::ops::Range;
use tokenmill_core::DocId;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::sort::Sorter;
use tokenmill_store::{
    Cost, Inputs, Manifest, Metered, ObjectRef, Outcome, Part, Phase, Requests, StoreError, Task, TaskContext,
};

/// The table that a shuffle writes.
pub const TABLE: &str = "shuffled";

/// What a kind of exchange ships: rows of `W` bytes that begin with a uniformly distributed key of eight.
pub trait Ship<const W: usize>: Send + Sync {
    /// The tables of a part that are read: the first has a row for every document, the last one for every row to ship.
    fn tables(&self) -> Vec<String>;

    /// Besides the tables, what can change what is shipped.
    fn spec(&self) -> Value {
        Value::Null
    }

    /// What every task must know of all parts.
    fn survey(&self, _: &Manifest) -> Result<Value, StoreError> {
        Ok(Value::Null)
    }

    /// What the shuffle costs.
    fn cost(&self) -> Cost;

    /// Ships the rows of one part, which is number `number` of its group.
    fn ship(&self, part: &mut Shipment<'_>, number: u32, rows: &mut Sorter<W>) -> Result<(), StoreError>;
}

/// One part on its way.
pub struct Shipment<'a> {
    pub context: &'a TaskContext<'a>,
    /// The tables, in the order of [`Ship::tables`].
    pub tables: &'a [ObjectRef],
    /// What [`Ship::survey`] has found.
    pub survey: &'a Value,
    fates: Vec<Fates>,
    n_in: u64,
    n_removed: u64,
}

impl Shipment<'_> {
    /// Whether a document is alive after the exchanges before this one; counts it. Rows come in rising order.
    pub fn is_alive(&mut self, row: u32, id: DocId) -> Result<bool, StoreError> {
        let mut alive = true;
        for fates in &mut self.fates {
            alive &= fates.passes(row, id)?;
        }
        self.n_in += 1;
        self.n_removed += u64::from(!alive);
        Ok(alive)
    }
}

/// Ships the rows of one exchange step.
pub struct ShufflePhase<const W: usize> {
    name: String,
    /// Exchange steps that settled on the same documents before.
    earlier: Vec<String>,
    sizes: Sizes,
    kind: Box<dyn Ship<W>>,
    /// Earlier runs, whose documents are shipped too.
    against: Option<Against>,
}

/// The earlier run that a task ships parts of.
#[derive(Serialize, Deserialize)]
struct Earlier {
    /// The run directory.
    run: String,
    /// Its place among those of the step.
    number: usize,
    /// Rows of its parts.
    n_rows: Vec<u64>,
}

/// What a task reads of one part.
#[derive(Serialize, Deserialize)]
struct Work {
    part: String,
    tables: Vec<ObjectRef>,
    decided: Vec<super::Decided>,
}

impl<const W: usize> ShufflePhase<W> {
    /// The shuffle of `step`, after the exchanges `earlier`.
    pub fn new(step: &str, earlier: &[String], sizes: Sizes, kind: Box<dyn Ship<W>>) -> ShufflePhase<W> {
        ShufflePhase { name: format!("shuffle-{step}"), earlier: earlier.to_vec(), sizes, kind, against: None }
    }

    /// Ships the documents of earlier runs besides.
    pub fn against(self, against: Against) -> ShufflePhase<W> {
        ShufflePhase { against: Some(against).filter(|against| !against.runs.is_empty()), ..self }
    }

    /// The tasks for the parts of one earlier run.
    fn tasks_of_earlier(
        &self,
        (number, standing): (usize, &Standing),
        groups: &[Range<usize>],
        (fingerprint, n_reducers): (&str, u64),
    ) -> Vec<Task> {
        let run = self.against.as_ref().and_then(|against| against.runs.get(number)).map_or("", |run| run.uri.as_str());
        let task = |group: &Range<usize>| {
            let parts = standing.parts.get(group.clone()).unwrap_or_default();
            let n_rows = parts.iter().map(|part| part.n_rows).collect();
            let work: Vec<Work> = parts
                .iter()
                .map(|part| Work {
                    part: part.part.clone(),
                    tables: part.tables.clone(),
                    decided: part.decided.clone(),
                })
                .collect();
            let label = match parts {
                [] => String::new(),
                [one] => one.label.clone(),
                [first, .., last] => format!("{} … {}", first.label, last.label),
            };
            let identity = format!("{fingerprint}\0{n_reducers}\0{AGAINST} {number}\0{}", identity_of(&work));
            Task {
                key: digest_hex(identity.as_bytes()),
                label,
                bytes: work.iter().flat_map(|part| &part.tables).map(|table| table.bytes).sum(),
                work: json!({
                    "n_reducers": n_reducers,
                    "survey": Value::Null,
                    "parts": work,
                    AGAINST: Earlier { run: run.to_owned(), number, n_rows },
                }),
            }
        };
        groups.iter().map(task).collect()
    }
}

/// The parts of a task and what was decided about them.
fn identity_of(work: &[Work]) -> String {
    let said = |part: &Work| {
        let digests = part.decided.iter().map(|decided| decided.digest.as_str());
        std::iter::once(part.part.as_str()).chain(digests).collect::<Vec<_>>().join("\0")
    };
    work.iter().map(said).collect::<Vec<_>>().join("\0")
}

impl<const W: usize> Phase for ShufflePhase<W> {
    fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self) -> String {
        let mut spec =
            json!({"format": FORMAT, "tables": self.kind.tables(), "earlier": self.earlier, "kind": self.kind.spec()});
        if let Some(against) = &self.against {
            spec[AGAINST] = against.spec();
        }
        spec.to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let sketched = inputs.get(SKETCHED)?;
        let tables = self.kind.tables();
        let objects = |part: &Part| {
            let objects = tables.iter().map(|table| object(part, table).cloned());
            objects.collect::<Result<Vec<_>, StoreError>>()
        };
        let shipped = |part| Ok(objects(part)?.last().map_or(0, |object| object.rows * W as u64));
        let bytes = sketched.parts.iter().map(shipped).collect::<Result<Vec<u64>, StoreError>>()?;
        let standing = self.against.as_ref().map(Against::read).transpose()?.unwrap_or_default();
        let shipped = |part: &StandingPart| part.tables.last().map_or(0, |object| object.rows * W as u64);
        let of_earlier = standing.iter().map(|standing| standing.parts.iter().map(shipped).collect());
        let bytes: Vec<Vec<u64>> = std::iter::once(bytes).chain(of_earlier).collect();
        let mut groups = self.sizes.groups(&bytes).into_iter();
        let own = groups.next().unwrap_or_default();
        let groups_of_earlier: Vec<Vec<Range<usize>>> = groups.collect();
        let n_groups = own.len() + groups_of_earlier.iter().map(Vec::len).sum::<usize>();
        let n_reducers = self.sizes.n_reducers(bytes.iter().flatten().sum(), n_groups as u64);
        let survey = self.kind.survey(sketched)?;
        let earlier = self.earlier.iter().map(|step| by_part(inputs.get(&decided(step))?));
        let earlier = earlier.collect::<Result<Vec<_>, StoreError>>()?;
        let work_of = |part: &Part| {
            let decided = earlier.iter().map(|decided| decided.get(&part.task).cloned());
            let decided: Option<Vec<_>> = decided.collect();
            let decided =
                decided.ok_or_else(|| StoreError::corrupt(&part.task, "nothing was decided about this part"))?;
            Ok(Work { part: part.task.clone(), tables: objects(part)?, decided })
        };
        let task = |group: Range<usize>| {
            let parts = &sketched.parts[group];
            let work = parts.iter().map(work_of).collect::<Result<Vec<_>, StoreError>>()?;
            let mut identity = format!("{fingerprint}\0{n_reducers}\0{survey}");
            for part in &work {
                identity.extend(["\0", &part.part].into_iter().chain(part.decided.iter().map(|d| d.digest.as_str())));
            }
            Ok(Task {
                key: digest_hex(identity.as_bytes()),
                label: label(parts),
                bytes: work.iter().flat_map(|part| &part.tables).map(|table| table.bytes).sum(),
                work: json!({"n_reducers": n_reducers, "survey": survey, "parts": work}),
            })
        };
        let mut tasks = own.into_iter().map(task).collect::<Result<Vec<_>, StoreError>>()?;
        for (earlier, groups) in standing.iter().enumerate().zip(groups_of_earlier) {
            tasks.extend(self.tasks_of_earlier(earlier, &groups, (fingerprint, n_reducers)));
        }
        Ok(tasks)
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let (n_reducers, survey, parts) = read_work(task)?;
        let earlier = task.work.get(AGAINST).cloned().map(serde_json::from_value::<Earlier>).transpose();
        let earlier = earlier.map_err(|error| StoreError::corrupt(&task.label, error))?;
        // The parts of an earlier run lie in its own store; what is written goes to ours.
        let theirs = earlier.as_ref().map(|earlier| super::against::open(&earlier.run)).transpose()?;
        let metered = theirs.as_deref().map(Metered::new);
        let from = TaskContext { store: metered.as_ref().map_or(context.store, |store| store), ..*context };
        let mut sorter = Sorter::<W>::new(context.store.scratch(), context.memory);
        let (mut n_in, mut n_removed) = (0u64, 0u64);
        for (number, part) in parts.iter().enumerate() {
            let number = u32::try_from(number).map_err(|_| StoreError::Usage("too many parts in a group".into()))?;
            let fates = part.decided.iter().map(|decided| Fates::open(from.store, decided));
            let fates = fates.collect::<Result<Vec<_>, StoreError>>()?;
            let tables = &part.tables;
            let mut shipment = Shipment { context: &from, tables, survey: &survey, fates, n_in: 0, n_removed: 0 };
            self.kind.ship(&mut shipment, number, &mut sorter)?;
            n_in += shipment.n_in;
            n_removed += shipment.n_removed;
            context.advance(part.tables.iter().map(|table| table.bytes).sum());
        }
        let mut spool = context.spool()?;
        let mut by_reducer = vec![0u64; usize::try_from(n_reducers).unwrap_or(1).max(1)];
        let mut n_out = 0;
        for row in sorter.finish()? {
            let row = row?;
            by_reducer[reducer_of(u64_at(&row, 0), n_reducers) as usize] += 1;
            n_out += 1;
            spool.write_all(&row).map_err(StoreError::io("write", &task.label))?;
        }
        let object = context.keep(spool, TABLE, "rows", n_out)?;
        let mut tally = json!({
            "n_in": n_in,
            "n_alive": n_in - n_removed,
            "n_removed_before": n_removed,
            "n_out": n_out,
            "rows_by_reducer": join(&by_reducer),
            "survey": survey,
            "parts": parts.iter().map(|part| &part.part).collect::<Vec<_>>(),
        });
        if let Some(Earlier { number, n_rows, .. }) = earlier {
            let tables = parts.iter().filter_map(|part| part.tables.first());
            tally[AGAINST] = json!({
                "number": number, "n_rows": n_rows, "n_sketched": tables.map(|table| table.rows).sum::<u64>(),
            });
        }
        let requests = metered.map_or_else(Requests::default, |store| store.requests());
        Ok(Outcome { objects: [(TABLE.to_owned(), object)].into(), tally, requests, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        format!("the keys: one task per MiB of them and more, at most {}", super::bounds::MAX_SHUFFLES)
    }

    fn cost(&self) -> Cost {
        self.kind.cost()
    }
}

fn read_work(task: &Task) -> Result<(u64, Value, Vec<Work>), StoreError> {
    let field = |name: &str| task.work.get(name).cloned().unwrap_or_default();
    let parts = serde_json::from_value(field("parts")).map_err(|error| StoreError::corrupt(&task.label, error))?;
    Ok((field("n_reducers").as_u64().unwrap_or(1), field("survey"), parts))
}
