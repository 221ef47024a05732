//! Curves over compute: a power law with a floor, and a sigmoid.

use super::super::minimise::{Point, lbfgs};
use serde::{Deserialize, Serialize};

/// `coefficient x^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PowerLaw {
    /// What it is at 1.
    pub coefficient: f64,
    /// By which power it grows.
    pub exponent: f64,
}

impl PowerLaw {
    /// Its value.
    pub fn at(&self, x: f64) -> f64 {
        self.coefficient * x.powf(self.exponent)
    }
}

/// `low + (high - low) / (1 + exp(-slope (x - middle)))`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sigmoid {
    /// What it comes from: chance.
    pub low: f64,
    /// What it goes to.
    pub high: f64,
    /// How steep it is; below 0 it falls.
    pub slope: f64,
    /// Where it is halfway.
    pub middle: f64,
}

impl Sigmoid {
    /// Its value.
    pub fn at(&self, x: f64) -> f64 {
        self.low + (self.high - self.low) / (1.0 + (-self.slope * (x - self.middle)).exp())
    }

    /// Fits a sigmoid from a known chance level to at most 1. The shares `y` go up with `x` if `rises`.
    ///
    /// With few points on the way up the upper end is not seen; a mild pull toward 1 then decides it.
    pub fn fit(x: &[f64], y: &[f64], low: f64, rises: bool) -> Sigmoid {
        let (first, last) = x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
        let span = (last - first).max(1e-12);
        let sign = if rises { 1.0 } else { -1.0 };
        // Parameters: logit of the height above chance, logarithm of the slope times the span, middle in spans.
        let of = |p: &[f64]| Sigmoid {
            low,
            high: low + (1.0 - low) / (1.0 + (-p[0]).exp()),
            slope: sign * p[1].exp() / span,
            middle: first + p[2] * span,
        };
        let mut cost = |p: &[f64], slopes: &mut [f64]| {
            let s = of(p);
            let height = s.high - s.low;
            let (mut sum, n) = (1e-5 * (p[0] - 3.0).powi(2) + 1e-5 * (p[1] - 1.0).powi(2), x.len() as f64);
            slopes.copy_from_slice(&[2e-5 * (p[0] - 3.0), 2e-5 * (p[1] - 1.0), 0.0]);
            for (x, y) in x.iter().zip(y) {
                let part = 1.0 / (1.0 + (-s.slope * (x - s.middle)).exp());
                let error = s.low + height * part - y;
                let bend = height * part * (1.0 - part);
                sum += error * error / n;
                let top = height * (1.0 - height / (1.0 - low)) * part;
                let by = [top, bend * s.slope * (x - s.middle), -bend * s.slope * span];
                slopes.iter_mut().zip(by).for_each(|(slope, by)| *slope += 2.0 * error * by / n);
            }
            sum
        };
        let mut best: Option<Point> = None;
        for steep in [0.0, 1.0, 2.0, 3.0] {
            for middle in [-0.5, 0.0, 0.5, 1.0, 1.5] {
                let found = lbfgs(&[2.0, steep, middle], 300, &mut cost);
                if best.as_ref().is_none_or(|best| found.value < best.value) {
                    best = Some(found);
                }
            }
        }
        of(&best.map_or_else(|| vec![2.0, 1.0, 0.5], |best| best.x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sigmoid_is_found_again() {
        let true_one = Sigmoid { low: 0.25, high: 0.9, slope: -3.0, middle: 1.2 };
        let x: Vec<f64> = (0..20).map(|i| 0.2 + 0.1 * f64::from(i)).collect();
        let y: Vec<f64> = x.iter().map(|x| true_one.at(*x)).collect();
        let found = Sigmoid::fit(&x, &y, 0.25, false);
        assert!((found.high - 0.9).abs() < 0.01 && (found.slope + 3.0).abs() < 0.1, "{found:?}");
        assert!((found.middle - 1.2).abs() < 0.02, "{found:?}");
    }

    #[test]
    fn the_published_law_gives_its_tokens() {
        let law = PowerLaw { coefficient: 0.29, exponent: 0.53 };
        assert!((law.at(3.8e25) / 10.5e12 - 1.0).abs() < 0.02, "{}", law.at(3.8e25));
    }
}
