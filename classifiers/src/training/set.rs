//! The examples of a training: sampled, without copies, and split by site.
//!
//! Whatever order they come in, the same documents give the same set: everything is decided by hashes of their text and their
//! site.

use std::collections::{BTreeMap, BTreeSet};
use tokenmill_core::hash::{hash64, mix64};

/// A document that may become an example.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The number of its class; classes are numbered from 0 without gaps.
    pub class: usize,
    /// The registrable domain it is from; without one it is a site of its own.
    pub site: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// What an example is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To learn from.
    Train,
    /// To say when to stop.
    Validation,
    /// To say how good the classifier is.
    Test,
}

/// How examples are chosen.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// Examples of one class, at most.
    pub max_per_class: usize,
    /// Whether all classes have as many examples as the smallest one.
    pub is_balanced: bool,
    /// Share of the sites whose examples say when to stop.
    pub validation: f64,
    /// Share of the sites whose examples say how good the classifier is.
    pub test: f64,
    /// Other seeds choose others.
    pub seed: u64,
}

/// An example that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The number of its class.
    pub class: usize,
    /// What it is for.
    pub part: Part,
    /// Its text.
    pub text: String,
}

/// What became of the candidates of a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub n_seen: u64,
    /// Copies of one before, among those that were kept so far.
    pub n_copies: u64,
    /// Examples whose text is also one of another class, which teach nothing.
    pub n_contradicting: u64,
    /// Examples of the set.
    pub n_chosen: u64,
}

/// A set that is being made. Holds `max_per_class` texts of each class.
pub struct TrainingSet {
    choice: Choice,
    classes: Vec<BTreeMap<u128, Kept>>,
    tallies: Vec<Tally>,
}

struct Kept {
    site: u64,
    text: String,
}

impl TrainingSet {
    /// An empty set.
    pub fn new(choice: Choice) -> TrainingSet {
        TrainingSet { choice, classes: Vec::new(), tallies: Vec::new() }
    }

    /// Looks at a document. Of more than enough those with the lowest hashes stay.
    pub fn add(&mut self, candidate: &Candidate<'_>) {
        let n_classes = self.classes.len().max(candidate.class + 1);
        self.classes.resize_with(n_classes, BTreeMap::new);
        self.tallies.resize(n_classes, Tally::default());
        let (class, tally) = (&mut self.classes[candidate.class], &mut self.tallies[candidate.class]);
        tally.n_seen += 1;
        let hash = |seed: u64| u128::from(hash64(seed, candidate.text.as_bytes()));
        let key = hash(self.choice.seed) << 64 | hash(!self.choice.seed);
        let site = if candidate.site.is_empty() { candidate.text } else { candidate.site };
        // Not the hash by which texts are chosen: those of no site would all be chosen for one part.
        let site = hash64(mix64(self.choice.seed, hash64(0, b"site")), site.as_bytes());
        if let Some(kept) = class.get_mut(&key) {
            // Of the sites of a text one must be chosen, whichever came first.
            kept.site = kept.site.min(site);
            tally.n_copies += 1;
            return;
        }
        let is_full = class.len() >= self.choice.max_per_class;
        if is_full && class.last_key_value().is_none_or(|(highest, _)| *highest < key) {
            return;
        }
        let kept = Kept { site, text: candidate.text.to_owned() };
        class.insert(key, kept);
        if is_full {
            class.pop_last();
        }
    }

    /// The examples, class after class, and what became of all candidates.
    pub fn finish(mut self) -> (Vec<Chosen>, Vec<Tally>) {
        let mut seen = BTreeSet::new();
        let keys = self.classes.iter().flat_map(|class| class.keys().copied());
        let contradicting: BTreeSet<u128> = keys.filter(|key| !seen.insert(*key)).collect();
        for (class, tally) in self.classes.iter_mut().zip(&mut self.tallies) {
            let before = class.len();
            class.retain(|key, _| !contradicting.contains(key));
            tally.n_contradicting = (before - class.len()) as u64;
        }
        let least = self.classes.iter().map(BTreeMap::len).min().unwrap_or(0);
        let n_each = if self.choice.is_balanced { least } else { usize::MAX };
        let mut chosen = Vec::new();
        for (number, (class, tally)) in self.classes.into_iter().zip(&mut self.tallies).enumerate() {
            let before = chosen.len();
            chosen.extend(class.into_values().take(n_each).map(|kept| Chosen {
                class: number,
                part: part(&self.choice, kept.site),
                text: kept.text,
            }));
            tally.n_chosen = (chosen.len() - before) as u64;
        }
        (chosen, self.tallies)
    }
}

