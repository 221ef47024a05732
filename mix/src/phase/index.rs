//! `index`: one task that writes the manifest of all shards.

use super::settings::ShardSettings;
use super::{LAYOUT, Layout, cost, first_part, json_of, objects_digest, parts_digest, sum};
use crate::shard::dataset::{
    Dataset, FORMAT, GroupCount, Lineage, Shard, ShardSha256, SourceLineage, TrainingPhase, VERSION as DATASET_VERSION,
};
use crate::shard::megatron::Dtype;
use crate::take::Training;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::phase::DOCS;
use tokenmill_store::{Cost, Inputs, Manifest, ObjectRef, Outcome, Part, Phase, StoreError, Task, TaskContext, commit};

/// Raised when the manifest can change.
const VERSION: u32 = 2;

/// The object with the [`Dataset`].
pub const DATASET: &str = "dataset";

pub struct Index {
    pub settings: ShardSettings,
    /// The token stores of a mix.
    pub sources: Vec<SourceLineage>,
}

impl Phase for Index {
    fn name(&self) -> &str {
        super::INDEX_PHASE
    }

    fn spec(&self) -> String {
        let runs: Vec<_> = self.sources.iter().map(|source| (&source.name, &source.run)).collect();
        json!({"version": VERSION, "runs": runs}).to_string()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let key = digest_hex(format!("{fingerprint}\0{}", parts_digest(inputs.get(DOCS)?)).as_bytes());
        Ok(vec![Task { key, label: "manifest of all shards".to_owned(), bytes: 0, work: json!({}) }])
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let manifest = context.inputs.get(DOCS)?;
        let layout: Layout = json_of(context.store, first_part(manifest)?, LAYOUT)?;
        let mut parts = manifest.parts.iter();
        let mut phases = Vec::new();
        for (training, n_shards) in layout.trainings.iter().zip(&layout.n_shards) {
            let parts: Vec<&Part> = parts.by_ref().take(*n_shards as usize).collect();
            phases.push(phase(training, &parts)?);
        }
        let dataset = Dataset {
            version: DATASET_VERSION,
            format: FORMAT.to_owned(),
            dtype: Dtype::for_vocab(layout.card.vocab_size).name().to_owned(),
            tokenizer: layout.card,
            seed: self.settings.seed,
            packing: self.settings.packing,
            long: self.settings.long,
            n_documents: sum(manifest, "n_out"),
            n_tokens: sum(manifest, "n_tokens"),
            n_sequences: sum(manifest, "n_sequences"),
            phases,
            lineage: self.lineage(manifest),
        };
        dataset.check().map_err(|why| StoreError::corrupt(&task.label, why))?;
        let mut spool = context.spool()?;
        spool.write_all(&commit::to_json(&dataset)?).map_err(StoreError::io("write", &task.label))?;
        let object = context.keep(spool, DATASET, "json", dataset.n_documents)?;
        let tally = json!({
            "n_in": dataset.n_documents,
            "n_out": dataset.n_documents,
            "n_tokens": dataset.n_tokens,
            "n_sequences": dataset.n_sequences,
            "n_shards": dataset.n_shards(),
        });
        Ok(Outcome { objects: [(DATASET.to_owned(), object)].into(), tally, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        "one task".to_owned()
    }

    fn cost(&self) -> Cost {
        cost::small()
    }
}

impl Index {
    fn lineage(&self, manifest: &Manifest) -> Lineage {
        Lineage { sources: self.sources.clone(), phase: manifest.phase.clone(), objects: objects_digest(manifest) }
    }
}

fn count(part: &Part, name: &str) -> u64 {
    part.tally.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0)
}

fn phase(training: &Training, parts: &[&Part]) -> Result<TrainingPhase, StoreError> {
    let total = |name: &str| parts.iter().map(|part| count(part, name)).sum::<u64>();
    let mut groups: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for part in parts {
        let own: BTreeMap<String, (u64, u64)> = field(part, "groups")?;
        for (name, (n_documents, n_tokens)) in own {
            let sum = groups.entry(name).or_default();
            *sum = (sum.0 + n_documents, sum.1 + n_tokens);
        }
    }
    let n_tokens = total("n_tokens");
    let share = |tokens: u64| if n_tokens == 0 { 0.0 } else { tokens as f64 / n_tokens as f64 };
    let group =
        |(name, (n_documents, tokens))| GroupCount { name, n_documents, n_tokens: tokens, share: share(tokens) };
    Ok(TrainingPhase {
        name: training.name.clone(),
        context: training.context,
        n_documents: total("n_out"),
        n_pieces: total("n_pieces"),
        n_tokens,
        n_sequences: total("n_sequences"),
        n_truncated: total("n_truncated"),
        groups: groups.into_iter().map(group).collect(),
        shards: parts.iter().map(|part| shard(part)).collect::<Result<_, _>>()?,
    })
}

/// What the manifest says of a shard.
pub fn shard(part: &Part) -> Result<Shard, StoreError> {
    let object = |name: &str| -> Result<ObjectRef, StoreError> {
        let object = part.objects.get(name).cloned();
        object.ok_or_else(|| StoreError::corrupt(&part.task, format!("the shard has no `{name}`")))
    };
    let sha256: ShardSha256 = field(part, "sha256")?;
    let bin = object("bin")?;
    Ok(Shard {
        prefix: bin.key.strip_suffix(".bin").unwrap_or(&bin.key).to_owned(),
        n_documents: count(part, "n_out"),
        n_pieces: count(part, "n_pieces"),
        n_tokens: count(part, "n_tokens"),
        n_sequences: count(part, "n_sequences"),
        bin,
        idx: object("idx")?,
        samples: object("samples")?,
        pieces: object("pieces")?,
        sha256,
    })
}

/// A value of the tally of a part.
fn field<T: serde::de::DeserializeOwned>(part: &Part, name: &str) -> Result<T, StoreError> {
    let value = part.tally.get(name).cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|error| StoreError::corrupt(&part.task, format!("`{name}`: {error}")))
}
