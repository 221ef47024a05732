//! What is minimised to fit `L = E + A N^-alpha + B D^-beta`, and from where.

use super::super::minimise::{Point, lbfgs};

/// Where Huber's loss turns from a square to a line, in logarithms of the loss.
const DELTA: f64 = 1e-3;

/// Whether the two exponents are fitted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exponents {
    /// Each for itself, as Hoffmann et al. do.
    Free,
    /// As one, as in Gadre et al. (arXiv:2403.08540): with few sizes it is much better far beyond them.
    Tied,
}

/// Points as the fit sees them: logarithms of parameters, tokens and loss, and how often they count.
pub struct Points {
    /// The points.
    pub rows: Vec<[f64; 4]>,
    /// What is fitted to them.
    pub exponents: Exponents,
}

impl Points {
    /// Huber's loss, summed up, at `ln E, ln A, ln B, alpha, beta`.
    fn cost(&self, p: &[f64], slopes: &mut [f64]) -> f64 {
        slopes.fill(0.0);
        let mut sum = 0.0;
        for [params, tokens, loss, weight] in &self.rows {
            let parts = [p[0], p[1] - p[3] * params, p[2] - p[4] * tokens];
            let top = parts[0].max(parts[1]).max(parts[2]);
            let powers = parts.map(|part| (part - top).exp());
            let total: f64 = powers.iter().sum();
            let error = top + total.ln() - loss;
            let (cost, slope) = if error.abs() <= DELTA {
                (0.5 * error * error, error)
            } else {
                (DELTA * (error.abs() - 0.5 * DELTA), DELTA * error.signum())
            };
            sum += weight * cost;
            let shares = powers.map(|power| weight * slope * power / total);
            let by = [shares[0], shares[1], shares[2], -shares[1] * params, -shares[2] * tokens];
            slopes.iter_mut().zip(by).for_each(|(slope, by)| *slope += by);
        }
        sum
    }

    /// Goes downhill from a start for at most some steps.
    pub fn descend(&self, start: &[f64], steps: usize) -> Point {
        // Summed-up costs are small, and so is what L-BFGS would take for no gain.
        const LARGE: f64 = 1e6;
        let tied = self.exponents == Exponents::Tied;
        let free = |p: &[f64]| if tied { [p[0], p[1], p[2], p[3], p[3]] } else { [p[0], p[1], p[2], p[3], p[4]] };
        let found = lbfgs(if tied { &start[..4] } else { start }, steps, |p, slopes| {
            let mut all = [0.0; 5];
            let cost = LARGE * self.cost(&free(p), &mut all);
            if tied {
                all[3] += all[4];
            }
            slopes.iter_mut().zip(all).for_each(|(slope, own)| *slope = LARGE * own);
            cost
        });
        Point { x: free(&found.x).to_vec(), value: found.value }
    }
}

/// The starts of Hoffmann et al., appendix D.3: `ln E, ln A, ln B, alpha, beta`.
pub fn grid() -> Vec<[f64; 5]> {
    let mut grid = Vec::with_capacity(4500);
    for e in [-1.0, -0.5, 0.0, 0.5, 1.0] {
        for a in [0.0, 5.0, 10.0, 15.0, 20.0, 25.0] {
            for b in [0.0, 5.0, 10.0, 15.0, 20.0, 25.0] {
                for alpha in [0.0, 0.5, 1.0, 1.5, 2.0] {
                    grid.extend([0.0, 0.5, 1.0, 1.5, 2.0].map(|beta| [e, a, b, alpha, beta]));
                }
            }
        }
    }
    grid
}
