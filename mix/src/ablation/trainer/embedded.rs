//! The trainer of this program: its job file, its command, and how its log is read.

use crate::ablation::study::{LogPatterns, Proxy};
use crate::ablation::trainer::given::{GroupGiven, steps};
use crate::ablation::trial::Trial;
use crate::shard::dataset::Dataset;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The job file in the folder of a trial.
pub const JOB: &str = "job.json";

/// Where the model is, in the folder of a trial.
pub const CHECKPOINT: &str = "model.safetensors";

/// Lines of training that a log has, about.
const REPORTS: u64 = 100;

/// The command that trains by a job file.
pub fn command(program: &Path, job: &Path) -> Vec<String> {
    let text = |path: &Path| path.display().to_string();
    vec![text(program), "ablate".to_owned(), "train".to_owned(), text(job)]
}

/// One thread for a model: two models at once on two cores are faster than one after the other. The memory of a step is given
/// back to the next and not to the system, which else takes a tenth of the time.
pub fn env() -> BTreeMap<String, String> {
    let variables = [
        ("RAYON_NUM_THREADS", "1"),
        ("MALLOC_TOP_PAD_", "134217728"),
        ("MALLOC_MMAP_THRESHOLD_", "1073741824"),
        ("MALLOC_TRIM_THRESHOLD_", "2147483648"),
    ];
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// How its log is read.
pub fn patterns() -> LogPatterns {
    LogPatterns {
        train: Some(r"^step \d+/\d+ tokens (?<tokens>\d+) loss (?<loss>\S+)".to_owned()),
        valid: Some(r"^valid (?<group>\S+) (?<loss>\S+)$".to_owned()),
        score: None,
    }
}

/// The job file of a trial. `valid` comes with the tokens of each group that are used, `models` are where to start from and
/// where to save.
pub fn job(
    dataset: &Dataset,
    (trial, proxy): (&Trial, &Proxy),
    train: &[GroupGiven],
    (valid, valid_tokens): (&[GroupGiven], u64),
    (start, save): (Option<&Path>, Option<&Path>),
) -> Value {
    let files = |group: &GroupGiven| -> Vec<String> {
        group.shards.iter().map(|shard| format!("{}.bin", shard.prefix)).collect()
    };
    let trained = |group: &GroupGiven| json!({"group": group.group, "weight": group.weight, "shards": files(group)});
    let held_out = |group: &GroupGiven| json!({"group": group.group, "shards": files(group), "tokens": valid_tokens});
    let (decay, final_lr, warmup) = match (trial.anneals, save.is_some()) {
        (true, _) => ("linear", 0.0, 0.0),
        (_, true) => ("constant", 1.0, 0.05),
        _ => ("cosine", 0.1, 0.05),
    };
    let n_steps = steps(trial.tokens, proxy);
    json!({
        "seed": trial.seed,
        "context": proxy.context,
        "batch": proxy.batch,
        "tokens": trial.tokens,
        "model": {
            "layers": proxy.layers, "hidden": proxy.hidden, "heads": proxy.heads, "ffn": proxy.ffn,
            "vocab": dataset.tokenizer.vocab_size,
        },
        "optimiser": {"lr": proxy.lr, "final_lr": final_lr, "warmup": warmup, "decay": decay},
        "start": start,
        "save": save,
        "dtype": if dataset.dtype == "uint16" { "u16" } else { "i32" },
        "train": train.iter().map(trained).collect::<Vec<_>>(),
        "valid": valid.iter().map(held_out).collect::<Vec<_>>(),
        "report_every": (n_steps / REPORTS).max(1),
    })
}
