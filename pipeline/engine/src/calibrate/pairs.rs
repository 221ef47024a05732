//! Two metrics of the same documents of a finished run: of a sample, those with the smallest hashes of their ids.

use super::Rules;
use crate::rejudge::{Finished, Options, place};
use crate::run::RunError;
use rayon::prelude::*;
use tokenmill_core::DocId;
use tokenmill_store::{Store, StoreError};

/// A document and its two metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Its id.
    pub id: DocId,
    /// Number of the part it is in.
    pub part: usize,
    /// Number of the phase that has removed it, among those with ledgers.
    pub removed_in: Option<usize>,
    /// Its language, or empty.
    pub lang: String,
    /// The metrics.
    pub scores: [f32; 2],
}

/// Documents by the metrics that they have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairs {
    /// Documents that have both.
    pub n_both: u64,
    /// Documents that have one, for each of the two.
    pub n_one: [u64; 2],
    /// A sample of those that have both, in the order of their hashes.
    pub sample: Vec<Pair>,
}

/// Gathers two metrics of all documents, or of those that ended in one language, and a sample of at most `n`.
///
/// # Errors
/// When the store fails or a table is damaged.
pub fn pairs(
    store: &dyn Store,
    run: &Finished,
    metrics: [&Rules; 2],
    lang: Option<&str>,
    n: usize,
    options: &Options<'_>,
) -> Result<Pairs, RunError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build();
    let pool = pool.map_err(|error| StoreError::transient("start", "threads", error))?;
    let parts = (0..run.n_parts()).into_par_iter().with_max_len(1);
    let parts = parts.map(|part| of_part(store, run, part, metrics, lang, n, options));
    Ok(pool.install(|| parts.try_reduce(Pairs::default, |sum, part| Ok(sum.plus(part, n))))?)
}

fn of_part(
    store: &dyn Store,
    run: &Finished,
    part: usize,
    metrics: [&Rules; 2],
    lang: Option<&str>,
    n: usize,
    options: &Options<'_>,
) -> Result<Pairs, StoreError> {
    let of = |rules: &Rules| (rules.phase, rules.at, rules.limits.first().map_or(0, |limit| limit.metric));
    let wanted = metrics.map(of);
    let is_wanted = |phase: usize, at: usize, metric: usize| wanted.contains(&(phase, at, metric));
    let mut documents = run.open_part(store, part, &is_wanted)?;
    let (mut pairs, mut n_rows) = (Pairs::default(), 0);
    loop {
        let reached = documents.advance()?;
        if reached == 0 {
            break;
        }
        n_rows += 1;
        if n_rows % 65_536 == 0 {
            (options.progress)(65_536);
        }
        let last = documents.labels(reached - 1);
        let its_lang = last.lang.unwrap_or_default();
        if lang.is_some_and(|lang| lang != its_lang) {
            continue;
        }
        let score = |(phase, at, metric): (usize, usize, usize)| {
            (phase < reached).then(|| documents.rows[phase].numbers[at].get(metric)).flatten()
        };
        match wanted.map(score) {
            [Some(one), Some(other)] => {
                pairs.n_both += 1;
                let removed_in = documents.removal(reached - 1).map(|_| reached - 1);
                let id = documents.rows[reached - 1].row.id;
                pairs.sample.push(Pair { id, part, removed_in, lang: its_lang, scores: [one, other] });
                if pairs.sample.len() >= 2 * n.max(1_000) {
                    pairs.cut(n);
                }
            }
            [Some(_), None] => pairs.n_one[0] += 1,
            [None, Some(_)] => pairs.n_one[1] += 1,
            [None, None] => {}
        }
    }
    (options.progress)(n_rows % 65_536);
    pairs.cut(n);
    Ok(pairs)
}

impl Pairs {
    fn cut(&mut self, n: usize) {
        self.sample.sort_unstable_by_key(|pair| place(pair.id));
        self.sample.truncate(n);
    }

    fn plus(mut self, other: Pairs, n: usize) -> Pairs {
        self.n_both += other.n_both;
        self.n_one = [0, 1].map(|at| self.n_one[at] + other.n_one[at]);
        self.sample.extend(other.sample);
        self.cut(n);
        self
    }
}
