//! One model to be trained, and what came of it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a model is trained for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The law is fitted to it.
    Candidate,
    /// The law is judged on it.
    HeldOut,
    /// Another model of the prior: what of a difference is chance.
    Repeat,
    /// One of the arms of a comparison, by its name.
    Arm(String),
    /// The model that anneals start from.
    Base,
}

/// One model to be trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Its name, unique in the study.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Number of its proxy.
    pub proxy: usize,
    /// Shares of the groups, in the order of the study; they sum to 1.
    pub weights: Vec<f64>,
    /// Seed of the model and of where it begins to read.
    pub seed: u64,
    /// Training tokens.
    pub tokens: u64,
    /// Whether the learning rate falls to 0, from the model that is given: an anneal.
    pub anneals: bool,
}

/// How a trial ended that ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There is a loss for every group.
    Done,
    /// The loss became infinite or no number.
    Diverged,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialResult {
    /// What was trained.
    pub trial: Trial,
    /// How it ended.
    pub state: State,
    /// Why, if it is not done.
    pub reason: Option<String>,
    /// Loss on the held-out text of every group, in nats a token.
    pub losses: BTreeMap<String, f64>,
    /// Results of other tests, by name.
    pub scores: BTreeMap<String, f64>,
    /// Tokens seen, and the training loss then.
    pub curve: Vec<(u64, f64)>,
    /// How often the tokens of every group were used.
    pub epochs: BTreeMap<String, f64>,
}
