//! Gathers the whole life of one document: every number beside the rule that judged it, its twins, and where its tokens are.

use super::rules::{Judges, Rulebook, condition};
use super::tokens::{self, End};
use crate::failure::Failure;
use crate::inspect::run_view::View;
use crate::inspect::search::{Found, find_in, find_row, if_there, row_of};
use serde::Serialize;
use std::collections::BTreeMap;
use tokenmill_core::catalog::Shape;
use tokenmill_core::{DocField, DocId, MetricKind};
use tokenmill_engine::spec::StepSpec;

/// The life of a document.
#[derive(Serialize)]
pub struct Life {
    /// The document.
    pub id: DocId,
    /// Its URL, where a phase or a sample has stored it.
    pub url: Option<String>,
    /// The phases that it has reached.
    pub phases: Vec<Stretch>,
    /// Where it is now.
    pub end: End,
}

/// Its way through one phase.
#[derive(Serialize)]
pub struct Stretch {
    /// Folder of the phase.
    pub phase: String,
    /// The input that it came from.
    pub input: String,
    /// Its row there.
    pub row: u32,
    /// Whether the phase kept it.
    pub kept: bool,
    /// Bytes of text when the verdict fell.
    pub bytes: u64,
    /// Language at the end of the phase, or empty.
    pub lang: String,
    /// Kind at the end of the phase, or empty.
    pub kind: String,
    /// Why it was removed.
    pub removed: Option<Removed>,
    /// The steps that have left numbers, have removed it, or have seen it beside all others.
    pub steps: Vec<Taken>,
}

/// A removal as the ledger has it.
#[derive(Serialize)]
pub struct Removed {
    /// The step.
    pub step: String,
    /// Completes "removed because …".
    pub reason: String,
    /// The metric that was judged, or empty.
    pub metric: String,
    /// Its value, as it is stored.
    pub value: Option<String>,
    /// The limit that it broke.
    pub limit: Option<String>,
    /// What else explains it.
    pub evidence: Option<String>,
    /// The document that was kept instead.
    pub twin: Option<Twin>,
}

/// A document that was kept instead of this one.
#[derive(Serialize)]
pub struct Twin {
    /// The document.
    pub id: DocId,
    /// Its URL, where the run has stored it.
    pub url: Option<String>,
    /// Documents that it stands for, itself included.
    pub cluster_size: Option<String>,
    /// Whether this run has it; another one may have, when a step settles against earlier runs.
    pub in_this_run: bool,
}

/// What one step has found.
#[derive(Serialize)]
pub struct Taken {
    /// The step.
    pub step: String,
    /// Its stage.
    pub stage: &'static str,
    /// `passed`, `removed`, or `measured` when another step of the same text had removed the document before.
    pub verdict: &'static str,
    /// The language whose limits applied, where the step has limits for languages.
    pub limits_of: Option<String>,
    /// What else there is to say.
    pub note: Option<&'static str>,
    /// The numbers.
    pub metrics: Vec<Measured>,
}

/// One number or label, and what was made of it.
#[derive(Serialize)]
pub struct Measured {
    /// Name of the metric.
    pub metric: String,
    /// As it is stored.
    pub value: String,
    /// The rules that judge it.
    pub rules: Vec<Judged>,
}

/// What a rule says of a number.
#[derive(Serialize)]
pub struct Judged {
    /// The condition under which the document stays.
    pub keeps: String,
    /// Completes "removed because …".
    pub reason: &'static str,
    /// Whether the number meets it.
    pub passed: bool,
}

