//! Finds the group of a document: the first whose conditions hold, with its value where the group is split.

use super::spec::{Conditions, Mix, NONE, SplitBy, buckets};

/// What is known of a document.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// Name of its source.
    pub source: &'a str,
    /// Its language; empty is unknown.
    pub lang: &'a str,
    /// Kind of page.
    pub kind: &'a str,
    /// Registrable domain.
    pub domain: &'a str,
    /// Its scores, in the order of [`Mix::scores`].
    pub scores: &'a [Option<f32>],
    /// Its labels, in the order of [`Mix::labels`]; an empty one is missing.
    pub labels: &'a [&'a str],
}

/// Sorts documents into the groups of a mix.
#[derive(Clone, Debug)]
pub struct Grouper(Vec<Compiled>);

#[derive(Clone, Debug)]
struct Compiled {
    name: String,
    conditions: Test,
    not: Option<Test>,
    split: Option<By>,
}

/// Conditions with sorted lists, and places instead of names of columns.
#[derive(Clone, Debug)]
struct Test {
    source: Vec<String>,
    lang: Vec<String>,
    kind: Vec<String>,
    domain: Vec<String>,
    labels: Vec<(usize, Vec<String>)>,
    scores: Vec<(usize, f32, f32)>,
}

#[derive(Clone, Debug)]
enum By {
    Source,
    Lang,
    Kind,
    Domain,
    Label(usize),
    Score { column: usize, edges: Vec<f32>, names: Vec<String> },
}

impl Grouper {
    /// Makes ready for documents with the columns of [`Mix::scores`] and [`Mix::labels`].
    pub fn new(mix: &Mix) -> Grouper {
        let (scores, labels) = (mix.scores(), mix.labels());
        let test = |conditions: &Conditions| Test::new(conditions, &scores, &labels);
        let compiled = mix.groups.iter().map(|group| Compiled {
            name: group.name.clone(),
            conditions: test(&group.conditions),
            not: group.not.as_ref().map(test),
            split: group.split.as_ref().map(|split| By::new(&split.by, &scores, &labels)),
        });
        Grouper(compiled.collect())
    }

    /// Writes the full name of a document's group, such as `multilingual/de`; false, and an empty name, if no group wants it.
    pub fn group(&self, facts: &Facts<'_>, name: &mut String) -> bool {
        name.clear();
        let wants = |group: &&Compiled| {
            group.conditions.holds(facts) && !group.not.as_ref().is_some_and(|not| not.holds(facts))
        };
        let Some(group) = self.0.iter().find(wants) else { return false };
        name.push_str(&group.name);
        if let Some(by) = &group.split {
            let value = by.value(facts);
            name.push('/');
            name.push_str(if value.is_empty() { NONE } else { value });
        }
        true
    }
}

/// The place of a column; names are those that the mix itself has listed.
fn place(columns: &[String], name: &str) -> usize {
    columns.iter().position(|column| column == name).unwrap_or(usize::MAX)
}

impl Test {
    fn new(conditions: &Conditions, scores: &[String], labels: &[String]) -> Test {
        let sorted = |list: &[String]| {
            let mut list = list.to_vec();
            list.sort_unstable();
            list
        };
        let label = |(name, values): (&String, &Vec<String>)| (place(labels, name), sorted(values));
        // Limits are rounded as the stored scores were, so that a score of 0.7 is at least 0.7.
        let score = |(name, range): (&String, &super::spec::Range)| {
            let (min, max) = (range.min.unwrap_or(f64::NEG_INFINITY), range.max.unwrap_or(f64::INFINITY));
            (place(scores, name), min as f32, max as f32)
        };
        Test {
            source: sorted(&conditions.source),
            lang: sorted(&conditions.lang),
            kind: sorted(&conditions.kind),
            domain: sorted(&conditions.domain),
            labels: conditions.label.iter().map(label).collect(),
            scores: conditions.score.iter().map(score).collect(),
        }
    }

    fn holds(&self, facts: &Facts<'_>) -> bool {
        let among = |list: &[String], value: &str| list.binary_search_by(|item| item.as_str().cmp(value)).is_ok();
        let fits = |list: &[String], value: &str| list.is_empty() || among(list, value);
        let label = |(column, list): &(usize, Vec<String>)| {
            facts.labels.get(*column).is_some_and(|label| !label.is_empty() && among(list, label))
        };
        let score = |(column, min, max): &(usize, f32, f32)| {
            facts.scores.get(*column).copied().flatten().is_some_and(|score| *min <= score && score <= *max)
        };
        fits(&self.source, facts.source)
            && fits(&self.lang, facts.lang)
            && fits(&self.kind, facts.kind)
            && fits(&self.domain, facts.domain)
            && self.labels.iter().all(label)
            && self.scores.iter().all(score)
    }
}

impl By {
    fn new(by: &SplitBy, scores: &[String], labels: &[String]) -> By {
        match by {
            SplitBy::Source => By::Source,
            SplitBy::Lang => By::Lang,
            SplitBy::Kind => By::Kind,
            SplitBy::Domain => By::Domain,
            SplitBy::Label(name) => By::Label(place(labels, name)),
            SplitBy::Score(name, edges) => By::Score {
                column: place(scores, name),
                edges: edges.iter().map(|edge| *edge as f32).collect(),
                names: buckets(edges),
            },
        }
    }

    /// The value that a document has; empty if it has none.
    fn value<'a>(&'a self, facts: &Facts<'a>) -> &'a str {
        match self {
            By::Source => facts.source,
            By::Lang => facts.lang,
            By::Kind => facts.kind,
            By::Domain => facts.domain,
            By::Label(column) => facts.labels.get(*column).copied().unwrap_or(""),
            By::Score { column, edges, names } => {
                let score = facts.scores.get(*column).copied().flatten().filter(|score| !score.is_nan());
                let bucket = score.map(|score| edges.partition_point(|edge| *edge <= score));
                bucket.and_then(|bucket| names.get(bucket)).map_or("", String::as_str)
            }
        }
    }
}
