//! What a training run is asked to do.

use super::error::TrainError;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A training run, as the JSON of a job file has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Decides the first weights and the place in every group at which reading begins.
    pub seed: u64,
    /// Tokens of a sequence.
    pub context: usize,
    /// Sequences of a step.
    pub batch: usize,
    /// Tokens to train on, rounded up to whole steps.
    pub tokens: u64,
    /// The model.
    pub model: ModelShape,
    /// How it is trained.
    pub optimiser: OptimiserPlan,
    /// A checkpoint to go on from, with the moments of its optimiser.
    #[serde(default)]
    pub start: Option<PathBuf>,
    /// Where the checkpoint goes at the end.
    #[serde(default)]
    pub save: Option<PathBuf>,
    /// What is trained on.
    pub train: Vec<TrainGroup>,
    /// What the model is tested on at the end.
    pub valid: Vec<ValidGroup>,
    /// How ids lie in the files.
    pub dtype: Dtype,
    /// Steps from one line of the log to the next.
    pub report_every: u64,
}

/// The size of a model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelShape {
    /// Transformer blocks.
    pub layers: usize,
    /// Numbers that stand for a token between blocks.
    pub hidden: usize,
    /// Attention heads; each has an even part of `hidden`.
    pub heads: usize,
    /// Width inside the feed-forward part; 8/3 of `hidden`, rounded up to a multiple of 8, when absent.
    #[serde(default)]
    pub ffn: Option<usize>,
    /// Ids of the vocabulary.
    pub vocab: usize,
    /// Whether the output uses the weights of the input embedding.
    #[serde(default = "yes")]
    pub tied: bool,
}

impl ModelShape {
    /// The width inside the feed-forward part.
    pub fn ffn(&self) -> usize {
        self.ffn.unwrap_or_else(|| (self.hidden * 8).div_ceil(3).next_multiple_of(8))
    }
}

/// How weights are changed, step by step: AdamW with clipped gradients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimiserPlan {
    /// The highest learning rate.
    pub lr: f64,
    /// The learning rate at the end, as a share of `lr`.
    #[serde(default = "tenth")]
    pub final_lr: f64,
    /// Share of the steps in which the learning rate rises from 0.
    #[serde(default = "twentieth")]
    pub warmup: f64,
    /// How it falls after that.
    pub decay: Decay,
    /// Of all weights but those of the norms.
    #[serde(default = "tenth")]
    pub weight_decay: f64,
    /// How slowly the mean of the gradients follows them.
    #[serde(default = "beta1")]
    pub beta1: f64,
    /// How slowly the mean of their squares follows them.
    #[serde(default = "beta2")]
    pub beta2: f64,
    /// The largest norm of all gradients together.
    #[serde(default = "one")]
    pub clip: f64,
}

/// How the learning rate falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decay {
    /// Along half a cosine.
    Cosine,
    /// In a straight line.
    Linear,
    /// Not at all.
    Constant,
}

/// A group of documents to train on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainGroup {
    /// Name of the group.
    pub group: String,
    /// Its share of the sequences, against the weights of the others; a group of weight 0 is not read.
    pub weight: f64,
    /// Its `.bin` files, read as one.
    pub shards: Vec<PathBuf>,
}

/// A group of documents to test on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidGroup {
    /// Name of the group.
    pub group: String,
    /// Its `.bin` files, read as one.
    pub shards: Vec<PathBuf>,
    /// The most tokens that are used, from the start.
    pub tokens: u64,
}

/// How a token id lies in a `.bin` file, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// Two bytes.
    U16,
    /// Four bytes.
    I32,
}

impl Dtype {
    /// Bytes of an id.
    pub fn bytes(self) -> usize {
        match self {
            Dtype::U16 => 2,
            Dtype::I32 => 4,
        }
    }
}

impl Job {
    /// Reads a job from JSON.
    ///
    /// # Errors
    /// When it is not a job, or not one that can be run.
    pub fn from_json(text: &str) -> Result<Job, TrainError> {
        let job: Job = serde_json::from_str(text).map_err(|error| TrainError::job(error.to_string()))?;
        job.check()?;
        Ok(job)
    }

    /// Steps of the run.
    pub fn steps(&self) -> u64 {
        self.tokens.div_ceil((self.batch * self.context) as u64).max(1)
    }

    /// Checks all that can be said without reading the files.
    ///
    /// # Errors
    /// When the job cannot be run.
    pub fn check(&self) -> Result<(), TrainError> {
        let ModelShape { layers, hidden, heads, vocab, .. } = self.model;
        let must = |holds: bool, what: &str| if holds { Ok(()) } else { Err(TrainError::job(what)) };
        must(self.context > 0 && self.batch > 0, "`context` and `batch` must be at least 1")?;
        must(self.report_every > 0, "`report_every` must be at least 1")?;
        must(layers > 0 && hidden > 0 && self.model.ffn() > 0, "`layers`, `hidden` and `ffn` must be at least 1")?;
        must(heads > 0 && hidden.is_multiple_of(heads * 2), "`hidden` must be an even multiple of `heads`")?;
        must(vocab > 1 && vocab <= u32::MAX as usize, "`vocab` must be at least 2")?;
        let plan = &self.optimiser;
        must(plan.lr > 0.0 && plan.lr.is_finite(), "`lr` must be above 0")?;
        must((0.0..=1.0).contains(&plan.warmup), "`warmup` is a share of the steps, from 0 to 1")?;
        must((0.0..=1.0).contains(&plan.final_lr), "`final_lr` is a share of `lr`, from 0 to 1")?;
        must((0.0..1.0).contains(&plan.beta1) && (0.0..1.0).contains(&plan.beta2), "betas must be in 0 to 1")?;
        must(plan.clip > 0.0 && plan.weight_decay >= 0.0, "`clip` must be above 0 and `weight_decay` not below")?;
        names_are_sound(self.train.iter().map(|group| &group.group).collect())?;
        names_are_sound(self.valid.iter().map(|group| &group.group).collect())?;
        let weights = || self.train.iter().map(|group| group.weight);
        must(weights().all(|weight| weight >= 0.0 && weight.is_finite()), "weights must be numbers from 0 up")?;
        must(weights().any(|weight| weight > 0.0), "`train` must have a group with a weight above 0")
    }
}

/// They stand in the log between spaces, and in a checkpoint once each.
fn names_are_sound(mut names: Vec<&String>) -> Result<(), TrainError> {
    if let Some(name) = names.iter().find(|name| name.is_empty() || name.contains(char::is_whitespace)) {
        return Err(TrainError::job(format!("`{name}` cannot be the name of a group; take one without spaces")));
    }
    names.sort();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(TrainError::job(format!("there are two groups `{}`; put their shards into one", pair[0]))),
        None => Ok(()),
    }
}

fn yes() -> bool {
    true
}

fn one() -> f64 {
    1.0
}

fn tenth() -> f64 {
    0.1
}

fn twentieth() -> f64 {
    0.05
}

fn beta1() -> f64 {
    0.9
}

fn beta2() -> f64 {
    0.95
}
