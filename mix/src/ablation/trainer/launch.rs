//! A trainer at work: its lines are kept as they come, and read; one that falls silent is ended.
#![cfg_attr(test, expect(clippy::disallowed_methods, reason = "a test reads the log as a user would"))]

use super::log::{Heard, Log};
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;
use tokenmill_store::StoreError;
use tokenmill_store::child::Running;

/// Bytes of a line that are looked at; the rest of a longer one is dropped.
const MAX_LINE: u64 = 64 << 10;

/// Bytes of the lines of one command that are kept.
const MAX_LOG: u64 = 256 << 20;

/// Lines that an error shows.
const LAST_LINES: usize = 15;

/// Lines that wait to be read.
const QUEUE: usize = 1_024;

/// A command to be run.
pub struct Launch<'a> {
    /// Program and arguments.
    pub command: &'a [String],
    /// Variables of the environment, besides those that there are.
    pub env: &'a BTreeMap<String, String>,
    /// The folder it runs in.
    pub folder: &'a Path,
    /// The file its lines are appended to.
    pub log: &'a Path,
    /// How long it may say nothing.
    pub silence: Duration,
}

/// How a command ended.
#[derive(Debug)]
pub enum Ended {
    /// By itself, and well.
    Well,
    /// The loss is no number any more; it was ended.
    Diverged,
    /// It failed, could not be started or fell silent; what it said last is in the text.
    Failed(String),
}

impl Launch<'_> {
    /// Runs the command. `told` is called with the tokens that the model has seen.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn run(
        &self,
        patterns: &Log,
        group: Option<&str>,
        heard: &mut Heard,
        told: &mut dyn FnMut(u64),
    ) -> Result<Ended, StoreError> {
        let failed = |error| StoreError::io("write", self.log.display())(error);
        let mut file = File::options().create(true).append(true).open(self.log).map_err(failed)?;
        writeln!(file, "$ {}", self.command.join(" ")).map_err(failed)?;
        let (program, arguments) = self.command.split_first().map_or(("", &[][..]), |(first, rest)| (first, rest));
        let mut command = Command::new(program);
        command.args(arguments).envs(self.env).current_dir(self.folder);
        let (mut running, stdin, stdout, stderr) = match Running::start_with(command) {
            Ok(started) => started,
            Err(error) => {
                let hint = "a program is found by its name in `PATH`, or by its path";
                return Ok(Ended::Failed(format!("cannot start `{program}`: {error}; {hint}")));
            }
        };
        drop(stdin);
        let (sender, lines) = sync_channel::<String>(QUEUE);
        let watcher = running.watcher();
        let mut last = VecDeque::new();
        let mut written = 0u64;
        let ended = std::thread::scope(|scope| {
            let other = sender.clone();
            scope.spawn(move || forward(stdout, &sender));
            scope.spawn(move || forward(stderr, &other));
            // What it has started and left behind would keep its streams open.
            scope.spawn(move || watcher.watch());
            let ended = loop {
                let line = match lines.recv_timeout(self.silence) {
                    Ok(line) => line,
                    Err(RecvTimeoutError::Disconnected) => break Ok(None),
                    Err(RecvTimeoutError::Timeout) => {
                        let seconds = self.silence.as_secs();
                        break Ok(Some(Ended::Failed(format!("it said nothing for {seconds} s and was ended"))));
                    }
                };
                written += line.len() as u64 + 1;
                if written <= MAX_LOG
                    && let Err(error) = writeln!(file, "{line}")
                {
                    break Err(failed(error));
                }
                if let Some(tokens) = patterns.hear(&line, group, heard) {
                    told(tokens);
                }
                if heard.diverged.is_some() {
                    break Ok(Some(Ended::Diverged));
                }
                if last.len() == LAST_LINES {
                    last.pop_front();
                }
                last.push_back(line);
            };
            if !matches!(ended, Ok(None)) {
                running.kill();
            }
            // Readers end with the streams, and must not wait for room in the queue.
            drop(lines);
            ended
        })?;
        let status = running.wait().map_err(StoreError::io("wait for", program))?;
        let said = || {
            let lines: Vec<&str> = last.iter().map(|line: &String| line.as_str()).collect();
            if lines.is_empty() { "it said nothing".to_owned() } else { format!("it said last:\n{}", lines.join("\n")) }
        };
        Ok(match ended {
            Some(Ended::Failed(why)) => Ended::Failed(format!("{why}; {}", said())),
            Some(ended) => ended,
            None if status.success() => Ended::Well,
            None => Ended::Failed(format!("{}; {}", how(status), said())),
        })
    }
}

