//! The trials as rows: what each was, and what came of it.

use super::TrialRow;
use crate::ablation::study::Study;
use crate::ablation::trial::{Role, State, Trial, TrialResult};
use std::collections::BTreeMap;

/// A trial that was planned.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What it is.
    pub trial: Trial,
    /// What came of it.
    pub happened: Happened,
    /// Seconds of the attempt that ended it.
    pub seconds: Option<f64>,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq)]
pub enum Happened {
    /// It ended by itself.
    Ended(Box<TrialResult>),
    /// Its last attempt failed, and it will be tried again.
    Failed(String),
    /// Nobody has tried it.
    Waits,
}

/// The share of each group's loss in the objective; they sum to 1.
pub fn objective(study: &Study) -> Vec<f64> {
    let weights = study.listed(&study.objective);
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// The weighted mean of the losses, when there is one of every group that counts.
fn mean(losses: &[Option<f64>], objective: &[f64]) -> Option<f64> {
    let parts = losses.iter().zip(objective).filter(|(_, weight)| **weight > 0.0);
    parts.map(|(loss, weight)| Some((*loss)? * weight)).sum()
}

/// The row of a trial, without a prediction.
pub fn row(study: &Study, objective: &[f64], outcome: Outcome) -> TrialRow {
    let Outcome { trial, happened, seconds } = outcome;
    let n_groups = study.groups.len();
    let (role, arm) = match &trial.role {
        Role::Candidate => ("candidate", None),
        Role::HeldOut => ("held_out", None),
        Role::Repeat => ("repeat", None),
        Role::Arm(name) => ("arm", Some(name.clone())),
        Role::Base => ("base", None),
    };
    let proxy = study.proxies.get(trial.proxy).map(|proxy| proxy.name.clone()).unwrap_or_default();
    let mut row = TrialRow {
        name: trial.name,
        role,
        arm,
        proxy,
        state: "waiting",
        reason: None,
        weights: trial.weights,
        seed: trial.seed,
        tokens: trial.tokens,
        losses: vec![None; n_groups],
        objective: None,
        predicted: None,
        curve: Vec::new(),
        epochs: Vec::new(),
        scores: BTreeMap::new(),
        seconds,
    };
    match happened {
        Happened::Waits => {}
        Happened::Failed(why) => (row.state, row.reason) = ("failed", Some(why)),
        Happened::Ended(result) => {
            row.state = if result.state == State::Done { "done" } else { "diverged" };
            row.reason = result.reason;
            row.losses = study.groups.iter().map(|group| result.losses.get(&group.name).copied()).collect();
            row.objective = mean(&row.losses, objective).filter(|_| result.state == State::Done);
            row.epochs =
                study.groups.iter().map(|group| result.epochs.get(&group.name).copied().unwrap_or(0.0)).collect();
            (row.curve, row.scores) = (result.curve, result.scores);
        }
    }
    row
}
