//! One trial: shards at hand, trainer at work, losses read.

use super::prepare::{Prepared, name_of, prepare};
use super::{CHECKPOINT, LOG, RESULT, Shared, shards};
use crate::ablation::study::LogPatterns;
use crate::ablation::trainer::{Ended, Heard, Launch, Log, embedded};
use crate::ablation::trial::{State, Trial, TrialResult};
use crate::phase::work_value;
use crate::shard::dataset::Dataset;
use crate::shard::export::{Form, export};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::place::{place, stream_file, write_with};
use tokenmill_store::{ObjectRef, Outcome, StoreError, Task, TaskContext, commit};

pub fn train(shared: &Shared, task: &Task, context: &TaskContext<'_>, is_base: bool) -> Result<Outcome, StoreError> {
    let trial: Trial = work_value(task, "trial")?;
    let proxy = shared.study.proxies.get(trial.proxy);
    let proxy =
        proxy.ok_or_else(|| StoreError::Usage(format!("`{}` has no proxy; the study has changed", trial.name)))?;
    let dataset = shards(context.inputs)?;
    let data = exported(shared, &dataset, context)?;
    let own: String = task.key.chars().take(8).collect();
    let out = shared.place.folder.join(format!("{}-{own}", trial.name));
    let start = start(task, context, &out)?;
    let slot = shared.slots.take();
    let given = (start.as_deref(), is_base, slot.number);
    let prepared = prepare(shared, &dataset, &data, (&trial, proxy), given, out)?;
    let heard = hear(shared, &prepared, (&trial, proxy.batch * proxy.context), &dataset, context)?;
    let losses = losses(shared, &prepared, &trial, &heard)?;
    let state = if heard.diverged.is_some() { State::Diverged } else { State::Done };
    let epochs = dataset_epochs(shared, &dataset, &trial)?;
    let result = TrialResult {
        state,
        reason: heard.diverged.map(|line| format!("the loss is no finite number: {line}")),
        losses,
        scores: heard.scores,
        curve: heard.curve,
        epochs,
        trial,
    };
    let mut objects = BTreeMap::new();
    let mut keep = |name: &str, extension: &str, content: &[u8]| -> Result<(), StoreError> {
        let mut spool = context.spool()?;
        spool.write_all(content).map_err(StoreError::io("write", &task.label))?;
        objects.insert(name.to_owned(), context.keep(spool, name, extension, 0)?);
        Ok(())
    };
    keep(RESULT, "json", &commit::to_json(&result)?)?;
    let environment = json!({"command": prepared.command, "env": prepared.env, "values": prepared.values});
    keep("environment", "json", &commit::to_json(&environment)?)?;
    let mut log = context.spool()?;
    stream_file(&log_path(&prepared.out), &mut log)?;
    objects.insert(LOG.to_owned(), context.keep(log, LOG, "txt", 0)?);
    let n_diverged = u64::from(state == State::Diverged);
    // No document goes through a trial.
    let mut tally =
        json!({"n_in": 0, "n_out": 0, "n_trials": 1, "n_diverged": n_diverged, "n_trained": result.trial.tokens});
    if is_base {
        let (object, path) = checkpoint(shared, &prepared, context)?;
        match object {
            Some(object) => {
                objects.insert(CHECKPOINT.to_owned(), object);
            }
            None => tally["checkpoint"] = json!(path),
        }
    }
    Ok(Outcome { objects, tally, ..Outcome::default() })
}

fn log_path(out: &Path) -> PathBuf {
    out.join("log.txt")
}

/// Trains, and evaluates where that is a command of its own.
fn hear(
    shared: &Shared,
    prepared: &Prepared,
    (trial, tokens_per_step): (&Trial, u64),
    dataset: &Dataset,
    context: &TaskContext<'_>,
) -> Result<Heard, StoreError> {
    let trainer = &shared.study.trainer;
    let own: LogPatterns;
    let patterns = if trainer.is_embedded() {
        own = embedded::patterns();
        &own
    } else {
        &trainer.log
    };
    let log = Log::new(patterns, tokens_per_step);
    let mut heard = Heard::default();
    let mut seen = 0;
    let path = log_path(&prepared.out);
    // What an earlier attempt has said is told in its record.
    write_with(&path, |_| Ok(()))?;
    let width = super::token_bytes(dataset);
    let commands = std::iter::once((None, &prepared.command));
    let commands = commands.chain(prepared.evaluate.iter().map(|(group, command)| (Some(group.as_str()), command)));
    for (group, command) in commands {
        let silence = Duration::from_secs(trainer.silence);
        let launch = Launch { command, env: &prepared.env, folder: &prepared.out, log: &path, silence };
        let ended = launch.run(&log, group, &mut heard, &mut |tokens| {
            let tokens = tokens.min(trial.tokens);
            context.advance(width * tokens.saturating_sub(seen));
            seen = seen.max(tokens);
        })?;
        match ended {
            Ended::Well => {}
            Ended::Diverged => break,
            Ended::Failed(why) => {
                let trainer = name_of(shared);
                let why = format!("the trainer `{trainer}` failed: {why}\nhint: all it said is in {}", path.display());
                return Err(StoreError::transient("train", &trial.name, why));
            }
        }
    }
    context.advance(width * trial.tokens.saturating_sub(seen));
    Ok(heard)
}

