//! Robust least squares for curves, by the method of Levenberg and Marquardt.
//!
//! What is minimised is `sum w_i H(y_i - f_i) + sum l_j (t_j - m_j)^2`: Huber's loss of the residuals, which for large ones
//! grows like their size and not like their square, because a few runs of any ablation end far off for reasons that have
//! nothing to do with their mix; and a penalty that keeps every parameter near where it would be without data.

use super::linalg::Symmetric;
use super::rank::median;

/// Huber's constant, in standard deviations: 95 % as good as least squares if all residuals are normal.
pub const HUBER: f64 = 1.345;

/// A residual's standard deviation over its median size, if residuals are normal.
pub const MAD: f64 = 1.4826;

/// Steps, at most, of one minimisation.
const STEPS: usize = 60;

/// Steps after which it is seen which start is the best.
const RACE: usize = 10;

/// A step that lowers the cost by less than this part is the last.
const GAIN: f64 = 1e-5;

/// The derivatives of a curve at one point, but those that are 0.
#[derive(Clone, Debug, Default)]
pub struct Slope {
    /// Places of the parameters, rising.
    pub places: Vec<usize>,
    /// Derivatives by them.
    pub values: Vec<f64>,
}

impl Slope {
    /// Adds the derivative by a parameter.
    pub fn push(&mut self, place: usize, value: f64) {
        self.places.push(place);
        self.values.push(value);
    }
}

/// A curve with parameters, seen at the rows of a table.
pub trait Curve {
    /// What of the parameters is needed at every row, computed once.
    type Ready;

    /// Prepares parameters.
    fn ready(&self, parameters: &[f64]) -> Self::Ready;

    /// The curve at a row; if a slope is given, it is empty and is filled.
    fn value(&self, ready: &Self::Ready, row: usize, slope: Option<&mut Slope>) -> f64;
}

/// What parameters are without data, and how strongly they are held there.
#[derive(Clone, Debug, Default)]
pub struct Prior {
    /// The values.
    pub mean: Vec<f64>,
    /// Loss per square of the distance; larger than 0, so that the minimum is always a point.
    pub strength: Vec<f64>,
}

impl Prior {
    /// Adds parameters.
    pub fn push(&mut self, n: usize, mean: f64, strength: f64) {
        self.mean.resize(self.mean.len() + n, mean);
        self.strength.resize(self.strength.len() + n, strength);
    }
}

/// A curve to be fitted to values at its rows.
pub struct Problem<'a, C> {
    /// The curve.
    pub curve: &'a C,
    /// The values, of about unit variance.
    pub values: &'a [f64],
    /// How much each row counts; 1 is once.
    pub weights: &'a [f64],
    /// Where the parameters tend to.
    pub prior: &'a Prior,
    /// Whether large residuals count less; otherwise the squares count.
    pub robust: bool,
}

/// Parameters, and what they cost.
#[derive(Clone, Debug)]
pub struct Minimum {
    /// The parameters.
    pub parameters: Vec<f64>,
    /// What was minimised.
    pub cost: f64,
}

