//! The phase of a model: one task for every part of the map phase before it, all sharing the model and its devices.

use crate::exchange::{DECISIONS, PartDecisions};
use crate::parts::{self, Work};
use crate::pipe::{Answer, AnswerTable, Gives};
use crate::spec::{StepSpec, canonical_steps};
use serde_json::json;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use tokenmill_core::score::{Place, Scores};
use tokenmill_core::{BuildError, DocId, Document, Score, Stage};
use tokenmill_store::cost::Amount;
use tokenmill_store::source::DocsReader;
use tokenmill_store::{Cost, Inputs, ObjectRef, Outcome, Phase, SharedAssets, StoreError, Task, TaskContext};

/// Raised when what a model is given, or what is stored of its numbers, can change.
const FORMAT: u32 = 1;

/// The documents of a map phase through a model.
pub struct ScorePhase {
    name: String,
    step: StepSpec,
    device: String,
    spec: String,
    assets: Arc<dyn SharedAssets>,
    /// Read at the first task, not while planning: models are large.
    stage: OnceLock<Result<Box<dyn Score>, BuildError>>,
}

impl ScorePhase {
    /// The phase of a step, on the device that the recipe asks for.
    ///
    /// # Errors
    /// When a file of the model is not to be had.
    pub fn new(step: &StepSpec, device: &str, assets: Arc<dyn SharedAssets>) -> Result<ScorePhase, BuildError> {
        let identity = canonical_steps(std::slice::from_ref(step), &*assets).map_err(|error| step.blame(error))?;
        let spec = json!({"format": FORMAT, "step": identity}).to_string();
        let (name, device, stage) = (format!("score-{}", step.name), device.to_owned(), OnceLock::new());
        Ok(ScorePhase { name, step: step.clone(), device, spec, assets, stage })
    }

    fn stage(&self) -> Result<&dyn Score, StoreError> {
        let build = || match (self.step.entry.build)(&self.step.params, &*self.assets)? {
            Stage::Score(stage) => Ok(stage),
            _ => Err(BuildError::new("it is no model")),
        };
        self.stage.get_or_init(build).as_deref().map_err(|error| self.refused(error.clone()))
    }

    fn refused(&self, error: BuildError) -> StoreError {
        let BuildError { message, hint } = self.step.blame(error);
        match hint {
            Some(hint) => StoreError::Refused { what: message, hint },
            None => StoreError::Usage(message),
        }
    }

    /// Hands all documents of a part to the model and its numbers to `take`; says how many documents there were.
    fn score(
        &self,
        task: &Task,
        docs: &ObjectRef,
        context: &TaskContext<'_>,
        mut take: impl FnMut(u32, DocId, Scores) -> Result<(), StoreError>,
    ) -> Result<u64, StoreError> {
        let place = Place { device: &self.device, threads: rayon::current_num_threads() };
        let mut scoring = self.stage()?.begin(&place).map_err(|error| self.refused(error))?;
        let mut reader = DocsReader::open(context.store, &docs.key)?;
        let (mut document, mut source) = (Document::default(), String::new());
        let mut waiting: VecDeque<(u32, DocId)> = VecDeque::new();
        let mut settle = |waiting: &mut VecDeque<(u32, DocId)>, scores: Vec<Scores>| {
            scores.into_iter().try_for_each(|scores| match waiting.pop_front() {
                Some((row, id)) => take(row, id, scores),
                None => Err(StoreError::Usage("a model has scored more documents than it was given".to_owned())),
            })
        };
        let (mut row, mut reported) = (0, 0);
        while reader.next(&mut document, &mut source)? {
            if self.step.when.matches(&document.lang, &document.kind) {
                scoring.push(&document.text).map_err(|error| self.refused(error))?;
                waiting.push_back((row, document.id));
                settle(&mut waiting, scoring.ready().map_err(|error| self.refused(error))?)?;
            }
            row += 1;
            let read = (u128::from(task.bytes) * u128::from(row) / u128::from(docs.rows.max(1))) as u64;
            context.advance(read.saturating_sub(reported));
            reported = read.max(reported);
        }
        settle(&mut waiting, scoring.finish().map_err(|error| self.refused(error))?)?;
        match waiting.front() {
            None => Ok(u64::from(row)),
            Some((row, _)) => Err(StoreError::Usage(format!("a model has not scored row {row}"))),
        }
    }
}

impl Phase for ScorePhase {
    fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self) -> String {
        self.spec.clone()
    }

    fn tasks(&self, fingerprint: &str, inputs: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
        parts::tasks(fingerprint, inputs)
    }

    fn run(&self, task: &Task, context: &TaskContext<'_>) -> Result<Outcome, StoreError> {
        let work = Work::of(task)?;
        let names: Vec<String> = self.step.metrics().map(|(name, _)| name.to_owned()).collect();
        let mut table = AnswerTable::create(context, Gives::Numbers, &names)?;
        let mut n_scored = 0;
        let mut n_in = 0;
        if work.docs.rows > 0 {
            n_in = self.score(task, &work.docs, context, |row, id, numbers| {
                n_scored += 1;
                table.push(row, id, &Answer { numbers, ..Answer::default() })
            })?;
        }
        let object = table.finish(context, DECISIONS)?;
        let digest = object.digest.clone();
        let parts = [PartDecisions { part: work.part, start: 0, n_rows: n_scored, digest }];
        let tally = json!({"n_in": n_in, "n_out": n_scored, "n_removed": 0, "parts": parts});
        Ok(Outcome { objects: [(DECISIONS.to_owned(), object)].into(), tally, ..Outcome::default() })
    }

    fn first_wins(&self) -> bool {
        true
    }

    fn forecast(&self) -> String {
        "one task per part of the phase before; all share the model and its devices".to_owned()
    }

    /// Of a DistilRoBERTa that scores 422 tokens of a document: `docs/benchmarks/gpu.md` says how many an H100 does, and
    /// `encoders.md` how many a core.
    fn cost(&self) -> Cost {
        let (gpu_seconds, core_seconds) = match self.device.as_str() {
            "cpu" => (Amount::NONE, Amount::per_document(0.32)),
            _ => (Amount::per_document(1.0 / 12_564.0), Amount::per_byte(1.2e-8)),
        };
        Cost { gpu_seconds, core_seconds, written: Amount::per_document(40.0), memory: 1.0e9, ..Cost::default() }
    }
}
