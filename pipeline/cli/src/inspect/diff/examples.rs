//! Looks up what is shown of example documents: URL and text in either run, masked by the recipes of both.

use crate::failure::Failure;
use crate::inspect::run_view::View;
use crate::inspect::search::{find_row, row_of};
use serde::Serialize;
use tokenmill_core::DocId;
use tokenmill_engine::diff::Ended;

/// A document as two runs have left it.
#[derive(Serialize)]
pub struct Example {
    /// The document.
    pub id: DocId,
    /// Its URL, where a run has stored it.
    pub url: Option<String>,
    /// What became of it in A and in B.
    pub verdicts: [String; 2],
    /// Its text in A and in B, as far as it is stored.
    pub texts: [Option<String>; 2],
}

/// Looks a document up.
pub fn example(views: [&View; 2], id: DocId, both: &[Ended; 2]) -> Result<Example, Failure> {
    let mut url = None;
    let mut texts = [None, None];
    for ((view, ended), text) in views.into_iter().zip(both).zip(&mut texts) {
        let Some((found_url, found_text)) = stored(view, id, ended)? else { continue };
        // What one recipe redacts is not shown because another one does not.
        let mask = |text: &str| views.iter().fold(text.to_owned(), |text, view| view.mask.mask_as(&text, &ended.lang));
        url = url.or_else(|| Some(mask(&found_url)).filter(|url| !url.is_empty()));
        *text = Some(mask(&found_text)).filter(|text| !text.is_empty());
    }
    Ok(Example { id, url, verdicts: both.each_ref().map(verdict), texts })
}

/// URL and text as the run has stored them last: of a removed document its sample, or what came into the phase.
fn stored(view: &View, id: DocId, ended: &Ended) -> Result<Option<(String, String)>, Failure> {
    let part = |phase: usize| view.manifests.get(phase).and_then(|manifest| manifest.parts.get(ended.part));
    let before =
        (0..ended.phase).rev().find(|phase| part(*phase).is_some_and(|part| part.objects.contains_key("docs")));
    let here = if ended.kept { "docs" } else { "removed" };
    for (phase, table) in [(Some(ended.phase), here), (before, "docs")] {
        let Some(part) = phase.and_then(part) else { continue };
        let Some(row) = find_row(&*view.store, part, table, id)? else { continue };
        let cells = row_of(&*view.store, &part.objects[table].key, row)?;
        let cell = |wanted: &str| cells.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        return Ok(Some((cell("url").unwrap_or_default(), cell("text").unwrap_or_default())));
    }
    Ok(None)
}

/// A verdict with its numbers.
pub fn verdict(ended: &Ended) -> String {
    if ended.kept {
        return format!("kept, {} bytes", ended.bytes);
    }
    let judged = match (ended.metric.as_str(), ended.value, ended.limit) {
        ("", ..) | (_, None, _) => String::new(),
        (metric, Some(value), limit) => {
            let limit = limit.map_or_else(|| "off".to_owned(), |limit| limit.to_string());
            format!(": {metric} = {value}, limit {limit}")
        }
    };
    format!("removed by {} because {}{judged}", ended.step, ended.reason)
}
