//! `index`: one task that writes the manifest of all shards.

use super::{Settings, objects_digest, parts_digest, sum};
use crate::pack::{Long, Packing};
use crate::shard::dataset::{self, Dataset, Lineage, Shard, ShardSha256, TrainingPhase};
use crate::shard::megatron::Dtype;
use serde_json::json;
use std::io::Write;
use std::sync::Arc;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::phase::DOCS;
use tokenmill_store::{Inputs, Outcome, Part, Phase, StoreError, Task, TaskContext, commit};

/// Raised when the manifest can change.
const VERSION: u32 = 2;

pub struct Index(pub Arc<Settings>);

impl Phase for Index {
    fn name(&self) -> &str {
        "index"
    }

    fn spec(&self) -> String {
        json!({"version": VERSION}).to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let key = digest_hex(format!("{fingerprint}\0{}", parts_digest(inputs.get(DOCS)?)).as_bytes());
        Ok(vec![Task { key, label: "manifest of all shards".to_owned(), bytes: 0, work: json!({}) }])
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let manifest = context.inputs.get(DOCS)?;
        let tokenizer = self.0.card()?;
        let phase = TrainingPhase {
            name: "main".to_owned(),
            context: 0,
            n_documents: sum(manifest, "n_out"),
            n_pieces: sum(manifest, "n_pieces"),
            n_tokens: sum(manifest, "n_tokens"),
            n_sequences: sum(manifest, "n_sequences"),
            n_truncated: 0,
            groups: Vec::new(),
            shards: manifest.parts.iter().map(shard).collect::<Result<_, _>>()?,
        };
        let dataset = Dataset {
            version: dataset::VERSION,
            format: dataset::FORMAT.to_owned(),
            dtype: Dtype::for_vocab(tokenizer.vocab_size).name().to_owned(),
            tokenizer,
            seed: self.0.seed,
            packing: Packing::None,
            long: Long::Fragment,
            n_documents: phase.n_documents,
            n_tokens: phase.n_tokens,
            n_sequences: phase.n_sequences,
            phases: vec![phase],
            lineage: Lineage { sources: Vec::new(), phase: manifest.phase.clone(), objects: objects_digest(manifest) },
        };
        dataset.check().map_err(|why| StoreError::corrupt(&task.label, why))?;
        let mut spool = context.spool()?;
        spool.write_all(&commit::to_json(&dataset)?).map_err(StoreError::io("write", &task.label))?;
        let object = context.keep(spool, "dataset", "json", dataset.n_documents)?;
        let tally = json!({
            "n_in": dataset.n_documents,
            "n_out": dataset.n_documents,
            "n_tokens": dataset.n_tokens,
            "n_shards": dataset.n_shards(),
        });
        Ok(Outcome { objects: [("dataset".to_owned(), object)].into(), tally, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        "one task".to_owned()
    }
}

fn shard(part: &Part) -> Result<Shard, StoreError> {
    let object = |name: &str| {
        let object = part.objects.get(name).cloned();
        object.ok_or_else(|| StoreError::corrupt(&part.task, format!("the shard has no `{name}`")))
    };
    let count = |name: &str| part.tally.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
    let bin = object("bin")?;
    let prefix = bin.key.strip_suffix(".bin").unwrap_or(&bin.key).to_owned();
    let sha256 = part.tally.get("sha256").cloned().unwrap_or_default();
    let sha256: ShardSha256 = serde_json::from_value(sha256).map_err(|error| StoreError::corrupt(&part.task, error))?;
    Ok(Shard {
        prefix,
        n_documents: count("n_out"),
        n_pieces: count("n_pieces"),
        n_tokens: count("n_tokens"),
        n_sequences: count("n_sequences"),
        bin,
        idx: object("idx")?,
        samples: object("samples")?,
        pieces: object("pieces")?,
        sha256,
    })
}
