//! One pass over ledgers and metrics, part by part: numbers that rules judge, languages, clusters, and the verdicts on samples.

use super::bins::{Bins, ends};
use super::plan::{Judged, LedgerPhase};
use std::collections::BTreeMap;
use tokenmill_core::DocId;
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Part, Store, StoreError};

/// The ending of the metric that the kept one of a cluster has.
const CLUSTER_SIZE: &str = ".cluster_size";
/// Languages that are told apart; a column of a data set may hold anything.
const MAX_LANGUAGES: usize = 4_096;
/// What the others are counted as.
pub const OTHERS: &str = "(others)";

/// What one part says, or several.
#[derive(Default)]
pub struct Counts {
    /// By the language that documents had in the end.
    pub languages: BTreeMap<String, Language>,
    /// By phase: one for every judged number of the phase and each of its limits.
    pub bins: BTreeMap<usize, Vec<Vec<Option<Bins>>>>,
    /// Clusters by step and size.
    pub clusters: BTreeMap<(String, u64), u64>,
    /// Rows of the samples that were asked for.
    pub verdicts: BTreeMap<(usize, DocId), Verdict>,
}

/// What became of the documents of a language.
#[derive(Default)]
pub struct Language {
    /// Documents that the last phase has kept.
    pub n_kept: u64,
    /// Removed documents by step.
    pub removed: BTreeMap<String, u64>,
}

/// The ledger row of a removed document.
#[derive(Clone, Default)]
pub struct Verdict {
    pub metric: String,
    pub value: Option<f32>,
    pub limit: Option<f32>,
    pub evidence: String,
}

/// What of a ledger row decides where its numbers count.
struct Reached {
    /// Steps of the chain that it has reached.
    n_steps: u16,
    /// Place in the list of labels of the part.
    lang: u16,
}

impl Counts {
    /// What both say.
    pub fn plus(mut self, other: Counts) -> Counts {
        for (name, theirs) in other.languages {
            let mine = self.languages.entry(name).or_default();
            mine.n_kept += theirs.n_kept;
            theirs.removed.into_iter().for_each(|(step, n)| *mine.removed.entry(step).or_default() += n);
        }
        for (phase, theirs) in other.bins {
            let Some(mine) = self.bins.get_mut(&phase) else {
                self.bins.insert(phase, theirs);
                continue;
            };
            for (mine, theirs) in mine.iter_mut().flatten().zip(theirs.iter().flatten()) {
                if let Some(theirs) = theirs {
                    mine.get_or_insert_default().add_all(theirs);
                }
            }
        }
        other.clusters.into_iter().for_each(|(size, n)| *self.clusters.entry(size).or_default() += n);
        self.verdicts.extend(other.verdicts);
        self
    }
}

/// Counts one part of the phase `number`; `samples` are the documents whose rows are wanted, sorted.
pub fn count(
    store: &dyn Store,
    (number, phase): (usize, &LedgerPhase),
    part: &Part,
    samples: &[DocId],
) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    let mut labels = Labels::default();
    let reached = ledger(store, (number, phase), part, samples, &mut labels, &mut counts)?;
    metrics(store, (number, phase), part, &reached, &labels, &mut counts)?;
    Ok(counts)
}

/// Language labels of a part, each with a number.
#[derive(Default)]
struct Labels {
    names: Vec<String>,
    numbers: BTreeMap<String, u16>,
}

impl Labels {
    fn number(&mut self, label: &str) -> u16 {
        if let Some(number) = self.numbers.get(label) {
            return *number;
        }
        let label = if self.names.len() < MAX_LANGUAGES { label } else { OTHERS };
        let next = self.names.len() as u16;
        *self.numbers.entry(label.to_owned()).or_insert_with(|| {
            self.names.push(label.to_owned());
            next
        })
    }
}