/// All examples of a site have one part.
fn part(choice: &Choice, site: u64) -> Part {
    let place = site as f64 / 2f64.powi(64);
    if place < choice.test {
        Part::Test
    } else if place < choice.test + choice.validation {
        Part::Validation
    } else {
        Part::Train
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHOICE: Choice = Choice { max_per_class: 50, is_balanced: true, validation: 0.2, test: 0.3, seed: 7 };

    fn set(candidates: &[(usize, String, String)], choice: Choice) -> (Vec<Chosen>, Vec<Tally>) {
        let mut set = TrainingSet::new(choice);
        candidates.iter().for_each(|(class, site, text)| set.add(&Candidate { class: *class, site, text }));
        set.finish()
    }

    fn candidates() -> Vec<(usize, String, String)> {
        (0..200).map(|n| (n % 2, format!("site{}.example", n % 60), format!("text {} of {}", n % 190, n % 2))).collect()
    }

    #[test]
    fn order_does_not_matter() {
        let mut list = candidates();
        let (chosen, tallies) = set(&list, CHOICE);
        list.reverse();
        let (others, _) = set(&list, CHOICE);
        assert_eq!(chosen, others);
        assert_eq!(chosen.len(), 100);
        assert!(tallies.iter().all(|tally| tally.n_seen == 100 && tally.n_chosen == 50));
        assert_ne!(set(&list, Choice { seed: 8, ..CHOICE }).0, chosen);
    }

    #[test]
    fn sites_are_never_split() {
        let list = candidates();
        let (chosen, _) = set(&list, Choice { max_per_class: 1000, is_balanced: false, ..CHOICE });
        let mut parts: BTreeMap<&str, Vec<Part>> = BTreeMap::new();
        for one in &chosen {
            let mut sites = list.iter().filter(|(class, _, text)| *class == one.class && *text == one.text);
            // A text of two sites is with one of them.
            if let (Some((_, site, _)), None) = (sites.next(), sites.next()) {
                parts.entry(site).or_default().push(one.part);
            }
        }
        assert!(parts.values().all(|parts| parts.iter().all(|part| *part == parts[0])));
        for wanted in [Part::Train, Part::Validation, Part::Test] {
            assert!(chosen.iter().any(|one| one.part == wanted), "{wanted:?}");
        }
    }

    #[test]
    fn a_choice_of_texts_without_sites_has_all_parts() {
        let list: Vec<_> = (0..4_000).map(|n| (usize::from(n % 4 > 0), String::new(), format!("text {n}"))).collect();
        for choice in [CHOICE, Choice { max_per_class: 5_000, ..CHOICE }] {
            let (chosen, tallies) = set(&list, choice);
            for (class, tally) in tallies.iter().enumerate() {
                let n = chosen.iter().filter(|one| one.class == class && one.part == Part::Test).count() as f64;
                let expected = tally.n_chosen as f64 * choice.test;
                // Four standard deviations.
                assert!((n - expected).abs() < 4.0 * (expected * 0.7).sqrt(), "{n} of {}", tally.n_chosen);
            }
        }
    }

    #[test]
    fn copies_go_and_contradictions_teach_nothing() {
        let text = |class: usize, text: &str| (class, String::new(), text.to_owned());
        let list = [text(0, "a"), text(0, "a"), text(0, "b"), text(1, "b"), text(1, "c"), text(1, "d")];
        let (chosen, tallies) = set(&list, CHOICE);
        assert_eq!(chosen.iter().map(|one| one.class).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(tallies[0], Tally { n_seen: 3, n_copies: 1, n_contradicting: 1, n_chosen: 1 });
        assert_eq!(tallies[1], Tally { n_seen: 3, n_copies: 0, n_contradicting: 1, n_chosen: 1 });
    }
}
