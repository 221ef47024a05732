//! Ray: jobs as remote functions that start processes, spread over the cluster by a small program in Python.

use super::engine::{Engine, Failed, File, MAX_FAILED, Outcome};
use super::options::Options;
use super::round::Round;
use super::shape::Limits;
use super::tool::no_start;
use crate::failure::{Failure, RETRY};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// The program that talks to Ray.
const PROGRAM: &str = include_str!("ray.py");

const KNOWN: &[&str] = &["address", "python"];

/// Jobs that Ray is given at the same time, unless the user says otherwise.
const MAX_PARALLEL: usize = 10_000;

/// What the names of variables begin with that jobs need, wherever they run.
const PREFIXES: [&str; 2] = ["AWS_", "TOKENMILL_"];

/// A Ray cluster.
pub struct Ray {
    options: Options,
    retries: usize,
}

impl Ray {
    /// Checks the options. A job that loses its machine is tried again so often.
    pub fn new(options: Options, retries: usize) -> Result<Ray, Failure> {
        options.check("ray", KNOWN)?;
        Ok(Ray { options, retries })
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
        let submit = format!("#!/bin/sh\ncd \"$(dirname \"$0\")\"\npython3 ray.py < {name}.json\n");
        Ok(vec![
            File { name: "ray.py".to_owned(), content: PROGRAM.to_owned() },
            File { name: format!("{name}.json"), content },
            File { name: "submit.sh".to_owned(), content: submit },
        ])
    }

    fn submit(&self, round: &Round<'_>) -> Result<Outcome, Failure> {
        let python = self.options.get("python").unwrap_or("python3");
        let mut command = Command::new(python);
        command.args(["-c", PROGRAM]).envs(round.run.variables.iter().cloned());
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
        let mut child = child.map_err(|error| no_start(python, &error))?;
        let lost = |error| Failure::for_now(format!("`{python}` was lost: {error}"));
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(self.description(round).to_string().as_bytes()).map_err(lost)?;
        }
        let mut failed = Vec::new();
        for line in child.stdout.take().into_iter().flat_map(|stdout| BufReader::new(stdout).lines()) {
            let line = line.map_err(lost)?;
            let Ok(job) = serde_json::from_str::<Value>(&line) else {
                eprintln!("{line}");
                continue;
            };
            let (code, said) = (job["code"].as_i64().unwrap_or(0), job["said"].as_str().unwrap_or_default());
            if code != 0 {
                eprintln!("{}", said.trim_end());
                failed.push(Failed { for_good: code != i64::from(RETRY), message: said.to_owned() });
            }
        }
        let status = child.wait().map_err(lost)?;
        if status.success() {
            return Ok(Outcome::Tried(failed));
        }
        Err(Failure::for_now(format!("the program that talks to Ray ended with {status}"))
            .hint("`pip install ray` on this machine, and `ray start` or `--option address=HOST:PORT`"))
    }
}
