//! What becomes of every row of a map task: the walk through the chain, guarded, and everything that is written of it.

use super::MapPhase;
use super::groups::Groups;
use super::guard::guarded;
use super::tables::Tables;
use crate::chain::{Chain, Outcome as Walked, Worker};
use crate::clock;
use crate::exchange::{Cuts, Fates, Sketched, Sketcher};
use crate::journal::Journal;
use crate::pipe::Answers;
use crate::tally::Tally;
use std::collections::BTreeSet;
use tokenmill_core::hash::{hash64, sampled};
use tokenmill_core::ledger::Removal;
use tokenmill_core::{DocId, LedgerRow, Record};
use tokenmill_store::source::{Input, Refusal};
use tokenmill_store::takedown::{FORGOTTEN, Takedowns};
use tokenmill_store::warc::Notes;
use tokenmill_store::{Outcome, Requests, StoreError, Task, TaskContext};

/// More documents than this share of a task making a stage panic is a fault of ours, not of the documents.
const MAX_PANICKED_SHARE: f64 = 0.01;
/// Panics that are always tolerated, so that small tasks are not failed by one odd page.
const MAX_PANICKED: u64 = 10;

/// The decisions of one step about the rows.
pub enum Decisions {
    /// Of documents.
    Documents(Fates),
    /// Of lines.
    Lines(Cuts),
    /// Of a command.
    Answers(Answers),
}

/// Everything a task writes, row by row.
pub struct Writer<'a> {
    phase: &'a MapPhase,
    chain: &'a Chain,
    context: &'a TaskContext<'a>,
    journal: &'a Journal,
    pub worker: Worker,
    /// Nothing but sketches is written by a scan.
    tables: Option<Tables>,
    groups: Groups,
    sketcher: Sketcher<'a>,
    /// The sketches of the document in hand, one for every exchange that follows.
    sketches: Vec<Sketched>,
    /// The decisions about the rows, in the order of the steps of the chain that apply some.
    decisions: Vec<Decisions>,
    pub tally: Tally,
    /// What reading the input has asked of object stores, where that does not follow from its size.
    pub requests: Option<Requests>,
    /// Hash of the URL of the row in hand, where its record tells none.
    url_hash: Option<u64>,
    seen: BTreeSet<DocId>,
    /// What was taken down and must not come back.
    takedowns: Takedowns,
    /// Number of the row in hand.
    pub row: u32,
    /// Documents kept so far.
    n_kept: u32,
    n_panicked: u64,
    read_seconds: f64,
    write_seconds: f64,
    sketch_seconds: f64,
}

