//! The phases of a study: the shards that all models read, the models that anneals start from, and the trials.

mod prepare;
mod slots;
mod train;

use super::design::{Supplies, bases, trials};
use super::pool::of_group;
use super::study::{Question, Study};
use super::trial::{Role, Trial};
use crate::phase::{TokenStore, dataset_of, mix_phases, supply};
use crate::plan::Supply;
use crate::shard::dataset::Dataset;
use crate::shard::megatron::Dtype;
use serde_json::json;
use slots::Slots;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokenmill_core::BuildError;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::{Cost, Inputs, Manifest, Outcome, Phase, StoreError, Task, TaskContext, commit};

/// The name of the phase that trains what anneals start from.
const BASE_PHASE: &str = "base";

/// The name of the phase that trains the models.
const TRIALS_PHASE: &str = "trials";

/// Whether a phase trains models, by its name.
pub fn is_training(phase: &str) -> bool {
    phase == BASE_PHASE || phase == TRIALS_PHASE
}

/// Raised when a trial of the same study can come out otherwise.
const VERSION: u32 = 1;

/// The input with the shards.
const SHARDS: &str = "shards";

/// The input with the counts of all documents.
const COUNTS: &str = "counts";

/// The input with the models that anneals start from.
const BASES: &str = "bases";

/// The object with the [`super::TrialResult`].
pub const RESULT: &str = "result";

/// The object with the log.
pub const LOG: &str = "log";

/// The object with a trained model.
const CHECKPOINT: &str = "checkpoint";

/// Where this machine trains; never part of what a trial is.
#[derive(Clone, Debug)]
pub struct Place {
    /// Folder for the exported shards and the trials.
    pub folder: PathBuf,
    /// This program, for its own trainer.
    pub program: PathBuf,
}

/// The phases of a study, on the token stores of its sources, each with what it reads.
///
/// # Errors
/// When the token stores do not have what the study asks for, or were made with different vocabularies.
pub fn study_phases(
    study: &Study,
    stores: Vec<TokenStore>,
    place: Place,
) -> Result<Vec<crate::phase::MixPhase>, StoreError> {
    let mut phases = mix_phases(&study.pool(), stores)?;
    let index = phases.len() - 1;
    let shared = Arc::new(Shared { study: study.clone(), place, exported: Mutex::new(None), slots: Slots::default() });
    let mut inputs = vec![(SHARDS.to_owned(), index), (COUNTS.to_owned(), 0)];
    if matches!(&study.question, Question::Anneal(anneal) if anneal.checkpoint.is_none()) {
        let phase = Trials { shared: shared.clone(), is_base: true };
        phases.push((Box::new(phase), inputs.clone()));
        inputs.push((BASES.to_owned(), index + 1));
    }
    phases.push((Box::new(Trials { shared, is_base: false }), inputs));
    Ok(phases)
}

/// What all trials of a process share.
struct Shared {
    study: Study,
    place: Place,
    /// The folder of the exported shards, once they are.
    exported: Mutex<Option<PathBuf>>,
    slots: Slots,
}

/// Trains models: one task each.
struct Trials {
    shared: Arc<Shared>,
    /// Whether it trains what anneals start from.
    is_base: bool,
}

/// Tokens of every group of a study: those in its shards, and all that were counted.
///
/// # Errors
/// When the shards are of another study.
pub fn supplies(study: &Study, dataset: &Dataset, counts: &Supply) -> Result<Supplies, BuildError> {
    Ok(Supplies { pooled: pooled(study, dataset)?, all: counted(study, counts) })
}

/// All tokens of every group; those of a group that is split are counted by its parts.
pub fn counted(study: &Study, counts: &Supply) -> Vec<u64> {
    let of = |group: &crate::plan::Group| {
        let is_own = |name: &str| name.split('/').next() == Some(group.name.as_str());
        counts.0.iter().filter(|(name, _)| is_own(name)).map(|(_, there)| there.n_tokens).sum()
    };
    study.groups.iter().map(of).collect()
}

fn pooled(study: &Study, dataset: &Dataset) -> Result<Vec<u64>, BuildError> {
    study.groups.iter().map(|group| Ok(of_group(dataset, &group.name)?[0].n_tokens)).collect()
}

