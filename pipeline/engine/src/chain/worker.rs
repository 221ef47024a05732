//! Walks one document through the chain, with buffers that are reused for the next one.

use super::build::{Built, Chain, Step};
use crate::apply::set_fields;
use crate::clock;
use crate::pipe::{Answer, EDITED};
use tokenmill_core::combine::Given;
use tokenmill_core::ledger::Removal;
use tokenmill_core::{Analysis, Doc, Document, Edits, Exchange, Fate, Numbers, Payload, Record, Stage, Verdict, judge};

/// The private state of one thread.
pub struct Worker {
    /// The document in hand.
    pub document: Document,
    /// One set of numbers per step.
    pub numbers: Vec<Numbers>,
    /// Bytes of the document when it reached each step alive.
    pub sizes: Vec<usize>,
    /// What every exchange step, every pipe and every model has decided about the document.
    pub decisions: Vec<Decided>,
    /// Index of the step at work: what a panic is blamed on.
    pub current: usize,
    /// Seconds of thread CPU time per step; stays zero unless timings are wanted.
    pub cpu_seconds: Vec<f64>,
    analysis: Analysis,
    edits: Edits,
    edited: String,
    timings: bool,
}

/// What an exchange step, a pipe or a model has decided about the document in hand.
#[derive(Debug, Default)]
pub struct Decided {
    /// Whether it goes.
    pub fate: Option<Fate>,
    /// The lines that go, by number.
    pub lines: Vec<u32>,
    /// What a command has answered, or how a model has scored it.
    pub answer: Option<Answer>,
}

impl Decided {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.fate.is_none() && self.lines.is_empty() && self.answer.is_none()
    }
}

/// What became of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Bytes of text when the verdict fell; of the payload, when there was no text yet.
    pub bytes: usize,
    /// The step that removed it, and why; `None` when it was kept.
    pub removal: Option<(usize, Removal)>,
}

impl Worker {
    /// A worker for this chain.
    pub fn new(chain: &Chain, timings: bool) -> Worker {
        Worker {
            document: Document::default(),
            numbers: chain.steps.iter().map(Step::numbers).collect(),
            sizes: vec![0; chain.steps.len()],
            decisions: chain.steps.iter().map(|_| Decided::default()).collect(),
            current: 0,
            cpu_seconds: vec![0.0; chain.steps.len()],
            analysis: Analysis::default(),
            edits: Edits::default(),
            edited: String::new(),
            timings,
        }
    }

    /// The analysis of the document in hand.
    pub fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// Forgets the numbers of the last document.
    pub fn reset(&mut self) {
        self.numbers.iter_mut().for_each(Numbers::clear);
        self.analysis.reset();
        self.current = 0;
    }

    /// Walks the document in hand through the chain; `record` is its raw record when it has just been read.
    ///
    /// After a removal the cheap measures of the same segment still run, so that thresholds can be loosened later from
    /// stored numbers.
    pub fn walk(&mut self, chain: &Chain, record: Option<&Record<'_>>) -> Outcome {
        self.reset();
        let mut removal: Option<(usize, Removal)> = None;
        let mut bytes = 0;
        if let Some(Payload::Text(text)) = record.map(|record| record.payload) {
            self.document.text.push_str(text);
        }
        for (at, step) in chain.steps.iter().enumerate() {
            if let Some((removed_at, _)) = &removal
                && (step.segment != chain.steps[*removed_at].segment || step.entry.costly)
            {
                continue;
            }
            if removal.is_none() {
                self.sizes[at] = self.size(record);
            }
            if self.decisions[at].is_empty() && !step.when.matches(&self.document.lang, &self.document.kind) {
                continue;
            }
            self.current = at;
            let started = self.timings.then(clock::thread_cpu_seconds);
            let objection = self.apply(step, at, record);
            if let Some(started) = started {
                self.cpu_seconds[at] += clock::thread_cpu_seconds() - started;
            }
            if removal.is_none()
                && let Some(objection) = objection
            {
                bytes = self.size(record);
                removal = Some((at, Removal { step: step.name.clone(), ..objection }));
                self.conceal(step);
            }
        }
        if removal.is_none() {
            bytes = self.document.text.len();
        }
        Outcome { bytes, removal }
    }

    fn size(&self, record: Option<&Record<'_>>) -> usize {
        match record.map(|record| record.payload) {
            Some(payload) if self.document.text.is_empty() => payload.len(),
            _ => self.document.text.len(),
        }
    }