impl<'a> Writer<'a> {
    /// Starts empty tables.
    pub fn create(
        phase: &'a MapPhase,
        chain: &'a Chain,
        task: &Task,
        context: &'a TaskContext<'a>,
        journal: &'a Journal,
        decisions: Vec<Decisions>,
    ) -> Result<Writer<'a>, StoreError> {
        // Not counted as a request of the task: it is the same task before and after a take-down.
        let takedowns = context.inputs.store().map_or_else(|_| Ok(Takedowns::default()), Takedowns::read)?;
        let tables = (!phase.is_scan).then(|| Tables::create(chain, &task.label, context)).transpose()?;
        Ok(Writer {
            phase,
            chain,
            context,
            journal,
            worker: Worker::new(chain, context.timings),
            tables,
            groups: Groups::default(),
            sketcher: Sketcher::create(&chain.exchanges, context)?,
            sketches: Vec::new(),
            decisions,
            tally: Tally::new(chain.steps.iter().map(|step| step.name.as_str())),
            requests: None,
            url_hash: None,
            seen: BTreeSet::new(),
            takedowns,
            row: 0,
            n_kept: 0,
            n_panicked: 0,
            read_seconds: 0.0,
            write_seconds: 0.0,
            sketch_seconds: 0.0,
        })
    }

    /// The thread's CPU time, when it is wanted.
    pub fn start(&self) -> f64 {
        if self.context.timings { clock::thread_cpu_seconds() } else { 0.0 }
    }

    /// Counts the time since `started` as reading.
    pub fn stop(&mut self, started: f64) {
        if self.context.timings {
            self.read_seconds += clock::thread_cpu_seconds() - started;
        }
    }

    /// A record that is no document by its nature.
    pub fn other(&mut self, kind: &str) {
        *self.tally.records.entry(kind.to_owned()).or_default() += 1;
    }

    /// Counts what was odd about a document.
    pub fn note(&mut self, notes: &Notes) {
        for note in notes.iter() {
            *self.tally.notes.entry(note.name().to_owned()).or_default() += 1;
        }
    }

    /// A record of the source.
    pub fn record(
        &mut self,
        id: DocId,
        record: &Record<'_>,
        refusal: Option<Refusal>,
        source: &str,
    ) -> Result<(), StoreError> {
        self.worker.document.fill_from(id, record);
        self.take_decisions()?;
        if self.is_forgotten() {
            return self.forget(record.payload.len(), source);
        }
        let refusal = refusal
            .or_else(|| (!self.seen.insert(id)).then(|| Refusal { reason: "duplicate_record", ..Refusal::default() }));
        let refusal =
            refusal.or_else(|| record.payload.is_empty().then(|| Refusal { reason: "empty", ..Refusal::default() }));
        match refusal {
            Some(refusal) => {
                self.worker.reset();
                self.url_hash = refusal.url_hash;
                let removal = Removal {
                    step: "read".to_owned(),
                    reason: refusal.reason.to_owned(),
                    metric: refusal.metric.to_owned(),
                    value: refusal.value,
                    limit: refusal.limit,
                    evidence: refusal.evidence,
                };
                let bytes = record.payload.len();
                self.settle(Walked { bytes, removal: None }, Some(removal), bytes, source)
            }
            None => self.walk(Some(record), record.payload.len(), source),
        }
    }

    /// The document in hand, of an earlier phase.
    pub fn document(&mut self, source: &str) -> Result<(), StoreError> {
        let bytes = self.worker.document.text.len();
        self.take_decisions()?;
        if self.is_forgotten() {
            return self.forget(bytes, source);
        }
        self.walk(None, bytes, source)
    }

    /// Whether the document in hand was taken down.
    fn is_forgotten(&self) -> bool {
        let document = &self.worker.document;
        self.takedowns.has(document.id, &document.url) || self.takedowns.has(document.id, &document.canonical_url)
    }

    /// The document in hand was taken down: of it there is its row, and nothing else.
    fn forget(&mut self, bytes: usize, source: &str) -> Result<(), StoreError> {
        self.worker.reset();
        self.worker.document.text.clear();
        let removal = Removal { step: "read".to_owned(), reason: FORGOTTEN.to_owned(), ..Removal::default() };
        self.settle(Walked { bytes, removal: None }, Some(removal), bytes, source)
    }

    /// Hands the decisions about the row in hand to the steps of the chain that apply them.
    fn take_decisions(&mut self) -> Result<(), StoreError> {
        let steps = self.worker.decisions.iter_mut().zip(&self.chain.steps);
        let steps = steps.filter(|(_, step)| step.entry.shape.is_decided_apart());
        let id = self.worker.document.id;
        for ((decided, step), decisions) in steps.zip(&mut self.decisions) {
            let n_decided = match decisions {
                Decisions::Documents(fates) => {
                    decided.fate = fates.at(self.row, id)?;
                    u64::from(decided.fate.is_some())
                }
                Decisions::Lines(cuts) => {
                    cuts.at(self.row, id, &mut decided.lines)?;
                    decided.lines.len() as u64
                }
                Decisions::Answers(answers) => {
                    decided.answer = answers.at(self.row, id)?;
                    u64::from(decided.answer.is_some())
                }
            };
            if n_decided > 0 {
                *self.tally.decided.entry(step.name.clone()).or_default() += n_decided;
            }
        }
        Ok(())
    }

    fn walk(&mut self, record: Option<&Record<'_>>, bytes_in: usize, source: &str) -> Result<(), StoreError> {
        let alive = self.journal.enter(self.row).map_err(StoreError::io("write", "the task journal"))?;
        if !alive {
            self.worker.reset();
            let evidence = Some("the process died at this document again and again".to_owned());
            let removal =
                Removal { step: "read".to_owned(), reason: "poison".to_owned(), evidence, ..Removal::default() };
            return self.settle(Walked { bytes: bytes_in, removal: None }, Some(removal), bytes_in, source);
        }
        let (worker, chain) = (&mut self.worker, self.chain);
        let (sketcher, sketches) = (&self.sketcher, &mut self.sketches);
        let (mut sketch_seconds, timings) = (0.0, self.context.timings && !chain.exchanges.is_empty());
        let walked = guarded(|| {
            let walked = worker.walk(chain, record);
            if walked.removal.is_none() {
                let started = if timings { clock::thread_cpu_seconds() } else { 0.0 };
                sketcher.sketch(&worker.document, worker.analysis(), sketches);
                sketch_seconds = if timings { clock::thread_cpu_seconds() - started } else { 0.0 };
            }
            walked
        });
        self.sketch_seconds += sketch_seconds;
        // Only the stages are at work on a row: a disk or a network that fails is not the document's fault.
        self.journal.leave().map_err(StoreError::io("write", "the task journal"))?;
        match walked {
            Ok(walked) => self.settle(walked, None, bytes_in, source),
            Err(message) => {
                self.n_panicked += 1;
                let step = self.worker.current;
                // The buffers may hold anything now: keep the headers, drop the rest.
                let mut fresh = Worker::new(chain, self.context.timings);
                std::mem::swap(&mut fresh.document, &mut self.worker.document);
                std::mem::swap(&mut fresh.cpu_seconds, &mut self.worker.cpu_seconds);
                self.worker = fresh;
                let removal = Removal {
                    step: chain.steps.get(step).map(|step| step.name.clone()).unwrap_or_default(),
                    reason: "stage_panicked".to_owned(),
                    evidence: Some(message),
                    ..Removal::default()
                };
                if chain.steps.is_empty() {
                    return self.settle(Walked { bytes: bytes_in, removal: None }, Some(removal), bytes_in, source);
                }
                self.settle(Walked { bytes: bytes_in, removal: Some((step, removal)) }, None, bytes_in, source)
            }
        }
    }

    /// Writes the rows of one document and counts it.
    fn settle(
        &mut self,
        walked: Walked,
        refused: Option<Removal>,
        bytes_in: usize,
        source: &str,
    ) -> Result<(), StoreError> {
        let started = self.start();
        let removed_at = match (&refused, &walked.removal) {
            (Some(_), _) => Some(0),
            (None, Some((step, _))) => Some(step + 1),
            (None, None) => None,
        };
        self.count(
            removed_at,
            refused.as_ref().or(walked.removal.as_ref().map(|(_, removal)| removal)),
            bytes_in,
            walked.bytes,
        );
        let removal = refused.or(walked.removal.map(|(_, removal)| removal));
        if removal.is_none() {
            // After a scan the next phase sees the same rows again, else it sees those that are kept.
            let seen_as = if self.phase.is_scan { self.row } else { self.n_kept };
            self.sketcher.add(&self.sketches, self.worker.document.id, seen_as)?;
            self.n_kept += 1;
        }
        if let Some(tables) = &mut self.tables {
            let document = &self.worker.document;
            tables.metrics(self.row, self.chain, &self.worker)?;
            let step = removed_at.and_then(|at| at.checked_sub(1));
            let is_forgotten = removal.as_ref().is_some_and(|why| why.reason == FORGOTTEN);
            if !is_forgotten {
                self.groups.count(self.chain, document, source, step);
            }
            match &removal {
                None => tables.doc(self.row, document, source)?,
                Some(_) if is_forgotten => {}
                Some(why) if sampled(self.phase.seed, "removed", document.id.0, self.phase.removed) => {
                    tables.removed(document, &why.step, &why.reason)?;
                }
                Some(_) => {}
            }
            let bytes = u32::try_from(walked.bytes).unwrap_or(u32::MAX);
            let url_hash = self.url_hash.take().unwrap_or_else(|| hash64(0, document.url.as_bytes()));
            tables.ledger(&LedgerRow { id: document.id, url_hash, row: self.row, bytes, removal }, document)?;
        }
        let next = self.row.checked_add(1);
        self.row = next
            .ok_or_else(|| StoreError::Usage("an input file holds more than 4 billion documents; split it".into()))?;
        if self.context.timings {
            self.write_seconds += clock::thread_cpu_seconds() - started;
        }
        Ok(())
    }

    /// Counts one document: every step that it reached alive, and the one that removed it.
    fn count(&mut self, removed_at: Option<usize>, why: Option<&Removal>, bytes_in: usize, bytes: usize) {
        self.tally.n_in += 1;
        let reached = removed_at.map_or(self.tally.steps.len(), |at| at + 1);
        let sizes = std::iter::once(&bytes_in).chain(&self.worker.sizes);
        for (step, size) in self.tally.steps.iter_mut().zip(sizes).take(reached) {
            step.n_in += 1;
            step.bytes_in += *size as u64;
        }
        match (removed_at, why) {
            (Some(at), Some(why)) => {
                let step = &mut self.tally.steps[at];
                step.n_removed += 1;
                step.bytes_removed += bytes as u64;
                *step.reasons.entry(why.reason.clone()).or_default() += 1;
            }
            _ => {
                self.tally.n_out += 1;
                self.tally.bytes_out += bytes as u64;
            }
        }
    }

    /// Stores everything.
    pub fn finish(self, task: &Task, input: Option<Input>) -> Result<Outcome, StoreError> {
        let Writer { tables, groups, sketcher, decisions, mut tally, context, chain, worker, .. } = self;
        for decisions in decisions {
            match decisions {
                Decisions::Documents(fates) => fates.finish()?,
                Decisions::Lines(cuts) => cuts.finish()?,
                Decisions::Answers(answers) => answers.finish()?,
            }
        }
        let tolerated = MAX_PANICKED.max((tally.n_in as f64 * MAX_PANICKED_SHARE) as u64);
        if self.n_panicked > tolerated {
            return Err(StoreError::Usage(format!(
                "stages panicked on {} of {} documents of `{}`; the limit is {tolerated}",
                self.n_panicked, tally.n_in, task.label
            )));
        }
        tally.input_bytes = task.bytes;
        let violations = tally.violations();
        if let Some(violation) = violations.first() {
            return Err(StoreError::corrupt(&task.label, format!("the ledger does not add up: {violation}")));
        }
        let mut outcome = Outcome::default();
        if let Some(input) = &input {
            outcome.requests = self.requests.map_or_else(|| input.requests(), |reads| Requests { head: 1, ..reads });
        }
        tally.input = input;
        let started = if context.timings { clock::thread_cpu_seconds() } else { 0.0 };
        if let Some(tables) = tables {
            tables.finish(context, &mut outcome)?;
            groups.finish(chain, context, &mut outcome)?;
        }
        tally.not_compared = sketcher.n_without();
        tally.scopes = sketcher.scopes();
        sketcher.finish(context, &mut outcome)?;
        if context.timings {
            let write = self.write_seconds + clock::thread_cpu_seconds() - started;
            outcome.cpu_seconds.insert("read".to_owned(), self.read_seconds);
            outcome.cpu_seconds.insert("write".to_owned(), write);
            if !chain.exchanges.is_empty() {
                outcome.cpu_seconds.insert("sketch".to_owned(), self.sketch_seconds);
            }
            for (step, seconds) in chain.steps.iter().zip(&worker.cpu_seconds) {
                outcome.cpu_seconds.insert(step.name.clone(), *seconds);
            }
        }
        outcome.tally = serde_json::to_value(&tally).map_err(|error| StoreError::Usage(error.to_string()))?;
        Ok(outcome)
    }
}
