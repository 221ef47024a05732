//! Slurm: an array job for each chunk of a round, and a small job after them that submits what comes next.
//!
//! The planner waits for the end of the arrays, however they end (`afterany`). So a lost node, an exceeded limit and a failed
//! task have one answer: what is not committed is submitted again.

use super::engine::{Engine, File, Outcome};
use super::options::Options;
use super::round::{Array, Round};
use super::shape::Limits;
use super::tool::{ask, quote, quote_all};
use crate::failure::Failure;
use crate::log;

/// `MaxArraySize` of a Slurm that says nothing else (slurm.conf).
const DEFAULT_ARRAY: usize = 1001;

/// Arrays of one round. A planner depends on all of them.
const MAX_ARRAYS: usize = 200;

/// Minutes that a planner may take: it reads all commits of a phase, and plans the next.
const PLANNER_MINUTES: u64 = 120;

/// Slurm, with options that are passed on to it.
pub struct Slurm {
    options: Options,
}

impl Slurm {
    /// With any options of sbatch.
    pub fn new(options: Options) -> Slurm {
        Slurm { options }
    }

    /// The head of a script.
    fn head(&self, round: &Round<'_>, name: &str, log: &str, mut lines: Vec<String>) -> String {
        let logs = &round.run.logs;
        lines.extend([
            format!("job-name={name}"),
            format!("chdir={}", value(&round.run.cwd)),
            format!("output={}", value(&format!("{logs}/%x-{log}.log"))),
            "open-mode=append".to_owned(),
            "requeue".to_owned(),
        ]);
        lines.extend(self.options.0.iter().map(|option| match option.value.as_str() {
            "" => option.key.clone(),
            text => format!("{}={}", option.key, value(text)),
        }));
        let mut script = "#!/bin/bash\n".to_owned();
        lines.iter().for_each(|line| script.push_str(&format!("#SBATCH --{line}\n")));
        for (name, value) in &round.run.variables {
            script.push_str(&format!("export {name}={}\n", quote(value)));
        }
        script
    }

    /// The script of an array.
    fn array(&self, round: &Round<'_>, array: &Array, name: &str) -> String {
        let shape = &round.shape;
        let limit = round.parallel.map(|jobs| format!("%{}", jobs.div_ceil(round.arrays.len().max(1)).max(1)));
        let mut lines = vec![
            format!("array=0-{}{}", array.n_jobs.saturating_sub(1), limit.unwrap_or_default()),
            format!("cpus-per-task={}", shape.cores),
            format!("time={}", shape.minutes),
            format!("mem={}M", shape.memory_mib()),
        ];
        if shape.gpus > 0 {
            lines.push(format!("gres=gpu:{}", shape.gpus));
        }
        let mut script = self.head(round, name, "%A_%a", lines);
        script
            .push_str("# Slurm starts a job again when its node is lost; one that takes every node down ends here.\n");
        script.push_str("[ \"${SLURM_RESTART_COUNT:-0}\" -lt 3 ] || exit 75\n");
        script.push_str(&format!("exec {} {}\n", quote(&round.run.program), quote_all(&round.command(array))));
        script
    }

    /// The script of the planner.
    fn planner(&self, round: &Round<'_>, name: &str) -> String {
        let memory = format!("mem={}M", round.planner_mib());
        let lines = vec!["cpus-per-task=1".to_owned(), format!("time={PLANNER_MINUTES}"), memory];
        let mut script = self.head(round, name, "%j", lines);
        let command = format!("{} {}", quote(&round.run.program), quote_all(&round.planner));
        script.push_str(&format!(
            "# What may pass, and what was killed, is tried again; anything else ends the chain.\n\
             for pause in 0 15 60 300; do\n  \
               sleep $pause\n  \
               {command}\n  \
               code=$?\n  \
               [ $code -eq 75 ] || [ $code -gt 128 ] || break\n\
             done\n\
             exit $code\n"
        ));
        script
    }