/// The losses of all groups.
fn losses(
    shared: &Shared,
    prepared: &Prepared,
    trial: &Trial,
    heard: &Heard,
) -> Result<BTreeMap<String, f64>, StoreError> {
    let named = |group: &crate::plan::Group| Some((group.name.clone(), *heard.losses.get(&group.name)?));
    let losses: BTreeMap<String, f64> = shared.study.groups.iter().filter_map(named).collect();
    let missing: Vec<&str> = (shared.study.groups.iter().map(|group| group.name.as_str()))
        .filter(|name| !losses.contains_key(*name))
        .collect();
    if missing.is_empty() || heard.diverged.is_some() {
        return Ok(losses);
    }
    Err(StoreError::Refused {
        what: format!(
            "`{}` was trained, but the trainer `{}` told no loss of the group{} `{}`",
            trial.name,
            name_of(shared),
            if missing.len() == 1 { "" } else { "s" },
            missing.join("`, `")
        ),
        hint: format!("compare `trainer.log.valid` with the lines of {}", log_path(&prepared.out).display()),
    })
}

/// How often the tokens of every group are used.
fn dataset_epochs(shared: &Shared, dataset: &Dataset, trial: &Trial) -> Result<BTreeMap<String, f64>, StoreError> {
    let pooled = super::pooled(&shared.study, dataset).map_err(super::refused)?;
    let epochs = |((group, n_tokens), share): ((&crate::plan::Group, &u64), &f64)| {
        (group.name.clone(), share * trial.tokens as f64 / (*n_tokens).max(1) as f64)
    };
    Ok(shared.study.groups.iter().zip(&pooled).zip(&trial.weights).map(epochs).collect())
}

/// The shards as files of this machine: links, where the store is on it. Done once in a process.
fn exported(shared: &Shared, dataset: &Dataset, context: &TaskContext<'_>) -> Result<PathBuf, StoreError> {
    let mut exported = shared.exported.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = &*exported {
        return Ok(folder.clone());
    }
    let identity: String = digest_hex(&commit::to_json(dataset)?).chars().take(8).collect();
    let folder = shared.place.folder.join(format!("shards-{identity}"));
    export(context.store, dataset, &folder, Form::Megatron, &mut |_| {})?;
    *exported = Some(folder.clone());
    Ok(folder)
}

/// The model to go on from, as a file of this machine.
fn start(task: &Task, context: &TaskContext<'_>, out: &Path) -> Result<Option<PathBuf>, StoreError> {
    let start: Value = work_value(task, "start")?;
    if let Some(path) = start.get("path").and_then(Value::as_str) {
        return Ok(Some(PathBuf::from(path)));
    }
    let Some(object) = start.get("object") else { return Ok(None) };
    let object: ObjectRef = serde_json::from_value(object.clone())
        .map_err(|error| StoreError::corrupt(&task.label, format!("the model to start from: {error}")))?;
    let path = out.join("start.bin");
    place(context.store, &object, &path)?;
    Ok(Some(path))
}

/// Keeps a trained model: a file goes into the store, of a folder only the path is kept.
fn checkpoint(
    shared: &Shared,
    prepared: &Prepared,
    context: &TaskContext<'_>,
) -> Result<(Option<ObjectRef>, String), StoreError> {
    let lacks = |what: &str| StoreError::Refused {
        what: format!("the trainer `{}` {what}, and an anneal starts from one", name_of(shared)),
        hint: "`trainer.checkpoint` says where in the folder of a trial the model is; or give `anneal.checkpoint`"
            .to_owned(),
    };
    let path = prepared.checkpoint.as_ref().ok_or_else(|| lacks("does not say where its model is"))?;
    let shown = path.display().to_string();
    if path.is_dir() {
        return Ok((None, shown));
    }
    let mut spool = context.spool()?;
    if !stream_file(path, &mut spool)? {
        return Err(lacks(&format!("has left no model at `{shown}`")));
    }
    Ok((Some(context.keep(spool, CHECKPOINT, "bin", 0)?), shown))
}