    /// Runs one step; says why it removes the document.
    fn apply(&mut self, step: &Step, at: usize, record: Option<&Record<'_>>) -> Option<Removal> {
        let Built { stage, slots } = step.built(&self.document.lang);
        let (before, rest) = self.numbers.split_at_mut(at);
        let numbers = rest.first_mut()?;
        let mut edits = false;
        match stage {
            Stage::Extract(extract) => {
                if let Some(record) = record.filter(|record| matches!(record.payload, Payload::Page { .. })) {
                    let rejected = extract.extract(record, &mut self.document, numbers);
                    self.analysis.reset();
                    if let Err(rejection) = rejected {
                        let evidence = Some(rejection.evidence).filter(|evidence| !evidence.is_empty());
                        return Some(Removal { reason: rejection.reason.to_owned(), evidence, ..Removal::default() });
                    }
                }
            }
            Stage::Exchange(Exchange::Lines(exchange)) => {
                self.edits.clear();
                let doc = Doc::new(&self.document, &self.analysis);
                exchange.cut(&doc, &self.decisions[at].lines, &mut self.edits, numbers);
                edits = !self.edits.is_empty();
            }
            Stage::Exchange(exchange) => {
                let told = exchange.tell(self.document.id, self.decisions[at].fate?, numbers)?;
                return Some(Removal {
                    reason: told.reason.to_owned(),
                    metric: told.judged.map_or("", |judged| judged.metric).to_owned(),
                    value: told.judged.map(|judged| judged.value),
                    limit: told.judged.map(|judged| judged.limit),
                    evidence: told.twin.map(|twin| twin.to_string()),
                    ..Removal::default()
                });
            }
            Stage::Pipe(pipe) => {
                let answer = self.decisions[at].answer.take()?;
                let edited = answer.text.filter(|text| *text != self.document.text);
                if pipe.may_edit {
                    numbers.set(EDITED, f32::from(edited.is_some()));
                }
                let declared = step.entry.metrics.len()..;
                declared
                    .zip(answer.numbers)
                    .for_each(|(metric, number)| numbers.set(metric, number.unwrap_or(f32::NAN)));
                if let Some(reason) = answer.removed_because {
                    return Some(Removal { reason, ..Removal::default() });
                }
                if let Some(text) = edited {
                    self.document.text = text;
                    return self.emptied();
                }
            }
            Stage::Score(_) => {
                let scores = self.decisions[at].answer.take()?.numbers;
                (0..).zip(scores).for_each(|(metric, score)| numbers.set(metric, score.unwrap_or(f32::NAN)));
            }
            Stage::Measure(measure) => measure.measure(&Doc::new(&self.document, &self.analysis), numbers),
            Stage::Combine(combine) => {
                combine.combine(&Doc::new(&self.document, &self.analysis), &Given::new(slots, before), numbers);
            }
            Stage::Edit(edit) => {
                self.edits.clear();
                edit.edit(&Doc::new(&self.document, &self.analysis), &mut self.edits, numbers);
                edits = !self.edits.is_empty();
            }
        }
        set_fields(step.entry.metrics, numbers, &mut self.document);
        // Whoever names the language is judged by the limits of the language that it names.
        let verdict = judge(step.stage(&self.document.lang).rules(), numbers);
        if let Verdict::Drop { reason, metric, value, limit } = verdict {
            return Some(Removal {
                reason: reason.to_owned(),
                metric: step.entry.metrics[metric].name.to_owned(),
                value: Some(value),
                limit: Some(limit),
                ..Removal::default()
            });
        }
        if edits {
            self.apply_edits();
            return self.emptied();
        }
        None
    }

    /// Takes out of a removed document what must not be kept anywhere, so that no sample of its text holds it.
    fn conceal(&mut self, step: &Step) {
        let conceals = matches!(step.stage(&self.document.lang), Stage::Edit(edit) if edit.conceals());
        if conceals && !self.edits.is_empty() {
            self.apply_edits();
        }
    }

    /// Gives the document the edited text.
    fn apply_edits(&mut self) {
        self.edits.apply(&self.document.text, &mut self.edited);
        std::mem::swap(&mut self.document.text, &mut self.edited);
        self.edits.clear();
        self.analysis.reset();
    }

    /// The text has changed; says when nothing is left of it.
    fn emptied(&mut self) -> Option<Removal> {
        self.analysis.reset();
        let is_empty = self.document.text.trim().is_empty();
        is_empty.then(|| Removal { reason: "emptied".to_owned(), ..Removal::default() })
    }
}