fn ledger(
    store: &dyn Store,
    (number, phase): (usize, &LedgerPhase),
    part: &Part,
    samples: &[DocId],
    labels: &mut Labels,
    counts: &mut Counts,
) -> Result<Vec<Reached>, StoreError> {
    let Some(object) = part.objects.get("ledger") else { return Ok(Vec::new()) };
    let mut columns = vec!["kept", "step", "lang"];
    if !samples.is_empty() {
        columns.extend(["id", "metric", "value", "limit", "evidence"]);
    }
    // Documents that came in, and removed ones by the place of the step, by language.
    let mut seen: Vec<(u64, BTreeMap<usize, u64>)> = Vec::new();
    let mut reached = Vec::with_capacity(object.rows as usize);
    for batch in Batches::open(store, &object.key, &columns)? {
        let batch = batch?;
        let columns = Columns(&batch);
        let (kept, steps, langs) = (columns.bool("kept")?, columns.text("step")?, columns.text("lang")?);
        for row in 0..batch.num_rows() {
            let lang = labels.number(langs.value(row));
            let removed_at = (!kept.value(row)).then(|| phase.place_of(steps.value(row)));
            let n_steps = removed_at.map_or(phase.steps.len(), |at| at.map_or(0, |at| at + 1));
            reached.push(Reached { n_steps: n_steps as u16, lang });
            if seen.len() <= usize::from(lang) {
                seen.resize_with(usize::from(lang) + 1, Default::default);
            }
            let (n_in, removed) = &mut seen[usize::from(lang)];
            *n_in += 1;
            if let Some(at) = removed_at {
                *removed.entry(at.map_or(0, |at| at + 1)).or_default() += 1;
            }
        }
        if !samples.is_empty() {
            verdicts(number, &columns, samples, counts)?;
        }
    }
    for (name, (n_in, removed)) in labels.names.iter().zip(seen) {
        let language = counts.languages.entry(name.clone()).or_default();
        language.n_kept += if phase.is_last { n_in - removed.values().sum::<u64>() } else { 0 };
        for (at, n) in removed {
            let step = at.checked_sub(1).and_then(|at| phase.steps.get(at)).map_or("read", |step| &step.name);
            *language.removed.entry(step.to_owned()).or_default() += n;
        }
    }
    Ok(reached)
}

fn verdicts(number: usize, columns: &Columns<'_>, samples: &[DocId], counts: &mut Counts) -> Result<(), StoreError> {
    for (row, id) in columns.ids("id")?.into_iter().enumerate() {
        if samples.binary_search(&id).is_err() {
            continue;
        }
        let number_of = |name: &str| columns.show(name, row).and_then(|text| text.parse().ok());
        let text = |name: &str| columns.show(name, row).unwrap_or_default();
        let (value, limit) = (number_of("value"), number_of("limit"));
        let verdict = Verdict { metric: text("metric"), value, limit, evidence: text("evidence") };
        counts.verdicts.insert((number, id), verdict);
    }
    Ok(())
}

fn metrics(
    store: &dyn Store,
    (number, phase): (usize, &LedgerPhase),
    part: &Part,
    reached: &[Reached],
    labels: &Labels,
    counts: &mut Counts,
) -> Result<(), StoreError> {
    let Some(object) = part.objects.get("metrics") else { return Ok(()) };
    let sizes: Vec<String> = phase.cluster_steps.iter().map(|step| format!("{step}{CLUSTER_SIZE}")).collect();
    let mut columns: Vec<&str> = phase.judged.iter().map(|judged| judged.column.as_str()).collect();
    columns.extend(sizes.iter().map(String::as_str));
    columns.sort_unstable();
    columns.dedup();
    if columns.is_empty() {
        return Ok(());
    }
    // Which limits apply, by judged number and language.
    let curve_of = |judged: &Judged| labels.names.iter().map(|lang| judged.curve_of(lang)).collect::<Vec<_>>();
    let curves: Vec<Vec<Option<usize>>> = phase.judged.iter().map(curve_of).collect();
    let none = |one: &Judged| one.limits.iter().map(|_| None).collect();
    let mut bins: Vec<Vec<Option<Bins>>> = phase.judged.iter().map(none).collect();
    let mut first = 0;
    for batch in Batches::open(store, &object.key, &columns)? {
        let batch = batch?;
        let columns = Columns(&batch);
        let Some(rows) = reached.get(first..first + batch.num_rows()) else {
            return Err(StoreError::corrupt(&part.task, "there are more rows of metrics than of the ledger"));
        };
        first += batch.num_rows();
        for ((judged, curves), bins) in phase.judged.iter().zip(&curves).zip(&mut bins) {
            let ends: Vec<_> = judged.limits.iter().map(|(_, keep)| ends(*keep)).collect();
            for (value, row) in columns.f32(&judged.column)?.iter().zip(rows) {
                let Some(value) = value.filter(|_| usize::from(row.n_steps) > judged.at) else { continue };
                let Some(curve) = curves[usize::from(row.lang)] else { continue };
                bins[curve].get_or_insert_default().add(value, ends[curve]);
            }
        }
        for (step, column) in phase.cluster_steps.iter().zip(&sizes) {
            for size in columns.f32(column)?.iter().flatten() {
                *counts.clusters.entry((step.clone(), size as u64)).or_default() += 1;
            }
        }
    }
    counts.bins.insert(number, bins);
    Ok(())
}
