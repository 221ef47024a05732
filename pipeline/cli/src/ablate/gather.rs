//! What the trials of a study have come to: done, diverged, failed or waiting.

use super::fit::parallel;
use super::open;
use crate::failure::Failure;
use crate::house::threads;
use crate::mix;
use crate::progress::Quiet;
use std::collections::BTreeMap;
use tokenmill_engine::Plan;
use tokenmill_engine::plan::RunRecord;
use tokenmill_engine::run::{Attempt, Limits, Options, run_first};
use tokenmill_mix::ablation::{
    Analysis, Happened, Outcome, RESULT, Study, Supplies, Trial, TrialResult, analyse, counted as counted_groups,
    is_training, supplies,
};
use tokenmill_mix::supply;
use tokenmill_store::commit::{parse, read_commit};
use tokenmill_store::{Store, StoreError, Task};

/// Training tokens of every group, and the size of the vocabulary. What has not been counted is counted now.
pub fn counted(study: &Study, plan: &Plan, store: &dyn Store) -> Result<(Supplies, u64), Failure> {
    let options = Options { threads: threads(None), timings: false, limits: Limits::Checked, keep_going: false };
    let reports = run_first(1, plan, store, options, &Quiet)?;
    let weighed = reports.first().ok_or_else(|| StoreError::Usage("the study has no phases".to_owned()))?;
    let all = counted_groups(study, &supply(store, &weighed.manifest)?);
    let left = |n_tokens: &u64| n_tokens.saturating_sub(study.validation_tokens).min(study.pool_tokens);
    let pooled = all.iter().map(left).collect();
    let stores = mix::stores(&study.pool())?;
    let vocabulary = stores.first().map(|store| store.card()).transpose()?.map_or(0, |card| card.vocab_size);
    Ok((Supplies { pooled, all }, u64::from(vocabulary)))
}

/// All that a study has found so far.
pub fn analysis(study: &Study, store: &dyn Store, folder: &str) -> Result<Analysis, Failure> {
    let outcomes = outcomes(store)?;
    // While the shards are in the making, nothing has been trained.
    let dataset = mix::open_dataset(store, folder).ok();
    let vocabulary = dataset.as_ref().map_or(0, |dataset| u64::from(dataset.tokenizer.vocab_size));
    let supplies = match (dataset, RunRecord::read(store)?.phases.first()) {
        (Some(dataset), Some(weighed)) => {
            let counts = weighed.read_manifest(store)?.map(|weighed| supply(store, &weighed)).transpose()?;
            counts.map(|counts| supplies(study, &dataset, &counts)).transpose()?
        }
        _ => None,
    };
    Ok(analyse(study, supplies.as_ref(), vocabulary, outcomes, &parallel))
}

/// The trials that have been planned, in the order of their phases.
fn outcomes(store: &dyn Store) -> Result<Vec<Outcome>, Failure> {
    let record = RunRecord::read(store)?;
    let mut outcomes = Vec::new();
    for phase in record.phases.iter().filter(|phase| is_training(&phase.name)) {
        for task in phase.read_tasks(store)?.unwrap_or_default() {
            outcomes.push(outcome(store, &phase.folder, &task)?);
        }
    }
    Ok(outcomes)
}

fn outcome(store: &dyn Store, folder: &str, task: &Task) -> Result<Outcome, Failure> {
    let work: &serde_json::Value = &task.work;
    let trial: Trial = serde_json::from_value(work.get("trial").cloned().unwrap_or_default())
        .map_err(|error| StoreError::corrupt(&task.label, format!("its trial: {error}")))?;
    let attempt = Attempt::read(store, folder, &task.key)?;
    let seconds = attempt.as_ref().filter(|attempt| attempt.is_committed()).map(|attempt| attempt.wall_seconds);
    let happened = match read_commit(store, folder, &task.key)? {
        Some(commit) => {
            let object = commit.objects.get(RESULT);
            let object = object.ok_or_else(|| StoreError::corrupt(&task.label, "the trial has no result"))?;
            let result: TrialResult = parse(&store.display(&object.key), &store.read(&object.key)?)?;
            Happened::Ended(Box::new(result))
        }
        None => match attempt.and_then(|attempt| attempt.error) {
            Some(why) => Happened::Failed(why),
            None => Happened::Waits,
        },
    };
    Ok(Outcome { trial, happened, seconds })
}

/// Opens what stands of a study: by its file or by its run directory.
pub fn opened(target: &str) -> Result<(Study, String, Box<dyn Store>), Failure> {
    if target.ends_with(".toml") {
        // Its objective and limits may have changed since the models were trained.
        let study = open::located(&open::read(target)?)?;
        let folder = study.folder();
        let store = crate::house::open_run(&folder)?;
        return Ok((study, folder, store));
    }
    let folder = target.trim_end_matches('/').to_owned();
    let store = crate::house::open_run(&folder)?;
    let resolved = "config.resolved.toml";
    let content = String::from_utf8_lossy(&store.read(resolved)?).into_owned();
    if !open::is_study(&content) {
        return Err(Failure::usage(format!("`{folder}` is not the run of a study")));
    }
    let study = open::parse(&tokenmill_engine::Text { name: store.display(resolved), content })?;
    Ok((study, folder, store))
}

/// How many trials there are in each state.
pub fn states(analysis: &Analysis) -> BTreeMap<&'static str, usize> {
    let mut states = BTreeMap::new();
    analysis.trials.iter().for_each(|trial| *states.entry(trial.state).or_default() += 1);
    states
}
