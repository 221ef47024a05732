//! The life of a text: the page, what was extracted of it, and every cut on the way to what is stored.

use super::source::with_record;
use crate::failure::Failure;
use crate::house::assets;
use crate::inspect::run_view::View;
use crate::inspect::search::{Found, find_row, if_there, row_of};
use crate::inspect::trail::Trail;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::BTreeMap;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::edits::Span;
use tokenmill_core::{Document, Numbers, Params, Payload, Record, Stage};
use tokenmill_engine::replay::{Change, Past, What, replay};
use tokenmill_store::source::Format;

/// The stage that shows all the text of a page.
const ALL_TEXT: &str = "extract.all_text";

/// What is known of the life of a text.
#[derive(Default)]
pub struct Story {
    /// All the text that the page shows; `None` where the document came as text, or the page is gone.
    pub page: Option<String>,
    /// The step that took the text out of the page, or `None` where the document came as text.
    pub extracted_by: Option<String>,
    /// The text and all its cuts; `None` where there was no text.
    pub text: Option<Trail>,
    /// The language in the end.
    pub lang: String,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// Follows a document through the phases of these rows.
pub fn of(view: &View, rows: &[&Found<'_>]) -> Result<Story, Failure> {
    let assets = assets()?;
    let mut story = Story::default();
    let walked: Vec<&Found<'_>> =
        rows.iter().copied().filter(|found| view.block(&found.manifest.phase).is_some()).collect();
    let mut document: Option<Document> = None;
    for (at, found) in walked.iter().enumerate() {
        let cells = |table: &str| -> Result<BTreeMap<String, String>, Failure> {
            Ok(row_of(&*view.store, &found.part.objects[table].key, found.row)?.into_iter().collect())
        };
        let (ledger, metrics) = (cells("ledger")?, cells("metrics")?);
        let cell = |name: &str| ledger.get(name).map_or("", String::as_str);
        story.lang = cell("lang").to_owned();
        let removed = (cell("kept") != "true").then(|| (cell("step"), cell("reason")));
        if removed.is_some_and(|(step, _)| step == "read") {
            story.notes.push(format!("the source itself refused the record: {}", cell("reason")));
            break;
        }
        let label = |step: &str, metric: &str| metrics.get(&format!("{step}.{metric}")).cloned();
        let steps = view.steps(&found.manifest.phase);
        let Some(phase) = view.planned(&found.manifest.phase) else { continue };
        let place = found.manifest.parts.iter().position(|part| part.task == found.part.task).unwrap_or(0);
        let past = Past { phase, part: (found.part, place), row: found.row, removed, label: &label };
        let first = view.block(&found.manifest.phase).is_some_and(|block| view.spec.reads_source(block));
        if first {
            let told = with_record(view, found, |record| {
                let mut document = Document::default();
                document.fill_from(found.id, record);
                match record.payload {
                    Payload::Text(text) => {
                        document.text.push_str(text);
                        story.text = Some(Trail::new(text.to_owned()));
                    }
                    Payload::Page { .. } => story.page = shown(view, record)?,
                }
                let changes = replay(&*view.store, &steps, &assets, &past, &mut document, Some(record))?;
                Ok((document, changes))
            })?;
            match told {
                Ok((replayed, changes)) => {
                    story.take(changes);
                    document = Some(replayed);
                }
                Err(why) => story.notes.push(format!("{why}; this is what the run has stored")),
            }
        } else {
            let before = at.checked_sub(1).and_then(|before| walked.get(before));
            let stored = before.map(|before| stored(view, before)).transpose()?.flatten();
            let Some(mut stored) = stored.or(document.take()) else { continue };
            story.meet(&stored.text, "");
            let changes = replay(&*view.store, &steps, &assets, &past, &mut stored, None)?;
            story.take(changes);
            document = Some(stored);
        }
        // What the phase has stored is the truth, whatever this version of a step makes of the page.
        if let Some(stored) = stored(view, found)? {
            story.meet(&stored.text, "this version of the program makes another text of it than the run has stored");
        }
    }
    if story.text.is_none() {
        story.text = sample(view, rows)?.map(Trail::new);
    }
    Ok(story)
}

impl Story {
    fn take(&mut self, changes: Vec<Change>) {
        for Change { step, what, .. } in changes {
            match what {
                What::Extracted(text) => {
                    self.text = Some(Trail::new(text));
                    self.extracted_by = Some(step);
                }
                What::Rejected(rejection) => {
                    self.notes.push(format!("{step} found no text: {}", rejection.reason));
                    self.extracted_by = Some(step);
                }
                What::Edited { spans, conceals } => {
                    if let Some(trail) = &mut self.text {
                        trail.edit(&step, &spans, conceals);
                    }
                }
                What::Replaced(text) => self.replace(&text, &step, "another_text"),
            }
        }
    }

    /// Takes note of a text that is stored, which should be the one in hand.
    fn meet(&mut self, stored: &str, note: &str) {
        match &self.text {
            None => self.text = Some(Trail::new(stored.to_owned())),
            Some(trail) if trail.now() == stored => {}
            Some(_) => {
                if !note.is_empty() {
                    self.notes.push(note.to_owned());
                }
                self.replace(stored, "stored", "not_replayed");
            }
        }
    }

    /// Puts another text in place of the one in hand, line by line.
    fn replace(&mut self, text: &str, step: &str, reason: &'static str) {
        let Some(trail) = &mut self.text else { return };
        let spans = between(&trail.now(), text, reason);
        trail.edit(step, &spans, false);
    }
}

/// The edits that make one text of another, in whole lines.
fn between(before: &str, after: &str, reason: &'static str) -> Vec<Span> {
    let lines = |text: &'_ str| text.split_inclusive('\n').map(str::to_owned).collect::<Vec<String>>();
    let (old, new) = (lines(before), lines(after));
    let ends: Vec<usize> = std::iter::once(0)
        .chain(old.iter().scan(0, |end, line| {
            *end += line.len();
            Some(*end)
        }))
        .collect();
    let spans = capture_diff_slices(Algorithm::Myers, &old, &new).into_iter().filter_map(|op| {
        let (old, new) = (op.old_range(), op.new_range());
        let replacement = after_of(&op, &new, after)?;
        Some(Span { start: ends[old.start], end: ends[old.end], replacement, reason })
    });
    spans.collect()
}

/// The lines that an operation puts in; `None` where nothing changes.
fn after_of(op: &DiffOp, range: &std::ops::Range<usize>, after: &str) -> Option<String> {
    match op {
        DiffOp::Equal { .. } => None,
        _ => Some(after.split_inclusive('\n').skip(range.start).take(range.len()).collect()),
    }
}

/// All the text that a page shows.
fn shown(view: &View, record: &Record<'_>) -> Result<Option<String>, Failure> {
    let Payload::Page { body, .. } = record.payload else { return Ok(None) };
    if view.spec.source.format == Format::Wikipedia {
        return Ok(Some(String::from_utf8_lossy(body).into_owned()));
    }
    let catalog = crate::house::catalog()?;
    let Some(entry) = catalog.get(ALL_TEXT) else { return Ok(None) };
    let Stage::Extract(extract) = (entry.build)(&Params::defaults(entry.params), &MemoryAssets::default())? else {
        return Ok(None);
    };
    let (mut document, mut numbers) = (Document::default(), Numbers::new(entry.metrics.len()));
    // A page without text shows none.
    let _ = extract.extract(record, &mut document, &mut numbers);
    Ok(Some(document.text))
}

/// The document as a phase has stored it, if it has.
pub fn stored(view: &View, found: &Found<'_>) -> Result<Option<Document>, Failure> {
    let Some(row) = if_there(find_row(&*view.store, found.part, "docs", found.id))? else { return Ok(None) };
    let mut document = Document { id: found.id, ..Document::default() };
    for (name, value) in row_of(&*view.store, &found.part.objects["docs"].key, row)? {
        match name.as_str() {
            "record_id" => document.record_id = value,
            "url" => document.url = value,
            "canonical_url" => document.canonical_url = value,
            "date" => document.date = value,
            "lang" => document.lang = value,
            "kind" => document.kind = value,
            "title" => document.title = value,
            "truncated" => document.truncated = value == "true",
            "extra" => document.extra = value,
            "robots" => document.robots = value,
            "license" => document.license = value,
            "text" => document.text = value,
            _ => {}
        }
    }
    Ok(Some(document))
}

/// The sample that was kept of a removed document.
fn sample(view: &View, rows: &[&Found<'_>]) -> Result<Option<String>, Failure> {
    for found in rows.iter().rev() {
        if let Some(row) = if_there(find_row(&*view.store, found.part, "removed", found.id))? {
            let cells = row_of(&*view.store, &found.part.objects["removed"].key, row)?;
            return Ok(cells.into_iter().find(|(name, text)| name == "text" && !text.is_empty()).map(|(_, text)| text));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_stored_is_what_the_story_ends_with() {
        let mut story = Story::default();
        for text in ["a\nb\nc\n", "a\nc", "", "x\n\ny", "x\ny\n"] {
            story.meet(text, "note");
            assert_eq!(story.text.as_ref().map(Trail::now).as_deref(), Some(text));
        }
        assert_eq!(story.notes.len(), 4);
        assert_eq!(story.text.as_ref().map(Trail::base), Some("a\nb\nc\n"));
    }
}
