//! The loop that all engines share: end what is done, see what is missing, submit that, and again.

use super::engine::{Engine, Failed, File, Outcome};
use super::notes;
use super::round::{Round, Run, arrays};
use super::shape::{Shape, Wishes};
use crate::failure::Failure;
use crate::log;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};
use tokenmill_engine::Plan;
use tokenmill_engine::plan::PhaseEstimate;
use tokenmill_engine::run::{Standing, advance};
use tokenmill_store::Store;

/// Failed tasks that are named.
const NAMED: usize = 5;

/// A run that is to be brought to its end.
pub struct Drive<'a> {
    /// Its plan.
    pub plan: &'a Plan,
    /// Its store.
    pub store: &'a dyn Store,
    /// What jobs must know of it.
    pub run: &'a Run,
    /// Who runs the jobs.
    pub engine: &'a dyn Engine,
    /// What its phases take.
    pub estimates: &'a [PhaseEstimate],
    /// What jobs should be like.
    pub wishes: &'a Wishes,
    /// Rounds of a phase, at most.
    pub attempts: usize,
    /// Where the run stands, as a planner job was told.
    pub progress: Progress,
    /// What a planner job is called with, besides how far the run is.
    pub planner: Vec<String>,
    /// What is only to be shown.
    pub show: Show,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The first phase that may not have ended.
    pub phase: usize,
    /// Rounds of that phase that have been submitted.
    pub attempt: usize,
    /// When the first of them was, in seconds since 1970.
    pub since: u64,
}

/// What is only to be shown.
pub enum Show {
    /// Nothing: submit it.
    Nothing,
    /// What would be submitted, on standard output.
    Print,
    /// What would be submitted, in files of this folder.
    Write(PathBuf),
}

