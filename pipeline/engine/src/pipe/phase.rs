//! The phase of a pipe: one task for every part of the map phase before it, one process for every task.

use super::table::{AnswerTable, Gives};
use super::talk::Talk;
use crate::exchange::{DECISIONS, PartDecisions};
use crate::parts::{self, Work};
use crate::spec::{Spec, StepSpec, canonical_steps};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::catalog::Shape;
use tokenmill_core::{BuildError, Pipe, Stage};
use tokenmill_store::cost::Amount;
use tokenmill_store::{Cost, Inputs, Outcome, Phase, SharedAssets, StoreError, Task, TaskContext};

/// Raised when what a command is given, or what is stored of its answers, can change.
const FORMAT: u32 = 1;

/// The documents of a map phase through a command.
pub struct PipePhase {
    name: String,
    step: StepSpec,
    pipe: Pipe,
    spec: String,
    assets: Arc<dyn SharedAssets>,
}

/// Checks every pipe of a recipe.
///
/// # Errors
/// When one refuses its parameters or names no command.
pub fn check(spec: &Spec) -> Result<(), BuildError> {
    let mut pipes = spec.steps().filter(|step| step.entry.shape == Shape::Pipe);
    pipes.try_for_each(|step| built(step).map(drop))
}

fn built(step: &StepSpec) -> Result<Pipe, BuildError> {
    // What a command reads is its own business; its files are only looked at for their digests.
    let stage = (step.entry.build)(&step.params, &MemoryAssets::default()).map_err(|error| step.blame(error))?;
    match stage {
        Stage::Pipe(pipe) if pipe.command.iter().all(String::is_empty) => {
            let error = BuildError::new("`command` is empty");
            Err(step.blame(error.hint("name a program and its arguments: `command = [\"python3\", \"my_filter.py\"]`")))
        }
        Stage::Pipe(pipe) => Ok(pipe),
        _ => Err(step.blame(BuildError::new("it is no pipe"))),
    }
}

impl PipePhase {
    /// The phase of a step.
    ///
    /// # Errors
    /// When the step refuses its parameters, or a file is not to be had.
    pub fn new(step: &StepSpec, assets: Arc<dyn SharedAssets>) -> Result<PipePhase, BuildError> {
        let pipe = built(step)?;
        let identity = canonical_steps(std::slice::from_ref(step), &*assets).map_err(|error| step.blame(error))?;
        let spec = json!({"format": FORMAT, "step": identity}).to_string();
        Ok(PipePhase { name: format!("pipe-{}", step.name), step: step.clone(), pipe, spec, assets })
    }

    /// What `tokenmill plan` says of it.
    pub fn notes(&self) -> Vec<String> {
        let is_unnamed = |word: &&String| !self.pipe.files.contains(word) && Path::new(word).is_file();
        let note = |word: &String| {
            format!("`{word}` is a file and not in `files`: when it changes, what it has answered stands")
        };
        // A program of the machine is a file, too, and one that changes with the machine; a script of the user's is not.
        let is_script = |program: &&String| program.contains('/') && Path::new(program).is_relative();
        let (program, arguments) = (self.pipe.command.first(), self.pipe.command.iter().skip(1));
        program.into_iter().filter(is_script).chain(arguments).filter(is_unnamed).map(note).collect()
    }

    /// A file that is edited during a run would answer for some parts only, or for half of one.
    fn must_be_unchanged(&self) -> Result<(), StoreError> {
        for file in &self.pipe.files {
            self.assets.digest(file).map_err(|error| StoreError::Refused {
                what: self.step.blame(error.clone()).message,
                hint: error.hint.unwrap_or_default(),
            })?;
        }
        Ok(())
    }
}

impl Phase for PipePhase {
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
        self.must_be_unchanged()?;
        let mut table = AnswerTable::create(context, Gives::Decisions, &self.pipe.numbers)?;
        let (step, pipe, when) = (self.step.name.as_str(), &self.pipe, &self.step.when);
        let talk = Talk { step, pipe, when, store: context.store, docs: &work.docs.key };
        let (mut n_answers, mut n_removed) = (0, 0);
        let n_in = if work.docs.rows == 0 {
            0
        } else {
            talk.hold(|row, id, answer| {
                n_answers += 1;
                n_removed += u64::from(answer.removed_because.is_some());
                table.push(row, id, answer)
            })?
        };
        self.must_be_unchanged()?;
        context.advance(task.bytes);
        let object = table.finish(context, DECISIONS)?;
        let digest = object.digest.clone();
        let parts = [PartDecisions { part: work.part, start: 0, n_rows: n_answers, digest }];
        let tally = json!({"n_in": n_in, "n_out": n_answers, "n_removed": n_removed, "parts": parts});
        Ok(Outcome { objects: [(DECISIONS.to_owned(), object)].into(), tally, ..Outcome::default() })
    }

    fn forecast(&self) -> String {
        "one task and one process per part of the phase before".to_owned()
    }

    /// What a program of the user's costs nobody knows: here it is one in Python that looks at every word, at 5 MB/s
    /// (`docs/benchmarks/filters.md`, personal data with datatrove).
    fn cost(&self) -> Cost {
        Cost { core_seconds: Amount::per_byte(2.0e-7), written: Amount::per_document(40.0), ..Cost::default() }
    }
}
