//! What a mix is, with every default written out: sources, groups, training phases and shards.

use crate::pack::{Long, Packing};
use std::collections::BTreeMap;

/// A mix.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    /// Name of the run.
    pub name: String,
    /// Where runs live: the run directory is `<root>/<name>`.
    pub root: String,
    /// Seed of every shuffle.
    pub seed: u64,
    /// Runs whose token stores are read.
    pub sources: Vec<Source>,
    /// Groups in the order of the file: a document is in the first whose conditions hold.
    pub groups: Vec<Group>,
    /// Phases of the training run, in its order.
    pub phases: Vec<Phase>,
    /// How shards are made.
    pub shards: ShardSpec,
}

/// A run whose token store is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What conditions call it.
    pub name: String,
    /// Its run directory.
    pub run: String,
}

/// Documents that are drawn from together.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its name, unique, without a slash.
    pub name: String,
    /// What a document must fulfil.
    pub conditions: Conditions,
    /// Documents that fulfil all of this are not in the group.
    pub not: Option<Conditions>,
    /// How it falls into subgroups.
    pub split: Option<Split>,
    /// How often its documents may be used over all phases; of a group that is split, those of each subgroup.
    pub max_epochs: Epochs,
}

/// Conditions that all must hold; one that names nothing always holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions {
    /// Names of sources.
    pub source: Vec<String>,
    /// Language labels; an empty one means unknown.
    pub lang: Vec<String>,
    /// Kinds of pages.
    pub kind: Vec<String>,
    /// Registrable domains.
    pub domain: Vec<String>,
    /// Values of label columns; a missing label fulfils nothing.
    pub label: BTreeMap<String, Vec<String>>,
    /// Ranges of score columns; a missing score fulfils nothing.
    pub score: BTreeMap<String, Range>,
}

/// A range of scores, both ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Range {
    /// The lowest.
    pub min: Option<f64>,
    /// The highest.
    pub max: Option<f64>,
}

/// How a group falls into subgroups: streams of their own, named `group/value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// By what.
    pub by: SplitBy,
    /// Shares of the subgroups are as their (weighted) tokens to the power of one over this: 1 natural, infinite uniform.
    pub temperature: f64,
    /// Factors on the tokens of subgroups, by value; 1 where none is given.
    pub weights: BTreeMap<String, f64>,
}

/// What subgroups differ in.
#[derive(Clone, Debug, PartialEq)]
pub enum SplitBy {
    /// The source.
    Source,
    /// The language.
    Lang,
    /// The kind of page.
    Kind,
    /// The registrable domain.
    Domain,
    /// A label column.
    Label(String),
    /// A score column, between ascending edges; a bucket holds its lower edge.
    Score(String, Vec<f64>),
}

/// A number of epochs in thousand-millionths, so that caps are whole tokens; `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epochs(pub Option<u64>);

/// Thousand-millionths.
pub const BILLION: f64 = 1e9;

impl Epochs {
    /// Tokens that may be used of `available`, rounded down; `None` is no limit.
    pub fn of(self, available: u64) -> Option<u128> {
        self.0.map(|billionths| u128::from(available) * u128::from(billionths) / 1_000_000_000)
    }

    /// The number.
    pub fn number(self) -> Option<f64> {
        self.0.map(|billionths| billionths as f64 / BILLION)
    }
}

/// One phase of the training run.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// Its name, unique.
    pub name: String,
    /// How many tokens it gets.
    pub budget: Budget,
    /// Tokens of a training sequence, at most; 0, only without packing, for no limit.
    pub context: u64,
    /// What they are made of.
    pub proportions: Proportions,
    /// What to do when a group has too little.
    pub on_shortfall: Shortfall,
}

/// How many tokens a phase gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// So many.
    Tokens(u64),
    /// As many as the proportions and the caps allow.
    All,
    /// The same, and no more than so many.
    AtMost(u64),
}

/// What a phase is made of; groups that are not named get nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Proportions {
    /// Every group in proportion to its tokens.
    Natural,
    /// Shares that sum to 1.
    Shares(BTreeMap<String, f64>),
    /// Weights that are divided by their sum.
    Weights(BTreeMap<String, f64>),
    /// Tokens; the budget is their sum.
    Tokens(BTreeMap<String, u64>),
}

/// What to do when a group has less than a phase asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortfall {
    /// There is no plan.
    Refuse,
    /// Spread what is missing over the others: first those of the same split, then the other groups.
    Fill,
}

/// How shards are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardSpec {
    /// How sequences are made of documents.
    pub packing: Packing,
    /// What is done with documents longer than the context, by best fit.
    pub long: Long,
    /// Tokens of a shard, about.
    pub shard_tokens: u64,
    /// Whether the begin token stands before every document.
    pub bos: bool,
    /// Whether the end token stands behind every document.
    pub eos: bool,
}

impl Shortfall {
    /// Its names, in the order of the type.
    pub const NAMES: [(&'static str, Shortfall); 2] = [("refuse", Shortfall::Refuse), ("fill", Shortfall::Fill)];

    /// Its name.
    pub fn name(self) -> &'static str {
        name_of(&Shortfall::NAMES, self)
    }
}

fn name_of<T: PartialEq + Copy>(names: &[(&'static str, T)], value: T) -> &'static str {
    names.iter().find(|(_, named)| *named == value).map_or("", |(name, _)| name)
}

impl SplitBy {
    /// As it is written in a mix.
    pub fn text(&self) -> String {
        match self {
            SplitBy::Source => "source".to_owned(),
            SplitBy::Lang => "lang".to_owned(),
            SplitBy::Kind => "kind".to_owned(),
            SplitBy::Domain => "domain".to_owned(),
            SplitBy::Label(name) => format!("label.{name}"),
            SplitBy::Score(name, _) => format!("score.{name}"),
        }
    }
}

/// The value of documents that have none, as subgroups call it.
pub const NONE: &str = "none";

/// The names of the buckets between edges, from low to high: `..0.2`, `0.2..0.5`, `0.5..`.
pub fn buckets(edges: &[f64]) -> Vec<String> {
    let text = |edge: Option<&f64>| edge.map(f64::to_string).unwrap_or_default();
    let lower = |index: usize| index.checked_sub(1).and_then(|index| edges.get(index));
    (0..=edges.len()).map(|index| format!("{}..{}", text(lower(index)), text(edges.get(index)))).collect()
}

impl Mix {
    /// The score columns that the groups ask for, sorted.
    pub fn scores(&self) -> Vec<String> {
        self.columns(
            |conditions| conditions.score.keys().cloned().collect(),
            |by| match by {
                SplitBy::Score(name, _) => Some(name.clone()),
                _ => None,
            },
        )
    }

    /// The label columns that the groups ask for, sorted.
    pub fn labels(&self) -> Vec<String> {
        self.columns(
            |conditions| conditions.label.keys().cloned().collect(),
            |by| match by {
                SplitBy::Label(name) => Some(name.clone()),
                _ => None,
            },
        )
    }

    fn columns(
        &self,
        of: impl Fn(&Conditions) -> Vec<String>,
        split: impl Fn(&SplitBy) -> Option<String>,
    ) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for group in &self.groups {
            names.extend(of(&group.conditions));
            names.extend(group.not.iter().flat_map(&of));
            names.extend(group.split.as_ref().and_then(|by| split(&by.by)));
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}