impl Drive<'_> {
    /// Brings the run as far as this process can.
    pub fn go(&self) -> Result<ExitCode, Failure> {
        let mut progress = self.progress;
        loop {
            let Some(standing) = advance(self.plan, self.store, progress.phase)? else { return Ok(self.end()) };
            if standing.phase != progress.phase || progress.attempt == 0 {
                progress = Progress { phase: standing.phase, attempt: 0, since: now() };
            } else {
                self.judge(&standing, progress)?;
            }
            let round = self.round(&standing, progress)?;
            match &self.show {
                Show::Nothing => {}
                Show::Print => return Ok(print(&self.engine.files(&round)?)),
                Show::Write(folder) => return write(folder, &self.engine.files(&round)?),
            }
            log::note(&format!(
                "phase {} `{}`: {} of {} tasks to do, in {} jobs{}",
                round.phase,
                round.phase_name,
                standing.missing.len(),
                standing.tasks.len(),
                round.n_jobs(),
                if round.attempt > 1 { format!(", attempt {}", round.attempt) } else { String::new() }
            ));
            match self.engine.submit(&round)? {
                Outcome::Chained(lines) => {
                    lines.iter().for_each(|line| println!("{line}"));
                    log::note(&format!("the jobs go on by themselves: tokenmill status {}", self.run.uri));
                    return Ok(ExitCode::SUCCESS);
                }
                Outcome::Tried(failed) => self.judge_jobs(&standing, &failed)?,
            }
            progress.attempt += 1;
        }
    }

    /// The next round of a phase.
    fn round(&self, standing: &Standing, progress: Progress) -> Result<Round<'_>, Failure> {
        let planned = &self.plan.phases[standing.phase];
        let limits = self.engine.limits()?;
        let wishes = Wishes {
            max_jobs: Some(self.wishes.max_jobs.unwrap_or(usize::MAX).min(limits.max_jobs()?)),
            ..self.wishes.clone()
        };
        let estimate = self.estimates.get(standing.phase).ok_or_else(|| Failure::usage("a phase has no estimate"))?;
        let attempt = progress.attempt + 1;
        let shape = Shape::new(estimate, &wishes, standing.tasks.len(), standing.missing.len(), attempt);
        let arrays = arrays(&standing.missing, shape.pack, limits);
        let numbers =
            [("--phase", standing.phase as u64 + 1), ("--attempt", attempt as u64), ("--since", progress.since)];
        let mut planner = vec!["submit".to_owned(), "--plan".to_owned(), self.run.uri.clone()];
        planner.extend(numbers.into_iter().flat_map(|(name, number)| [name.to_owned(), number.to_string()]));
        planner.extend(self.planner.iter().cloned());
        Ok(Round {
            run: self.run,
            phase: standing.phase,
            phase_name: planned.phase.name(),
            folder: &planned.folder,
            attempt,
            shape,
            arrays,
            parallel: self.wishes.parallel,
            planner,
            n_tasks: standing.tasks.len() as u64,
        })
    }

    /// Whether what is missing after a round may be tried again.
    fn judge(&self, standing: &Standing, progress: Progress) -> Result<(), Failure> {
        let folder = &self.plan.phases[standing.phase].folder;
        let missing = standing.missing.iter().filter_map(|task| standing.tasks.get(*task));
        let notes = notes::failures(self.store, folder, missing.clone(), progress.since)?;
        let for_good: Vec<String> = notes.iter().filter(|note| !note.transient).map(notes::text).collect();
        if !for_good.is_empty() {
            return Err(self.failed_for_good(standing, &for_good));
        }
        if progress.attempt < self.attempts {
            return Ok(());
        }
        let mut lines: Vec<String> = notes.iter().map(notes::text).collect();
        if lines.is_empty() {
            lines = missing.take(NAMED + 1).map(|task| format!("`{}`", task.label)).collect();
        }
        let (phase, name) = (standing.phase, self.plan.phases[standing.phase].phase.name());
        let what = format!(
            "{} tasks of phase {phase} `{name}` are not committed after {} attempts{}",
            standing.missing.len(),
            progress.attempt,
            list(&lines)
        );
        Err(Failure::problem(what).hint(format!(
            "jobs that end without a word were killed: look at their logs for memory, disk and time limits, then \
             `tokenmill submit --plan {} --engine …`",
            self.run.uri
        )))
    }

    /// Whether jobs have said that another attempt is no use.
    fn judge_jobs(&self, standing: &Standing, failed: &[Failed]) -> Result<(), Failure> {
        let for_good = failed.iter().filter(|failed| failed.for_good).map(|failed| failed.message.clone());
        let for_good: Vec<String> = for_good.collect();
        if for_good.is_empty() { Ok(()) } else { Err(self.failed_for_good(standing, &for_good)) }
    }

    fn failed_for_good(&self, standing: &Standing, messages: &[String]) -> Failure {
        let (phase, name) = (standing.phase, self.plan.phases[standing.phase].phase.name());
        Failure::for_good(format!("tasks of phase {phase} `{name}` would fail again{}", list(messages)))
            .hint("what other tasks have done is kept: mend the input or leave it out, and submit again")
    }

    fn end(&self) -> ExitCode {
        let uri = &self.run.uri;
        if matches!(self.show, Show::Nothing) {
            log::note(&format!("the run has ended: tokenmill inspect funnel {uri}"));
        } else {
            log::note("the run has ended: there is nothing to submit");
        }
        ExitCode::SUCCESS
    }
}

/// Some messages below each other.
fn list(messages: &[String]) -> String {
    let mut text = String::new();
    for message in messages.iter().take(NAMED) {
        text.push_str(&format!("\n  {}", message.trim().replace('\n', "\n  ")));
    }
    if messages.len() > NAMED {
        text.push_str("\n  … and others");
    }
    text
}

fn print(files: &[File]) -> ExitCode {
    for file in files {
        println!("==> {} <==\n{}", file.name, file.content.trim_end());
    }
    ExitCode::SUCCESS
}

pub fn write(folder: &std::path::Path, files: &[File]) -> Result<ExitCode, Failure> {
    let fail = |error| Failure::usage(format!("cannot write to `{}`: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(fail)?;
    for file in files {
        let path = folder.join(&file.name);
        std::fs::write(&path, &file.content).map_err(fail)?;
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
