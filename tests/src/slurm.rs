//! The Slurm of the clusters tier: three nodes on this machine, of which a test may kill one.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::processes::{self, Process};
use crate::{Waiting, said};

/// The nodes.
const NODES: [&str; 3] = ["n1", "n2", "n3"];

/// Slurm, for one test alone.
pub struct Slurm {
    folder: PathBuf,
    _lock: File,
}

impl Slurm {
    /// Waits until no other test has it, and until all of its nodes are up.
    ///
    /// # Panics
    /// When there is none, or a node does not come up.
    pub fn alone() -> Self {
        let folder = std::env::var_os("TOKENMILL_TEST_SLURM").expect("a Slurm; run `cargo xtask test --services`");
        let folder = PathBuf::from(folder);
        let lock = File::create(folder.join("tests.lock")).expect("a file to lock");
        lock.lock().expect("a lock");
        let slurm = Self { folder, _lock: lock };
        slurm.mend();
        slurm
    }

    fn settings(&self) -> PathBuf {
        self.folder.join("slurm.conf")
    }

    /// The variable by which programs find it.
    pub fn variable(&self) -> (&'static str, PathBuf) {
        ("SLURM_CONF", self.settings())
    }

    /// What one of its programs says.
    ///
    /// # Panics
    /// When it fails.
    pub fn say(&self, program: &str, arguments: &[&str]) -> String {
        said(Command::new(program).args(arguments).env("SLURM_CONF", self.settings())).0
    }

    /// Jobs that have not ended, one in each line: number, name, state, node, number of restarts.
    pub fn jobs(&self) -> String {
        self.say(
            "squeue",
            &["--noheader", "--array", "--Format=JobArrayID:40,Name:80,State:14,NodeList:8,RestartCnt:4"],
        )
    }

    /// A process that does a task on this node.
    pub fn task_on(&self, node: &str) -> Option<Process> {
        self.processes_on(node).into_iter().find(|process| process.is_task())
    }

    /// The processes of jobs on a node.
    fn processes_on(&self, node: &str) -> Vec<Process> {
        let settings = self.settings();
        let is_here = |process: &Process| {
            process.variable("SLURMD_NODENAME").as_deref() == Some(node)
                && process.variable("SLURM_CONF").is_some_and(|path| Path::new(&path) == settings)
        };
        Process::all().filter(is_here).collect()
    }

    /// Kills a node, as when its power fails: its daemon, its jobs, and the processes that watch over them.
    ///
    /// # Panics
    /// When something of it lives on.
    pub fn kill_node(&self, node: &str) {
        let jobs = self.processes_on(node);
        let is_watcher =
            |process: &Process| process.arguments().first().is_some_and(|name| name.starts_with("slurmstepd"));
        let watchers = jobs.iter().filter_map(|job| job.parent()).filter(is_watcher);
        // The jobs last: nobody must be left to tell that they have died.
        let victims: Vec<Process> = self.daemon(node).into_iter().chain(watchers).chain(jobs.iter().copied()).collect();
        processes::kill(&victims);
    }

    fn daemon(&self, node: &str) -> Option<Process> {
        let daemon = Process::of_file(&self.folder.join(format!("{node}.pid")))?;
        let arguments = daemon.arguments();
        arguments.iter().any(|argument| Path::new(argument) == self.settings()).then_some(daemon)
    }

    /// Starts the daemons of nodes that a test has killed, and waits until all nodes take jobs.
    fn mend(&self) {
        for node in NODES.iter().filter(|node| self.daemon(node).is_none()) {
            let mut daemon = Command::new("slurmd");
            daemon.arg("-f").arg(self.settings()).args(["-N", node]).current_dir(&self.folder);
            // By this, whoever stops the cluster finds it.
            let started = daemon.env("TOKENMILL_CLUSTER", &self.folder).status().expect("slurmd starts");
            assert!(started.success(), "the daemon of {node} does not start");
        }
        let is_up = || {
            self.say("sinfo", &["--noheader", "--Node", "--states=idle", "--format=%N"]).lines().count() == NODES.len()
        };
        Waiting::for_seconds(60).until("all nodes are idle", is_up);
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Jobs of a test that has failed must not go on, nor hold its files.
            let _ = Command::new("scancel").args(["--user=root"]).env("SLURM_CONF", self.settings()).status();
        }
    }
}