impl<C: Curve> Problem<'_, C> {
    /// Minimises from a start, which must give a finite curve.
    pub fn solve(&self, start: &[f64]) -> Minimum {
        let found = self.descend(start, f64::INFINITY, STEPS);
        if self.robust { self.settle(found, 3) } else { found }
    }

    /// Where a few steps lead from the best of some starts.
    pub fn race(&self, starts: &[&Vec<f64>]) -> Vec<f64> {
        let ends = starts.iter().map(|start| self.descend(start, f64::INFINITY, RACE));
        let best = ends.min_by(|a, b| a.cost.total_cmp(&b.cost));
        best.map_or_else(|| self.prior.mean.clone(), |best| best.parameters)
    }

    /// Minimises from a minimum for almost the same values and weights.
    pub fn solve_near(&self, start: &[f64]) -> Minimum {
        if !self.robust {
            return self.descend(start, f64::INFINITY, STEPS);
        }
        self.settle(Minimum { parameters: start.to_vec(), cost: f64::INFINITY }, 2)
    }

    /// Goes on with large residuals counting less; how large they are is not known before there are some.
    fn settle(&self, mut found: Minimum, times: usize) -> Minimum {
        for _ in 0..times {
            found = self.descend(&found.parameters, HUBER * self.scale(&found.parameters), STEPS);
        }
        found
    }

    /// A robust estimate of the standard deviation of the residuals; not below 1 % of that of the values.
    fn scale(&self, parameters: &[f64]) -> f64 {
        let ready = self.curve.ready(parameters);
        let size = |(row, value): (usize, &f64)| (self.curve.value(&ready, row, None) - value).abs();
        let sizes: Vec<f64> = self.values.iter().enumerate().map(size).collect();
        let (rows, free) = (sizes.len() as f64, sizes.len().saturating_sub(parameters.len()).max(1) as f64);
        (MAD * median(&sizes) * (rows / free).sqrt().min(2.0)).max(0.01)
    }

    fn cost(&self, parameters: &[f64], bend: f64) -> f64 {
        let ready = self.curve.ready(parameters);
        let mut cost = self.penalty(parameters);
        for (row, (value, weight)) in self.values.iter().zip(self.weights).enumerate() {
            let size = (self.curve.value(&ready, row, None) - value).abs();
            cost += weight * if size > bend { bend * (2.0 * size - bend) } else { size * size };
        }
        cost
    }

    fn penalty(&self, parameters: &[f64]) -> f64 {
        let pull = |((x, mean), strength): ((&f64, &f64), &f64)| strength * (x - mean).powi(2);
        parameters.iter().zip(&self.prior.mean).zip(&self.prior.strength).map(pull).sum()
    }

    /// Half the gradient and the matrix of Gauss and Newton.
    fn normal(&self, parameters: &[f64], bend: f64) -> (Vec<f64>, Symmetric) {
        let ready = self.curve.ready(parameters);
        let n = parameters.len();
        let (mut gradient, mut matrix, mut slope) = (vec![0.0; n], Symmetric::zero(n), Slope::default());
        for (row, (value, weight)) in self.values.iter().zip(self.weights).enumerate() {
            slope.places.clear();
            slope.values.clear();
            let residual = self.curve.value(&ready, row, Some(&mut slope)) - value;
            let weight = weight * (bend / residual.abs()).min(1.0);
            matrix.add_outer(&slope.places, &slope.values, weight);
            for (place, derivative) in slope.places.iter().zip(&slope.values) {
                gradient[*place] += weight * residual * derivative;
            }
        }
        for (i, strength) in self.prior.strength.iter().enumerate() {
            *matrix.at(i, i) += strength;
            gradient[i] += strength * (parameters[i] - self.prior.mean[i]);
        }
        (gradient, matrix)
    }

    fn descend(&self, start: &[f64], bend: f64, steps: usize) -> Minimum {
        let mut found = Minimum { parameters: start.to_vec(), cost: self.cost(start, bend) };
        let mut damping = 1e-2;
        for _ in 0..steps {
            let (gradient, matrix) = self.normal(&found.parameters, bend);
            let diagonal = matrix.diagonal();
            let before = found.cost;
            for _ in 0..10 {
                let extra: Vec<f64> = diagonal.iter().map(|d| damping * (d + 1e-9)).collect();
                let step = matrix.solve(&extra, &gradient);
                let next = step.map(|step| {
                    // Parameters are logarithms or of about unit size: a longer step trusts the tangent too far.
                    found.parameters.iter().zip(&step).map(|(x, step)| x - step.clamp(-2.0, 2.0)).collect::<Vec<_>>()
                });
                let next = next.map(|parameters| Minimum { cost: self.cost(&parameters, bend), parameters });
                // Not a number is not less.
                match next.filter(|next| next.cost < found.cost) {
                    Some(next) => {
                        found = next;
                        damping = (damping / 4.0).max(1e-9);
                        break;
                    }
                    None => damping *= 4.0,
                }
            }
            if before - found.cost <= GAIN * before {
                break;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a exp(b x)`
    struct Growth(Vec<f64>);

    impl Curve for Growth {
        type Ready = [f64; 2];

        fn ready(&self, parameters: &[f64]) -> [f64; 2] {
            [parameters[0], parameters[1]]
        }

        fn value(&self, ready: &[f64; 2], row: usize, slope: Option<&mut Slope>) -> f64 {
            let power = (ready[1] * self.0[row]).exp();
            if let Some(slope) = slope {
                slope.push(0, power);
                slope.push(1, ready[0] * power * self.0[row]);
            }
            ready[0] * power
        }
    }

    #[test]
    fn outliers_do_not_bend_a_robust_fit() {
        let curve = Growth((0..40).map(|i| f64::from(i) / 20.0).collect());
        let mut values: Vec<f64> = curve.0.iter().map(|x| 0.5 * (0.7 * x).exp()).collect();
        let mut prior = Prior::default();
        prior.push(2, 0.0, 1e-9);
        let weights = vec![1.0; 40];
        let fit = |values: &[f64], robust| {
            Problem { curve: &curve, values, weights: &weights, prior: &prior, robust }.solve(&[1.0, 0.0]).parameters
        };
        let exact = fit(&values, false);
        assert!((exact[0] - 0.5).abs() < 1e-4 && (exact[1] - 0.7).abs() < 1e-4, "{exact:?}");
        values[3] += 5.0;
        let (plain, robust) = (fit(&values, false), fit(&values, true));
        assert!((plain[1] - 0.7).abs() > 0.1, "{plain:?}");
        assert!((robust[1] - 0.7).abs() < 0.01, "{robust:?}");
    }

    #[test]
    fn a_strong_prior_wins() {
        let curve = Growth(vec![0.0, 1.0]);
        let prior = Prior { mean: vec![2.0, 0.0], strength: vec![1e9; 2] };
        let problem = Problem { curve: &curve, values: &[1.0, 1.0], weights: &[1.0; 2], prior: &prior, robust: false };
        assert!((problem.solve(&[1.0, 0.5]).parameters[0] - 2.0).abs() < 1e-6);
    }
}
