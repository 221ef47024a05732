//! What other limits come to: counts and bytes by step, reason and language, and a sample of the documents.

use super::sample::Samples;
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// Languages that are told apart, at most; a label can be anything that a source says.
const MAX_LANGUAGES: usize = 10_000;
/// The language of those beyond.
const OTHERS: &str = "(others)";

/// Documents and their bytes of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Documents.
    pub n: u64,
    /// Bytes of text: in the end for those that the run kept, else when the verdict fell.
    pub bytes: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Count) {
        self.n += other.n;
        self.bytes += other.bytes;
    }
}

/// What becomes of a group of documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// All of them.
    pub seen: Count,
    /// Kept by the run.
    pub kept: Count,
    /// Kept by the run, and removed by the new limits.
    pub go: Count,
    /// Removed by the run, and kept by the new limits at every step.
    pub come_back: Count,
    /// Removed by the run, and kept by the new limits at every step that measured them; later steps did not.
    pub unmeasured: Count,
}

impl AddAssign<&Group> for Group {
    fn add_assign(&mut self, other: &Group) {
        self.seen += other.seen;
        self.kept += other.kept;
        self.go += other.go;
        self.come_back += other.come_back;
        self.unmeasured += other.unmeasured;
    }
}

/// Removed documents before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// By the run.
    pub before: Count,
    /// By the new limits.
    pub after: Count,
}

/// What becomes of documents at one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepReport {
    /// The step; `read` for what the source refused.
    pub name: String,
    /// Folder of its phase.
    pub phase: String,
    /// Whether it decides over all documents together.
    pub is_exchange: bool,
    /// All removed documents.
    pub removed: Removed,
    /// Removed documents by reason.
    pub reasons: BTreeMap<String, Removed>,
    /// Documents that have come back, and that it has not measured: nobody knows what becomes of them from here on.
    pub unmeasured: Count,
    /// Documents that the run brought here, and the new limits do not.
    pub missing: Count,
}

/// Where a document ends, by the number of the step over all phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is kept.
    Kept,
    /// This step removes it.
    Removed(usize),
    /// It has come back, and this is the first step that has not measured it.
    Unmeasured(usize),
}

/// The whole answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Steps of all phases that have ledgers, in order.
    pub steps: Vec<StepReport>,
    /// All documents.
    pub total: Group,
    /// Documents by language.
    pub languages: BTreeMap<String, Group>,
    /// Documents of which a step asked for a language or kind that the tables do not tell: its verdict was kept.
    pub unknown: u64,
    /// Rows on which the limits of the run do not lead to the verdict of the run.
    pub differing: u64,
    /// The first of them, in words.
    pub differences: Vec<String>,
    /// Documents that go, and that come back.
    pub samples: Samples,
}

impl Report {
    /// Counts one document of a language: where it ended and why, where it ends now and why.
    pub fn count(&mut self, lang: &str, bytes: u64, before: (End, &str), after: (End, &str)) {
        let count = Count { n: 1, bytes };
        let mut group = Group { seen: count, ..Group::default() };
        match (before.0, after.0) {
            (End::Kept, End::Kept) => group.kept = count,
            (End::Kept, _) => (group.kept, group.go) = (count, count),
            (_, End::Kept) => group.come_back = count,
            (_, End::Unmeasured(_)) => group.unmeasured = count,
            (_, End::Removed(_)) => {}
        }
        self.total += &group;
        let is_known = self.languages.contains_key(lang) || self.languages.len() < MAX_LANGUAGES;
        let name = if is_known { lang } else { OTHERS };
        match self.languages.get_mut(name) {
            Some(standing) => *standing += &group,
            None => drop(self.languages.insert(name.to_owned(), group)),
        }
        if let End::Removed(at) = before.0 {
            self.removed(at, before.1, Removed { before: count, ..Removed::default() });
        }
        match after.0 {
            End::Removed(at) => self.removed(at, after.1, Removed { after: count, ..Removed::default() }),
            End::Unmeasured(at) => self.steps[at].unmeasured += count,
            End::Kept => {}
        }
        // A document that ends earlier than it did is missing from there to where it ended.
        let place = |end: End| match end {
            End::Kept => self.steps.len(),
            End::Removed(at) | End::Unmeasured(at) => at,
        };
        for at in place(after.0) + 1..(place(before.0) + 1).min(self.steps.len()) {
            self.steps[at].missing += count;
        }
    }

    fn removed(&mut self, at: usize, reason: &str, removed: Removed) {
        let step = &mut self.steps[at];
        if !step.reasons.contains_key(reason) {
            step.reasons.insert(reason.to_owned(), Removed::default());
        }
        for counts in step.reasons.get_mut(reason).into_iter().chain([&mut step.removed]) {
            counts.before += removed.before;
            counts.after += removed.after;
        }
    }

    /// Adds the report of other documents of the same run.
    #[must_use]
    pub fn plus(mut self, other: Report) -> Report {
        for (mine, theirs) in self.steps.iter_mut().zip(other.steps) {
            mine.unmeasured += theirs.unmeasured;
            mine.missing += theirs.missing;
            mine.removed.before += theirs.removed.before;
            mine.removed.after += theirs.removed.after;
            for (reason, removed) in theirs.reasons {
                let counts = mine.reasons.entry(reason).or_default();
                counts.before += removed.before;
                counts.after += removed.after;
            }
        }
        self.total += &other.total;
        for (lang, group) in other.languages {
            *self.languages.entry(lang).or_default() += &group;
        }
        self.unknown += other.unknown;
        self.differing += other.differing;
        self.differences.extend(other.differences);
        self.differences.truncate(super::MAX_DIFFERENCES);
        self.samples = self.samples.plus(other.samples);
        self
    }
}
