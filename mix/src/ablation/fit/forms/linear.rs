//! The linear form, `L = sum_j c_j r_j`: every group has a loss of its own, and mixes have the mean of them.

use super::super::least::{Curve, Prior, Problem, Slope};
use super::design::Design;
use serde::{Deserialize, Serialize};

/// What a coefficient costs per square, in units of the spread of the losses.
const RIDGE: f64 = 1e-3;

/// A fitted linear form. As shares sum to 1, a constant would be one parameter too many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    /// The loss of each group alone.
    pub slopes: Vec<f64>,
}

struct Rows<'a>(&'a Design);

impl Curve for Rows<'_> {
    type Ready = Vec<f64>;

    fn ready(&self, parameters: &[f64]) -> Vec<f64> {
        parameters.to_vec()
    }

    fn value(&self, ready: &Vec<f64>, row: usize, mut slope: Option<&mut Slope>) -> f64 {
        let mut sum = 0.0;
        for entry in self.0.row(row) {
            sum += ready[entry.group] * entry.share;
            if let Some(slope) = &mut slope {
                slope.push(entry.group, entry.share);
            }
        }
        sum
    }
}

impl Linear {
    /// Fits losses that have a mean of 0 and a variance of 1.
    pub fn fit(design: &Design, values: &[f64], weights: &[f64]) -> Linear {
        let mut prior = Prior::default();
        prior.push(design.groups(), 0.0, RIDGE);
        let problem = Problem { curve: &Rows(design), values, weights, prior: &prior, robust: true };
        Linear { slopes: problem.solve(&prior.mean).parameters }
    }

    /// The loss of a mix.
    pub fn value(&self, mix: &[f64]) -> f64 {
        self.slopes.iter().zip(mix).map(|(slope, share)| slope * share).sum()
    }
}
