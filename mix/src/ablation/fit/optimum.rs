//! The best mix that keeps to limits.

use super::descent::Goal;
use super::error::FitError;
use super::jobs::{Runner, map};
use super::predictor::{Fit, Interval};
use super::random::Random;
use super::rank::mean;
use super::simplex::{Limits, divergence};

/// Sampled mixes that are handled together.
const CHUNK: usize = 1000;

/// Sampled mixes from which the search starts, besides the prior.
const STARTS: usize = 8;

/// Mixes that are sampled, at most.
const MAX_SAMPLES: usize = 10_000_000;

/// How far apart listed mixes are at least, in summed differences of shares.
const APART: f64 = 0.1;

/// How the best mix is searched for.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Weights of the targets, such as 1 for each; the objective is the weighted mean of their losses.
    pub weights: Vec<f64>,
    /// What the mix must keep to.
    pub limits: Limits,
    /// Mixes that are sampled; RegMix takes 100,000.
    pub samples: usize,
    /// How many of the best samples are averaged; RegMix takes 128.
    pub top: usize,
    /// Mixes that are listed besides the best, at most.
    pub candidates: usize,
    /// Level of the intervals, such as 0.9.
    pub level: f64,
    /// Seed of the samples.
    pub seed: u64,
}

impl Search {
    /// As RegMix does, with all targets alike, within limits.
    pub fn new(targets: usize, limits: Limits) -> Search {
        Search { weights: vec![1.0; targets], limits, samples: 100_000, top: 128, candidates: 10, level: 0.9, seed: 0 }
    }
}

/// How a mix was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The allowed mix nearest to the prior.
    Prior,
    /// By descent along the slopes of the form.
    Descent,
    /// The mean of the best samples.
    Average,
    /// A sample.
    Sample,
}

/// A mix, and what is expected of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// How it was found.
    pub origin: Origin,
    /// The share of each group.
    pub weights: Vec<f64>,
    /// The loss of each target.
    pub losses: Vec<f64>,
    /// Weighted mean of these.
    pub objective: f64,
    /// The objective with the penalty for the distance from the prior: what is small.
    pub cost: f64,
    /// Divergence from the prior in nats; 0 without one.
    pub divergence: f64,
}

/// The best mix, and what it was chosen from.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimum {
    /// The best mix.
    pub best: Candidate,
    /// Intervals of its losses.
    pub losses: Vec<Interval>,
    /// Interval of its objective.
    pub objective: Interval,
    /// How much lower its objective is than that of the allowed mix nearest to the prior.
    pub gain: Interval,
    /// Share of the refits in which it is better than that mix.
    pub confidence: f64,
    /// Groups of which the best mix has more than any run had, where the form is not held by data.
    pub beyond: Vec<usize>,
    /// The allowed mix nearest to the prior (without one: to all groups alike).
    pub prior: Candidate,
    /// The mean of the best samples, as in RegMix.
    pub average: Candidate,
    /// Other good mixes, the best first, each somewhat different from those before it: what to try next.
    pub candidates: Vec<Candidate>,
}

/// Searches for the mix with the smallest objective.
///
/// Smooth forms are descended from the prior and from the best of the samples; of trees, which have no slopes and whose steps
/// are noise where runs are few, the mean of the best samples is taken.
///
/// # Errors
/// If no mix keeps to the limits, or the settings do not suit the fit.
pub fn optimum(fit: &Fit, search: &Search, runner: &Runner<'_>) -> Result<Optimum, FitError> {
    let sound = search.weights.len() == fit.targets.len()
        && search.weights.iter().all(|weight| *weight >= 0.0 && weight.is_finite())
        && search.weights.iter().any(|weight| *weight > 0.0);
    if !sound {
        let message = "the objective needs a weight for each target, none below 0 and one above".to_owned();
        return Err(FitError::Invalid(message));
    }
    if !(0.0 < search.level && search.level < 1.0) {
        return Err(FitError::Invalid(format!("the level of intervals is between 0 and 1, and not {}", search.level)));
    }
    if search.samples > MAX_SAMPLES {
        return Err(FitError::Invalid(format!("{} samples, and at most {MAX_SAMPLES} are taken", search.samples)));
    }
    let center = search.limits.center(&fit.groups)?;
    let goal = Goal { fit, weights: &search.weights, limits: &search.limits };
    let mut samples = sample(&goal, search, &center, runner);
    samples.truncate(search.top.max(STARTS * 16).max(search.candidates * 16));
    let top: Vec<&Vec<f64>> = samples.iter().take(search.top.max(1)).map(|(_, mix)| mix).collect();
    let average = match top.as_slice() {
        [] => center.clone(),
        top => (0..center.len()).map(|j| mean(&top.iter().map(|mix| mix[j]).collect::<Vec<_>>())).collect(),
    };
    let candidate = |origin: Origin, weights: Vec<f64>| {
        let weights = search.limits.clean(&weights);
        let losses = fit.predict(&weights);
        let objective = fit.objective(&weights, &search.weights);
        let (cost, divergence) = (goal.value(&weights), goal.divergence(&weights));
        Candidate { origin, weights, losses, objective, cost, divergence }
    };
    let (prior, average) = (candidate(Origin::Prior, center), candidate(Origin::Average, average));
    let mut found = vec![average.clone()];
    if fit.form.is_smooth() {
        let mut starts = vec![prior.weights.clone(), average.weights.clone()];
        starts.extend(apart(samples.iter().map(|(_, mix)| mix), STARTS).map(|i| samples[i].1.clone()));
        let ends = map(runner, starts.len(), |start| goal.descend(&starts[start]));
        found.extend(ends.into_iter().map(|mix| candidate(Origin::Descent, mix)));
        found.push(prior.clone());
    }
    found.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let best = found.first().cloned().unwrap_or_else(|| prior.clone());
    found.extend(samples.into_iter().map(|(_, mix)| candidate(Origin::Sample, mix)));
    found.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    found.insert(0, best.clone());
    let chosen = apart(found.iter().map(|candidate| &candidate.weights), search.candidates + 1);
    let candidates = chosen.skip(1).map(|i| found[i].clone()).collect();
    Ok(judge(fit, search, Found { best, prior, average, candidates }))
}

