//! Proves of a finished run that nothing was lost or doubled: digests, rows, reasons, and in = out between phases.

mod flow;

use crate::index;
use crate::plan::RunRecord;
use crate::tally::Tally;
use std::collections::BTreeMap;
use std::io::Read;
use tokenmill_core::DocId;
use tokenmill_core::hash::Digester;
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Manifest, ObjectRef, Part, Store, StoreError};

/// What an audit found.
#[derive(Debug, Default)]
pub struct Audit {
    /// Parts looked at.
    pub n_parts: usize,
    /// Objects whose digest was recomputed.
    pub n_objects: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Ledger rows read.
    pub n_rows: u64,
    /// Documents taken in and given out, by phase folder.
    pub flow: Vec<(String, u64, u64)>,
    /// What is wrong; empty for a sound run.
    pub problems: Vec<String>,
}

/// Audits every phase of a run that has ended.
///
/// # Errors
/// When the store fails; wrong content is a finding, not an error.
pub fn audit(store: &dyn Store) -> Result<Audit, StoreError> {
    let mut audit = Audit::default();
    let record = RunRecord::read(store)?;
    let mut manifests: Vec<Manifest> = Vec::new();
    for (at, phase) in record.phases.iter().enumerate() {
        let Some(manifest) = phase.read_manifest(store)? else {
            audit.problems.push(format!("{}: has not ended; run `tokenmill run` again", phase.folder));
            break;
        };
        let (n_in, n_out) = audit_phase(store, &manifest, &mut audit)?;
        manifests.push(manifest);
        audit.problems.extend(flow::problems(&record.phases, at, &manifests));
        audit.flow.push((phase.folder.clone(), n_in, n_out));
    }
    Ok(audit)
}

fn audit_phase(store: &dyn Store, manifest: &Manifest, audit: &mut Audit) -> Result<(u64, u64), StoreError> {
    for part in &manifest.parts {
        audit.n_parts += 1;
        let mut problems = Vec::new();
        for (name, object) in &part.objects {
            if let Err(why) = check_object(store, object, audit)? {
                problems.push(format!("{name} {why}"));
            }
        }
        if flow::count(part, "n_in").is_none() || flow::count(part, "n_out").is_none() {
            problems.push("its tally counts no documents".to_owned());
        }
        if problems.is_empty() && part.objects.contains_key("ledger") {
            check_ledger(store, part, audit, &mut problems)?;
        }
        let place = format!("{} part {} (`{}`)", manifest.phase, part.task, part.label);
        audit.problems.extend(problems.into_iter().map(|problem| format!("{place}: {problem}")));
    }
    Ok((flow::sum(manifest, "n_in"), flow::sum(manifest, "n_out")))
}

/// Recomputes the digest of an object.
fn check_object(store: &dyn Store, object: &ObjectRef, audit: &mut Audit) -> Result<Result<(), String>, StoreError> {
    let mut stream = match store.stream(&object.key) {
        Err(StoreError::Missing(key)) => return Ok(Err(format!("is missing: `{key}`"))),
        stream => stream?,
    };
    let mut digest = Digester::new();
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        let n = stream.read(&mut buffer).map_err(StoreError::io("read", &object.key))?;
        if n == 0 {
            break;
        }
        bytes += n as u64;
        digest.update(&buffer[..n]);
    }
    audit.n_objects += 1;
    audit.bytes += bytes;
    let sound = bytes == object.bytes && digest.hex() == object.digest;
    Ok(sound.then_some(()).ok_or_else(|| format!("has other content than was committed: `{}`", object.key)))
}

/// Compares ledger, documents, metrics and tally of one part.
fn check_ledger(
    store: &dyn Store,
    part: &Part,
    audit: &mut Audit,
    problems: &mut Vec<String>,
) -> Result<(), StoreError> {
    let tally: Tally = match serde_json::from_value(part.tally.clone()) {
        Ok(tally) => tally,
        Err(error) => {
            problems.push(format!("its tally is unreadable: {error}"));
            return Ok(());
        }
    };
    problems.extend(tally.violations());
    let mut kept: Vec<(DocId, u32)> = Vec::new();
    let mut reasons: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut n_rows = 0u64;
    for batch in Batches::open(store, &part.objects["ledger"].key, &["id", "row", "kept", "step", "reason"])? {
        let batch = batch?;
        let columns = Columns(&batch);
        let (ids, rows, is_kept) = (columns.ids("id")?, columns.u32("row")?, columns.bool("kept")?);
        let (steps, why) = (columns.text("step")?, columns.text("reason")?);
        for (at, id) in ids.into_iter().enumerate() {
            if u64::from(rows[at]) != n_rows {
                problems.push(format!("ledger row {n_rows} is numbered {}", rows[at]));
            }
            n_rows += 1;
            if is_kept.value(at) {
                kept.push((id, rows[at]));
            } else {
                *reasons.entry((steps.value(at).to_owned(), why.value(at).to_owned())).or_default() += 1;
            }
        }
    }
    audit.n_rows += n_rows;
    let counted = tally
        .steps
        .iter()
        .flat_map(|step| step.reasons.iter().map(|(reason, count)| ((step.name.clone(), reason.clone()), *count)));
    if n_rows != tally.n_in || kept.len() as u64 != tally.n_out || reasons != counted.collect() {
        problems.push("the ledger and the tally disagree".to_owned());
    }
    let metrics = part.objects.get("metrics").map_or(0, |object| object.rows);
    if metrics != n_rows {
        problems.push(format!("{metrics} rows of metrics for {n_rows} rows of ledger"));
    }
    if index::kept_table(part).is_some() {
        let sum = kept.iter().fold(0u128, |sum, (id, _)| sum.wrapping_add(id.0));
        if index::kept_ids(store, part)? != (kept.len() as u64, sum) {
            problems.push("what it gives out is not what the ledger kept".to_owned());
        }
        return Ok(());
    }
    let mut docs = kept.iter();
    let docs_key = part.objects.get("docs").map(|object| object.key.as_str()).unwrap_or_default();
    for batch in Batches::open(store, docs_key, &["id", "row"])? {
        let batch = batch?;
        let columns = Columns(&batch);
        let rows = columns.u32("row")?;
        for (id, row) in columns.ids("id")?.into_iter().zip(rows) {
            if docs.next() != Some(&(id, *row)) {
                problems.push(format!("document {id} is not the one the ledger kept at row {row}"));
                return Ok(());
            }
        }
    }
    if docs.next().is_some() {
        problems.push("documents that the ledger kept are missing".to_owned());
    }
    Ok(())
}
