//! Stopping daemons by their pid files, those of an earlier run that was killed too.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::config::DAEMONS;
use crate::error::{Error, Result};

/// How long a killed process may take to be gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Kills every daemon of this folder. Their objects were in memory only, so there is nothing to be saved.
///
/// # Errors
/// When one of them cannot be killed.
pub fn stop(folder: &Path) -> Result<()> {
    for name in DAEMONS {
        let path = folder.join(format!("{name}.pid"));
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let Ok(pid) = text.trim().parse() else { continue };
        if is_of(pid, folder) {
            kill(pid, folder)?;
        }
        std::fs::remove_file(&path).map_err(|error| Error::io("remove", &path, &error))?;
    }
    Ok(())
}

fn kill(pid: u32, folder: &Path) -> Result<()> {
    // The shell has its own `kill`; not every machine has the program. It fails when the process has just ended.
    let _ = Command::new("sh").args(["-c", &format!("kill -KILL {pid}")]).stderr(Stdio::null()).status();
    let start = Instant::now();
    while is_of(pid, folder) {
        if start.elapsed() > PATIENCE {
            return Err(Error::new(format!("process {pid} does not end")));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Whether this process is alive and a daemon of this folder: its number may have come to someone else meanwhile.
fn is_of(pid: u32, folder: &Path) -> bool {
    let folder = folder.to_string_lossy();
    std::fs::read(format!("/proc/{pid}/cmdline"))
        .is_ok_and(|line| String::from_utf8_lossy(&line).contains(folder.as_ref()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_processes_of_the_folder_are_killed() {
        let folder = tempfile::tempdir().unwrap();
        let script = "read line; exit 0";
        let sleeper = |name: &Path| {
            let mut command = Command::new("sh");
            command.args(["-c", script]).arg(name).stdin(Stdio::piped());
            command.spawn().unwrap()
        };
        let (mut ours, mut foreign) = (sleeper(folder.path()), sleeper(Path::new("elsewhere")));
        // A process is there a moment before its command line is.
        while !is_of(ours.id(), folder.path()) {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::fs::write(folder.path().join("mon.pid"), ours.id().to_string()).unwrap();
        std::fs::write(folder.path().join("osd.pid"), format!("{}\n", foreign.id())).unwrap();
        std::fs::write(folder.path().join("rgw.pid"), "").unwrap();
        stop(folder.path()).unwrap();
        assert!(!ours.wait().unwrap().success());
        assert!(foreign.try_wait().unwrap().is_none());
        assert!(!folder.path().join("osd.pid").exists());
        drop(foreign.stdin.take());
        assert!(foreign.wait().unwrap().success());
    }
}
