//! Finds clusters in the ledgers and metrics of a run.

use crate::failure::Failure;
use crate::inspect::mask::Mask;
use crate::inspect::search::{Wanted, row_of};
use std::collections::BTreeMap;
use tokenmill_core::DocId;
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Manifest, Part, Store, StoreError};

/// Documents of which one was kept.
pub struct Cluster {
    /// Place of the phase that removed the others.
    phase: usize,
    pub step: String,
    pub size: u32,
    pub kept: Member,
    pub removed: Vec<Member>,
}

/// One document of a cluster.
#[derive(Clone, Default)]
pub struct Member {
    pub id: DocId,
    pub record_id: String,
    pub url: String,
    pub date: String,
    pub lang: String,
    pub truncated: bool,
    pub bytes: String,
    pub reason: String,
    pub similarity: Option<String>,
    pub limit: Option<String>,
    pub text: Option<String>,
}

/// The ending of the metric that a kept document has.
const CLUSTER_SIZE: &str = ".cluster_size";

/// The largest clusters, of the same size the smallest ids first.
pub fn largest(
    store: &dyn Store,
    manifests: &[Manifest],
    step: Option<&str>,
    n: usize,
) -> Result<Vec<Cluster>, Failure> {
    let mut found: Vec<Cluster> = Vec::new();
    for (phase, part) in parts(manifests) {
        each_size(store, part, |step_name, size, id, bytes| {
            if step.is_none_or(|step| step == step_name) {
                let kept = Member { id, bytes, ..Member::default() };
                found.push(Cluster { phase, step: step_name.to_owned(), size, kept, removed: Vec::new() });
            }
            if found.len() > 4 * n.max(16) {
                keep_largest(&mut found, n);
            }
        })?;
    }
    keep_largest(&mut found, n);
    Ok(found)
}

fn keep_largest(found: &mut Vec<Cluster>, n: usize) {
    found.sort_by_key(|cluster| (std::cmp::Reverse(cluster.size), cluster.phase, cluster.kept.id));
    found.truncate(n);
}

/// The clusters that a document belongs to, whether it was kept or not.
pub fn of_document(
    store: &dyn Store,
    manifests: &[Manifest],
    document: &str,
    step: Option<&str>,
) -> Result<Vec<Cluster>, Failure> {
    let mut kept: Vec<DocId> = Vec::new();
    for found in Wanted::parse(document).find(store, manifests)? {
        let ledger = row_of(store, &found.part.objects["ledger"].key, found.row)?;
        let evidence = ledger.iter().find(|(column, _)| column == "evidence");
        kept.push(evidence.and_then(|(_, twin)| DocId::parse(twin)).unwrap_or(found.id));
    }
    let mut clusters = Vec::new();
    for (phase, part) in parts(manifests) {
        each_size(store, part, |step_name, size, id, bytes| {
            if kept.contains(&id) && step.is_none_or(|step| step == step_name) {
                let kept = Member { id, bytes, ..Member::default() };
                clusters.push(Cluster { phase, step: step_name.to_owned(), size, kept, removed: Vec::new() });
            }
        })?;
    }
    Ok(clusters)
}

/// The parts that have a ledger, with the place of their phase.
fn parts(manifests: &[Manifest]) -> impl Iterator<Item = (usize, &Part)> {
    let parts =
        manifests.iter().enumerate().flat_map(|(at, manifest)| manifest.parts.iter().map(move |part| (at, part)));
    parts.filter(|(_, part)| part.objects.contains_key("ledger"))
}

