//! `cluster`: joins the documents that are connected through pairs; one task, over the documents that have a pair.

use super::layout::{CANDIDATE, Candidate, EDGE, Edge};
use super::pair::TABLE as PAIRS_TABLE;
use super::union::{Marks, Union};
use super::walk::Place;
use crate::exchange::against::{earlier_run, rows_of_earlier};
use crate::exchange::decisions::BY_GROUP;
use crate::exchange::ranges::{first_parts, group_of, join, parts_of, table_bytes, tasks_digest};
use crate::exchange::{FORMAT, PAIRED, SHUFFLED, SKETCHED, object};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use tokenmill_core::hash::{digest_hex, hash64};
use tokenmill_store::{Cost, Inputs, Outcome, Phase, Rows, StoreError, Task, TaskContext};

/// The table of documents that have a pair.
pub const TABLE: &str = "candidates";

/// Clusters the documents of one exchange step.
pub struct ClusterPhase {
    name: String,
}

impl ClusterPhase {
    /// Clusters for `step`.
    pub fn new(step: &str) -> ClusterPhase {
        ClusterPhase { name: format!("cluster-{step}") }
    }
}

impl Phase for ClusterPhase {
    fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self) -> String {
        json!({"format": FORMAT}).to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let paired = inputs.get(PAIRED)?;
        Ok(vec![Task {
            key: digest_hex(format!("{fingerprint}\0{}", tasks_digest(paired)).as_bytes()),
            label: "all pairs".to_owned(),
            bytes: 2 * table_bytes(paired, PAIRS_TABLE)?,
            work: json!(null),
        }])
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let numbering = Numbering::of(context)?;
        let needs = |bytes: u64, what: &str| match bytes > context.memory {
            false => Ok(()),
            true => Err(StoreError::Usage(format!(
                "clustering needs {} of memory for {what}, and a task may take {}\nhint: raise `run.memory`, use fewer \
                 threads, or deduplicate within each language (one step with `when = {{ lang = [...] }}` for each)",
                crate::plan::human_bytes(bytes),
                crate::plan::human_bytes(context.memory)
            ))),
        };
        let n_documents = numbering.n_documents;
        needs(Marks::bytes(n_documents), &format!("{n_documents} documents"))?;
        let mut marks = Marks::new(n_documents);
        let n_in = each_edge(context, |edge| {
            let known = marks.mark(numbering.number(edge.0)) & marks.mark(numbering.number(edge.1));
            known
                .then_some(())
                .ok_or_else(|| StoreError::corrupt(&task.label, "a pair is about a document that is not there"))
        })?;
        context.advance(task.bytes / 2);
        let n_paired = marks.n_marked();
        needs(
            Marks::bytes(n_documents) + 4 * n_paired,
            &format!("{n_documents} documents, {n_paired} of them with a pair"),
        )?;
        let too_many =
            || StoreError::Usage(format!("{n_paired} documents have a pair; 4,294,967,295 can be clustered at once"));
        let mut union = Union::new(marks).ok_or_else(too_many)?;
        each_edge(context, |edge| {
            union.join(numbering.number(edge.0), numbering.number(edge.1));
            Ok(())
        })?;
        let mut spool = context.spool()?;
        let mut by_group = vec![0u64; numbering.first_parts.len()];
        let (mut n_clusters, mut n_out, mut n_own) = (0u64, 0u64, 0u32);
        for ((number, root), index) in union.clusters().zip(0u32..) {
            // Documents of earlier runs have the last numbers, and a cluster has that of its first document: one that
            // begins with them has none of ours, and was settled before.
            if number < numbering.n_own_documents {
                n_own = index + 1;
            } else if root >= n_own {
                continue;
            }
            n_out += 1;
            let (part, row) = numbering.place(number);
            n_clusters += u64::from(root == index);
            if let Some(count) = by_group.get_mut(group_of(&numbering.first_parts, part)) {
                *count += 1;
            }
            let cluster = hash64(0, &root.to_le_bytes());
            let candidate = Candidate { part, row, cluster }.to_bytes();
            spool.write_all(&candidate).map_err(StoreError::io("write", &task.label))?;
        }
        let object = context.keep(spool, TABLE, "rows", n_out)?;
        context.advance(task.bytes / 2);
        let tally = json!({"n_in": n_in, "n_out": n_out, "n_clusters": n_clusters, BY_GROUP: join(&by_group)});
        debug_assert_eq!(object.bytes, n_out * CANDIDATE as u64);
        Ok(Outcome { objects: [(TABLE.to_owned(), object)].into(), tally, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        "joins what is connected: one task, a bit for every document and four bytes for each with a pair".to_owned()
    }

    fn cost(&self) -> Cost {
        crate::exchange::cost::cluster()
    }
}

fn each_edge(
    context: &TaskContext<'_>,
    mut take: impl FnMut(Edge) -> Result<(), StoreError>,
) -> Result<u64, StoreError> {
    let mut n_edges = 0;
    for part in &context.inputs.get(PAIRED)?.parts {
        for row in Rows::<EDGE>::open(context.store, object(part, PAIRS_TABLE)?)? {
            take(Edge::of_bytes(&row?))?;
            n_edges += 1;
        }
    }
    Ok(n_edges)
}

/// Numbers all documents of a run, part after part.
struct Numbering {
    /// The first part of every group.
    first_parts: Vec<u32>,
    /// The number of the first document of every part, and of none behind the last.
    starts: Vec<u64>,
    n_documents: u64,
    /// Documents of this run, which come before those of earlier ones.
    n_own_documents: u64,
}

impl Numbering {
    fn of(context: &TaskContext<'_>) -> Result<Numbering, StoreError> {
        let (shuffled, sketched) = (context.inputs.get(SHUFFLED)?, context.inputs.get(SKETCHED)?);
        let rows = sketched.parts.iter().map(|part| Ok((part.task.as_str(), Place::n_rows(part)?)));
        let rows = rows.collect::<Result<BTreeMap<&str, u64>, StoreError>>()?;
        let (mut starts, mut n_documents, mut n_own_documents) = (Vec::new(), 0, 0);
        for group in &shuffled.parts {
            if earlier_run(group).is_some() {
                for n_rows in rows_of_earlier(group)? {
                    starts.push(n_documents);
                    n_documents += n_rows;
                }
                continue;
            }
            for part in parts_of(group)? {
                starts.push(n_documents);
                n_documents += rows.get(part.as_str()).ok_or_else(|| StoreError::corrupt(&part, "the part is gone"))?;
            }
            n_own_documents = n_documents;
        }
        Ok(Numbering { first_parts: first_parts(shuffled)?, starts, n_documents, n_own_documents })
    }

    /// The number of a document, given its part and row.
    fn number(&self, document: u64) -> u64 {
        let start = self.starts.get((document >> 32) as usize).copied().unwrap_or(u64::MAX >> 1);
        start + (document & u64::from(u32::MAX))
    }

    /// The part and the row of a document.
    fn place(&self, number: u64) -> (u32, u32) {
        let part = self.starts.partition_point(|start| *start <= number).saturating_sub(1);
        (part as u32, (number - self.starts[part]) as u32)
    }
}
