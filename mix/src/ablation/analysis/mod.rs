//! What a study has found: everything that its report shows.

mod analyse;
mod differences;
mod laws;
mod propose;
mod rows;

pub use analyse::analyse;
pub use rows::{Happened, Outcome};

use super::design::Cost;
use serde::Serialize;
use std::collections::BTreeMap;

/// Level of the intervals of laws.
pub const LEVEL: f64 = 0.9;

/// A number with an interval around it: of what a law says at [`LEVEL`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Where a trial stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrialRow {
    /// Its name.
    pub name: String,
    /// `candidate`, `held_out`, `repeat`, `arm`, `base`.
    pub role: &'static str,
    /// The arm, of a comparison.
    pub arm: Option<String>,
    /// Name of its proxy.
    pub proxy: String,
    /// `done`, `diverged`, `failed`, `waiting`.
    pub state: &'static str,
    /// Why, if it is not done.
    pub reason: Option<String>,
    /// Shares of the groups.
    pub weights: Vec<f64>,
    /// Seed.
    pub seed: u64,
    /// Training tokens.
    pub tokens: u64,
    /// Loss of every group, in their order.
    pub losses: Vec<Option<f64>>,
    /// The one number that is made small.
    pub objective: Option<f64>,
    /// What the law says of it; of candidates, by laws that were fitted without them.
    pub predicted: Option<f64>,
    /// Tokens seen, and the training loss then.
    pub curve: Vec<(u64, f64)>,
    /// How often the tokens of every group were used.
    pub epochs: Vec<f64>,
    /// Results of other tests.
    pub scores: BTreeMap<String, f64>,
    /// Seconds that it took, of the last attempt.
    pub seconds: Option<f64>,
}

/// A form of law, and how well it did without seeing what it was asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FormRow {
    /// Its name.
    pub name: String,
    /// Its formula, with shares `r_j`.
    pub formula: String,
    /// Mean error of cross-validation; 1 is that of the median of all losses.
    pub error: Option<f64>,
    /// Its standard error.
    pub standard_error: Option<f64>,
    /// Mean rank correlation of cross-validation.
    pub spearman: Option<f64>,
    /// Whether it was chosen.
    pub chosen: bool,
    /// Why it was left out, if it was.
    pub left_out: Option<String>,
}

/// How far predictions of held-out mixes can be believed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeldOut {
    /// Mixes.
    pub n: usize,
    /// Rank correlation of prediction and outcome; needs three mixes.
    pub spearman: Option<f64>,
    /// Mean absolute error of the objective.
    pub mean_error: f64,
}

/// What of a difference is chance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Noise {
    /// Models of the same mix.
    pub n: usize,
    /// Standard deviation of their objective, in nats.
    pub deviation: f64,
    /// Standard deviation of the candidates' objective, to compare with.
    pub spread: f64,
}

/// A mix and what the law says of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MixRow {
    /// What it is.
    pub name: String,
    /// Shares of the groups.
    pub weights: Vec<f64>,
    /// Its objective.
    pub objective: Estimate,
    /// Losses of the groups.
    pub losses: Vec<f64>,
    /// Divergence from the prior, in nats.
    pub kl: f64,
}

/// How the objective changes with the share of one group, the others in proportion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sensitivity {
    /// The group.
    pub group: String,
    /// Its share in the optimum.
    pub at: f64,
    /// Its largest share within the limits.
    pub most: f64,
    /// Shares, and the objective there.
    pub points: Vec<(f64, Estimate)>,
}

/// How one proxy ranks mixes as another does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Agreement {
    /// The smaller proxy.
    pub small: String,
    /// The larger one.
    pub large: String,
    /// Mixes that both were trained on.
    pub n: usize,
    /// Rank correlation of their objectives.
    pub spearman: Option<f64>,
}

/// An arm against the first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Proxy.
    pub proxy: String,
    /// The arm.
    pub arm: String,
    /// What it is compared with.
    pub baseline: String,
    /// `objective`, a group, or another test.
    pub measure: String,
    /// Arm less baseline: of losses, below 0 is better. The interval is one of 95 %.
    pub difference: Estimate,
    /// Probability of a difference at least as large by chance.
    pub p: f64,
    /// Seeds.
    pub n: usize,
    /// Whether the same seeds were compared with each other.
    pub paired: bool,
}

/// What was found about mixes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Laws {
    /// Proxy that the law is of: the largest with enough mixes.
    pub proxy: String,
    /// All forms.
    pub forms: Vec<FormRow>,
    /// Why one was chosen, in words.
    pub reason: String,
    /// How well held-out mixes were predicted.
    pub held_out: Option<HeldOut>,
    /// What is chance.
    pub noise: Option<Noise>,
    /// The optimum first, then the prior, then the best mixes of many.
    pub mixes: Vec<MixRow>,
    /// What each group's share does.
    pub sensitivities: Vec<Sensitivity>,
    /// How proxies agree.
    pub agreements: Vec<Agreement>,
    /// The mix that is proposed, as a file.
    pub mix_toml: String,
    /// Groups of which the optimum has more than any mix that was trained.
    pub beyond: Vec<String>,
    /// Whether the law is clearly better than none.
    pub is_useful: bool,
    /// Part of the laws of resampled models by which the optimum is better than the prior.
    pub confidence: f64,
}

/// What a study has found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analysis {
    /// Name of the study.
    pub name: String,
    /// `mix`, `compare`, `anneal`.
    pub question: &'static str,
    /// Groups, in their order.
    pub groups: Vec<String>,
    /// What of the objective each group's loss is; sums to 1.
    pub objective: Vec<f64>,
    /// All trials.
    pub trials: Vec<TrialRow>,
    /// What it costs.
    pub costs: Vec<Cost>,
    /// What was found about mixes.
    pub laws: Option<Laws>,
    /// Why there is no law, when one was asked for.
    pub no_laws: Option<String>,
    /// What was found about arms.
    pub differences: Vec<Difference>,
    /// What should be known before anything is believed.
    pub cautions: Vec<String>,
}
