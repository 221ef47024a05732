//! What a trainer is given: the values of its placeholders, its files, and where the shards lie.

use super::Shared;
use crate::ablation::pool::of_group;
use crate::ablation::study::{EMBEDDED, Proxy};
use crate::ablation::trainer::embedded;
use crate::ablation::trainer::given::{GroupGiven, ShardGiven, steps};
use crate::ablation::trainer::placeholders::{self, Values};
use crate::ablation::trial::Trial;
use crate::shard::dataset::{Dataset, TrainingPhase};
use crate::shard::export::prefix;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokenmill_store::StoreError;
use tokenmill_store::place::write_with;

/// Share of the steps in which the learning rate rises.
const WARMUP: f64 = 0.05;

/// What the learning rate is at the end, as a share of its peak; in an anneal it is 0.
const FINAL_LR: f64 = 0.1;

/// All that one trial is given.
pub struct Prepared {
    /// The folder of the trial.
    pub out: PathBuf,
    /// Values of all placeholders.
    pub values: Values,
    /// The command that trains.
    pub command: Vec<String>,
    /// The command for each group that says its loss, if the trainer has one.
    pub evaluate: Vec<(String, Vec<String>)>,
    /// Its environment.
    pub env: BTreeMap<String, String>,
    /// Where the model will be.
    pub checkpoint: Option<PathBuf>,
}

/// The shape of a proxy, by which trials are known: not its name, nor how many mixes it has.
pub fn shape(proxy: &Proxy) -> serde_json::Value {
    let Proxy { layers, hidden, heads, ffn, context, batch, lr, .. } = proxy;
    json!({"layers": layers, "hidden": hidden, "heads": heads, "ffn": ffn, "context": context, "batch": batch, "lr": lr})
}

