//! Which documents are labelled: so many of every stratum, chosen by the hash of their text.
//!
//! Whatever order they come in, the same documents give the same sample, and a larger sample holds the smaller one.

use std::collections::{BTreeMap, BTreeSet};
use tokenmill_core::hash::hash64;

/// How many are taken.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// Of every stratum, at most.
    pub per_stratum: usize,
    /// Of all strata together, at most; those with the lowest hashes stay, so a larger `per_stratum` may push some out.
    pub max_documents: usize,
    /// Other seeds choose others.
    pub seed: u64,
}

/// A document that may be taken.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The name of its stratum.
    pub stratum: &'a str,
    /// Its id.
    pub id: &'a str,
    /// Its address, or empty.
    pub url: &'a str,
    /// Its language, or empty.
    pub lang: &'a str,
    /// All of its text, which decides whether it is taken.
    pub text: &'a str,
    /// The part of its text that is kept.
    pub excerpt: &'a str,
}

/// A document that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// The name of its stratum.
    pub stratum: String,
    /// Its id.
    pub id: String,
    /// Its address, or empty.
    pub url: String,
    /// Its language, or empty.
    pub lang: String,
    /// The part of its text that is kept.
    pub excerpt: String,
}

/// What became of a stratum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stratum {
    /// Its name.
    pub name: String,
    /// Documents, copies among them.
    pub n_seen: u64,
    /// Documents that were taken.
    pub n_taken: usize,
}

/// A sample that is being taken. Holds `max_documents` excerpts, and the name of every stratum.
pub struct Sample {
    choice: Choice,
    places: BTreeMap<String, usize>,
    strata: Vec<Held>,
    /// Hash and place of all that is held.
    all: BTreeSet<(u128, usize)>,
    is_cut: bool,
}

#[derive(Default)]
struct Held {
    n_seen: u64,
    documents: BTreeMap<u128, Kept>,
}

struct Kept {
    id: String,
    url: String,
    lang: String,
    excerpt: String,
}

impl Sample {
    /// An empty sample.
    pub fn new(choice: Choice) -> Sample {
        Sample { choice, places: BTreeMap::new(), strata: Vec::new(), all: BTreeSet::new(), is_cut: false }
    }

    /// Looks at a document. Of the copies of a text in one stratum one is taken, the one with the lowest id.
    pub fn add(&mut self, candidate: &Candidate<'_>) {
        let place = self.places.get(candidate.stratum).copied().unwrap_or_else(|| {
            self.places.insert(candidate.stratum.to_owned(), self.strata.len());
            self.strata.push(Held::default());
            self.strata.len() - 1
        });
        let held = &mut self.strata[place];
        held.n_seen += 1;
        let hash = |seed: u64| u128::from(hash64(seed, candidate.text.as_bytes()));
        let key = hash(self.choice.seed) << 64 | hash(!self.choice.seed);
        let kept = |of: &Candidate<'_>| Kept {
            id: of.id.to_owned(),
            url: of.url.to_owned(),
            lang: of.lang.to_owned(),
            excerpt: of.excerpt.to_owned(),
        };
        if let Some(copy) = held.documents.get_mut(&key) {
            if (candidate.id, candidate.url, candidate.lang) < (&copy.id, &copy.url, &copy.lang) {
                *copy = kept(candidate);
            }
            return;
        }
        let is_above = |highest: Option<&u128>| highest.is_none_or(|highest| *highest < key);
        let is_full = held.documents.len() >= self.choice.per_stratum;
        if is_full && is_above(held.documents.keys().next_back()) {
            return;
        }
        held.documents.insert(key, kept(candidate));
        self.all.insert((key, place));
        if is_full && let Some((highest, _)) = held.documents.pop_last() {
            self.all.remove(&(highest, place));
        }
        // What goes here would go later, too: every stratum that holds something below it will still have as much below it at the end.
        if self.all.len() > self.choice.max_documents
            && let Some((highest, place)) = self.all.pop_last()
        {
            self.strata[place].documents.remove(&highest);
            self.is_cut = true;
        }
    }

    /// Whether `max_documents` has kept some out.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The documents by stratum and hash, and what became of every stratum, both in the order of names.
    pub fn finish(mut self) -> (Vec<Sampled>, Vec<Stratum>) {
        let (mut sampled, mut strata) = (Vec::new(), Vec::new());
        for (name, place) in self.places {
            let Held { n_seen, documents } = std::mem::take(&mut self.strata[place]);
            strata.push(Stratum { name: name.clone(), n_seen, n_taken: documents.len() });
            sampled.extend(documents.into_values().map(|Kept { id, url, lang, excerpt }| Sampled {
                stratum: name.clone(),
                id,
                url,
                lang,
                excerpt,
            }));
        }
        (sampled, strata)
    }
}

