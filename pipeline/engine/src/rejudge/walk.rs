//! One row of one phase, judged again: the way of `chain::worker` through numbers that are stored, not measured.

use crate::chain::{Chain, Step};
use tokenmill_core::{DocField, MetricKind, Numbers, Stage, Verdict, judge};

/// What is known of a document in one phase.
#[derive(Debug)]
pub struct Seen<'a> {
    /// What each step measured.
    pub numbers: &'a [Numbers],
    /// Language and kind when the phase began, where that is known.
    pub before: Labels,
    /// Language and kind when the phase ended.
    pub after: Labels,
    /// Why the document was removed.
    pub removal: Option<Recorded>,
}

/// A removal as it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The step; `None` for what the source itself refused.
    pub at: Option<usize>,
    /// Whether a rule removed it, so that other limits could have kept it.
    pub by_rule: bool,
}

/// Language and kind of a document; `None` where the tables do not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// Language label, or empty.
    pub lang: Option<String>,
    /// Page kind, or empty.
    pub kind: Option<String>,
}

/// What other limits make of the row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ruling {
    /// It passes all steps of the phase.
    Kept,
    /// A rule removes it.
    Removed {
        /// The step.
        at: usize,
        /// The rule's reason.
        reason: &'static str,
        /// Index of the metric.
        metric: usize,
        /// Its value.
        value: f32,
        /// The limit it breaks.
        limit: f32,
    },
    /// It is removed as it was: no limit had a part in that, or it is not known which limit applies.
    AsRecorded,
    /// It passes every step that measured it, and this is the first that did not.
    Unmeasured {
        /// The step.
        at: usize,
    },
}

/// Judges a row by the rules of `chain`, whose steps are those that the row has gone through.
///
/// `unknown` is raised when a step asks for a language or kind that the tables do not tell: its verdict is then kept.
pub fn rejudge(chain: &Chain, seen: &Seen<'_>, unknown: &mut bool) -> (Ruling, Labels) {
    let mut labels = Tracked::new(chain, seen);
    let removed_at = match seen.removal {
        Some(Recorded { at: None, .. }) => return (Ruling::AsRecorded, labels.now),
        Some(Recorded { at, .. }) => at,
        None => None,
    };
    let mut unmeasured = None;
    for (at, step) in chain.steps.iter().enumerate() {
        let is_last = removed_at == Some(at);
        let is_edit = matches!(step.stage(""), Stage::Edit(_));
        let is_fixed = is_last && seen.removal.is_some_and(|removal| !removal.by_rule);
        // An edit is made when its rules have passed the document, and leaves nothing of it then.
        if is_fixed && !is_edit {
            return (Ruling::AsRecorded, labels.now);
        }
        if removed_at.is_some_and(|removed_at| !was_measured(chain, removed_at, at)) {
            if may_see(step, &labels.now) {
                unmeasured.get_or_insert(at);
                labels.forget(step);
            }
            continue;
        }
        let seen_by = sees(step, &labels.now);
        if seen_by == Some(false) {
            continue;
        }
        labels.take(at, step, seen);
        let rules = labels.rules(step).filter(|_| seen_by.is_some());
        let Some(rules) = rules else {
            *unknown = true;
            if is_last {
                return (Ruling::AsRecorded, labels.now);
            }
            if removed_at.is_some_and(|removed_at| removed_at < at) {
                unmeasured.get_or_insert(at);
            }
            continue;
        };
        if let Verdict::Drop { reason, metric, value, limit } = judge(rules, &seen.numbers[at]) {
            return (Ruling::Removed { at, reason, metric, value, limit }, labels.now);
        }
        if is_fixed {
            return (Ruling::AsRecorded, labels.now);
        }
        if is_last && is_edit {
            // It was removed before the edit was made, and nobody knows what the edit leaves.
            unmeasured.get_or_insert(at);
        }
    }
    (unmeasured.map_or(Ruling::Kept, |at| Ruling::Unmeasured { at }), labels.now)
}

/// Calls `each` for every step that has measured the row on the text that the document had there, with the labels by
/// which the step judges.
pub fn measured_by(chain: &Chain, seen: &Seen<'_>, mut each: impl FnMut(usize, &Labels)) {
    let removed_at = match seen.removal {
        Some(Recorded { at: None, .. }) => return,
        Some(Recorded { at, .. }) => at,
        None => None,
    };
    let mut labels = Tracked::new(chain, seen);
    for (at, step) in chain.steps.iter().enumerate() {
        if removed_at.is_none_or(|removed_at| was_measured(chain, removed_at, at)) {
            labels.take(at, step, seen);
            each(at, &labels.now);
        }
    }
}

