//! The map phase: reads records or the documents of an earlier phase, walks each through the chain, and writes
//! documents, ledger, metrics and a sample of what was removed.

mod guard;
mod tables;
mod task;

pub use guard::silence_panics;

use crate::chain::Chain;
use crate::spec::{SourceSpec, Spec, StepSpec, canonical_steps};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};
use tokenmill_core::BuildError;
use tokenmill_core::hash::digest_hex;
use tokenmill_store::source::{Input, expand};
use tokenmill_store::{Manifest, Outcome, Phase, SharedAssets, StoreError, Task, TaskContext};

/// One map phase of a run.
pub struct MapPhase {
    /// `None` for phases that read the documents of the phase before.
    source: Option<SourceSpec>,
    steps: Vec<StepSpec>,
    seed: u64,
    removed: f64,
    limit: Option<u64>,
    spec: String,
    assets: Arc<dyn SharedAssets>,
    chain: OnceLock<Result<Chain, BuildError>>,
}

impl MapPhase {
    /// The `index`-th map phase of a recipe. Stages are built at the first task, not here.
    ///
    /// # Errors
    /// When an asset is unknown.
    pub fn new(spec: &Spec, index: usize, assets: Arc<dyn SharedAssets>) -> Result<MapPhase, BuildError> {
        let steps = spec.maps[index].clone();
        let source = (index == 0).then(|| spec.source.clone());
        let limit = spec.limit.filter(|_| index == 0);
        let canonical = json!({
            "format": FORMAT,
            "steps": canonical_steps(&steps, &*assets)?,
            "seed": spec.seed,
            "removed": spec.removed,
            "limit": limit,
            "source": source.as_ref().map(|source| json!({"kind": source.kind, "columns": format!("{:?}", source.columns)})),
        });
        let (seed, removed, spec) = (spec.seed, spec.removed, canonical.to_string());
        Ok(MapPhase { source, steps, seed, removed, limit, spec, assets, chain: OnceLock::new() })
    }

    fn chain(&self) -> Result<&Chain, StoreError> {
        let built = self.chain.get_or_init(|| Chain::build(&self.steps, &*self.assets));
        built.as_ref().map_err(|error| {
            let hint = error.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            StoreError::Usage(format!("{}{hint}", error.message))
        })
    }
}

/// Raised when the reader, the tables or the chain itself change in a way that can change outputs.
const FORMAT: u32 = 1;

impl Phase for MapPhase {
    fn name(&self) -> &str {
        "map"
    }

    fn spec(&self) -> String {
        self.spec.clone()
    }

    fn tasks(&self, fingerprint: &str, upstream: Option<&Manifest>) -> Result<Vec<Task>, StoreError> {
        match (&self.source, upstream) {
            (Some(source), _) => {
                Ok(expand(&source.paths)?.into_iter().map(|input| source_task(fingerprint, input)).collect())
            }
            (None, Some(manifest)) => manifest.parts.iter().map(|part| docs_task(fingerprint, part)).collect(),
            (None, None) => Err(StoreError::Usage("a later map phase needs the phase before it".into())),
        }
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        task::run(self, self.chain()?, task, context)
    }

    fn forecast(&self) -> String {
        "one task per part of the phase before".to_owned()
    }
}

fn source_task(fingerprint: &str, input: Input) -> Task {
    let identity = format!("{fingerprint}\0{}\0{}\0{}", input.uri, input.bytes, input.version);
    Task {
        key: digest_hex(identity.as_bytes()),
        label: input.name.clone(),
        bytes: input.bytes,
        work: json!({"uri": input.uri, "name": input.name, "bytes": input.bytes, "version": input.version}),
    }
}

fn docs_task(fingerprint: &str, part: &tokenmill_store::Part) -> Result<Task, StoreError> {
    let docs = part.objects.get("docs").ok_or_else(|| StoreError::corrupt(&part.task, "the part has no documents"))?;
    Ok(Task {
        key: digest_hex(format!("{fingerprint}\0{}", part.task).as_bytes()),
        label: part.label.clone(),
        bytes: docs.bytes,
        work: json!({"docs": docs.key}),
    })
}

/// A string field of a task's work.
fn work_text<'a>(work: &'a Value, key: &str) -> Result<&'a str, StoreError> {
    let text = work.get(key).and_then(Value::as_str);
    text.ok_or_else(|| StoreError::Usage(format!("the task list of this run has no `{key}`; it is of another version")))
}
