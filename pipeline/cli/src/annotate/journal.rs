//! The journal of an annotation: every answer, as soon as it is there, so that none is lost or bought twice.

use super::request::Request;
use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokenmill_store::AppendLog;

/// An answer. Its key is of the model, the prompt and the text that was shown, so another prompt or model has no answers yet.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Said {
    /// What was asked.
    pub key: String,
    /// 0 for the first answer, 1 for the one after a reminder, and so on.
    #[serde(rename = "try")]
    pub number: usize,
    /// Digest of the prompt.
    pub prompt: String,
    /// The model that was asked.
    pub model: String,
    /// The model that says it has answered, or empty.
    pub answered_by: String,
    /// All that it has said.
    pub answer: String,
    /// Why it ended, as the service says.
    pub finish: String,
    /// Tokens of the request.
    pub input: u64,
    /// Tokens of the answer.
    pub output: u64,
}

/// A request that the service will not answer, which ends the questions about its document.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Refused {
    /// What was asked.
    pub key: String,
    /// As for answers.
    #[serde(rename = "try")]
    pub number: usize,
    /// What the service says.
    pub why: String,
}

/// How every journal begins.
const HEAD: &[u8] = b"{\"is\":";

/// A batch file that was written.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Batch {
    /// Its name.
    pub file: String,
    /// Digest of the prompt of its requests.
    pub prompt: String,
    /// The model that they ask.
    pub model: String,
}

/// A line of the file.
#[derive(Deserialize, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum Line {
    Answer(Said),
    /// Requests that were written into a batch file, and may be bought there.
    Out {
        #[serde(flatten)]
        batch: Batch,
        requests: Vec<String>,
    },
    /// Requests that came back from a batch without an answer, or are waited for no longer: they are to be asked again.
    Back {
        requests: Vec<String>,
    },
    Refused(Refused),
}

/// What a journal says about one prompt and model.
#[derive(Default)]
pub struct Known {
    prompt: String,
    model: String,
    answers: BTreeMap<String, Vec<Said>>,
    out: BTreeMap<String, Arc<Batch>>,
    refused: BTreeSet<String>,
    /// Lines that could not be read.
    pub n_damaged: u64,
}

impl Known {
    fn of(prompt: &str, model: &str) -> Known {
        Known { prompt: prompt.to_owned(), model: model.to_owned(), ..Known::default() }
    }

    fn see(&mut self, line: &[u8]) {
        match serde_json::from_slice(line) {
            Ok(line) => self.apply(line),
            Err(_) => self.n_damaged += 1,
        }
    }

    fn apply(&mut self, line: Line) {
        match line {
            Line::Answer(said) => {
                self.out.remove(&Request::name(&said.key, said.number));
                if said.prompt == self.prompt && said.model == self.model {
                    let answers = self.answers.entry(said.key.clone()).or_default();
                    if !answers.iter().any(|known| known.number == said.number) {
                        answers.push(said);
                    }
                }
            }
            Line::Out { batch, requests } => {
                let batch = Arc::new(batch);
                self.out.extend(requests.into_iter().map(|request| (request, batch.clone())));
            }
            Line::Back { requests } => requests.iter().for_each(|request| drop(self.out.remove(request))),
            Line::Refused(refused) => drop(self.refused.insert(refused.key)),
        }
    }

    /// The answers to a key, in the order in which they came.
    pub fn answers(&self, key: &str) -> &[Said] {
        self.answers.get(key).map_or(&[], Vec::as_slice)
    }

    /// Whether the service will say no more about a key.
    pub fn is_refused(&self, key: &str) -> bool {
        self.refused.contains(key)
    }

    /// All answers of this prompt and model.
    pub fn all(&self) -> impl Iterator<Item = &Said> {
        self.answers.values().flatten()
    }

    /// The batch that a request was written into.
    pub fn out(&self, request: &str) -> Option<&Arc<Batch>> {
        self.out.get(request)
    }

    /// The files whose batches have not come back.
    pub fn files_out(&self) -> BTreeSet<&str> {
        self.out.values().map(|batch| batch.file.as_str()).collect()
    }
}

/// A journal that this process alone has.
pub struct Journal {
    log: AppendLog,
    known: Mutex<Known>,
}

impl Journal {
    /// Opens or makes the file, and reads what is about a prompt and a model.
    pub fn open(path: &Path, prompt: &str, model: &str) -> Result<Journal, Failure> {
        let mut known = Known::of(prompt, model);
        let log = AppendLog::open(path, HEAD, &mut |line| known.see(line))?;
        Ok(Journal { log, known: Mutex::new(known) })
    }

