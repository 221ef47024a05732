//! Judges a finished run again by other limits, from its ledgers and metrics alone: no text is read.
//!
//! A document that was removed has the numbers of the steps that saw the same text. Steps behind an edit, an exchange or
//! a checkpoint have never seen it, and neither have costly ones: such a document may come back, but what becomes of it
//! there is not known, and is counted as not known.

mod changes;
mod report;
mod rows;
mod run;
mod sample;
#[cfg(test)]
mod tests;
mod walk;

pub use changes::{Change, changes, params_for, rules};
pub use report::{Count, End, Group, Removed, Report, StepReport};
pub use rows::{Row, Rows};
pub use run::{Documents, Finished, LedgerPhase, is_judged};
pub use sample::{Sample, Samples, place};
pub use walk::{Labels, Recorded, Ruling, Seen, may_see, measured_by, rejudge};

use crate::chain::Chain;
use crate::run::RunError;
use rayon::prelude::*;
use tokenmill_core::Rule;
use tokenmill_core::rule::Keep;
use tokenmill_store::{Store, StoreError};

/// Verdicts that are not reproduced, told in words.
const MAX_DIFFERENCES: usize = 10;

/// How to judge.
pub struct Options<'a> {
    /// Documents of each kind to show.
    pub samples: usize,
    /// Worker threads.
    pub threads: usize,
    /// Told of ledger rows that have been judged.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

/// Judges every document of a run by the rules of `chains`, one for every phase that has ledgers.
///
/// # Errors
/// When the store fails or a table is damaged.
pub fn judge_run(
    store: &dyn Store,
    run: &Finished,
    chains: &[Chain],
    options: &Options<'_>,
) -> Result<Report, RunError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build();
    let pool = pool.map_err(|error| StoreError::transient("start", "threads", error))?;
    let part = |part| judge_part(store, run, chains, part, options);
    let parts = (0..run.n_parts()).into_par_iter().with_max_len(1).map(part);
    Ok(pool.install(|| parts.try_reduce(|| empty(run, options), |sum, part| Ok(sum.plus(part))))?)
}

/// A report of no documents.
fn empty(run: &Finished, options: &Options<'_>) -> Report {
    let mut report = Report::default();
    report.samples.n = options.samples;
    for phase in &run.phases {
        let step = |name: &str, is_exchange| StepReport {
            name: name.to_owned(),
            phase: phase.folder.clone(),
            is_exchange,
            ..StepReport::default()
        };
        report.steps.push(step("read", false));
        report.steps.extend(phase.chain.steps.iter().map(|one| step(&one.name, one.entry.shape.exchange().is_some())));
    }
    report
}

/// Numbers the steps of all phases, as [`empty`] lists them.
fn number_of(run: &Finished, phase: usize, at: Option<usize>) -> usize {
    let before: usize = run.phases.iter().take(phase).map(|phase| phase.chain.steps.len() + 1).sum();
    before + at.map_or(0, |at| at + 1)
}

fn judge_part(
    store: &dyn Store,
    run: &Finished,
    chains: &[Chain],
    part: usize,
    options: &Options<'_>,
) -> Result<Report, StoreError> {
    let mut report = empty(run, options);
    let is_wanted = |phase: usize, step: usize, metric: usize| {
        is_judged(&run.phases[phase].chain, step, metric) || is_judged(&chains[phase], step, metric)
    };
    let mut documents = run.open_part(store, part, &is_wanted)?;
    let mut n_rows = 0;
    loop {
        let reached = documents.advance()?;
        if reached == 0 {
            break;
        }
        Judging { run, chains, part, reached, documents: &documents }.count(&mut report);
        n_rows += reached as u64;
        if n_rows >= 65_536 {
            (options.progress)(std::mem::take(&mut n_rows));
        }
    }
    (options.progress)(n_rows);
    Ok(report)
}

/// One document.
struct Judging<'a> {
    run: &'a Finished,
    chains: &'a [Chain],
    part: usize,
    reached: usize,
    documents: &'a Documents<'a>,
}

