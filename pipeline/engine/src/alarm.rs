//! Alarms: a step that removes almost all of one source, language or domain.
//!
//! Whole sources have been lost to near-duplicate detection before anybody looked: templated pages look alike to coarse
//! shingles. Every map task counts what each step removes of each group; here the counts are added up, out of core, because
//! there are as many domains as the web has.

use crate::map::GROUPS;
use crate::tally::Tally;
use std::collections::BTreeMap;
use tokenmill_core::hash::hash128;
use tokenmill_store::sort::records::{LENGTH, RecordSorter};
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Manifest, Store, StoreError};

/// When a group raises an alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlarmLimits {
    /// Share of the documents that reach a step, removed by it, from which on.
    pub share: f64,
    /// Documents of the group that reach the step, at least.
    pub documents: u64,
}

impl Default for AlarmLimits {
    fn default() -> AlarmLimits {
        AlarmLimits { share: 0.95, documents: 1_000 }
    }
}

/// A step that removed too much of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Folder of the phase.
    pub phase: String,
    /// The step.
    pub step: String,
    /// `source`, `language` or `domain`.
    pub kind: String,
    /// Name of the group.
    pub name: String,
    /// Documents of the group that reached the step.
    pub n_in: u64,
    /// Documents that it removed.
    pub n_removed: u64,
}

/// The alarms of one phase, the largest first; none for phases that judge no documents. Sorting takes `memory` bytes.
///
/// # Errors
/// When the store fails.
pub fn alarms(
    store: &dyn Store,
    manifest: &Manifest,
    limits: AlarmLimits,
    memory: u64,
) -> Result<Vec<Alarm>, StoreError> {
    let mut sorter = RecordSorter::<16>::new(store.scratch(), memory);
    let mut steps: Vec<String> = Vec::new();
    for part in &manifest.parts {
        let Some(groups) = part.objects.get(GROUPS) else { continue };
        if steps.is_empty() {
            let tally: Tally =
                serde_json::from_value(part.tally.clone()).map_err(|error| StoreError::corrupt(&part.task, error))?;
            steps.extend(tally.steps.into_iter().map(|step| step.name));
        }
        for batch in Batches::open(store, &groups.key, &[])? {
            let batch = batch?;
            let columns = Columns(&batch);
            let (kinds, names, steps) = (columns.text("kind")?, columns.text("name")?, columns.text("step")?);
            for (row, n) in columns.u32("n")?.iter().enumerate() {
                let group = format!("{}\0{}", kinds.value(row), names.value(row));
                let rest = [&n.to_be_bytes(), group.as_bytes(), b"\0", steps.value(row).as_bytes()].concat();
                sorter.push(hash128(group.as_bytes()).to_be_bytes(), &rest)?;
            }
        }
    }
    let mut found = Vec::new();
    let mut group = Group::default();
    let mut records = sorter.finish()?;
    while let Some(record) = records.next_record()? {
        let rest = record.get(LENGTH + 16..).unwrap_or_default();
        let Some((n, text)) = rest.split_first_chunk::<4>() else { continue };
        let text = String::from_utf8_lossy(text);
        let Some((name, step)) = text.rsplit_once('\0') else { continue };
        if group.name != name {
            group.judge(&manifest.phase, &steps, limits, &mut found);
            group = Group { name: name.to_owned(), counts: BTreeMap::new() };
        }
        *group.counts.entry(step.to_owned()).or_default() += u64::from(u32::from_be_bytes(*n));
    }
    group.judge(&manifest.phase, &steps, limits, &mut found);
    found.sort_by(|a, b| b.n_removed.cmp(&a.n_removed).then_with(|| (&a.kind, &a.name).cmp(&(&b.kind, &b.name))));
    Ok(found)
}

/// The counts of a group: documents that came in under the empty name, removed ones under that of the step.
#[derive(Default)]
struct Group {
    name: String,
    counts: BTreeMap<String, u64>,
}

impl Group {
    fn judge(&self, phase: &str, steps: &[String], limits: AlarmLimits, found: &mut Vec<Alarm>) {
        let Some((kind, name)) = self.name.split_once('\0') else { return };
        let mut n_in = self.counts.get("").copied().unwrap_or(0);
        for step in steps {
            let n_removed = self.counts.get(step).copied().unwrap_or(0);
            if n_removed > 0 && n_in >= limits.documents && n_removed as f64 >= limits.share * n_in as f64 {
                let (phase, step) = (phase.to_owned(), step.clone());
                found.push(Alarm { phase, step, kind: kind.to_owned(), name: name.to_owned(), n_in, n_removed });
            }
            n_in = n_in.saturating_sub(n_removed);
        }
    }
}