/// What was found, before it is known how sure that is.
struct Found {
    best: Candidate,
    prior: Candidate,
    average: Candidate,
    candidates: Vec<Candidate>,
}

/// Adds what the refits say.
fn judge(fit: &Fit, search: &Search, found: Found) -> Optimum {
    let Found { best, prior, average, candidates } = found;
    let values = fit.objectives(&best.weights, &search.weights);
    let before = fit.objectives(&prior.weights, &search.weights);
    let gains: Vec<f64> = before.iter().zip(&values).map(|(before, value)| before - value).collect();
    let around = |numbers: &[f64], value: f64| match numbers {
        [] => Interval { low: value, high: value },
        _ => Interval::around(numbers, search.level),
    };
    let better = gains.iter().filter(|gain| **gain > 0.0).count() as f64;
    Optimum {
        losses: fit.intervals(&best.weights, search.level),
        objective: around(&values, best.objective),
        gain: around(&gains, prior.objective - best.objective),
        confidence: if gains.is_empty() { f64::NAN } else { better / gains.len() as f64 },
        beyond: (0..fit.groups.len()).filter(|j| best.weights[*j] > fit.tried[*j] + 1e-9).collect(),
        best,
        prior,
        average,
        candidates,
    }
}

/// Places of the first mixes of a list that are some way apart from each other.
fn apart<'a>(mixes: impl Iterator<Item = &'a Vec<f64>>, most: usize) -> impl Iterator<Item = usize> {
    let mut chosen: Vec<(usize, &Vec<f64>)> = Vec::new();
    for (i, mix) in mixes.enumerate() {
        let far = |other: &[f64]| mix.iter().zip(other).map(|(a, b)| (a - b).abs()).sum::<f64>() >= APART;
        if chosen.len() < most && chosen.iter().all(|(_, other)| far(other)) {
            chosen.push((i, mix));
        }
    }
    chosen.into_iter().map(|(i, _)| i).collect::<Vec<_>>().into_iter()
}

/// The best of the sampled mixes with their costs, the best first.
///
/// As RegMix samples: from Dirichlet distributions whose strength varies, around the prior and around all groups alike.
fn sample(goal: &Goal<'_>, search: &Search, center: &[f64], runner: &Runner<'_>) -> Vec<(f64, Vec<f64>)> {
    let (groups, limits) = (center.len(), &search.limits);
    let even = vec![1.0 / groups as f64; groups];
    let keep = search.top.max(STARTS * 16).max(search.candidates * 16);
    let chunks = map(runner, search.samples.div_ceil(CHUNK), |chunk| {
        let mut random = Random::of(search.seed, chunk as u64);
        let n = CHUNK.min(search.samples - chunk * CHUNK);
        let mut best: Vec<(f64, Vec<f64>)> = Vec::with_capacity(n);
        for i in 0..n {
            let base = if i % 2 == 0 { center } else { &even[..] };
            let strength = groups as f64 * 0.1 * 50f64.powf(random.uniform());
            let drawn = random.dirichlet(&base.iter().map(|share| share * strength).collect::<Vec<_>>());
            let logs: Vec<f64> = drawn.iter().map(|share| share.max(1e-12).ln()).collect();
            let mix = toward(&limits.project(&logs), center, limits);
            best.push((goal.value(&mix), mix));
        }
        best.sort_by(|a, b| a.0.total_cmp(&b.0));
        best.truncate(keep);
        best
    });
    let mut all: Vec<(f64, Vec<f64>)> = chunks.into_iter().flatten().collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

/// The mix moved toward the center until its divergence is allowed.
fn toward(mix: &[f64], center: &[f64], limits: &Limits) -> Vec<f64> {
    let (Some(max), Some(prior)) = (limits.max_divergence, &limits.prior) else { return mix.to_vec() };
    let at = |part: f64| -> Vec<f64> { mix.iter().zip(center).map(|(a, b)| part * a + (1.0 - part) * b).collect() };
    if divergence(mix, prior) <= max {
        return mix.to_vec();
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..20 {
        let middle = f64::midpoint(low, high);
        if divergence(&at(middle), prior) <= max { low = middle } else { high = middle }
    }
    at(low)
}