impl Judging<'_> {
    fn count(&self, report: &mut Report) {
        let last = &self.documents.rows[self.reached - 1].row;
        let recorded = self.documents.removal(self.reached - 1);
        let before = match recorded {
            None => End::Kept,
            Some(removal) => End::Removed(number_of(self.run, self.reached - 1, removal.at)),
        };
        let mut after: Option<(End, usize, Ruling)> = None;
        let mut labels = self.run.labels_at_first();
        let mut is_unknown = false;
        for phase in 0..self.reached {
            let next = self.documents.labels(phase);
            let removal = self.documents.removal(phase);
            let numbers = &self.documents.rows[phase].numbers;
            let seen = Seen { numbers, before: labels, after: next.clone(), removal };
            let (ruling, _) = rejudge(&self.run.phases[phase].chain, &seen, &mut false);
            self.verify(phase, ruling, report);
            if after.is_none() {
                let (ruling, left) = rejudge(&self.chains[phase], &seen, &mut is_unknown);
                after = self.end(phase, ruling, removal, &left).map(|end| (end, phase, ruling));
            }
            labels = next;
        }
        let (end, phase, ruling) = after.unwrap_or((End::Kept, 0, Ruling::Kept));
        let reason = match ruling {
            Ruling::Removed { reason, .. } => reason,
            _ => &last.reason,
        };
        report.unknown += u64::from(is_unknown);
        report.count(&last.lang, last.bytes, (before, &last.reason), (end, reason));
        match (before, end) {
            (End::Kept, End::Removed(_)) => self.sample_going(phase, ruling, report),
            (End::Removed(_), End::Kept | End::Unmeasured(_)) => self.sample_coming(end, report),
            _ => {}
        }
    }

    /// Where a ruling ends the document; `None` when it goes on to the next phase.
    fn end(&self, phase: usize, ruling: Ruling, removal: Option<Recorded>, labels: &Labels) -> Option<End> {
        let number = |at| number_of(self.run, phase, at);
        match ruling {
            Ruling::Removed { at, .. } => Some(End::Removed(number(Some(at)))),
            Ruling::AsRecorded => Some(End::Removed(number(removal.and_then(|removal| removal.at)))),
            Ruling::Unmeasured { at } => Some(End::Unmeasured(number(Some(at)))),
            Ruling::Kept if removal.is_none() => None,
            Ruling::Kept => {
                let later = self.chains.iter().enumerate().skip(phase + 1);
                let mut steps = later
                    .flat_map(|(phase, chain)| chain.steps.iter().enumerate().map(move |(at, step)| (phase, at, step)));
                let unmeasured = steps.find(|(_, _, step)| may_see(step, labels));
                Some(
                    unmeasured
                        .map_or(End::Kept, |(phase, at, _)| End::Unmeasured(number_of(self.run, phase, Some(at)))),
                )
            }
        }
    }

    /// Compares the verdict by the limits of the run with the one that it recorded.
    fn verify(&self, phase: usize, ruling: Ruling, report: &mut Report) {
        let row = &self.documents.rows[phase].row;
        let chain = &self.run.phases[phase].chain;
        let is_same = match (ruling, self.documents.removal(phase)) {
            (Ruling::Kept, None) | (Ruling::AsRecorded, Some(_)) => true,
            (Ruling::Removed { at, reason, metric, value, limit }, Some(Recorded { at: Some(was), by_rule: true })) => {
                let name = chain.steps[at].entry.metrics[metric].name;
                (at, reason, name) == (was, row.reason.as_str(), row.metric.as_str())
                    && (Some(value), Some(limit)) == (row.value, row.limit)
            }
            _ => false,
        };
        if !is_same {
            report.differing += 1;
            if report.differences.len() < MAX_DIFFERENCES {
                let was = if row.kept { "kept".to_owned() } else { format!("{}: {}", row.step, row.reason) };
                let is = match ruling {
                    Ruling::Removed { at, reason, .. } => format!("{}: {reason}", chain.steps[at].name),
                    _ => "kept".to_owned(),
                };
                report
                    .differences
                    .push(format!("{} in {}: {was}; judged again: {is}", row.id, self.run.phases[phase].folder));
            }
        }
    }

    fn sample_going(&self, phase: usize, ruling: Ruling, report: &mut Report) {
        let Ruling::Removed { at, reason, metric, value, limit } = ruling else { return };
        let row = &self.documents.rows[phase].row;
        let last = &self.documents.rows[self.reached - 1].row;
        let (n, sample) = (report.samples.n, &mut report.samples.go);
        if !sample::is_wanted(sample, n, row.id) {
            return;
        }
        let step = &self.run.phases[phase].chain.steps[at];
        let found = Sample {
            id: row.id,
            lang: last.lang.clone(),
            bytes: last.bytes,
            phase,
            part: self.part,
            row: row.number,
            step: step.name.clone(),
            reason: reason.to_owned(),
            metric: step.entry.metrics[metric].name.to_owned(),
            value: Some(value),
            limit_before: limit_of(step.stage(&row.lang).rules(), reason, metric, value),
            limit_after: Some(limit),
            unmeasured: None,
        };
        sample::add(sample, n, found);
    }

    fn sample_coming(&self, end: End, report: &mut Report) {
        let phase = self.reached - 1;
        let row = &self.documents.rows[phase].row;
        let unmeasured = match end {
            End::Unmeasured(at) => Some(report.steps[at].name.clone()),
            _ => None,
        };
        let (n, sample) = (report.samples.n, &mut report.samples.come_back);
        let Some(at) = self.documents.removal(phase).and_then(|removal| removal.at) else { return };
        if !sample::is_wanted(sample, n, row.id) {
            return;
        }
        let step = &self.chains[phase].steps[at];
        let metric = step.entry.metrics.iter().position(|metric| metric.name == row.metric);
        let limit_after = metric.and_then(|metric| {
            limit_of(step.stage(&row.lang).rules(), &row.reason, metric, row.value.unwrap_or_default())
        });
        let found = Sample {
            id: row.id,
            lang: row.lang.clone(),
            bytes: row.bytes,
            phase,
            part: self.part,
            row: row.number,
            step: row.step.clone(),
            reason: row.reason.clone(),
            metric: row.metric.clone(),
            value: row.value,
            limit_before: row.limit,
            limit_after,
            unmeasured,
        };
        sample::add(sample, n, found);
    }
}

/// The limit of the rule with a reason: of two, the one that is nearer to the value.
fn limit_of(rules: &[Rule], reason: &str, metric: usize, value: f32) -> Option<f32> {
    let rule = rules.iter().find(|rule| rule.reason == reason && rule.metric == metric)?;
    Some(match rule.keep {
        Keep::AtLeast(limit) | Keep::AtMost(limit) => limit,
        Keep::Within(low, high) if (value - low).abs() < (value - high).abs() => low,
        Keep::Within(_, high) => high,
        Keep::IsFalse => 0.0,
    })
}
