//! The talk with a command: one thread feeds it, one hears what it complains of, and this one checks its answers, so that
//! a command may read and write in whatever rhythm it likes.

use super::line::{Answer, read_answer, write_document};
use crate::spec::When;
use std::collections::{BTreeSet, VecDeque};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::process::{ChildStderr, ChildStdin, ChildStdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tokenmill_core::{DocId, Document, Pipe};
use tokenmill_store::child::Running;
use tokenmill_store::source::DocsReader;
use tokenmill_store::{Store, StoreError};

/// Bytes that an answer may always have.
const ALWAYS: u64 = 64 << 10;
/// Bytes of standard error that are kept: the last ones.
const STDERR_KEPT: usize = 4 << 10;
/// Different reasons that a command may give about one part: they are counted one by one.
const MAX_REASONS: usize = 100;
/// How long a command that has closed its standard output may go on. It has failed whatever it does then.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// Characters of a wrong answer that are shown.
const SHOWN: usize = 200;

/// A document that is on its way to the command.
struct Sent {
    row: u32,
    id: DocId,
    /// Bytes of its line.
    bytes: u64,
}

/// What there is to talk about.
pub struct Talk<'a> {
    /// Name of the step.
    pub step: &'a str,
    /// The command and its rules.
    pub pipe: &'a Pipe,
    /// Which documents go through it.
    pub when: &'a When,
    /// The store of the run.
    pub store: &'a dyn Store,
    /// Key of the documents.
    pub docs: &'a str,
}

/// What went wrong with a command, and what to do about it.
struct Failed {
    what: String,
    hint: String,
}

/// How a talk can end early.
enum Ended {
    /// The command has closed its standard output before it had answered.
    Early,
    /// It has answered something wrong.
    Wrong(Failed),
    Store(StoreError),
}

