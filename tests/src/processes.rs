//! Processes of this machine, as Linux tells of them: to find those of a cluster's node, stop them and kill them.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process(u32);

impl Process {
    /// All that there are.
    pub fn all() -> impl Iterator<Item = Self> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Self))
    }

    /// The one of this number.
    pub fn of_number(number: u32) -> Self {
        Self(number)
    }

    /// The one whose number stands in a file.
    pub fn of_file(file: &std::path::Path) -> Option<Self> {
        std::fs::read_to_string(file).ok()?.trim().parse().ok().map(Self)
    }

    fn read(self, name: &str) -> Vec<u8> {
        std::fs::read(PathBuf::from(format!("/proc/{}", self.0)).join(name)).unwrap_or_default()
    }

    /// What it was called with; nothing once it has ended.
    pub fn arguments(self) -> Vec<String> {
        self.words("cmdline")
    }

    /// A variable that it was started with.
    pub fn variable(self, name: &str) -> Option<String> {
        let variables = self.words("environ");
        variables.iter().find_map(|variable| Some(variable.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
    }

    fn words(self, name: &str) -> Vec<String> {
        let words = self.read(name);
        let words = words.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }

    /// Its state, such as `R`, `S`, `T` for stopped and `Z` for ended, and its parent.
    fn status(self) -> Option<(char, Self)> {
        let line = String::from_utf8_lossy(&self.read("stat")).into_owned();
        // The name of the program, in brackets, may hold anything.
        let mut fields = line.rsplit_once(") ")?.1.split(' ');
        Some((fields.next()?.chars().next()?, Self(fields.next()?.parse().ok()?)))
    }

    /// Whether it has not ended.
    pub fn is_alive(self) -> bool {
        self.status().is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
    }

    /// Whether it stands still because of a signal.
    pub fn is_stopped(self) -> bool {
        self.status().is_some_and(|(state, _)| state == 'T')
    }

    /// Where its standard output goes.
    pub fn output(self) -> Option<PathBuf> {
        std::fs::read_link(format!("/proc/{}/fd/1", self.0)).ok()
    }

    /// Its parent.
    pub fn parent(self) -> Option<Self> {
        self.status().map(|(_, parent)| parent)
    }

    /// Those that it has started, and those that these have started, and so on.
    pub fn descendants(self) -> Vec<Self> {
        let parents: Vec<(Self, Self)> = Self::all().filter_map(|process| Some((process, process.parent()?))).collect();
        let mut found = vec![self];
        let mut at = 0;
        while let Some(parent) = found.get(at).copied() {
            found.extend(parents.iter().filter(|(_, its)| *its == parent).map(|(process, _)| process));
            at += 1;
        }
        found.split_off(1)
    }

    /// Whether it is a `tokenmill task` that does tasks.
    pub fn is_task(self) -> bool {
        let arguments = self.arguments();
        let mut words = arguments.iter().map(String::as_str);
        words.next().is_some_and(|program| program.ends_with("tokenmill")) && words.next() == Some("task")
    }

    /// Holds it, so that it can be looked at: it neither ends nor goes on until it is let go or killed. `false` when it
    /// has ended meanwhile.
    pub fn hold(self) -> bool {
        signal("STOP", &[self]);
        crate::comes_true(|| self.is_stopped() || !self.is_alive());
        self.is_stopped()
    }
}

/// Sends a signal to processes; those that have ended do not mind.
pub fn signal(name: &str, processes: &[Process]) {
    let numbers: Vec<String> = processes.iter().map(|process| process.0.to_string()).collect();
    // The shell has its own `kill`; not every machine has the program.
    let line = format!("kill -{name} {}", numbers.join(" "));
    let _ = Command::new("sh").args(["-c", &line]).stderr(Stdio::null()).status();
}

/// Kills processes, and waits until they are gone.
///
/// # Panics
/// When they stay.
pub fn kill(processes: &[Process]) {
    signal("KILL", processes);
    assert!(crate::comes_true(|| processes.iter().all(|process| !process.is_alive())), "{processes:?} do not die");
}