/// Every kept document of a part that stands for others: step, size, id, bytes of text.
fn each_size(store: &dyn Store, part: &Part, mut take: impl FnMut(&str, u32, DocId, String)) -> Result<(), StoreError> {
    let metrics = Batches::open(store, &part.objects["metrics"].key, &[])?;
    // Metrics have the rows of the ledger, in batches of any size.
    let mut ids = Vec::new();
    for batch in Batches::open(store, &part.objects["ledger"].key, &["id", "bytes"])? {
        let batch = batch?;
        let columns = Columns(&batch);
        ids.extend(columns.ids("id")?.into_iter().zip(columns.u32("bytes")?.iter().copied()));
    }
    let mut ids = ids.into_iter();
    for batch in metrics {
        let batch = batch?;
        let names: Vec<String> = batch.schema_ref().fields().iter().map(|field| field.name().clone()).collect();
        let names: Vec<&String> = names.iter().filter(|name| name.ends_with(CLUSTER_SIZE)).collect();
        for row in 0..batch.num_rows() {
            let Some((id, bytes)) = ids.next() else { break };
            for name in &names {
                let size = Columns(&batch).show(name, row).and_then(|size| size.parse::<f32>().ok());
                if let Some(size) = size {
                    take(name.trim_end_matches(CLUSTER_SIZE), size as u32, id, bytes.to_string());
                }
            }
        }
    }
    Ok(())
}

/// Fills in who was removed for the kept documents, at most `most` for each.
pub fn members(
    store: &dyn Store,
    manifests: &[Manifest],
    clusters: &mut [Cluster],
    most: usize,
) -> Result<(), StoreError> {
    for (phase, part) in parts(manifests) {
        for batch in Batches::open(store, &part.objects["ledger"].key, &[])? {
            let batch = batch?;
            let columns = Columns(&batch);
            let (ids, is_kept) = (columns.ids("id")?, columns.bool("kept")?);
            for (row, id) in ids.into_iter().enumerate().filter(|(row, _)| !is_kept.value(*row)) {
                let show = |name: &str| columns.show(name, row);
                let Some(twin) = show("evidence").and_then(|evidence| DocId::parse(&evidence)) else { continue };
                let step = show("step").unwrap_or_default();
                let is_its = |cluster: &&mut Cluster| {
                    cluster.phase == phase
                        && cluster.kept.id == twin
                        && cluster.step == step
                        && cluster.removed.len() < most
                };
                if let Some(cluster) = clusters.iter_mut().find(is_its) {
                    let (bytes, reason) = (show("bytes").unwrap_or_default(), show("reason").unwrap_or_default());
                    let (similarity, limit) = (show("value"), show("limit"));
                    cluster.removed.push(Member { id, bytes, reason, similarity, limit, ..Member::default() });
                }
            }
        }
    }
    Ok(())
}

/// Fills in what is known of all members: from the documents of the first phase that has stored them, else from the sample
/// of removed ones.
pub fn texts(store: &dyn Store, manifests: &[Manifest], clusters: &mut [Cluster]) -> Result<(), Failure> {
    let members =
        clusters.iter_mut().flat_map(|cluster| std::iter::once(&mut cluster.kept).chain(&mut cluster.removed));
    let mut wanted: BTreeMap<DocId, Vec<&mut Member>> = BTreeMap::new();
    members.for_each(|member| wanted.entry(member.id).or_default().push(member));
    for table in ["docs", "removed"] {
        for object in parts(manifests).filter_map(|(_, part)| part.objects.get(table)) {
            let mut first = 0u32;
            for batch in Batches::open(store, &object.key, &["id"])? {
                let batch = batch?;
                for (at, id) in (0u32..).zip(Columns(&batch).ids("id")?) {
                    let Some(members) = wanted.get_mut(&id).filter(|members| members.iter().any(|m| m.text.is_none()))
                    else {
                        continue;
                    };
                    let row = row_of(store, &object.key, first + at)?;
                    members.iter_mut().for_each(|member| member.fill(&row));
                }
                first += batch.num_rows() as u32;
            }
        }
    }
    Ok(())
}

impl Member {
    /// Takes out what the recipe redacts.
    pub fn mask(&mut self, mask: &Mask) {
        self.url = mask.mask(&self.url);
        self.record_id = mask.mask(&self.record_id);
        self.text = self.text.take().map(|text| mask.mask_as(&text, &self.lang));
    }

    fn fill(&mut self, row: &[(String, String)]) {
        for (name, value) in row {
            match name.as_str() {
                "record_id" => value.clone_into(&mut self.record_id),
                "url" => value.clone_into(&mut self.url),
                "date" => value.clone_into(&mut self.date),
                "lang" => value.clone_into(&mut self.lang),
                "truncated" => self.truncated = value == "true",
                "text" => self.text = Some(value.clone()),
                _ => {}
            }
        }
    }
}
