//! A table of the recipe that adds phases after the last step, offered by a crate the engine does not know.

use crate::Phase;
use std::sync::Arc;
use tokenmill_core::{Assets, BuildError, Param, Params};

/// A table of the recipe, for example `[shards]`.
#[derive(Clone, Copy)]
pub struct Section {
    /// Name of the table.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// Keys of the table.
    pub params: &'static [Param],
    /// The keys that name assets.
    pub asset_params: &'static [&'static str],
    /// The keys that name metrics of steps, as `step.metric`, each with whether they are labels or numbers.
    pub metric_params: &'static [(&'static str, MetricUse)],
    /// Builds the phases, in order; each reads what the one before committed.
    pub build: BuildPhases,
}

/// What a section does with the metrics that a key of it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricUse {
    /// They are numbers.
    Number,
    /// They are labels.
    Label,
}

/// Builds the phases of a section from its parameters, the seed of the run and the assets.
pub type BuildPhases = fn(&Params, u64, Arc<dyn SharedAssets>) -> Result<Vec<Box<dyn Phase>>, BuildError>;

/// Assets that phases can keep and share between threads.
pub trait SharedAssets: Assets + Send + Sync {}

impl<T: Assets + Send + Sync> SharedAssets for T {}
