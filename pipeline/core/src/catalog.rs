//! The catalogue: one line per stage, in plain lists that anybody can read and grep.

use crate::exchange::Kind;
#[cfg(doc)]
use crate::pipe::NUMBERS;
use crate::{Assets, BuildError, Metric, Param, Params, Stage};

/// Everything the house knows about a stage before it is built.
#[derive(Clone, Copy)]
pub struct Entry {
    /// `family.noun`, as a recipe writes it in `use`.
    pub name: &'static str,
    /// Raised whenever the output of the stage can change; part of the fingerprint of a phase.
    pub version: u32,
    /// One sentence.
    pub about: &'static str,
    /// Which of the shapes it has.
    pub shape: Shape,
    /// Whether it needs the text (else it may stand before extraction and save its cost).
    pub needs_text: bool,
    /// Whether it is so costly that it is skipped for documents already removed in the same segment.
    pub costly: bool,
    /// Parameters with defaults.
    pub params: &'static [Param],
    /// Metrics, in the order of the numbers.
    pub metrics: &'static [Metric],
    /// The parameters that name assets; with a `/` behind the name, folders with a model.
    pub asset_params: &'static [&'static str],
    /// The Markdown page: doc, example and golden test at once.
    pub page: &'static str,
    /// Builds the stage.
    pub build: fn(&Params, &dyn Assets) -> Result<Stage, BuildError>,
}

/// The shape of a stage, known before it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// [`crate::Extract`]
    Extract,
    /// [`crate::Measure`]
    Measure,
    /// [`crate::Combine`]
    Combine,
    /// [`crate::Edit`]
    Edit,
    /// [`crate::Exchange`]
    Exchange(Kind),
    /// [`crate::Pipe`]
    Pipe,
    /// [`crate::Score`]
    Score,
}

impl Shape {
    /// Which kind of exchange it is, if it is one.
    pub fn exchange(self) -> Option<Kind> {
        match self {
            Shape::Exchange(kind) => Some(kind),
            _ => None,
        }
    }

    /// Whether its decisions are made in phases of their own, and applied by the map phase behind them.
    pub fn is_decided_apart(self) -> bool {
        matches!(self, Shape::Exchange(_) | Shape::Pipe | Shape::Score)
    }

    /// Whether a recipe says which numbers it gives, in the parameter [`NUMBERS`].
    pub fn declares_numbers(self) -> bool {
        matches!(self, Shape::Pipe | Shape::Score)
    }

    /// The name in docs and plans.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Extract => "extract",
            Shape::Measure => "measure",
            Shape::Combine => "combine",
            Shape::Edit => "edit",
            Shape::Exchange(_) => "exchange",
            Shape::Pipe => "pipe",
            Shape::Score => "score",
        }
    }
}

/// All stages of a program: the lists of several crates, joined and checked.
pub struct Catalog(Vec<&'static Entry>);

impl Catalog {
    /// Joins lists.
    ///
    /// # Errors
    /// When two entries share a name or a list is not sorted by name.
    pub fn join(lists: &[&'static [Entry]]) -> Result<Catalog, BuildError> {
        for list in lists {
            if let Some(pair) = list.windows(2).find(|pair| pair[0].name >= pair[1].name) {
                return Err(BuildError::new(format!(
                    "catalogue: `{}` must come after `{}`",
                    pair[0].name, pair[1].name
                )));
            }
        }
        let mut entries: Vec<_> = lists.iter().flat_map(|list| list.iter()).collect();
        entries.sort_by_key(|entry| entry.name);
        match entries.windows(2).find(|pair| pair[0].name == pair[1].name) {
            Some(pair) => Err(BuildError::new(format!("catalogue: `{}` is listed twice", pair[0].name))),
            None => Ok(Catalog(entries)),
        }
    }

    /// The entry of that name.
    pub fn get(&self, name: &str) -> Option<&'static Entry> {
        self.0.binary_search_by_key(&name, |entry| entry.name).ok().map(|at| self.0[at])
    }

    /// All entries, by name.
    pub fn entries(&self) -> &[&'static Entry] {
        &self.0
    }
}
