//! `L = E + A C^-alpha`: the loss as a function of compute, with a floor.

use super::super::error::FitError;
use super::super::minimise::{Point, lbfgs};
use serde::{Deserialize, Serialize};

/// Where Huber's loss turns from a square to a line, in logarithms of the loss.
const DELTA: f64 = 1e-2;

/// Budgets without which a floor is not seen.
const LEAST: usize = 4;

/// A power law of compute with a floor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// `E`, the loss at endless compute.
    pub floor: f64,
    /// `A`.
    pub factor: f64,
    /// `alpha`.
    pub exponent: f64,
}

impl Floor {
    /// The loss at so much compute in FLOP.
    pub fn at(&self, compute: f64) -> f64 {
        self.floor + self.factor * compute.powf(-self.exponent)
    }
}

/// Fits the law to compute in FLOP and losses, with Huber's loss of the logarithm of the loss.
///
/// # Errors
/// If there are fewer than 4 different budgets, or a number is not above 0.
pub fn floor(compute: &[f64], losses: &[f64]) -> Result<Floor, FitError> {
    let good = |number: &f64| *number > 0.0 && number.is_finite();
    if compute.len() != losses.len() || !compute.iter().all(good) || !losses.iter().all(good) {
        return Err(FitError::Invalid(
            "compute and losses must be above 0, and as many of one as of the other".to_owned(),
        ));
    }
    let mut budgets = compute.to_vec();
    budgets.sort_by(f64::total_cmp);
    budgets.dedup();
    if budgets.len() < LEAST {
        let message = format!("{} budgets, and a power law with a floor needs at least {LEAST}", budgets.len());
        return Err(FitError::TooFew(message));
    }
    // Around the middle of the budgets, so that the factor and the exponent do not pull on each other.
    let center = compute.iter().map(|compute| compute.ln()).sum::<f64>() / compute.len() as f64;
    let points: Vec<(f64, f64)> = compute.iter().zip(losses).map(|(c, loss)| (c.ln() - center, loss.ln())).collect();
    let lowest = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let mut best: Option<Point> = None;
    for share in [0.1, 0.4, 0.7, 0.95] {
        for exponent in [0.03f64, 0.1, 0.3] {
            let start = [(share * lowest).ln(), ((1.0 - share) * lowest).ln(), exponent.ln()];
            let found = lbfgs(&start, 500, |p, slopes| cost(&points, p, slopes));
            if best.as_ref().is_none_or(|best| found.value < best.value) {
                best = Some(found);
            }
        }
    }
    let p = best.map_or_else(|| vec![0.0; 3], |best| best.x);
    let exponent = p[2].exp();
    Ok(Floor { floor: p[0].exp(), factor: (p[1] + exponent * center).exp(), exponent })
}

/// Huber's loss at `ln E, ln A, ln alpha`, with a mild pull of the exponent toward 0.1 for points that do not fix it.
fn cost(points: &[(f64, f64)], p: &[f64], slopes: &mut [f64]) -> f64 {
    let (pull, n) = (1e-7, points.len() as f64);
    let (exponent, usual) = (p[2].exp(), 0.1f64.ln());
    slopes.copy_from_slice(&[0.0, 0.0, 2.0 * pull * (p[2] - usual)]);
    let mut sum = pull * (p[2] - usual).powi(2);
    for (compute, loss) in points {
        let parts = [p[0].exp(), (p[1] - exponent * compute).exp()];
        let total = parts[0] + parts[1];
        let error = total.ln() - loss;
        let (cost, slope) = if error.abs() <= DELTA {
            (0.5 * error * error, error)
        } else {
            (DELTA * (error.abs() - 0.5 * DELTA), DELTA * error.signum())
        };
        sum += cost / n;
        let above = slope * parts[1] / total / n;
        slopes[0] += slope * parts[0] / total / n;
        slopes[1] += above;
        slopes[2] -= above * exponent * compute;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_is_seen_from_above() {
        let compute: Vec<f64> = (0..12).map(|i| 1e18 * 3f64.powi(i)).collect();
        let losses: Vec<f64> = compute.iter().map(|c| 1.7 + 2.0e3 * c.powf(-0.17)).collect();
        let law = floor(&compute, &losses).unwrap();
        assert!((law.floor / 1.7 - 1.0).abs() < 0.02 && (law.exponent / 0.17 - 1.0).abs() < 0.05, "{law:?}");
        assert!((law.at(1e25) / (1.7 + 2.0e3 * 1e25f64.powf(-0.17)) - 1.0).abs() < 0.01);
        assert!(floor(&compute[..3], &losses[..3]).unwrap_err().to_string().contains("at least 4"));
        assert!(floor(&[1.0; 5], &[-1.0; 5]).is_err());
    }
}
