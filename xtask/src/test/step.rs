//! One step of bringing servers up: a program that must end well, within a limit of time, with its output in a log.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// A step that takes longer than this waits for something that does not come, if all that it does is quick.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a program with its output at the end of a log, for at most so long.
///
/// # Errors
/// When it does not start, fails, or has not ended in time.
pub fn run(command: &mut Command, log: &Path, limit: Duration) -> Result<()> {
    let mut file = File::options().create(true).append(true).open(log).map_err(|e| Error::io("open", log, &e))?;
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |what: String| Error::new(format!("`{program}` {what}; see `{}`", log.display()));
    let spawned = (|| {
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
        writeln!(file, "$ {program} {}", arguments.join(" "))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()
    })();
    let mut child = spawned.map_err(|error| failed(format!("does not start: {error}")))?;
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(failed(format!("ended with {status}"))),
            Ok(None) if start.elapsed() < limit => std::thread::sleep(Duration::from_millis(5)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(failed(format!("has not ended after {} s", limit.as_secs())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_step_names_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("steps.log");
        run(Command::new("sh").args(["-c", "echo said"]), &log, PATIENCE).unwrap();
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "$ sh -c echo said\nsaid\n");
        let error = run(&mut Command::new("false"), &log, PATIENCE).unwrap_err().to_string();
        assert!(error.contains("`false` ended with") && error.contains("steps.log"), "{error}");
        assert!(run(&mut Command::new("a-program-that-nobody-has-written"), &log, PATIENCE).is_err());
        let error = run(Command::new("sleep").arg("60"), &log, Duration::from_millis(10)).unwrap_err().to_string();
        assert!(error.contains("has not ended after 0 s"), "{error}");
    }
}