/// Whether step `at` has measured documents that `removed_at` removed, on the text that they would have had.
fn was_measured(chain: &Chain, removed_at: usize, at: usize) -> bool {
    let (removing, step) = (&chain.steps[removed_at], &chain.steps[at]);
    let is_same_text = step.segment == removing.segment && !matches!(removing.stage(""), Stage::Edit(_));
    // What is made of numbers of earlier steps needs all of them.
    let is_whole = !matches!(step.stage(""), Stage::Combine(_))
        || chain.steps.iter().take(at).skip(removed_at + 1).all(|before| !before.entry.costly);
    at <= removed_at || (is_same_text && !step.entry.costly && is_whole)
}

/// Whether a step sees documents with these labels; `None` when the tables do not tell.
fn sees(step: &Step, labels: &Labels) -> Option<bool> {
    let fits = |list: &[String], label: &Option<String>| match label {
        _ if list.is_empty() => Some(true),
        Some(label) => Some(list.contains(label)),
        None => None,
    };
    match (fits(&step.when.lang, &labels.lang), fits(&step.when.kind, &labels.kind)) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// Whether a step may see documents with these labels.
pub fn may_see(step: &Step, labels: &Labels) -> bool {
    sees(step, labels) != Some(false)
}

/// Language and kind along the way.
struct Tracked<'a> {
    now: Labels,
    after: &'a Labels,
    /// The last steps of this row that named a language and a kind.
    last_lang: Option<usize>,
    last_kind: Option<usize>,
}

impl<'a> Tracked<'a> {
    fn new(chain: &Chain, seen: &'a Seen<'_>) -> Tracked<'a> {
        let last = |field| {
            let mut steps = chain.steps.iter().zip(seen.numbers);
            steps.rposition(|(step, numbers)| label_of(step, numbers, field).is_some())
        };
        let (last_lang, last_kind) = (last(DocField::Lang), last(DocField::Kind));
        // What nobody names is what it is in the end. An extraction may name it, too, and leaves no metric.
        let is_fixed = |last: Option<usize>| last.is_none() && !chain.steps.iter().any(extracts);
        let lang = if is_fixed(last_lang) { &seen.after.lang } else { &seen.before.lang };
        let kind = if is_fixed(last_kind) { &seen.after.kind } else { &seen.before.kind };
        let now = Labels { lang: lang.clone(), kind: kind.clone() };
        Tracked { now, after: &seen.after, last_lang, last_kind }
    }

    /// Goes through a step.
    fn take(&mut self, at: usize, step: &Step, seen: &Seen<'_>) {
        for (field, now, after, last) in [
            (DocField::Lang, &mut self.now.lang, &self.after.lang, self.last_lang),
            (DocField::Kind, &mut self.now.kind, &self.after.kind, self.last_kind),
        ] {
            if let Some(label) = label_of(step, &seen.numbers[at], field) {
                *now = Some(label.to_owned());
            } else if extracts(step) {
                *now = after.clone().filter(|_| last.is_none_or(|last| last <= at));
            }
        }
    }

    /// Goes past a step that has not measured.
    fn forget(&mut self, step: &Step) {
        let names = |field| step.entry.metrics.iter().any(|metric| metric.kind == MetricKind::Label(Some(field)));
        if extracts(step) || names(DocField::Lang) {
            self.now.lang = None;
        }
        if extracts(step) || names(DocField::Kind) {
            self.now.kind = None;
        }
    }

    /// The rules of a step; `None` when they depend on a language that the tables do not tell.
    fn rules<'s>(&self, step: &'s Step) -> Option<&'s [tokenmill_core::Rule]> {
        match &self.now.lang {
            Some(lang) => Some(step.stage(lang).rules()),
            None => (!step.has_languages()).then(|| step.stage("").rules()),
        }
    }
}

fn extracts(step: &Step) -> bool {
    matches!(step.stage(""), Stage::Extract(_))
}

fn label_of<'a>(step: &Step, numbers: &'a Numbers, field: DocField) -> Option<&'a str> {
    let is_it = |metric: &tokenmill_core::Metric| metric.kind == MetricKind::Label(Some(field));
    step.entry.metrics.iter().position(is_it).and_then(|metric| numbers.label(metric))
}
