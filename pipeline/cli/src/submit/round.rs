//! One round: the tasks of a phase that nobody has committed, divided among the jobs of a few arrays.

use super::shape::{Limits, Shape};
use crate::task::Numbers;
use tokenmill_core::hash::digest_hex;

/// Bytes of a list of tasks on a command line. Schedulers limit whole submissions; AWS Batch to 30 KiB.
const MAX_LIST_BYTES: usize = 8 << 10;

/// The run as jobs must know it.
pub struct Run {
    /// Name of the run.
    pub name: String,
    /// Run directory, as every machine can reach it.
    pub uri: String,
    /// Where `submit` was called: relative paths in the recipe begin here.
    pub cwd: String,
    /// The program on other machines.
    pub program: String,
    /// Where engines that write logs put them.
    pub logs: String,
    /// Variables that jobs need; never secrets.
    pub variables: Vec<(String, String)>,
    /// Where encoders run, if that is not as the recipe says.
    pub device: Option<String>,
    /// Whether jobs begin on machines that seem too small, too.
    pub no_checks: bool,
}

/// Jobs of the same form, numbered from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// The tasks that the jobs divide among them.
    pub tasks: Numbers,
    /// How many jobs.
    pub n_jobs: usize,
}

/// One round of a phase.
pub struct Round<'a> {
    /// The run.
    pub run: &'a Run,
    /// Number of the phase, from 0.
    pub phase: usize,
    /// Name of the phase.
    pub phase_name: &'a str,
    /// Folder of the phase.
    pub folder: &'a str,
    /// Number of the attempt, from 1.
    pub attempt: usize,
    /// What a job needs.
    pub shape: Shape,
    /// The arrays.
    pub arrays: Vec<Array>,
    /// Jobs at the same time, at most.
    pub parallel: Option<usize>,
    /// What a planner job calls after this round, without the program.
    pub planner: Vec<String>,
    /// Tasks of the phase, which the planner reads the commits of when it ends.
    pub n_tasks: u64,
}

/// Memory of a planner in MiB, without its tasks.
const PLANNER_MIB: u64 = 2_048;

/// Bytes of a planner's memory for each task of a phase: what `cargo xtask bench scale` has measured, and a third more.
const PLANNER_BYTES_PER_TASK: u64 = 48 << 10;

impl Round<'_> {
    /// Memory of the planner in MiB.
    pub fn planner_mib(&self) -> u64 {
        PLANNER_MIB + (self.n_tasks * PLANNER_BYTES_PER_TASK).div_ceil(1 << 20)
    }

    /// Jobs of all arrays.
    pub fn n_jobs(&self) -> usize {
        self.arrays.iter().map(|array| array.n_jobs).sum()
    }

    /// What a job of an array calls, without the program; the scheduler adds the number of the job.
    pub fn command(&self, array: &Array) -> Vec<String> {
        let (phase, pack) = (self.phase.to_string(), self.shape.pack.to_string());
        let mut command: Vec<String> = ["task", "--plan", &self.run.uri, "--phase", &phase].map(str::to_owned).into();
        command.extend(["--tasks".to_owned(), array.tasks.to_string()]);
        if array.n_jobs > 1 {
            command.extend(["--pack".to_owned(), pack]);
        }
        if self.shape.cores > 1 {
            command.extend(["--threads".to_owned(), self.shape.cores.to_string()]);
        }
        if let Some(device) = &self.run.device {
            command.extend(["--device".to_owned(), device.clone()]);
        }
        if self.run.no_checks {
            command.push("--no-checks".to_owned());
        }
        command
    }

    /// A name for what belongs to this round; the same whoever submits it, so that nothing need be submitted twice. Letters,
    /// digits and hyphens, at most 52 of them.
    pub fn name(&self, part: &str) -> String {
        let mark = digest_hex(format!("{}\0{}", self.run.uri, self.folder).as_bytes());
        let (run, phase) = (slug(&self.run.name, 14), slug(self.phase_name, 10));
        format!("tm-{run}-{}-{phase}-{}-a{}-{part}", self.phase, &mark[..6], self.attempt)
    }
}

/// The first letters and digits of a name, in lower case, with single hyphens for all else.
pub fn slug(name: &str, max: usize) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => slug.push(c),
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.truncate(max);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "x".to_owned() } else { slug.to_owned() }
}

/// Divides tasks, in order, among arrays of jobs of `pack` tasks. What is beyond the limits of one round is left for the
/// next.
pub fn arrays(tasks: &[usize], pack: usize, limits: Limits) -> Vec<Array> {
    let digits = tasks.last().map_or(1, |last| last.to_string().len());
    let most_runs = (MAX_LIST_BYTES / (2 * digits + 2)).max(1);
    let mut arrays: Vec<Array> = Vec::new();
    let (mut chosen, mut n_jobs, mut n_runs): (Vec<usize>, usize, usize) = (Vec::new(), 0, 0);
    for job in tasks.chunks(pack.max(1)) {
        let runs = job.chunk_by(|a, b| a + 1 == *b).count();
        if n_jobs > 0 && (n_jobs == limits.jobs || n_runs + runs > most_runs) {
            arrays.push(Array { tasks: Numbers::new(std::mem::take(&mut chosen)), n_jobs });
            (n_jobs, n_runs) = (0, 0);
        }
        // A run that goes on from the job before is written as one; it costs nothing.
        let goes_on = chosen.last().zip(job.first()).is_some_and(|(last, first)| last + 1 == *first);
        n_runs += runs - usize::from(goes_on);
        n_jobs += 1;
        chosen.extend(job);
    }
    if n_jobs > 0 {
        arrays.push(Array { tasks: Numbers::new(chosen), n_jobs });
    }
    arrays.truncate(limits.arrays);
    arrays
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(jobs: usize) -> Limits {
        Limits { jobs, arrays: 100 }
    }

    fn texts(arrays: &[Array]) -> Vec<(String, usize)> {
        arrays.iter().map(|array| (array.tasks.to_string(), array.n_jobs)).collect()
    }

    #[test]
    fn arrays_divide_all_tasks_without_a_gap() {
        let tasks: Vec<usize> = (0..10).collect();
        let found = texts(&arrays(&tasks, 2, limits(3)));
        assert_eq!(found, [("0-5".to_owned(), 3), ("6-9".to_owned(), 2)]);
        assert_eq!(texts(&arrays(&[3, 17, 20, 21], 3, limits(9))), [("3,17,20-21".to_owned(), 2)]);
        assert_eq!(texts(&arrays(&tasks, 3, Limits { jobs: 1, arrays: 2 })).len(), 2);
        assert!(arrays(&[], 1, limits(1)).is_empty());
    }

    #[test]
    fn lists_stay_short_enough_for_a_command_line() {
        let sparse: Vec<usize> = (0..100_000).step_by(2).collect();
        let arrays = arrays(&sparse, 7, Limits { jobs: 10_000, arrays: 10_000 });
        assert!(arrays.iter().all(|array| array.tasks.to_string().len() <= MAX_LIST_BYTES));
        let all: Vec<usize> = arrays.iter().flat_map(|array| array.tasks.as_slice().to_vec()).collect();
        assert_eq!(all, sparse);
        for array in &arrays {
            assert_eq!(array.n_jobs, array.tasks.as_slice().len().div_ceil(7), "the jobs of `task --pack`");
        }
    }

    #[test]
    fn names_are_fit_for_all_schedulers() {
        assert_eq!(slug("CC-2024_33 (en)!", 14), "cc-2024-33-en");
        assert_eq!(slug("--", 14), "x");
        assert_eq!(slug("abc-defgh", 4), "abc");
    }
}