    /// What the file says, without holding it.
    pub fn look(path: &Path, prompt: &str, model: &str) -> Result<Known, Failure> {
        let mut known = Known::of(prompt, model);
        AppendLog::read(path, &mut |line| known.see(line))?;
        Ok(known)
    }

    /// What is known.
    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an answer: when this returns, it is on disk.
    pub fn answer(&self, said: Said) -> Result<(), Failure> {
        self.keep(vec![Line::Answer(said)])
    }

    /// Keeps that requests are refused.
    pub fn refused(&self, refused: Vec<Refused>) -> Result<(), Failure> {
        self.keep(refused.into_iter().map(Line::Refused).collect())
    }

    /// Keeps the answers of batches, and which requests came back without one.
    pub fn back(&self, answers: Vec<Said>, requests: Vec<String>) -> Result<(), Failure> {
        let back = (!requests.is_empty()).then_some(Line::Back { requests });
        self.keep(answers.into_iter().map(Line::Answer).chain(back).collect())
    }

    /// Keeps that requests are in a batch file.
    pub fn out(&self, batch: Batch, requests: Vec<String>) -> Result<(), Failure> {
        self.keep(vec![Line::Out { batch, requests }])
    }

    /// Forgets what is in batch files, of this prompt and model.
    pub fn forget_batches(&self) -> Result<(), Failure> {
        let known = self.known();
        let ours = known.out.iter().filter(|(_, batch)| batch.prompt == known.prompt && batch.model == known.model);
        let requests = ours.map(|(request, _)| request.clone()).collect();
        drop(known);
        self.back(Vec::new(), requests)
    }

    fn keep(&self, lines: Vec<Line>) -> Result<(), Failure> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        for line in &lines {
            serde_json::to_writer(&mut bytes, line).map_err(|error| Failure::usage(error.to_string()))?;
            bytes.push(b'\n');
        }
        self.log.append(&bytes)?;
        let mut known = self.known();
        lines.into_iter().for_each(|line| known.apply(line));
        Ok(())
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn said(key: &str, number: usize, answer: &str) -> Said {
        let text = |text: &str| text.to_owned();
        let (prompt, model, answered_by, finish) = (text("p"), text("m"), text("m-1"), text("stop"));
        Said { key: text(key), number, prompt, model, answered_by, answer: text(answer), finish, input: 7, output: 2 }
    }

    #[test]
    fn what_was_kept_is_known_again() {
        let folder = tempfile::tempdir();
        let Ok(path) = folder.as_ref().map(|folder| folder.path().join("journal")) else { return };
        let open = || Journal::open(&path, "p", "m").ok();
        let batch = |file: &str| Batch { file: file.into(), prompt: "p".into(), model: "m".into() };
        let journal = open();
        assert!(journal.as_ref().is_some_and(|journal| {
            let other = Said { model: "other".into(), ..said("c", 0, "z") };
            [said("a", 0, "x"), said("a", 1, "y"), other].into_iter().all(|said| journal.answer(said).is_ok())
                && journal.out(batch("one.jsonl"), vec!["b-0".into(), "d-0".into()]).is_ok()
                && journal.out(batch("two.jsonl"), vec!["e-0".into()]).is_ok()
                && journal.back(vec![said("b", 0, "x")], vec!["d-0".to_owned()]).is_ok()
        }));
        drop(journal);
        let whole = std::fs::read(&path).unwrap_or_default();
        let damaged = [&whole[..], b"no line of ours\n{\"is\":\"answer\",\"key\":\"t"].concat();
        assert!(std::fs::write(&path, damaged).is_ok());
        for known in [Journal::look(&path, "p", "m").ok(), open().and_then(|journal| journal.known.into_inner().ok())] {
            assert!(known.is_some_and(|known| {
                assert_eq!(known.answers("a"), [said("a", 0, "x"), said("a", 1, "y")]);
                assert_eq!((known.answers("b").len(), known.answers("c").len(), known.n_damaged), (1, 0, 1));
                assert_eq!((known.out("d-0"), known.files_out()), (None, ["two.jsonl"].into()));
                true
            }));
        }
        // The torn line is gone, and what follows is whole.
        assert!(open().is_some_and(|journal| journal.answer(said("f", 0, "x")).is_ok()));
        assert!(
            Journal::look(&path, "p", "m").is_ok_and(|known| known.answers("f").len() == 1 && known.n_damaged == 1)
        );
    }
}
