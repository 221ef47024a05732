//! Ray: jobs as remote functions that start processes, spread over the cluster by a small program in Python.

use super::engine::{Engine, Failed, File, MAX_FAILED, Outcome};
use super::options::Options;
use super::round::Round;
use super::shape::Limits;
use super::tool::no_start;
use crate::failure::{Failure, RETRY};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// The program that talks to Ray. Were its file named `ray.py`, it would import itself.
const PROGRAM: &str = include_str!("on_ray.py");

const KNOWN: &[&str] = &["address", "python"];

/// Jobs that Ray is given at the same time, unless the user says otherwise.
const MAX_PARALLEL: usize = 10_000;

/// What the names of variables begin with that jobs need, wherever they run.
const PREFIXES: [&str; 2] = ["AWS_", "TOKENMILL_"];

/// A Ray cluster.
pub struct Ray {
    options: Options,
    retries: usize,
    talk: Mutex<Option<Talk>>,
}

impl Ray {
    /// Checks the options. A job that loses its machine is tried again so often.
    pub fn new(options: Options, retries: usize) -> Result<Ray, Failure> {
        options.check("ray", KNOWN)?;
        Ok(Ray { options, retries, talk: Mutex::new(None) })
    }

    /// What the program reads.
    fn description(&self, round: &Round<'_>) -> Value {
        let mut jobs: Vec<Vec<String>> = Vec::new();
        for array in &round.arrays {
            for index in 0..array.n_jobs {
                let mut command = vec![round.run.program.clone()];
                command.extend(round.command(array));
                if array.n_jobs > 1 {
                    command.extend(["--index".to_owned(), index.to_string()]);
                }
                jobs.push(command);
            }
        }
        let shape = &round.shape;
        json!({
            "address": self.options.get("address").unwrap_or("auto"),
            "cores": shape.cores,
            "gpus": shape.gpus,
            "memory": shape.memory,
            "retries": self.retries,
            "max_failed": MAX_FAILED,
            "parallel": round.parallel.unwrap_or(MAX_PARALLEL).max(1),
            "cwd": round.run.cwd,
            "variables": variables(round),
            "jobs": jobs,
        })
    }
}

/// The names of variables that jobs need. Their values are not written down anywhere.
fn variables(round: &Round<'_>) -> Vec<String> {
    let own = round.run.variables.iter().map(|(name, _)| name.clone());
    let standing = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let standing = standing.filter(|name| PREFIXES.iter().any(|prefix| name.starts_with(prefix)));
    let mut names: Vec<String> = own.chain(standing).collect();
    names.sort();
    names.dedup();
    names
}

impl Engine for Ray {
    fn limits(&self) -> Result<Limits, Failure> {
        Ok(Limits { jobs: 100_000, arrays: 1_000 })
    }

    fn files(&self, round: &Round<'_>) -> Result<Vec<File>, Failure> {
        let name = round.name("jobs");
        let content = format!("{:#}\n", self.description(round));
        let submit = format!("#!/bin/sh\ncd \"$(dirname \"$0\")\"\ntr -d '\\n' < {name}.json | python3 on_ray.py\n");
        Ok(vec![
            File { name: "on_ray.py".to_owned(), content: PROGRAM.to_owned() },
            File { name: format!("{name}.json"), content },
            File { name: "submit.sh".to_owned(), content: submit },
        ])
    }

    fn submit(&self, round: &Round<'_>) -> Result<Outcome, Failure> {
        let mut slot = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever has failed once is started anew, should there be another round.
        let mut talk = match slot.take() {
            Some(talk) => talk,
            None => Talk::start(self.options.get("python").unwrap_or("python3"), round)?,
        };
        let failed = talk.round(&self.description(round))?;
        *slot = Some(talk);
        Ok(Outcome::Tried(failed))
    }
}

/// The program at work: joining a cluster takes seconds, so it stays for all rounds, and ends with its input.
struct Talk {
    python: String,
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Talk {
    fn start(python: &str, round: &Round<'_>) -> Result<Talk, Failure> {
        let mut command = Command::new(python);
        command.args(["-c", PROGRAM]).envs(round.run.variables.iter().cloned());
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
        let mut child = child.map_err(|error| no_start(python, &error))?;
        let output = child.stdout.take().ok_or_else(|| Failure::for_now(format!("`{python}` has no output")))?;
        let input = child.stdin.take();
        Ok(Talk { python: python.to_owned(), child, input, output: BufReader::new(output).lines() })
    }

    /// Has a round done, and says which jobs failed.
    fn round(&mut self, description: &Value) -> Result<Vec<Failed>, Failure> {
        let sent = match &mut self.input {
            Some(input) => writeln!(input, "{description}").and_then(|()| input.flush()),
            None => Ok(()),
        };
        let mut failed = Vec::new();
        // One that ended before it has read everything has said why.
        for line in sent.is_ok().then_some(&mut self.output).into_iter().flatten() {
            let line = line.map_err(|error| Failure::for_now(format!("`{}` was lost: {error}", self.python)))?;
            let Ok(Value::Object(job)) = serde_json::from_str::<Value>(&line) else {
                eprintln!("{line}");
                continue;
            };
            if job.is_empty() {
                return Ok(failed);
            }
            let code = job.get("code").and_then(Value::as_i64).unwrap_or(i64::from(RETRY));
            let said = job.get("said").and_then(Value::as_str).unwrap_or_default();
            if code != 0 {
                eprintln!("{}", said.trim_end());
                failed.push(Failed { for_good: code != i64::from(RETRY), message: said.to_owned() });
            }
        }
        let status = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        Err(Failure::for_now(format!("the program that talks to Ray ended with {status}"))
            .hint("`pip install ray` on this machine, and `ray start` or `--option address=HOST:PORT`"))
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        drop(self.input.take());
        // It ends with its input; how is of no use any more.
        let _ = self.child.wait();
    }
}