impl Trials {
    fn trials(&self, dataset: &Dataset, inputs: &Inputs<'_>) -> Result<Vec<Trial>, StoreError> {
        let study = &self.shared.study;
        let counts = supply(inputs.store()?, inputs.get(COUNTS)?)?;
        let supplies = supplies(study, dataset, &counts).map_err(refused)?;
        if self.is_base { Ok(bases(study, &supplies)) } else { trials(study, &supplies).map_err(refused) }
    }
}

/// A study that cannot be run.
fn refused(error: BuildError) -> StoreError {
    let hint = error.hint.unwrap_or_else(|| "change the study".to_owned());
    StoreError::Refused { what: error.message, hint }
}

impl Phase for Trials {
    fn name(&self) -> &str {
        if self.is_base { BASE_PHASE } else { TRIALS_PHASE }
    }

    fn spec(&self) -> String {
        // Everything of the trainer but where and how many at once. Mixes and models are part of each trial, so that a
        // study that is made longer does not begin anew.
        let trainer = &self.shared.study.trainer;
        let super::LogPatterns { train, valid, score } = &trainer.log;
        json!({
            "version": VERSION, "command": trainer.command, "train": trainer.train, "valid": trainer.valid,
            "evaluate": trainer.evaluate, "env": trainer.env, "files": trainer.files, "with": trainer.with,
            "log": [train, valid, score],
        })
        .to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let dataset = shards(inputs)?;
        let identity = digest_hex(&commit::to_json(&dataset)?);
        let bases = if self.is_base { None } else { inputs.get(BASES).ok() };
        let task = |trial: Trial| {
            let proxy = self.shared.study.proxies.get(trial.proxy).map(prepare::shape);
            let label = format!("{} {}", self.name(), trial.name);
            let start = trial.anneals.then(|| self.start(&trial, bases)).transpose()?;
            let work = json!({"trial": trial, "proxy": proxy, "start": start});
            // Numbers and names change when a study is made longer; what is trained stays what it is. Two arms may be equal.
            let arm = if let Role::Arm(name) = &trial.role { name } else { "" };
            let own = json!({"weights": trial.weights, "seed": trial.seed, "tokens": trial.tokens, "proxy": proxy,
                "arm": arm, "start": start});
            Ok(Task {
                key: digest_hex(format!("{fingerprint}\0{identity}\0{own}").as_bytes()),
                label,
                bytes: token_bytes(&dataset) * trial.tokens,
                work,
            })
        };
        self.trials(&dataset, inputs)?.into_iter().map(task).collect()
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        train::train(&self.shared, task, context, self.is_base)
    }

    fn first_wins(&self) -> bool {
        // A trainer on a GPU gives slightly different numbers each time.
        true
    }

    fn forecast(&self) -> String {
        "one task per model".to_owned()
    }

    fn cost(&self) -> Cost {
        crate::phase::one_task_cost()
    }
}

impl Trials {
    /// Where a trial starts: the model that stands there, or the one that was trained for it.
    fn start(&self, trial: &Trial, bases: Option<&Manifest>) -> Result<serde_json::Value, StoreError> {
        if let Question::Anneal(super::Anneal { checkpoint: Some(path), .. }) = &self.shared.study.question {
            return Ok(json!({"path": path}));
        }
        let lacks = || StoreError::Usage(format!("there is no model for `{}` to start from", trial.name));
        let part = bases.and_then(|bases| bases.parts.get(trial.proxy)).ok_or_else(lacks)?;
        if let Some(object) = part.objects.get(CHECKPOINT) {
            return Ok(json!({"object": object}));
        }
        let path = part.tally.get("checkpoint").and_then(serde_json::Value::as_str).ok_or_else(lacks)?;
        Ok(json!({"path": path}))
    }
}

/// Bytes of a token in the shards.
fn token_bytes(dataset: &Dataset) -> u64 {
    Dtype::of_name(&dataset.dtype).map_or(4, |dtype| dtype.bytes() as u64)
}

/// The manifest of the shards.
fn shards(inputs: &Inputs<'_>) -> Result<Dataset, StoreError> {
    dataset_of(inputs.store()?, inputs.get(SHARDS)?)
}