fn how(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(9)) => "it was killed (signal 9), as by a machine that has too little memory".to_owned(),
        (None, signal) => format!("it was ended by signal {}", signal.unwrap_or_default()),
    }
}

/// Sends the lines of a stream on, without what long ones have too much. A carriage return ends a line as well: progress
/// bars write nothing else.
fn forward(stream: impl Read, sender: &SyncSender<String>) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        let n = (&mut stream).take(MAX_LINE).read_until(b'\n', &mut line).unwrap_or(0);
        if n == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&line);
        for part in text.split(['\r', '\n']).filter(|part| !part.trim().is_empty()) {
            let part: String = part.chars().filter(|c| *c == '\t' || !c.is_control()).collect();
            if sender.send(part).is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ablation::study::LogPatterns;

    fn run(script: &str, silence: u64) -> (Ended, Heard, String) {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log.txt");
        let patterns = LogPatterns {
            train: Some(r"^step (?<step>\d+) loss (?<loss>\S+)".to_owned()),
            valid: Some(r"^valid (?<group>\S+) (?<loss>\S+)".to_owned()),
            score: None,
        };
        let mut heard = Heard::default();
        let launch = Launch {
            command: &["sh", "-c", script].map(str::to_owned),
            env: &BTreeMap::from([("WHO".to_owned(), "me".to_owned())]),
            folder: folder.path(),
            log: &log,
            silence: Duration::from_secs(silence),
        };
        let ended = launch.run(&Log::new(&patterns, 10), None, &mut heard, &mut |_| {}).unwrap();
        (ended, heard, std::fs::read_to_string(log).unwrap())
    }

    #[test]
    fn lines_of_both_streams_are_heard_and_kept() {
        let (ended, heard, log) = run("echo \"step 1 loss 2.5\"; echo valid $WHO 3 >&2; printf 'a\\rb\\n'", 60);
        assert!(matches!(ended, Ended::Well), "{ended:?}");
        assert_eq!((heard.curve, heard.losses["me"]), (vec![(10, 2.5)], 3.0));
        assert!(log.starts_with("$ sh -c ") && log.contains("step 1 loss 2.5\n") && log.contains("a\nb\n"), "{log}");
    }

    #[test]
    fn failures_say_what_was_said_last() {
        let failed = |ended| match ended {
            Ended::Failed(why) => why,
            other => panic!("{other:?}"),
        };
        let why = failed(run("echo out of memory >&2; exit 3", 60).0);
        assert!(why.contains("exit code 3") && why.contains("out of memory"), "{why}");
        assert!(failed(run("kill -9 $$", 60).0).contains("signal 9"));
        let why = failed(run("echo begun; sleep 100", 1).0);
        assert!(why.contains("said nothing for 1 s") && why.contains("begun"), "{why}");
    }

    #[test]
    fn a_model_that_diverges_is_ended_at_once() {
        let (ended, heard, _) = run("echo step 1 loss nan; sleep 100", 60);
        assert!(matches!(ended, Ended::Diverged), "{ended:?}");
        assert!(heard.diverged.unwrap().contains("nan") && heard.curve.is_empty());
    }

    #[test]
    fn a_program_that_is_not_there_is_a_failure() {
        let launch = Launch {
            command: &["/no/such/program".to_owned()],
            env: &BTreeMap::new(),
            folder: Path::new("/"),
            log: &tempfile::tempdir().unwrap().path().join("x"),
            silence: Duration::from_secs(1),
        };
        let nothing = Log::new(&LogPatterns::default(), 1);
        let ended = launch.run(&nothing, None, &mut Heard::default(), &mut |_| {});
        assert!(ended.is_err(), "the folder of the log is gone");
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("x");
        let ended = Launch { log: &log, ..launch }.run(&nothing, None, &mut Heard::default(), &mut |_| {}).unwrap();
        assert!(matches!(ended, Ended::Failed(why) if why.contains("cannot start `/no/such/program`")));
    }
}