impl Talk<'_> {
    /// Hands all documents over and takes an answer for each that goes through the command; says how many there were.
    ///
    /// # Errors
    /// When the command cannot be started, fails, or answers anything but what was asked; when the store fails.
    pub fn hold(&self, take: impl FnMut(u32, DocId, &Answer) -> Result<(), StoreError>) -> Result<u64, StoreError> {
        let started = Running::start(&self.pipe.command);
        let (mut running, stdin, stdout, stderr) = started.map_err(|error| StoreError::Refused {
            what: format!("step `{}` cannot start `{}`: {error}", self.step, self.pipe.command.join(" ")),
            hint: "a program is found by its name in `PATH`, or by its path".to_owned(),
        })?;
        let (sender, receiver) = channel();
        let (over, is_over) = channel::<()>();
        let watcher = running.watcher();
        let (ended, fed, complaints) = std::thread::scope(|scope| {
            let feeder = scope.spawn(|| self.feed(stdin, sender));
            let listener = scope.spawn(|| tail(stderr));
            scope.spawn(move || {
                watcher.watch();
                drop(over);
            });
            let ended = self.listen(stdout, &receiver, take);
            // Whoever says no more is on its way out, and how it ends is worth knowing; but it must not take its time.
            let is_stuck = || matches!(is_over.recv_timeout(LAST_WORDS), Err(RecvTimeoutError::Timeout));
            if matches!(ended, Err(Ended::Wrong(_) | Ended::Store(_))) || (ended.is_err() && is_stuck()) {
                running.kill();
            }
            (ended, feeder.join(), listener.join())
        });
        let panicked = || StoreError::Usage("a thread that serves a command has panicked".to_owned());
        let (fed, complaints) = (fed.map_err(|_| panicked())?, complaints.map_err(|_| panicked())?);
        let status = running.wait().map_err(StoreError::io("wait for", &self.pipe.command[0]))?;
        // A store that failed is the cause of whatever the command thought of it.
        let fed = fed?;
        let Failed { what, hint } = match ended {
            Err(Ended::Store(error)) => return Err(error),
            Err(Ended::Wrong(failed)) => failed,
            Ok(()) if !fed.is_cut && status.success() => return Ok(fed.n_docs),
            Ok(()) if !fed.is_cut => Failed {
                what: format!("has answered everything and then failed ({status})"),
                hint: "a command that has done its work ends with exit code 0".to_owned(),
            },
            Err(Ended::Early) | Ok(()) => Failed {
                what: format!("has ended too early ({status})"),
                hint: "it must read standard input to its end and answer each line with one line".to_owned(),
            },
        };
        let complaints = if complaints.is_empty() {
            "it wrote nothing to standard error".to_owned()
        } else {
            format!("its standard error ends with:\n{complaints}")
        };
        let what =
            format!("the command `{}` of step `{}` {what}; {complaints}", self.pipe.command.join(" "), self.step);
        Err(StoreError::Refused { what, hint })
    }

    /// Writes every document that goes through the command.
    fn feed(&self, stdin: ChildStdin, sent: Sender<Sent>) -> Result<Fed, StoreError> {
        let mut stdin = BufWriter::with_capacity(1 << 16, stdin);
        let mut reader = DocsReader::open(self.store, self.docs)?;
        let (mut document, mut source, mut line) = (Document::default(), String::new(), Vec::new());
        let mut fed = Fed { n_docs: 0, is_cut: false };
        while reader.next(&mut document, &mut source)? {
            let row = u32::try_from(fed.n_docs).map_err(|error| StoreError::corrupt(self.docs, error))?;
            fed.n_docs += 1;
            if !self.when.matches(&document.lang, &document.kind) {
                continue;
            }
            write_document(&document, &mut line).map_err(|error| StoreError::corrupt(self.docs, error))?;
            // Said first, so that an answer never comes before the question is known; nobody listens once it has failed.
            let is_heard = sent.send(Sent { row, id: document.id, bytes: line.len() as u64 }).is_ok();
            if !is_heard || is_closed(stdin.write_all(&line))? {
                fed.is_cut = true;
                return Ok(fed);
            }
        }
        fed.is_cut = is_closed(stdin.flush())?;
        Ok(fed)
    }

    /// Reads an answer for every document that was sent, and nothing else.
    fn listen(
        &self,
        stdout: ChildStdout,
        sent: &Receiver<Sent>,
        mut take: impl FnMut(u32, DocId, &Answer) -> Result<(), StoreError>,
    ) -> Result<(), Ended> {
        let mut stdout = BufReader::with_capacity(1 << 16, stdout);
        let (mut line, mut reasons) = (Vec::new(), BTreeSet::new());
        let unreadable = |error: io::Error| Ended::Store(StoreError::io("read the answers of", self.step)(error));
        while let Ok(Sent { row, id, bytes }) = sent.recv() {
            let limit = (bytes as f64 * self.pipe.max_output_ratio) as u64 + ALWAYS;
            line.clear();
            stdout.by_ref().take(limit + 1).read_until(b'\n', &mut line).map_err(unreadable)?;
            if line.is_empty() {
                return Err(Ended::Early);
            }
            if line.len() as u64 > limit {
                let what = format!("has answered more than {limit} bytes about a document of {bytes} bytes ({id})");
                let hint = "raise `max_output_ratio` if that is meant".to_owned();
                return Err(Ended::Wrong(Failed { what, hint }));
            }
            let answer = read_answer(&line, id, self.pipe).map_err(|why| wrong(id, &line, &why))?;
            if let Some(reason) = &answer.removed_because
                && !reasons.contains(reason)
            {
                reasons.insert(reason.clone());
                if reasons.len() > MAX_REASONS {
                    let what = format!("gives more than {MAX_REASONS} different reasons");
                    let hint = "reasons are counted one by one; put what differs into `numbers`".to_owned();
                    return Err(Ended::Wrong(Failed { what, hint }));
                }
            }
            take(row, id, &answer).map_err(Ended::Store)?;
        }
        if stdout.fill_buf().map_err(unreadable)?.is_empty() {
            return Ok(());
        }
        let hint = "it must write one line for each line it reads, and nothing else: write messages to standard error";
        let what = "has answered more lines than it was given".to_owned();
        Err(Ended::Wrong(Failed { what, hint: hint.to_owned() }))
    }
}

/// How much was handed over.
struct Fed {
    /// Documents of the part, those that the command need not see among them.
    n_docs: u64,
    /// Whether the command stopped reading.
    is_cut: bool,
}

/// Whether the command has closed its standard input.
fn is_closed(written: io::Result<()>) -> Result<bool, StoreError> {
    match written {
        Ok(()) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(true),
        Err(error) => Err(StoreError::io("write to", "the command")(error)),
    }
}

fn wrong(id: DocId, line: &[u8], why: &str) -> Ended {
    let line = String::from_utf8_lossy(line);
    let shown: String = line.trim_end().chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let dots = if line.trim_end().chars().nth(SHOWN).is_some() { "…" } else { "" };
    let what = format!("was asked about document {id}, and its answer `{shown}{dots}` {why}");
    let hint =
        "an answer is one line such as `{\"id\": …, \"keep\": false, \"reason\": \"too_red\"}`; messages belong on \
                standard error"
            .to_owned();
    Ended::Wrong(Failed { what, hint })
}

/// The last bytes that a command complains with, as text.
fn tail(mut stderr: ChildStderr) -> String {
    let mut kept = VecDeque::with_capacity(2 * STDERR_KEPT);
    let mut buffer = [0; STDERR_KEPT];
    // A stream that cannot be read ends here: it only serves an error message.
    while let Ok(n) = stderr.read(&mut buffer) {
        if n == 0 {
            break;
        }
        kept.extend(&buffer[..n]);
        kept.drain(..kept.len().saturating_sub(STDERR_KEPT));
    }
    String::from_utf8_lossy(kept.make_contiguous()).trim().to_owned()
}
