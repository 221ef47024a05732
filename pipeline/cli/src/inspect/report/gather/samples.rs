//! Removed documents to show: of every phase, step and reason those whose ids have the smallest hashes.

use super::plan::Run;
use super::rows::Verdict;
use crate::failure::Failure;
use crate::inspect::mask::Mask;
use crate::inspect::report::data::Sample;
use crate::inspect::report::text::shown;
use rayon::prelude::*;
use std::collections::BTreeMap;
use tokenmill_core::DocId;
use tokenmill_engine::rejudge::place;
use tokenmill_store::table::{Batches, Columns};
use tokenmill_store::{Part, Store, StoreError};

/// Characters of a text that are shown, and of a URL.
const TEXT_CHARS: usize = 700;
const URL_CHARS: usize = 400;
const EVIDENCE_CHARS: usize = 200;
/// Samples of a page at most: with more reasons than that, each has fewer.
const MOST: usize = 1_500;

/// A document that was chosen.
#[derive(Clone, Copy)]
pub struct Chosen {
    pub id: DocId,
    /// Place of the part in its phase.
    pub part: usize,
    /// Row in its table `removed`.
    pub row: usize,
}

/// What was chosen, by phase, step and reason.
pub type Choice = BTreeMap<(usize, String, String), Vec<Chosen>>;

/// A row of a table `removed` that is wanted, with step and reason.
type Row<'c> = (usize, &'c str, &'c str, DocId);

/// Chooses `n` documents of every reason among those whose texts are kept.
pub fn choose(store: &dyn Store, run: &Run, n: usize) -> Result<Choice, StoreError> {
    let parts = run.phases.iter().enumerate().flat_map(|(number, phase)| {
        run.manifests[phase.manifest].parts.iter().enumerate().map(move |(at, part)| (number, at, part))
    });
    let parts: Vec<(usize, usize, &Part)> = parts.collect();
    let of_part = |(number, at, part): &(usize, usize, &Part)| of_part(store, *number, *at, part, n);
    let plus = |mut sum: Choice, other: Choice| {
        for (key, chosen) in other {
            let mine = sum.entry(key).or_default();
            chosen.into_iter().for_each(|one| add(mine, n, one));
        }
        Ok(sum)
    };
    let mut choice = parts.par_iter().with_max_len(1).map(of_part).try_reduce(Choice::new, plus)?;
    let each = (MOST / choice.len().max(1)).clamp(1, n.max(1));
    choice.values_mut().for_each(|chosen| chosen.truncate(each));
    Ok(choice)
}

fn of_part(store: &dyn Store, number: usize, at: usize, part: &Part, n: usize) -> Result<Choice, StoreError> {
    let mut choice = Choice::new();
    let Some(object) = part.objects.get("removed") else { return Ok(choice) };
    let mut first = 0;
    for batch in Batches::open(store, &object.key, &["id", "step", "reason"])? {
        let batch = batch?;
        let columns = Columns(&batch);
        let (steps, reasons) = (columns.text("step")?, columns.text("reason")?);
        for (row, id) in columns.ids("id")?.into_iter().enumerate() {
            let key = (number, steps.value(row).to_owned(), reasons.value(row).to_owned());
            add(choice.entry(key).or_default(), n, Chosen { id, part: at, row: first + row });
        }
        first += batch.num_rows();
    }
    Ok(choice)
}

fn add(chosen: &mut Vec<Chosen>, n: usize, one: Chosen) {
    let at = chosen.partition_point(|other| place(other.id) < place(one.id));
    if at < n {
        chosen.insert(at, one);
        chosen.truncate(n);
    }
}

/// Reads the chosen documents, without what the recipe redacts.
pub fn read(
    store: &dyn Store,
    run: &Run,
    choice: &Choice,
    verdicts: &BTreeMap<(usize, DocId), Verdict>,
    mask: Option<&Mask>,
) -> Result<Vec<Sample>, Failure> {
    let mut by_part: BTreeMap<(usize, usize), Vec<Row<'_>>> = BTreeMap::new();
    for ((phase, step, reason), chosen) in choice {
        for one in chosen {
            by_part.entry((*phase, one.part)).or_default().push((one.row, step, reason, one.id));
        }
    }
    let by_part: Vec<_> = by_part.into_iter().collect();
    let read = |((number, at), wanted): &((usize, usize), Vec<Row<'_>>)| {
        let manifest = &run.manifests[run.phases[*number].manifest];
        let mut wanted = wanted.clone();
        wanted.sort_unstable_by_key(|(row, ..)| *row);
        let rows: Vec<_> = wanted.iter().map(|(row, ..)| *row..*row + 1).collect();
        let mut found = Vec::new();
        let mut wanted = wanted.into_iter();
        for batch in Batches::open_rows(store, &manifest.parts[*at].objects["removed"].key, &[], &rows)? {
            let batch = batch?;
            let columns = Columns(&batch);
            let (urls, langs, texts) = (columns.text("url")?, columns.text("lang")?, columns.text("text")?);
            for row in 0..batch.num_rows() {
                let Some((_, step, reason, id)) = wanted.next() else { break };
                let verdict = verdicts.get(&(*number, id)).cloned().unwrap_or_default();
                let (lang, text) = (langs.value(row), texts.value(row));
                let masked = mask.map_or_else(String::new, |mask| mask.mask_as(text, lang));
                let evidence = mask.map_or_else(String::new, |mask| mask.mask(&verdict.evidence));
                let sample = Sample {
                    phase: manifest.phase.clone(),
                    step: step.to_owned(),
                    reason: reason.to_owned(),
                    id: id.to_string(),
                    url: shown(urls.value(row), URL_CHARS),
                    lang: shown(lang, 60),
                    metric: verdict.metric,
                    value: verdict.value,
                    limit: verdict.limit,
                    evidence: shown(&evidence, EVIDENCE_CHARS),
                    text: shown(&masked, TEXT_CHARS),
                    n_chars: masked.chars().count(),
                };
                found.push(((*number, place(id)), sample));
            }
        }
        Ok::<_, StoreError>(found)
    };
    let found = by_part.par_iter().with_max_len(1).map(read).collect::<Result<Vec<_>, _>>()?;
    let mut found: Vec<_> = found.into_iter().flatten().collect();
    found.sort_by(|(a, one), (b, other)| {
        (a.0, &one.step, &one.reason, a.1).cmp(&(b.0, &other.step, &other.reason, b.1))
    });
    Ok(found.into_iter().map(|(_, sample)| sample).collect())
}
