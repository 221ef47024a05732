//! Jobs as processes of this machine, by the same contract as everywhere else.

use super::engine::{Engine, Failed, File, MAX_FAILED, Outcome};
use super::options::Options;
use super::round::{Array, Round};
use super::shape::Limits;
use super::tool::{no_start, quote_all};
use crate::failure::{Failure, RETRY};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// A pool of processes.
pub struct Local;

impl Local {
    /// This machine, which has no options.
    pub fn new(options: &Options) -> Result<Local, Failure> {
        options.check("local", &[])?;
        Ok(Local)
    }
}

impl Engine for Local {
    fn limits(&self) -> Result<Limits, Failure> {
        Ok(Limits { jobs: 100_000, arrays: 1_000 })
    }

    fn files(&self, round: &Round<'_>) -> Result<Vec<File>, Failure> {
        let mut content = "#!/bin/sh\n".to_owned();
        for (array, index) in jobs(round) {
            let words: Vec<String> =
                [round.run.program.clone()].into_iter().chain(words(round, array, index)).collect();
            content.push_str(&format!("{}\n", quote_all(&words)));
        }
        Ok(vec![File { name: format!("{}.sh", round.name("jobs")), content }])
    }

    fn submit(&self, round: &Round<'_>) -> Result<Outcome, Failure> {
        let jobs: Vec<(&Array, usize)> = jobs(round).collect();
        let n_workers = round.parallel.unwrap_or(1).clamp(1, jobs.len().max(1));
        let (next, n_for_good) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (failed, broken) = (Mutex::new(Vec::new()), Mutex::new(None));
        std::thread::scope(|scope| {
            for _ in 0..n_workers {
                scope.spawn(|| {
                    while n_for_good.load(Ordering::Relaxed) < MAX_FAILED {
                        let Some((array, index)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                        match process(round, array, *index) {
                            Ok(None) => {}
                            Ok(Some(job)) => {
                                n_for_good.fetch_add(usize::from(job.for_good), Ordering::Relaxed);
                                failed.lock().unwrap_or_else(PoisonError::into_inner).push(job);
                            }
                            Err(failure) => {
                                *broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
                                break;
                            }
                        }
                    }
                });
            }
        });
        match broken.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(failure) => Err(failure),
            None => Ok(Outcome::Tried(failed.into_inner().unwrap_or_else(PoisonError::into_inner))),
        }
    }
}

/// The jobs of a round.
fn jobs<'a>(round: &'a Round<'_>) -> impl Iterator<Item = (&'a Array, usize)> {
    round.arrays.iter().flat_map(|array| (0..array.n_jobs).map(move |index| (array, index)))
}

/// What a job calls, without the program.
fn words(round: &Round<'_>, array: &Array, index: usize) -> Vec<String> {
    let mut words = round.command(array);
    if array.n_jobs > 1 {
        words.extend(["--index".to_owned(), index.to_string()]);
    }
    words
}

/// Runs a job to its end. What it says of failures is kept, everything else passed on.
fn process(round: &Round<'_>, array: &Array, index: usize) -> Result<Option<Failed>, Failure> {
    let program = &round.run.program;
    let mut command = Command::new(program);
    command.args(words(round, array, index)).envs(round.run.variables.iter().cloned());
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let output = child.and_then(std::process::Child::wait_with_output).map_err(|error| no_start(program, &error))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !said.trim().is_empty() {
        eprintln!("{}", said.trim_end());
    }
    if output.status.success() {
        return Ok(None);
    }
    let for_good = output.status.code().is_some_and(|code| code != i32::from(RETRY));
    let message =
        if said.trim().is_empty() { format!("a job ended with {}", output.status) } else { said.into_owned() };
    Ok(Some(Failed { for_good, message }))
}