/// The name of the range that a number is in, between edges in rising order: `<0.3`, `0.3..0.6`, `>=0.6`.
pub fn range_of(number: f64, edges: &[f64]) -> String {
    let at = edges.partition_point(|edge| *edge <= number);
    match (at.checked_sub(1).and_then(|at| edges.get(at)), edges.get(at)) {
        (None, Some(high)) => format!("<{high}"),
        (Some(low), Some(high)) => format!("{low}..{high}"),
        (Some(low), None) => format!(">={low}"),
        (None, None) => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHOICE: Choice = Choice { per_stratum: 5, max_documents: 1_000, seed: 1 };

    fn documents() -> Vec<(String, String, String)> {
        let one = |n: usize| (format!("s{}", n * n % 7 % 4), format!("id{}", n % 190), format!("text {}", n % 180));
        (0..200).map(one).collect()
    }

    fn sample(documents: &[(String, String, String)], choice: Choice) -> (Vec<Sampled>, Vec<Stratum>) {
        let mut sample = Sample::new(choice);
        for (stratum, id, text) in documents {
            sample.add(&Candidate { stratum, id, url: "", lang: "", text, excerpt: &text[..6] });
        }
        sample.finish()
    }

    /// The definition: all copies but one go, then all but the lowest of each stratum, then all but the lowest of those.
    fn naive(documents: &[(String, String, String)], choice: Choice) -> Vec<(String, String)> {
        let hash = |text: &str| [choice.seed, !choice.seed].map(|seed| hash64(seed, text.as_bytes()));
        let mut sorted: Vec<_> = documents.iter().map(|(s, id, text)| (s.clone(), hash(text), id.clone())).collect();
        sorted.sort();
        sorted.dedup_by(|b, a| (&a.0, a.1) == (&b.0, b.1));
        let mut left: Vec<_> =
            sorted.chunk_by(|a, b| a.0 == b.0).flat_map(|stratum| stratum.iter().take(choice.per_stratum)).collect();
        left.sort_by_key(|one| one.1);
        left.truncate(choice.max_documents);
        left.sort();
        left.into_iter().map(|(stratum, _, id)| (stratum.clone(), id.clone())).collect()
    }

    #[test]
    fn order_does_not_matter_and_the_definition_holds() {
        let mut list = documents();
        for choice in [
            CHOICE,
            Choice { per_stratum: 1, ..CHOICE },
            Choice { max_documents: 7, ..CHOICE },
            Choice { max_documents: 7, per_stratum: 3, seed: 9 },
            Choice { per_stratum: 1_000, ..CHOICE },
        ] {
            let (found, strata) = sample(&list, choice);
            list.reverse();
            list.rotate_left(77);
            assert_eq!((found.clone(), strata.clone()), sample(&list, choice));
            let names: Vec<_> = found.iter().map(|one| (one.stratum.clone(), one.id.clone())).collect();
            assert_eq!(names, naive(&list, choice), "{choice:?}");
            assert_eq!(strata.iter().map(|stratum| stratum.n_seen).sum::<u64>(), 200);
            assert_eq!(strata.iter().map(|stratum| stratum.n_taken).sum::<usize>(), found.len());
        }
    }

    #[test]
    fn a_larger_sample_holds_the_smaller() {
        let (small, _) = sample(&documents(), CHOICE);
        let is_cut = |max_documents| {
            let mut sample = Sample::new(Choice { max_documents, ..CHOICE });
            for (stratum, id, text) in &documents() {
                sample.add(&Candidate { stratum, id, url: "", lang: "", text, excerpt: text });
            }
            sample.is_cut()
        };
        assert_eq!([small.len(), small.len() - 1].map(is_cut), [false, true]);
        let (large, _) = sample(&documents(), Choice { per_stratum: 9, ..CHOICE });
        assert!(small.iter().all(|one| large.contains(one)) && large.len() > small.len());
        assert_ne!(sample(&documents(), Choice { seed: 2, ..CHOICE }).0, small);
        assert!(small.iter().all(|one| one.excerpt.len() == 6));
    }

    #[test]
    fn ranges_hold_their_lower_edge() {
        let name = |number| range_of(number, &[0.3, 0.6]);
        assert_eq!([0.0, 0.3, 0.5, 0.6, 9.0].map(name), ["<0.3", "0.3..0.6", "0.3..0.6", ">=0.6", ">=0.6"]);
        assert_eq!(range_of(1.0, &[]), "-");
    }
}
