//! The map phase: reads records or the documents of an earlier phase, walks each through the chain, and writes
//! documents, ledger, metrics and a sample of what was removed.

mod cost;
mod groups;
mod guard;
mod run;
mod tables;
mod task;
mod writer;

pub use cost::reading;
pub use groups::TABLE as GROUPS;
pub use guard::silence_panics;
pub use task::Work;

use crate::chain::Chain;
use crate::exchange::{self, by_part};
use crate::index;
use crate::spec::{SourceSpec, Spec, StepSpec, canonical_steps};
use serde_json::json;
use std::sync::{Arc, OnceLock};
use tokenmill_core::BuildError;
use tokenmill_store::phase::DOCS;
use tokenmill_store::{Cost, Inputs, Outcome, Phase, SharedAssets, StoreError, Task, TaskContext};

/// One map phase of a run.
pub struct MapPhase {
    /// `None` for phases that read the documents of the phase before.
    source: Option<SourceSpec>,
    /// The steps on single documents, with the exchanges and pipes whose decisions are applied among them.
    steps: Vec<StepSpec>,
    /// The exchanges that settle on what this phase leaves.
    exchanges: Vec<StepSpec>,
    /// Whether it only looks ahead: it writes sketches and removes nothing.
    is_scan: bool,
    seed: u64,
    removed: f64,
    limit: Option<u64>,
    spec: String,
    assets: Arc<dyn SharedAssets>,
    chain: OnceLock<Result<Chain, BuildError>>,
}

impl MapPhase {
    /// The map phase of the `index`-th block of a recipe. Stages are built at the first task, not here.
    ///
    /// # Errors
    /// When an asset is unknown.
    pub fn new(spec: &Spec, index: usize, assets: Arc<dyn SharedAssets>) -> Result<MapPhase, BuildError> {
        let block = &spec.blocks[index];
        let steps = spec.chain(index);
        // A pipe reads what the phase leaves, and the phase need not know of it.
        let exchanges = block.exchanges.iter().filter(|step| step.entry.shape.exchange().is_some());
        let exchanges: Vec<StepSpec> = exchanges.cloned().collect();
        let reads_source = spec.reads_source(index);
        let source = reads_source.then(|| spec.source.clone());
        let limit = spec.limit.filter(|_| reads_source);
        let canonical = json!({
            "format": FORMAT,
            "steps": canonical_steps(&steps, &*assets)?,
            "exchanges": canonical_steps(&exchanges, &*assets)?,
            "scan": block.is_scan,
            "seed": spec.seed,
            "removed": spec.removed,
            "limit": limit,
            "source": source.as_ref().map(|source| json!({"kind": source.kind, "columns": format!("{:?}", source.columns)})),
        });
        let (seed, removed, is_scan, spec) = (spec.seed, spec.removed, block.is_scan, canonical.to_string());
        let chain = OnceLock::new();
        Ok(MapPhase { source, steps, exchanges, is_scan, seed, removed, limit, spec, assets, chain })
    }

    /// The steps of the phase, for people.
    pub fn steps(&self) -> Vec<StepSpec> {
        self.steps.iter().chain(&self.exchanges).cloned().collect()
    }

    fn chain(&self) -> Result<&Chain, StoreError> {
        let built = self.chain.get_or_init(|| Chain::build(&self.steps, &self.exchanges, &*self.assets));
        built.as_ref().map_err(|error| {
            let hint = error.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            StoreError::Usage(format!("{}{hint}", error.message))
        })
    }

    /// The steps whose decisions are applied.
    fn decided_steps(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter(|step| step.entry.shape.is_decided_apart()).map(|step| step.name.as_str())
    }
}

/// What the path of an asset begins with.
const ASSET: &str = "asset:";

/// Paths, with those of files in place of the names of assets: `asset:wikipedia-sample`.
fn located(paths: &[String], assets: &dyn SharedAssets) -> Result<Vec<String>, StoreError> {
    let located = |path: &String| match path.strip_prefix(ASSET) {
        None => Ok(path.clone()),
        Some(name) => match assets.file(name) {
            Ok(file) => Ok(file.display().to_string()),
            Err(error) => {
                let hint = error.hint.unwrap_or_else(|| "`tokenmill assets` lists them".to_owned());
                Err(StoreError::Refused { what: format!("`source.paths`: {}", error.message), hint })
            }
        },
    };
    paths.iter().map(located).collect()
}

/// Raised when the reader, the tables or the chain itself change in a way that can change outputs.
const FORMAT: u32 = 5;

impl Phase for MapPhase {
    fn name(&self) -> &str {
        if self.is_scan { "scan" } else { "map" }
    }

    fn spec(&self) -> String {
        self.spec.clone()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        let decided = self.decided_steps().map(|step| by_part(inputs.get(&exchange::decided(step))?));
        let decided = decided.collect::<Result<Vec<_>, StoreError>>()?;
        match &self.source {
            // After a scan its parts are the inputs: decisions belong to exactly those files.
            Some(_) if !decided.is_empty() => {
                let parts = &inputs.get(DOCS)?.parts;
                parts.iter().map(|part| task::of_part(fingerprint, part, &decided, true)).collect()
            }
            Some(source) => {
                let found = match &source.index {
                    Some(_) => index::picked_inputs(inputs, &source.base, source.paths.first().map_or("", |path| path)),
                    None => source.format.inputs(&located(&source.paths, &*self.assets)?, &source.base),
                };
                Ok(found?.iter().map(|input| task::of_input(fingerprint, input)).collect())
            }
            None => {
                let parts = &inputs.get(DOCS)?.parts;
                parts.iter().map(|part| task::of_part(fingerprint, part, &decided, false)).collect()
            }
        }
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        run::run(self, self.chain()?, task, context)
    }

    fn forecast(&self) -> String {
        match &self.source {
            Some(SourceSpec { index: Some(_), .. }) => "one task per crawl file that holds wanted records".to_owned(),
            _ => "one task per part of the phase before".to_owned(),
        }
    }

    fn cost(&self) -> Cost {
        cost::of(self)
    }
}
