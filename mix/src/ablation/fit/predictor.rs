//! A chosen form fitted to all targets, with refits to resampled runs that tell how sure it is.

use super::error::FitError;
use super::forms::{Data, Design, Form, Model};
use super::jobs::{Runner, map};
use super::random::Random;
use super::rank::quantile;
use super::student::normal_quantile;
use super::table::Runs;
use serde::{Deserialize, Serialize};

/// Resamples, at most.
const MAX_RESAMPLES: usize = 10_000;

/// From where to where something is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// The middle part of some numbers that holds a share of them, such as 0.9.
    pub fn around(numbers: &[f64], level: f64) -> Interval {
        let out = (1.0 - level.clamp(0.0, 1.0)) / 2.0;
        Interval { low: quantile(numbers, out), high: quantile(numbers, 1.0 - out) }
    }
}

/// What predicts the losses of mixes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Its form.
    pub form: Form,
    /// The groups, in the order of mixes.
    pub groups: Vec<String>,
    /// The targets, in the order of losses.
    pub targets: Vec<String>,
    /// For each target the model of all runs.
    pub models: Vec<Model>,
    /// For each resample of the runs a model of each target.
    pub ensemble: Vec<Vec<Model>>,
    /// For each target the standard deviation of single runs around what is predicted, from cross-validation.
    pub noise: Vec<f64>,
    /// For each group the largest share that was tried.
    pub tried: Vec<f64>,
}

impl Fit {
    /// Fits a form to all runs, and again to each of `resamples` resamples of them.
    ///
    /// Resampling is Rubin's Bayesian bootstrap (1981): every run gets an exponential weight, so that with few runs no resample
    /// loses a group. `noise` is that of the chosen [`Score`](super::choose::Score).
    ///
    /// # Errors
    /// If there are fewer runs than the form needs, or more resamples than 10,000.
    pub fn new(
        runs: &Runs,
        form: Form,
        noise: &[f64],
        resamples: usize,
        seed: u64,
        runner: &Runner<'_>,
    ) -> Result<Fit, FitError> {
        let (n, groups, targets) = (runs.ids.len(), runs.groups.len(), runs.targets.len());
        let needs = form.least_runs(groups).max(2);
        if n < needs {
            let name = form.name();
            return Err(FitError::TooFew(format!("{n} runs, and {name} of {groups} groups needs at least {needs}")));
        }
        if resamples > MAX_RESAMPLES {
            return Err(FitError::Invalid(format!("{resamples} resamples, and at most {MAX_RESAMPLES} are made")));
        }
        if noise.len() != targets {
            return Err(FitError::Invalid(format!("{} numbers of noise for {targets} targets", noise.len())));
        }
        let design = Design::new(groups, runs.weights.iter().map(Vec::as_slice));
        let losses: Vec<Vec<f64>> = (0..targets).map(|target| runs.target(target)).collect();
        let fit = |target: usize, weights: &[f64], warm: Option<&Model>| {
            let data = Data { design: &design, losses: &losses[target], weights, seed: seed ^ target as u64 };
            data.fit(form, warm)
        };
        let once = vec![1.0; n];
        let models = map(runner, targets, |target| fit(target, &once, None));
        let ensemble = map(runner, resamples, |resample| {
            let mut random = Random::of(seed, 1 + resample as u64);
            let mut weights: Vec<f64> = (0..n).map(|_| random.exponential()).collect();
            let mean = weights.iter().sum::<f64>() / n as f64;
            weights.iter_mut().for_each(|weight| *weight /= mean);
            (0..targets).map(|target| fit(target, &weights, Some(&models[target]))).collect()
        });
        let largest = |group: usize| runs.weights.iter().map(|mix| mix[group]).fold(0.0, f64::max);
        Ok(Fit {
            form,
            groups: runs.groups.clone(),
            targets: runs.targets.clone(),
            models,
            ensemble,
            noise: noise.to_vec(),
            tried: (0..groups).map(largest).collect(),
        })
    }

    /// Checks a fit that was stored, which may have been changed since.
    ///
    /// # Errors
    /// If it could not predict.
    pub fn check(&self) -> Result<(), FitError> {
        let (groups, targets) = (self.groups.len(), self.targets.len());
        let fits = |models: &Vec<Model>| models.len() == targets && models.iter().all(|model| model.fits(groups));
        let sound = fits(&self.models)
            && self.ensemble.iter().all(fits)
            && self.noise.len() == targets
            && self.tried.len() == groups;
        if sound { Ok(()) } else { Err(FitError::Invalid("the stored fit is damaged".to_owned())) }
    }

    /// The losses of a mix, target by target.
    pub fn predict(&self, mix: &[f64]) -> Vec<f64> {
        self.models.iter().map(|model| model.value(mix)).collect()
    }

    /// The mean of the losses of a mix with the weights of an objective, which are those of targets.
    pub fn objective(&self, mix: &[f64], weights: &[f64]) -> f64 {
        weighted(&self.models, mix, weights)
    }

    /// The objective as each of the refits sees it.
    pub fn objectives(&self, mix: &[f64], weights: &[f64]) -> Vec<f64> {
        self.ensemble.iter().map(|models| weighted(models, mix, weights)).collect()
    }

    /// Between what the mean of many runs of this mix is, for each target, at a level such as 0.9.
    ///
    /// Without refits the interval is a point.
    pub fn intervals(&self, mix: &[f64], level: f64) -> Vec<Interval> {
        let of = |(target, model): (usize, &Model)| {
            let values: Vec<f64> = self.ensemble.iter().map(|models| models[target].value(mix)).collect();
            let value = model.value(mix);
            if values.is_empty() { Interval { low: value, high: value } } else { Interval::around(&values, level) }
        };
        self.models.iter().enumerate().map(of).collect()
    }

    /// Between what a single run of this mix is: the interval of the mean, and what runs of the same mix differ by.
    pub fn run_intervals(&self, mix: &[f64], level: f64) -> Vec<Interval> {
        let wide = normal_quantile(0.5 + level.clamp(0.0, 1.0) / 2.0);
        let widen = |((interval, noise), value): ((Interval, &f64), f64)| {
            let end = |end: f64| (end - value).hypot(wide * noise);
            Interval { low: value - end(interval.low), high: value + end(interval.high) }
        };
        self.intervals(mix, level).into_iter().zip(&self.noise).zip(self.predict(mix)).map(widen).collect()
    }
}

/// Weighted mean of the losses that models predict.
fn weighted(models: &[Model], mix: &[f64], weights: &[f64]) -> f64 {
    let parts = models.iter().zip(weights).filter(|(_, weight)| **weight > 0.0);
    let (sum, total) =
        parts.fold((0.0, 0.0), |(sum, total), (model, weight)| (sum + weight * model.value(mix), total + weight));
    if total > 0.0 { sum / total } else { 0.0 }
}
