//! Many processes do the tasks of a small run, over and over, while they are killed and their store fails; nothing may be
//! lost, doubled or changed.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::crawl::{Crawl, ok};
use crate::proxy::{FaultProxy, Faults};

/// Processes at a time.
const N_WORKERS: usize = 6;

/// Share of requests that suffer each of five faults.
const EACH_FAULT: f64 = 0.04;

/// Share of processes that are killed.
const KILLED: f64 = 0.5;

/// Share of processes that do a task although somebody has done it or is doing it.
const AGAIN: f64 = 0.2;

/// The longest that a round may take before it is taken for stuck.
const PATIENCE: Duration = Duration::from_secs(600);

/// When it is enough.
#[derive(Debug, Clone, Copy)]
pub struct Goal {
    /// Kills that hit a process at work.
    pub kills: u64,
    /// Requests that suffered a fault.
    pub faults: u64,
    /// What is killed when follows from this, as far as a machine lets it.
    pub seed: u64,
}

/// What a soak has survived.
#[derive(Debug, Default)]
pub struct Survived {
    /// Whole runs, each checked at its end.
    pub rounds: u64,
    /// Processes that were started.
    pub processes: u64,
    /// Processes that were killed at work.
    pub kills: u64,
    /// Processes that gave up and asked to be tried again.
    pub gave_up: u64,
    /// Tasks that were done although they had been done.
    pub done_again: u64,
    /// Requests and faults by name.
    pub requests: BTreeMap<&'static str, u64>,
}

impl Survived {
    /// Requests that suffered a fault.
    pub fn faults(&self) -> u64 {
        let kinds = ["slow_down", "internal_error", "reset_before", "lost_reply", "truncated"];
        kinds.iter().filter_map(|kind| self.requests.get(kind)).sum()
    }
}

/// Runs until the goal is reached and the last run has ended; `say` is told of every run.
///
/// # Panics
/// When anything was lost, doubled or changed, or a process failed for good.
pub fn soak(crawl: &mut Crawl, goal: &Goal, mut say: impl FnMut(&Survived)) -> Survived {
    let mut survived = Survived::default();
    let mut dice = Dice(goal.seed);
    while survived.kills < goal.kills || survived.faults() < goal.faults || survived.rounds == 0 {
        crawl.runs = format!("soak/{}", survived.rounds);
        let faults = Faults {
            seed: dice.next(),
            slow_down: EACH_FAULT,
            internal_error: EACH_FAULT,
            reset_before: EACH_FAULT,
            lost_reply: EACH_FAULT,
            truncated: EACH_FAULT,
            delay: EACH_FAULT,
            delay_by: Duration::from_millis(50),
            ..Faults::default()
        };
        let proxy = FaultProxy::start(crawl.gateway.endpoint(), faults);
        let mut round = Round { crawl, endpoint: proxy.endpoint(), usual: Duration::from_millis(300) };
        round.run(&mut dice, &mut survived);
        for (name, count) in proxy.counts() {
            *survived.requests.entry(name).or_default() += count;
        }
        drop(proxy);
        survived.rounds += 1;
        check(crawl);
        say(&survived);
    }
    survived
}

/// One run from its beginning to its end.
struct Round<'a> {
    crawl: &'a Crawl,
    endpoint: String,
    /// How long a process takes that nobody kills, about.
    usual: Duration,
}

/// A process at work.
struct Worker {
    child: Child,
    task: usize,
    started: Instant,
    dies_after: Option<Duration>,
}

