//! The whole `web-en` run on a Slurm of three nodes: one dies in the middle, and nobody has to do anything.

use std::time::Duration;

use support::{Crawl, Gateway, Slurm, Waiting, ok, said};

/// The recipe for a real crawl, with a tokenizer that is here.
const RECIPE: &str = "configs/web-en.toml";
const SETS: [&str; 1] = ["shards.tokenizer=gpt2"];

/// How long the rest of the run may take: 23 phases, and the half minute after which Slurm gives a node up.
const LIMIT: u64 = 300;

#[test]
#[expect(clippy::print_stdout, reason = "what was survived belongs into the output of a run")]
fn a_run_whose_node_dies_ends_by_itself_and_equals_the_local_one() {
    let slurm = Slurm::alone();
    let crawl = Crawl::new(Gateway::shared(), "slurm", RECIPE, &SETS);
    // One task in each job, so that all nodes have some.
    let mut submit = crawl.begin(&["submit", "--engine", "slurm", "--job-minutes", "0"], crawl.gateway.endpoint());
    let (name, path) = slurm.variable();
    submit.env(name, path);
    let submitted = ok(submit);
    assert!(submitted.contains("array of 6 jobs for tasks 0-5 of phase 0"), "{submitted}");

    let victim = crawl.hold_a_task(1, || ["n2", "n3", "n1"].iter().find_map(|node| slurm.task_on(node)));
    let (node, job) = (victim.variable("SLURMD_NODENAME").unwrap(), victim.variable("SLURM_JOB_ID").unwrap());
    let log = victim.output().unwrap();
    // A task prints its name when it is committed.
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "", "the task is done");
    slurm.kill_node(&node);
    println!("killed {node} with job {job} on it, which wrote to `{}`", log.display());

    let waiting = Waiting::for_seconds(LIMIT);
    let mut n_looks_without_jobs = 0;
    while n_looks_without_jobs < 2 {
        let jobs = slurm.jobs();
        assert!(waiting.goes_on(), "after {LIMIT} s, these have not ended:\n{jobs}");
        // A planner submits what follows before it ends, so there is always a job.
        n_looks_without_jobs = if jobs.trim().is_empty() { n_looks_without_jobs + 1 } else { 0 };
        std::thread::sleep(Duration::from_millis(500));
    }
    let lost = slurm.say("sinfo", &["--noheader", "--nodes", &node, "--format=%T"]);
    assert!(lost.starts_with("down"), "{node} is {lost}");
    // This tells of all jobs of the array when it is the one that the array has its number from.
    let restarted = slurm.say("scontrol", &["show", "job", "--oneliner", &job]);
    let restarted = restarted.lines().find(|line| line.contains(&format!("JobId={job} "))).unwrap();
    assert!(restarted.contains(" Restarts=1 ") && restarted.contains("JobState=COMPLETED"), "{restarted}");
    assert_eq!(std::fs::read_to_string(&log).unwrap().lines().count(), 1, "the task is committed once");

    let logs = last_log(&crawl);
    assert!(logs.contains("the run has ended"), "the chain has broken:\n{logs}");
    crawl.assert_equal();

    // Whoever submits again has nothing to do.
    let mut again =
        crawl.program(&["submit", "--engine", "slurm", "--plan", &crawl.run_folder()], crawl.gateway.endpoint());
    let (name, path) = slurm.variable();
    assert_eq!(said(again.env(name, path)).0, "");
    assert_eq!(slurm.jobs().trim(), "");
}

/// What the last job has said.
fn last_log(crawl: &Crawl) -> String {
    let logs = std::fs::read_dir(crawl.path("tokenmill-logs")).unwrap().map(|entry| entry.unwrap().path());
    let last = logs.max_by_key(|path| path.metadata().unwrap().modified().unwrap()).unwrap();
    format!("{}:\n{}", last.display(), std::fs::read_to_string(&last).unwrap())
}