    /// Submits a script unless a job of its name is there, and says which number it has.
    fn submit_once(&self, round: &Round<'_>, name: &str, script: &str, dependency: &str) -> Result<String, Failure> {
        let queued = ask("squeue", &["--me", "--noheader", "--format=%F", &format!("--name={name}")], "", &[])?;
        if let Some(id) = queued.split_whitespace().next() {
            log::note(&format!("job {id} `{name}` is there already"));
            return Ok(id.to_owned());
        }
        let mut arguments = vec!["--parsable"];
        if !dependency.is_empty() {
            arguments.push(dependency);
        }
        let said = ask("sbatch", &arguments, script, &round.run.variables)?;
        // `ID`, or `ID;CLUSTER`.
        let id = said.trim().lines().last().and_then(|line| line.split(';').next()).unwrap_or_default().to_owned();
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Failure::for_now(format!("`sbatch` gave no number of a job: {}", said.trim())));
        }
        Ok(id)
    }
}

impl Engine for Slurm {
    fn limits(&self) -> Result<Limits, Failure> {
        // Where there is no Slurm, scripts can still be written.
        let config = ask("scontrol", &["show", "config"], "", &[]).unwrap_or_default();
        Ok(Limits { jobs: max_array(&config).unwrap_or(DEFAULT_ARRAY), arrays: MAX_ARRAYS })
    }

    fn files(&self, round: &Round<'_>) -> Result<Vec<File>, Failure> {
        let (mut files, mut submit) = (Vec::new(), "#!/bin/bash\nset -e\ncd \"$(dirname \"$0\")\"\n".to_owned());
        submit.push_str(&format!("mkdir -p {}\nafter=afterany\n", quote(&round.run.logs)));
        for (number, array) in round.arrays.iter().enumerate() {
            let name = round.name(&format!("c{number}"));
            submit.push_str(&format!("id=$(sbatch --parsable {name}.sbatch)\nafter=$after:${{id%%;*}}\n"));
            files.push(File { content: self.array(round, array, &name), name: format!("{name}.sbatch") });
        }
        let name = round.name("next");
        submit.push_str(&format!("sbatch --parsable --dependency=\"$after\" {name}.sbatch\n"));
        files.push(File { content: self.planner(round, &name), name: format!("{name}.sbatch") });
        files.push(File { content: submit, name: "submit.sh".to_owned() });
        Ok(files)
    }

    fn submit(&self, round: &Round<'_>) -> Result<Outcome, Failure> {
        let logs = &round.run.logs;
        // Slurm does not make it, and a job without a place for its log fails.
        std::fs::create_dir_all(logs).map_err(|error| Failure::usage(format!("cannot make `{logs}`: {error}")))?;
        let (mut lines, mut after) = (Vec::new(), "--dependency=afterany".to_owned());
        for (number, array) in round.arrays.iter().enumerate() {
            let name = round.name(&format!("c{number}"));
            let id = self.submit_once(round, &name, &self.array(round, array, &name), "")?;
            after.push_str(&format!(":{id}"));
            lines.push(format!(
                "{id}\tarray of {} jobs for tasks {} of phase {}",
                array.n_jobs, array.tasks, round.phase
            ));
        }
        let name = round.name("next");
        let id = self.submit_once(round, &name, &self.planner(round, &name), &after)?;
        lines.push(format!("{id}\tplanner of what follows"));
        Ok(Outcome::Chained(lines))
    }
}

/// A value in a line of `#SBATCH`, which knows double quotes.
fn value(text: &str) -> String {
    if text.contains([' ', '#']) { format!("\"{text}\"") } else { text.to_owned() }
}

/// `MaxArraySize` in what `scontrol show config` says: indexes go from 0 to one less.
fn max_array(config: &str) -> Option<usize> {
    let line = config.lines().find(|line| line.trim_start().starts_with("MaxArraySize"))?;
    line.split_once('=')?.1.trim().parse().ok().filter(|size| *size > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_arrays_is_read() {
        assert_eq!(max_array("MaxArraySize            = 100001\nMaxBatchRequeue = 5\n"), Some(100_001));
        assert_eq!(max_array("slurm_load_ctl_conf error"), None);
    }

    #[test]
    fn values_with_spaces_stay_one() {
        assert_eq!(value("a b"), "\"a b\"");
        assert_eq!(value("a100|h100"), "a100|h100");
    }
}