/// Gathers the life of the document in these rows, which are all of one document.
pub fn of(view: &View, rows: &[&Found<'_>]) -> Result<Life, Failure> {
    let id = rows.first().map(|found| found.id).unwrap_or_default();
    let (mut phases, mut lang) = (Vec::new(), None);
    if view.spec.source.format.is_pages() {
        // Pages of a crawl come without a language.
        lang = Some(String::new());
    }
    let book = Rulebook::default();
    for found in rows {
        let stretch = stretch(view, found, &book, lang.take())?;
        lang = Some(stretch.lang.clone());
        phases.push(stretch);
    }
    let url = url_of(view, rows)?.map(|url| view.mask.mask(&url));
    let end = tokens::end(view, id, phases.last().is_some_and(|last| last.kept))?;
    Ok(Life { id, url, phases, end })
}

/// The URL of a document, from the last phase that has stored it.
fn url_of(view: &View, rows: &[&Found<'_>]) -> Result<Option<String>, Failure> {
    for found in rows.iter().rev() {
        for table in ["docs", "removed"] {
            if let Some(row) = if_there(find_row(&*view.store, found.part, table, found.id))? {
                let cells = row_of(&*view.store, &found.part.objects[table].key, row)?;
                return Ok(cells.into_iter().find(|(name, url)| name == "url" && !url.is_empty()).map(|(_, url)| url));
            }
        }
    }
    Ok(None)
}

fn stretch(view: &View, found: &Found<'_>, book: &Rulebook, lang: Option<String>) -> Result<Stretch, Failure> {
    let cells: BTreeMap<String, String> =
        row_of(&*view.store, &found.part.objects["ledger"].key, found.row)?.into_iter().collect();
    let cell = |name: &str| cells.get(name).cloned().unwrap_or_default();
    let kept = cell("kept") == "true";
    let removed = (!kept)
        .then(|| {
            let evidence = cells.get("evidence").filter(|evidence| !evidence.is_empty());
            let twin = evidence.and_then(|evidence| DocId::parse(evidence)).filter(|twin| *twin != found.id);
            let twin = twin.map(|twin| twin_of(view, found, &cell("step"), twin)).transpose()?;
            Ok::<_, Failure>(Removed {
                step: cell("step"),
                reason: cell("reason"),
                metric: cell("metric"),
                value: cells.get("value").cloned(),
                limit: cells.get("limit").cloned(),
                evidence: evidence.map(|evidence| view.mask.mask_cell("evidence", evidence, &cell("lang"))),
                twin,
            })
        })
        .transpose()?;
    let metrics = row_of(&*view.store, &found.part.objects["metrics"].key, found.row)?;
    let metrics: Vec<(String, String)> = metrics.into_iter().filter(|(name, _)| name != "row").collect();
    let steps = view.steps(&found.manifest.phase);
    let labels = Labels { now: lang, at_end: cell("lang") };
    let steps = match steps.is_empty() {
        true => others(metrics, removed.as_ref()),
        false => taken(&steps, &metrics, removed.as_ref(), labels, book, view)?,
    };
    Ok(Stretch {
        phase: found.manifest.phase.clone(),
        input: found.part.label.clone(),
        row: found.row,
        kept,
        bytes: cell("bytes").parse().unwrap_or(0),
        lang: cell("lang"),
        kind: cell("kind"),
        removed,
        steps,
    })
}

/// The language of the document along its way through a phase; `None` where the tables do not tell.
struct Labels {
    now: Option<String>,
    at_end: String,
}

/// Sorts the metrics of a map phase to its steps, and judges them.
fn taken(
    steps: &[StepSpec],
    metrics: &[(String, String)],
    removed: Option<&Removed>,
    mut labels: Labels,
    book: &Rulebook,
    view: &View,
) -> Result<Vec<Taken>, Failure> {
    let names_lang = |step: &StepSpec| {
        let names = |metric: &&tokenmill_core::Metric| metric.kind == MetricKind::Label(Some(DocField::Lang));
        let metric = step.entry.metrics.iter().find(names)?;
        let column = format!("{}.{}", step.name, metric.name);
        metrics.iter().find(|(name, _)| *name == column).map(|(_, label)| label.clone())
    };
    let last_named = steps.iter().rposition(|step| names_lang(step).is_some());
    let mut taken: Vec<Taken> = Vec::new();
    let mut is_over = false;
    for (at, step) in steps.iter().enumerate() {
        if let Some(lang) = names_lang(step) {
            labels.now = Some(lang);
        } else if step.entry.shape == Shape::Extract {
            // An extraction may name the language, and leaves no metric of it.
            labels.now = (last_named.is_none_or(|last| last <= at)).then(|| labels.at_end.clone());
        } else if labels.now.is_none() && last_named.is_none() {
            labels.now = Some(labels.at_end.clone());
        }
        let prefix = format!("{}.", step.name);
        let own: Vec<(&str, &String)> =
            metrics.iter().filter_map(|(name, value)| Some((name.strip_prefix(&prefix)?, value))).collect();
        // A step may be named as another with a dot behind.
        let own: Vec<(&str, &String)> =
            own.into_iter().filter(|(name, _)| step.metrics().any(|(metric, _)| metric == *name)).collect();
        let removes = removed.is_some_and(|removed| removed.step == step.name);
        if own.is_empty() && !removes {
            if step.entry.shape.is_decided_apart() && !is_over {
                let (limits_of, note, metrics) = (None, Some("nothing was decided about it"), Vec::new());
                let (step, stage) = (step.name.clone(), step.entry.name);
                taken.push(Taken { step, stage, verdict: "passed", limits_of, note, metrics });
            }
            continue;
        }
        let lang = labels.now.clone().unwrap_or_default();
        let (rules, mut note) = match book.rules(step, &lang)? {
            Judges::Rules(rules) => (rules, None),
            Judges::NotHere => (Vec::new(), Some("its limits need a model or a list that is not on this machine")),
        };
        if labels.now.is_none() && !step.by_lang.is_empty() {
            note = Some("the tables do not tell which language it had here; these are the limits for any");
        }
        let judged = |name: &str, value: &str| -> Vec<Judged> {
            let Some(value) = value.parse::<f32>().ok().filter(|value| value.is_finite()) else { return Vec::new() };
            let rules = rules.iter().filter(|rule| step.entry.metrics.get(rule.metric).is_some_and(|m| m.name == name));
            rules
                .map(|rule| Judged {
                    keeps: condition(rule.keep),
                    reason: rule.reason,
                    passed: rule.keep.broken_limit(value).is_none(),
                })
                .collect()
        };
        let measured = |(name, value): (&str, &String)| Measured {
            metric: name.to_owned(),
            value: if value.parse::<f32>().is_ok() { value.clone() } else { view.mask.mask(value) },
            rules: judged(name, value),
        };
        let limits_of = (!step.by_lang.is_empty()).then(|| match step.by_lang.contains_key(&lang) {
            true => lang.clone(),
            false => "any language".to_owned(),
        });
        let verdict = match (removes, is_over) {
            (true, _) => "removed",
            (false, true) => "measured",
            (false, false) => "passed",
        };
        is_over |= removes;
        taken.push(Taken {
            step: step.name.clone(),
            stage: step.entry.name,
            verdict,
            limits_of,
            note,
            metrics: own.into_iter().map(measured).collect(),
        });
    }
    Ok(taken)
}

/// The metrics of a phase that is none of the recipe's steps: the rows of an index.
fn others(metrics: Vec<(String, String)>, removed: Option<&Removed>) -> Vec<Taken> {
    let mut taken: Vec<Taken> = Vec::new();
    for (name, value) in metrics {
        let (step, metric) = name.split_once('.').unwrap_or(("", &name));
        let verdict = if removed.is_some_and(|removed| removed.step == step) { "removed" } else { "passed" };
        if taken.last().is_none_or(|last| last.step != step) {
            let (limits_of, note, metrics) = (None, None, Vec::new());
            taken.push(Taken { step: step.to_owned(), stage: "", verdict, limits_of, note, metrics });
        }
        if let Some(last) = taken.last_mut() {
            last.metrics.push(Measured { metric: metric.to_owned(), value, rules: Vec::new() });
        }
    }
    taken
}

/// What the run knows of the document that was kept instead.
fn twin_of(view: &View, found: &Found<'_>, step: &str, twin: DocId) -> Result<Twin, Failure> {
    let mut known = Twin { id: twin, url: None, cluster_size: None, in_this_run: false };
    if let Some((part, row)) = find_in(&*view.store, found.manifest, "ledger", twin)? {
        known.in_this_run = true;
        let column = format!("{step}.cluster_size");
        let metrics = row_of(&*view.store, &part.objects["metrics"].key, row)?;
        known.cluster_size = metrics.into_iter().find(|(name, _)| *name == column).map(|(_, size)| size);
    }
    // As it left this phase, as it came into it, or where a later step removed it as well.
    let before = view.manifests[..found.phase].iter().rev().find(|phase| has_docs(phase));
    for (manifest, table) in [(Some(found.manifest), "docs"), (before, "docs"), (Some(found.manifest), "removed")] {
        let Some(manifest) = manifest else { continue };
        if let Some((part, row)) = if_there(find_in(&*view.store, manifest, table, twin))? {
            let url = row_of(&*view.store, &part.objects[table].key, row)?;
            let url = url.into_iter().find(|(name, url)| name == "url" && !url.is_empty());
            known.url = url.map(|(_, url)| view.mask.mask(&url));
            break;
        }
    }
    Ok(known)
}

fn has_docs(manifest: &tokenmill_store::Manifest) -> bool {
    manifest.parts.iter().any(|part| part.objects.contains_key("docs"))
}
