//! Gathers the distributions of metrics from the tables of a run, for one language or all of them.

use super::histogram::Histogram;
use super::probe::Limit;
use crate::rejudge::{Finished, Options, Seen, measured_by};
use crate::run::RunError;
use rayon::prelude::*;
use tokenmill_core::Metric;
use tokenmill_store::{Store, StoreError};

/// The limits of one step.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Number of the phase, among those with ledgers.
    pub phase: usize,
    /// Number of the step in that phase.
    pub at: usize,
    /// Name of the step.
    pub step: String,
    /// Name of its stage.
    pub stage: &'static str,
    /// Metrics of the stage.
    pub metrics: &'static [Metric],
    /// Its limits.
    pub limits: Vec<Limit>,
}

/// What was measured of the metric of one limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    /// Its distribution, over all documents of which it was measured.
    pub histogram: Histogram,
    /// Documents that the limit removes, were it alone.
    pub removed: u64,
}

/// Whose documents are gathered, and by which rules.
pub struct Wanted<'a> {
    /// Label at the step; `None` for all documents.
    pub lang: Option<&'a str>,
    /// The rules.
    pub rules: &'a [Rules],
}

/// What was measured, for each of those wanted, each of their rules, and each of its limits.
pub type Sums = Vec<Vec<Vec<Gathered>>>;

/// Gathers what was measured of each limit, for all of `wanted` in one pass.
///
/// # Errors
/// When the store fails or a table is damaged.
pub fn gather(
    store: &dyn Store,
    run: &Finished,
    wanted: &[Wanted<'_>],
    options: &Options<'_>,
) -> Result<Sums, RunError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build();
    let pool = pool.map_err(|error| StoreError::transient("start", "threads", error))?;
    let parts = (0..run.n_parts()).into_par_iter().with_max_len(1);
    let parts = parts.map(|part| gather_part(store, run, part, wanted, options));
    Ok(pool.install(|| parts.try_reduce(|| empty(wanted), |sum, part| Ok(plus(sum, part))))?)
}

fn empty(wanted: &[Wanted<'_>]) -> Sums {
    let of_rules = |rules: &Rules| vec![Gathered::default(); rules.limits.len()];
    wanted.iter().map(|wanted| wanted.rules.iter().map(of_rules).collect()).collect()
}

fn plus(mut sum: Sums, part: Sums) -> Sums {
    let mine = sum.iter_mut().flatten().flatten();
    for (mine, theirs) in mine.zip(part.into_iter().flatten().flatten()) {
        mine.histogram = std::mem::take(&mut mine.histogram).plus(theirs.histogram);
        mine.removed += theirs.removed;
    }
    sum
}

fn gather_part(
    store: &dyn Store,
    run: &Finished,
    part: usize,
    wanted: &[Wanted<'_>],
    options: &Options<'_>,
) -> Result<Sums, StoreError> {
    let mut sums = empty(wanted);
    let is_wanted = |phase: usize, at: usize, metric: usize| {
        let mut rules = wanted.iter().flat_map(|wanted| wanted.rules);
        rules.any(|rules| {
            (rules.phase, rules.at) == (phase, at) && rules.limits.iter().any(|limit| limit.metric == metric)
        })
    };
    let mut documents = run.open_part(store, part, &is_wanted)?;
    let mut n_rows = 0;
    loop {
        let reached = documents.advance()?;
        if reached == 0 {
            break;
        }
        let mut before = run.labels_at_first();
        for phase in 0..reached {
            let after = documents.labels(phase);
            let numbers = &documents.rows[phase].numbers;
            let seen = Seen { numbers, before, after: after.clone(), removal: documents.removal(phase) };
            measured_by(&run.phases[phase].chain, &seen, |at, labels| {
                for (wanted, sums) in wanted.iter().zip(&mut sums) {
                    let is_its = wanted.lang.is_none_or(|lang| labels.lang.as_deref() == Some(lang));
                    let rules =
                        wanted.rules.iter().zip(sums).filter(|(rules, _)| (rules.phase, rules.at) == (phase, at));
                    for (rules, sums) in rules.filter(|_| is_its) {
                        for (limit, sum) in rules.limits.iter().zip(sums) {
                            if let Some(number) = numbers[at].get(limit.metric) {
                                sum.histogram.add(number);
                                let is_removed = limit.value.is_some_and(|value| limit.side.removes(value, number));
                                sum.removed += u64::from(is_removed);
                            }
                        }
                    }
                }
            });
            before = after;
        }
        n_rows += reached as u64;
        if n_rows >= 65_536 {
            (options.progress)(std::mem::take(&mut n_rows));
        }
    }
    (options.progress)(n_rows);
    Ok(sums)
}