/// Makes the folder of a trial ready. `data` is where the shards are, `start` the model to go on from.
pub fn prepare(
    shared: &Shared,
    dataset: &Dataset,
    data: &Path,
    (trial, proxy): (&Trial, &Proxy),
    (start, is_base, slot): (Option<&Path>, bool, usize),
    out: PathBuf,
) -> Result<Prepared, StoreError> {
    let study = &shared.study;
    let trainer = &study.trainer;
    let [train, valid] = groups(shared, dataset, data, trial)?;
    let data_json = out.join("data.json");
    put(&data_json, &format!("{:#}\n", json!({"train": train, "valid": valid})))?;
    let n_steps = steps(trial.tokens, proxy);
    let path = |path: &Path| path.display().to_string();
    let mut values = trainer.with.clone();
    let own: [(&str, String); placeholders::TRIAL.len()] = [
        ("trial", trial.name.clone()),
        ("seed", trial.seed.to_string()),
        ("proxy", proxy.name.clone()),
        ("out", path(&out)),
        ("data", path(data)),
        ("data_json", path(&data_json)),
        ("tokens", trial.tokens.to_string()),
        ("steps", n_steps.to_string()),
        ("context", proxy.context.to_string()),
        ("batch", proxy.batch.to_string()),
        ("layers", proxy.layers.to_string()),
        ("hidden", proxy.hidden.to_string()),
        ("heads", proxy.heads.to_string()),
        ("ffn", proxy.ffn.to_string()),
        ("vocab", dataset.tokenizer.vocab_size.to_string()),
        ("eos", dataset.tokenizer.eos.map(|id| id.to_string()).unwrap_or_default()),
        ("dtype", dataset.dtype.clone()),
        ("lr", proxy.lr.to_string()),
        ("final_lr", if trial.anneals { "0".to_owned() } else { (proxy.lr * FINAL_LR).to_string() }),
        ("warmup_steps", if trial.anneals { 0 } else { (n_steps as f64 * WARMUP).ceil() as u64 }.to_string()),
        (
            "decay",
            if is_base {
                "constant"
            } else if trial.anneals {
                "linear"
            } else {
                "cosine"
            }
            .to_owned(),
        ),
        ("start", start.map(path).unwrap_or_default()),
        ("save", if is_base { "1" } else { "" }.to_owned()),
        ("slot", slot.to_string()),
        ("tokenmill", path(&shared.place.program)),
    ];
    values.extend(own.map(|(name, value)| (name.to_owned(), value)));
    let expand = |text: &str| placeholders::expand(text, &values).map_err(lacks);
    let checkpoint = match &trainer.checkpoint {
        Some(path) => Some(out.join(expand(path)?)),
        None => trainer.is_embedded().then(|| out.join(embedded::CHECKPOINT)),
    };
    let own_env = trainer.env.iter().map(|(name, value)| Ok((name.clone(), expand(value)?)));
    let own_env = own_env.collect::<Result<BTreeMap<String, String>, StoreError>>()?;
    if trainer.is_embedded() {
        let save = checkpoint.as_deref().filter(|_| is_base);
        let job = embedded::job(dataset, (trial, proxy), &train, (&valid, study.validation_tokens), (start, save));
        let path = out.join(embedded::JOB);
        put(&path, &format!("{job:#}\n"))?;
        let command = embedded::command(&shared.place.program, &path);
        let mut env = embedded::env();
        env.extend(own_env);
        return Ok(Prepared { out, values, command, evaluate: Vec::new(), env, checkpoint });
    }
    for (name, content) in &trainer.files {
        put(&out.join(expand(name)?), &expand(content)?)?;
    }
    let shard_arguments = |templates: &[String], groups: &[GroupGiven]| -> Result<Vec<String>, StoreError> {
        let mut arguments = Vec::new();
        for (group, shard) in groups.iter().flat_map(|group| group.shards.iter().map(move |shard| (group, shard))) {
            let mut values = values.clone();
            values.extend([
                ("group".to_owned(), group.group.clone()),
                ("weight".to_owned(), format!("{:.9}", shard.weight)),
                ("prefix".to_owned(), shard.prefix.clone()),
                ("n_tokens".to_owned(), shard.n_tokens.to_string()),
            ]);
            for template in templates {
                arguments.push(placeholders::expand(template, &values).map_err(lacks)?);
            }
        }
        Ok(arguments)
    };
    let trained = shard_arguments(&trainer.train, &train)?;
    let held_out = shard_arguments(&trainer.valid, &valid)?;
    let command = placeholders::command(&trainer.command, &values, [&trained, &held_out]).map_err(lacks)?;
    let mut evaluate = Vec::new();
    for group in valid.iter().filter(|_| !trainer.evaluate.is_empty()) {
        let mut values = values.clone();
        values.insert("group".to_owned(), group.group.clone());
        let own = shard_arguments(&trainer.valid, std::slice::from_ref(group))?;
        let command = placeholders::command(&trainer.evaluate, &values, [&trained, &own]).map_err(lacks)?;
        evaluate.push((group.group.clone(), command));
    }
    Ok(Prepared { out, values, command, evaluate, env: own_env, checkpoint })
}

fn lacks(what: String) -> StoreError {
    StoreError::Usage(format!("the template of the trainer: `{what}` has no value"))
}

fn put(path: &Path, content: &str) -> Result<(), StoreError> {
    write_with(path, |file| file.write_all(content.as_bytes()).map_err(StoreError::io("write", path.display())))
}

/// The shards of all groups that a trial trains on, and the held-out ones of all groups.
fn groups(shared: &Shared, dataset: &Dataset, data: &Path, trial: &Trial) -> Result<[Vec<GroupGiven>; 2], StoreError> {
    let given = |group: &str, phase: &TrainingPhase, weight: f64, of_all: f64| {
        let shard = |(number, shard): (usize, &crate::shard::dataset::Shard)| ShardGiven {
            prefix: data.join(prefix(&phase.name, number)).display().to_string(),
            n_tokens: shard.n_tokens,
            weight: of_all * shard.n_tokens as f64 / phase.n_tokens.max(1) as f64,
        };
        GroupGiven { group: group.to_owned(), weight, shards: phase.shards.iter().enumerate().map(shard).collect() }
    };
    let (mut train, mut valid) = (Vec::new(), Vec::new());
    for (group, share) in shared.study.groups.iter().zip(&trial.weights) {
        let [own, held_out] = of_group(dataset, &group.name).map_err(super::refused)?;
        if *share > 0.0 {
            train.push(given(&group.name, own, *share, *share));
        }
        valid.push(given(&group.name, held_out, *share, 1.0));
    }
    Ok([train, valid])
}

/// What messages call the trainer of a study.
pub fn name_of(shared: &Shared) -> &str {
    if shared.study.trainer.is_embedded() { EMBEDDED } else { &shared.study.trainer.name }
}
