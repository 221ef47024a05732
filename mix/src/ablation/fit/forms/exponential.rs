//! The exponential mixing law, `L = c + k exp(sum_j t_j r_j)`, of Ye et al., "Data Mixing Laws" (arXiv:2403.16952).

use super::super::least::{Curve, Prior, Problem, Slope};
use super::design::Design;
use serde::{Deserialize, Serialize};

/// A fitted exponential law. As shares sum to 1, `k` is part of the rates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exponential {
    /// The loss that cannot be gone below.
    pub floor: f64,
    /// For each group the logarithm of what it alone has above the floor.
    pub rates: Vec<f64>,
}

struct Rows<'a>(&'a Design);

impl Curve for Rows<'_> {
    type Ready = Vec<f64>;

    fn ready(&self, parameters: &[f64]) -> Vec<f64> {
        parameters.to_vec()
    }

    fn value(&self, ready: &Vec<f64>, row: usize, slope: Option<&mut Slope>) -> f64 {
        let above = self.0.row(row).iter().map(|entry| ready[1 + entry.group] * entry.share).sum::<f64>().exp();
        if let Some(slope) = slope {
            slope.push(0, 1.0);
            self.0.row(row).iter().for_each(|entry| slope.push(1 + entry.group, above * entry.share));
        }
        ready[0] + above
    }
}

impl Exponential {
    /// Fits losses that have a mean of 0 and a variance of 1.
    pub fn fit(design: &Design, values: &[f64], weights: &[f64], warm: Option<&Exponential>) -> Exponential {
        let mut prior = Prior::default();
        prior.push(1, -3.0, 1e-5);
        prior.push(design.groups(), 1.0, 1e-3);
        let problem = Problem { curve: &Rows(design), values, weights, prior: &prior, robust: true };
        let start = warm.map_or_else(|| prior.mean.clone(), Exponential::parameters);
        let parameters = problem.solve(&start).parameters;
        Exponential { floor: parameters[0], rates: parameters[1..].to_vec() }
    }

    fn parameters(&self) -> Vec<f64> {
        std::iter::once(self.floor).chain(self.rates.iter().copied()).collect()
    }

    fn above(&self, mix: &[f64]) -> f64 {
        self.rates.iter().zip(mix).map(|(rate, share)| rate * share).sum::<f64>().exp()
    }

    /// The loss of a mix.
    pub fn value(&self, mix: &[f64]) -> f64 {
        self.floor + self.above(mix)
    }

    /// Adds `scale` times the derivatives by the shares.
    pub fn add_slopes(&self, mix: &[f64], scale: f64, slopes: &mut [f64]) {
        let above = scale * self.above(mix);
        slopes.iter_mut().zip(&self.rates).for_each(|(slope, rate)| *slope += above * rate);
    }
}
