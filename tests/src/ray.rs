//! The Ray of the clusters tier: two nodes on this machine, of which a test may kill the second.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Waiting;
use crate::processes::{self, Process};
use crate::python::named;

/// Ray, for one test alone.
pub struct Ray {
    folder: PathBuf,
    _lock: File,
}

impl Ray {
    /// Waits until no other test has it, and until both of its nodes are up.
    ///
    /// # Panics
    /// When there is none, or a node does not come up.
    pub fn alone() -> Self {
        let folder = std::env::var_os("TOKENMILL_TEST_RAY").expect("a Ray; run `cargo xtask test --services`");
        let folder = PathBuf::from(folder);
        let lock = File::create(folder.join("tests.lock")).expect("a file to lock");
        lock.lock().expect("a lock");
        let ray = Self { folder, _lock: lock };
        if ray.second().is_none() {
            let program = PathBuf::from(named("TOKENMILL_CLUSTERS").get_program()).with_file_name("ray");
            let mut start = Command::new(program);
            start.args([
                "start",
                "--num-cpus=1",
                "--memory=16000000000",
                "--object-store-memory=80000000",
                &format!("--address={}", ray.address()),
            ]);
            // By this, whoever stops the cluster finds it.
            start.env("TOKENMILL_CLUSTER", &ray.folder).stdout(Stdio::null());
            assert!(start.status().expect("ray starts").success(), "the second node does not start");
            Waiting::for_seconds(60).until("the second node is there", || ray.second().is_some());
        }
        ray
    }

    /// Its address.
    ///
    /// # Panics
    /// When there is none.
    pub fn address(&self) -> String {
        std::env::var("TOKENMILL_TEST_RAY_ADDRESS").expect("the address of a Ray")
    }

    /// The daemon of the node that is not the head.
    fn second(&self) -> Option<Process> {
        Process::all().find(|process| {
            let arguments = process.arguments();
            arguments.first().is_some_and(|program| program.ends_with("/raylet"))
                && !arguments.iter().any(|argument| argument.starts_with("--head"))
                && process.variable("TOKENMILL_CLUSTER").is_some_and(|folder| Path::new(&folder) == self.folder)
        })
    }

    /// A process that does a task on the second node.
    pub fn task(&self) -> Option<Process> {
        self.second()?.descendants().into_iter().find(|process| process.is_task())
    }

    /// Kills the second node, as when its power fails: its daemon and all that this has started.
    ///
    /// # Panics
    /// When there is none, or something of it lives on.
    pub fn kill_node(&self) {
        let daemon = self.second().expect("a second node");
        // Whoever has started others goes before them: nobody must be left to tell that they have died.
        let victims: Vec<Process> = std::iter::once(daemon).chain(daemon.descendants()).collect();
        processes::kill(&victims);
    }
}