impl Round<'_> {
    fn run(&mut self, dice: &mut Dice, survived: &mut Survived) {
        let begin = || self.crawl.begin(&["task", "--begin"], &self.endpoint);
        let mut n_tasks = self.insist(&begin, dice, survived);
        let plan = self.crawl.run_folder();
        for phase in 0.. {
            if n_tasks == 0 {
                return;
            }
            let phase = phase.to_string();
            self.all_tasks(&plan, &phase, n_tasks, dice, survived);
            let finish =
                || self.crawl.program(&["task", "--plan", &plan, "--phase", &phase, "--finish"], &self.endpoint);
            n_tasks = self.insist(&finish, dice, survived);
        }
    }

    /// Starts a process again until one has done the work; its number of tasks.
    fn insist(&self, work: &dyn Fn() -> Command, dice: &mut Dice, survived: &mut Survived) -> usize {
        let started = Instant::now();
        loop {
            assert!(started.elapsed() < PATIENCE, "no end of {:?}", work());
            let mut command = work();
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
            survived.processes += 1;
            if dice.share() < KILLED {
                std::thread::sleep(self.usual.mul_f64(dice.share()));
                if child.try_wait().expect("a child").is_none() {
                    child.kill().expect("a child to kill");
                    survived.kills += 1;
                }
            }
            let output = child.wait_with_output().expect("a child");
            let said = String::from_utf8_lossy(&output.stdout);
            match output.status.code() {
                Some(0) => return said.trim().parse().unwrap_or_else(|_| panic!("a number of tasks and not `{said}`")),
                Some(75) => survived.gave_up += 1,
                None => {}
                Some(code) => panic!("exit code {code} of {command:?}:\n{}", String::from_utf8_lossy(&output.stderr)),
            }
        }
    }

    /// Does all tasks of a phase, some of them more than once.
    fn all_tasks(&mut self, plan: &str, phase: &str, n_tasks: usize, dice: &mut Dice, survived: &mut Survived) {
        let started = Instant::now();
        let mut done: BTreeSet<usize> = BTreeSet::new();
        let mut workers: Vec<Worker> = Vec::new();
        while done.len() < n_tasks || !workers.is_empty() {
            assert!(started.elapsed() < PATIENCE, "no end of phase {phase}: {} of {n_tasks} tasks", done.len());
            let mut at_work = Vec::new();
            for mut worker in std::mem::take(&mut workers) {
                let Some(status) = worker.child.try_wait().expect("a child") else {
                    if worker.dies_after.is_some_and(|after| worker.started.elapsed() >= after) {
                        worker.child.kill().expect("a child to kill");
                        worker.child.wait().expect("a child");
                        survived.kills += 1;
                    } else {
                        at_work.push(worker);
                    }
                    continue;
                };
                match status.code() {
                    Some(0) => {
                        self.usual = (self.usual * 7 + worker.started.elapsed()) / 8;
                        survived.done_again += u64::from(!done.insert(worker.task));
                    }
                    Some(75) => survived.gave_up += 1,
                    code => panic!("exit code {code:?} of task {} of phase {phase}", worker.task),
                }
            }
            workers = at_work;
            let missing: Vec<usize> = (0..n_tasks)
                .filter(|task| !done.contains(task) && !workers.iter().any(|worker| worker.task == *task))
                .collect();
            let again = dice.share() < AGAIN && done.len() < n_tasks;
            let task = if again { Some(dice.below(n_tasks)) } else { dice.one_of(&missing) };
            match task.filter(|_| workers.len() < N_WORKERS) {
                Some(task) => {
                    let number = task.to_string();
                    let arguments = ["task", "--plan", plan, "--phase", phase, "--index", &number];
                    let mut command = self.crawl.program(&arguments, &self.endpoint);
                    let child =
                        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
                    survived.processes += 1;
                    let dies_after = (dice.share() < KILLED).then(|| self.usual.mul_f64(1.2 * dice.share()));
                    workers.push(Worker { child, task, started: Instant::now(), dies_after });
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

/// The invariants of a run that has ended: what is in it is what an undisturbed run makes; in = kept + dropped, and every
/// digest is right; every task has one commit, and that is what the manifest holds; and nothing else is named by anything.
fn check(crawl: &Crawl) {
    crawl.assert_equal();
    let read = |key: &str| crawl.object(key).unwrap_or_else(|| panic!("there is no `{key}`"));
    let clean = crawl.gateway.endpoint();
    ok(crawl.program(&["gc", &crawl.run_folder(), "--older-than", "0s"], clean));
    crawl.assert_equal();
    let json = |key: &str| -> Value { serde_json::from_slice(&read(key)).expect("JSON") };
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    for phase in json("plan.json")["phases"].as_array().expect("phases") {
        let folder = text(&phase["folder"]);
        let manifest = json(&text(&phase["manifest"]));
        let parts = manifest["parts"].as_array().expect("parts");
        let lines = String::from_utf8(read(&text(&phase["tasks"]["key"]))).expect("a task list");
        let tasks: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("a task")).collect();
        let mut named: BTreeSet<String> = BTreeSet::new();
        assert_eq!(tasks.len(), parts.len(), "{folder}");
        for (task, part) in tasks.iter().zip(parts) {
            let commit = format!("{folder}/commit/{}.json", text(&task["key"]));
            assert_eq!(&json(&commit), part, "{commit}");
            assert!(named.insert(commit), "two tasks with one key");
            let objects = part["objects"].as_object().expect("objects").values();
            named.extend(objects.map(|object| text(&object["key"])));
        }
        let is_record = |key: &str| {
            let name = key.rsplit('/').next().unwrap_or_default();
            name.starts_with("tasks-") || name.starts_with("manifest-")
        };
        let found = crawl.keys(&format!("{folder}/"));
        let found: BTreeSet<String> = found.into_iter().filter(|key| !is_record(key)).collect();
        assert_eq!(found, named, "{folder}");
    }
}

/// Numbers that follow from a seed: the generator of Knuth's MMIX, of which the upper bits are used.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 24
    }

    /// A number from 0 to below 1.
    fn share(&mut self) -> f64 {
        self.next() as f64 / (1_u64 << 40) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        ((self.share() * n as f64) as usize).min(n.saturating_sub(1))
    }

    fn one_of(&mut self, numbers: &[usize]) -> Option<usize> {
        let at = self.below(numbers.len());
        numbers.get(at).copied()
    }
}
