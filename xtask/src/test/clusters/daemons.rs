//! The processes of a cluster: started with a mark, which all that they start inherit, and ended by it, after an earlier
//! run that was killed too.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::test::step;

/// The mark: a variable with the cluster's folder.
const MARK: &str = "TOKENMILL_CLUSTER";

/// How long a daemon may take to start, while cargo has all processors at work.
const START: Duration = Duration::from_secs(300);

/// How long killed processes may take to be gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a program that starts daemons and ends, in the folder and with its output in a log there.
///
/// # Errors
/// When it fails.
pub fn start(command: &mut Command, folder: &Path) -> Result<()> {
    step::run(command.env(MARK, folder).current_dir(folder), &folder.join("steps.log"), START)
}

/// Kills every process of this cluster, jobs and all.
///
/// # Errors
/// When one of them does not end.
pub fn end(folder: &Path) -> Result<()> {
    let start = Instant::now();
    loop {
        let pids = of(folder);
        if pids.is_empty() {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            return Err(Error::new(format!("processes {} do not end", pids.join(", "))));
        }
        // The shell has its own `kill`; not every machine has the program. It fails for those that have just ended.
        let _ =
            Command::new("sh").args(["-c", &format!("kill -KILL {}", pids.join(" "))]).stderr(Stdio::null()).status();
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// All processes of this cluster. What has ended and is not yet reaped has no variables.
fn of(folder: &Path) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().into_string().ok());
    let pids = pids.filter(|name| name.parse::<u32>().is_ok_and(|pid| pid != std::process::id()));
    pids.filter(|pid| std::fs::read(format!("/proc/{pid}/environ")).is_ok_and(|all| is_marked(&all, pid, folder)))
        .collect()
}

/// Whether a process with these variables belongs to the cluster in this folder.
///
/// Slurm's jobs have the variables of who submitted them, and its process that watches over a job overwrites the first
/// of its own with its title. Both know their cluster by its settings, as every shell does from which one looks at it.
fn is_marked(variables: &[u8], pid: &str, folder: &Path) -> bool {
    let has = |name: &str, value: &OsStr| {
        let wanted = [name.as_bytes(), b"=", value.as_encoded_bytes()].concat();
        variables.split(|byte| *byte == 0).any(|variable| variable == wanted)
    };
    let is_job = || {
        let mut names = variables.split(|byte| *byte == 0);
        names.any(|variable| variable.starts_with(b"SLURMD_NODENAME="))
            || std::fs::read(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with(b"slurm"))
    };
    has(MARK, folder.as_os_str()) || (has("SLURM_CONF", super::slurm::settings(folder).as_os_str()) && is_job())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_processes_of_the_folder_are_killed() {
        let folder = tempfile::tempdir().unwrap();
        let sleeper = |variables: &[(&str, &Path)]| {
            let mut command = Command::new("sh");
            command.args(["-c", "read line; exit 0"]).envs(variables.iter().copied()).stdin(Stdio::piped());
            command.spawn().unwrap()
        };
        let (ours, settings) = (folder.path(), super::super::slurm::settings(folder.path()));
        let node = Path::new("n1");
        let mut marked = sleeper(&[(MARK, ours)]);
        let mut job = sleeper(&[("SLURM_CONF", &settings), ("SLURMD_NODENAME", node)]);
        let foreign = sleeper(&[(MARK, Path::new("elsewhere")), ("SLURMD_NODENAME", node)]);
        let shell = sleeper(&[("SLURM_CONF", &settings)]);
        // A process is there a moment before its variables are.
        while of(ours).len() < 2 {
            std::thread::sleep(Duration::from_millis(1));
        }
        end(ours).unwrap();
        assert!(!marked.wait().unwrap().success() && !job.wait().unwrap().success());
        for mut other in [foreign, shell] {
            assert!(other.try_wait().unwrap().is_none());
            drop(other.stdin.take());
            assert!(other.wait().unwrap().success());
        }
    }
}
