//! Counts of a map task: integers only, so that they add up in any order.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tokenmill_store::source::Input;

/// What a map task saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Input documents: one ledger row each.
    pub n_in: u64,
    /// Documents kept.
    pub n_out: u64,
    /// Bytes of text of the documents kept.
    pub bytes_out: u64,
    /// Records that are no documents by nature, by kind.
    pub records: BTreeMap<String, u64>,
    /// Records that could be read although something was odd about them, by oddity.
    pub notes: BTreeMap<String, u64>,
    /// The pseudo-step `read`, then every step of the recipe.
    pub steps: Vec<StepTally>,
    /// Bytes of the input file (compressed as it lies).
    pub input_bytes: u64,
    /// Digest of the input file, where it was read in order.
    pub input_digest: Option<String>,
    /// The input file, where the task read one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Input>,
    /// Decisions of exchanges about rows of this part, by step.
    #[serde(default)]
    pub decided: BTreeMap<String, u64>,
    /// Documents that an exchange has looked at without finding anything to compare, by step: they stay.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_compared: BTreeMap<String, u64>,
    /// Documents that an exchange counts within scopes, by step and scope.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scopes: BTreeMap<String, BTreeMap<String, u64>>,
}

/// What one step saw and removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTally {
    /// Name of the step.
    pub name: String,
    /// Documents alive before it.
    pub n_in: u64,
    /// Bytes of those documents: of the payload, before there is text.
    pub bytes_in: u64,
    /// Documents it removed.
    pub n_removed: u64,
    /// Bytes of those documents.
    pub bytes_removed: u64,
    /// Removed documents by reason.
    pub reasons: BTreeMap<String, u64>,
}

impl Tally {
    /// A tally for these steps; `read` is put in front.
    pub fn new<'a>(steps: impl Iterator<Item = &'a str>) -> Tally {
        let step = |name: &str| StepTally { name: name.to_owned(), ..StepTally::default() };
        Tally { steps: std::iter::once("read").chain(steps).map(step).collect(), ..Tally::default() }
    }

    /// Adds another tally of the same steps.
    pub fn add(&mut self, other: &Tally) {
        let (n_out, bytes_out) = (self.n_out, self.bytes_out);
        self.n_in += other.n_in;
        self.n_out += other.n_out;
        self.bytes_out += other.bytes_out;
        self.input_bytes += other.input_bytes;
        add_counts(&mut self.records, &other.records);
        add_counts(&mut self.notes, &other.notes);
        add_counts(&mut self.decided, &other.decided);
        add_counts(&mut self.not_compared, &other.not_compared);
        for (step, scopes) in &other.scopes {
            add_counts(self.scopes.entry(step.clone()).or_default(), scopes);
        }
        if self.steps.is_empty() {
            self.steps =
                other.steps.iter().map(|step| StepTally { name: step.name.clone(), ..StepTally::default() }).collect();
        }
        // Parts from which a document was taken down have one step more; in others all documents pass it.
        for step in other.steps.iter().skip(self.steps.len()) {
            let name = step.name.clone();
            self.steps.push(StepTally { name, n_in: n_out, bytes_in: bytes_out, ..StepTally::default() });
        }
        for step in self.steps.iter_mut().skip(other.steps.len()) {
            step.n_in += other.n_out;
            step.bytes_in += other.bytes_out;
        }
        for (mine, theirs) in self.steps.iter_mut().zip(&other.steps) {
            mine.n_in += theirs.n_in;
            mine.bytes_in += theirs.bytes_in;
            mine.n_removed += theirs.n_removed;
            mine.bytes_removed += theirs.bytes_removed;
            add_counts(&mut mine.reasons, &theirs.reasons);
        }
    }

    /// What does not add up: in = kept + dropped, at every step and over all.
    pub fn violations(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut alive = self.n_in;
        for step in &self.steps {
            if step.n_in != alive {
                found.push(format!("step `{}` saw {} documents, {alive} were alive", step.name, step.n_in));
            }
            let by_reason: u64 = step.reasons.values().sum();
            if by_reason != step.n_removed {
                found.push(format!(
                    "step `{}` removed {}, its reasons add up to {by_reason}",
                    step.name, step.n_removed
                ));
            }
            alive = step.n_in.saturating_sub(step.n_removed);
        }
        if alive != self.n_out {
            found.push(format!("{alive} documents passed the last step, {} were kept", self.n_out));
        }
        found
    }
}

fn add_counts(mine: &mut BTreeMap<String, u64>, theirs: &BTreeMap<String, u64>) {
    for (key, count) in theirs {
        *mine.entry(key.clone()).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conservation_is_checked_at_every_step() {
        let mut tally = Tally::new(["a"].into_iter());
        tally.n_in = 3;
        tally.n_out = 1;
        for (step, n_in, n_removed) in [(0, 3, 1), (1, 2, 1)] {
            tally.steps[step].n_in = n_in;
            tally.steps[step].n_removed = n_removed;
            tally.steps[step].reasons.insert("r".into(), n_removed);
        }
        assert_eq!(tally.violations(), [""; 0]);
        let mut sum = Tally::default();
        sum.add(&tally);
        sum.add(&tally);
        assert_eq!((sum.n_in, sum.steps[1].reasons["r"]), (6, 2));
        assert!(sum.violations().is_empty());
        let mut longer = tally.clone();
        longer.steps.push(StepTally { name: "forget".into(), n_in: 1, n_removed: 1, ..StepTally::default() });
        longer.steps[2].reasons.insert("forgotten".into(), 1);
        longer.n_out = 0;
        for order in [[&longer, &tally], [&tally, &longer]] {
            let mut sum = Tally::default();
            order.into_iter().for_each(|tally| sum.add(tally));
            assert_eq!((sum.violations(), sum.steps[2].n_in, sum.n_out), (Vec::new(), 2, 1));
        }
        tally.steps[1].n_in = 3;
        assert_eq!(tally.violations().len(), 2);
        tally.steps[1].reasons.clear();
        assert_eq!(tally.violations().len(), 3);
    }
}
