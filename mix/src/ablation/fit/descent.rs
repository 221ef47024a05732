//! Improves a mix step by step: mirror descent with the entropy of mixes (exponentiated gradient), which keeps to the limits.

use super::predictor::Fit;
use super::simplex::{LEAST, Limits, divergence};

/// Steps, at most, from one start.
const STEPS: usize = 400;

/// What is to be small: the objective, and a cost for every nat from the prior.
pub struct Goal<'a> {
    /// What predicts losses.
    pub fit: &'a Fit,
    /// Weights of the targets.
    pub weights: &'a [f64],
    /// What the mix must keep to.
    pub limits: &'a Limits,
}

impl Goal<'_> {
    /// The objective and the penalty of the limits.
    pub fn value(&self, mix: &[f64]) -> f64 {
        self.with(mix, self.limits.penalty)
    }

    /// The divergence from the prior; 0 without one.
    pub fn divergence(&self, mix: &[f64]) -> f64 {
        self.limits.prior.as_ref().map_or(0.0, |prior| divergence(mix, prior))
    }

    fn with(&self, mix: &[f64], penalty: f64) -> f64 {
        let cost = if penalty > 0.0 { penalty * self.divergence(mix) } else { 0.0 };
        self.fit.objective(mix, self.weights) + cost
    }

    fn slopes(&self, mix: &[f64]) -> Vec<f64> {
        let total: f64 = self.weights.iter().sum();
        let mut slopes = vec![0.0; mix.len()];
        for (model, weight) in self.fit.models.iter().zip(self.weights) {
            if *weight > 0.0 {
                model.add_slopes(mix, weight / total, &mut slopes);
            }
        }
        slopes
    }

    /// The best mix that is reached from a start, within the largest divergence.
    pub fn descend(&self, start: &[f64]) -> Vec<f64> {
        let free = self.walk(start, self.limits.penalty);
        let Some(max) = self.limits.max_divergence.filter(|max| self.divergence(&free) > *max) else { return free };
        // The bound acts like a penalty of the right size, which is searched for between too small and too large.
        let (mut low, mut high) = (self.limits.penalty.max(1e-9), self.limits.penalty.max(1e-3));
        let mut inside = self.walk(&free, high);
        while self.divergence(&inside) > max && high < 1e12 {
            (low, high) = (high, high * 4.0);
            inside = self.walk(&inside, high);
        }
        let mut mix = inside.clone();
        for _ in 0..40 {
            if high / low < 1.0 + 1e-4 {
                break;
            }
            let middle = (low * high).sqrt();
            mix = self.walk(&mix, middle);
            if self.divergence(&mix) > max {
                low = middle;
            } else {
                high = middle;
                inside.clone_from(&mix);
            }
        }
        inside
    }

    /// Steps downhill until that gains nothing more.
    fn walk(&self, start: &[f64], penalty: f64) -> Vec<f64> {
        let logs = |mix: &[f64]| mix.iter().map(|share| share.max(LEAST).ln()).collect::<Vec<f64>>();
        let prior = self.limits.prior.as_deref().map(logs);
        let mut mix = self.limits.project(&logs(start));
        let (mut value, mut rate, mut idle) = (self.with(&mix, penalty), 1.0, 0);
        for _ in 0..STEPS {
            let (slopes, here) = (self.slopes(&mix), logs(&mix));
            // The minimum of the tangent, the penalty itself, and 1/rate times the divergence from here.
            let scale = 1.0 / rate + penalty;
            let target = |j: usize| {
                let pull = prior.as_ref().map_or(0.0, |prior| penalty * prior[j]);
                (here[j] / rate + pull - slopes[j]) / scale
            };
            let next = self.limits.project(&(0..mix.len()).map(target).collect::<Vec<_>>());
            let there = self.with(&next, penalty);
            if there < value {
                idle = if value - there < 1e-9 * value.abs() { idle + 1 } else { 0 };
                (mix, value, rate) = (next, there, rate * 1.6);
            } else {
                rate *= 0.35;
            }
            if rate < 1e-9 || idle > 4 {
                break;
            }
        }
        mix
    }
}
