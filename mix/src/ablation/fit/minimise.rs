//! Minimises a smooth function by L-BFGS (Nocedal 1980), with a line search that backs off until Armijo's condition holds.

use std::collections::VecDeque;

/// Pairs of steps and changes of the gradient that are kept.
const MEMORY: usize = 8;

/// Where a minimisation ended.
#[derive(Clone, Debug)]
pub struct Point {
    /// The place.
    pub x: Vec<f64>,
    /// The function there.
    pub value: f64,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Goes downhill from a start for at most some steps. `f` returns the value and writes the gradient.
///
/// Ends when a step gains less than 1e-12 of the value. A value that is not finite counts as too far.
pub fn lbfgs(start: &[f64], steps: usize, mut f: impl FnMut(&[f64], &mut [f64]) -> f64) -> Point {
    let n = start.len();
    let (mut x, mut gradient) = (start.to_vec(), vec![0.0; n]);
    let mut value = f(&x, &mut gradient);
    let mut pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)> = VecDeque::with_capacity(MEMORY);
    for _ in 0..steps {
        let mut direction = direction(&gradient, &pairs);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            pairs.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = -dot(&gradient, &gradient);
        }
        // Without a memory the length of the gradient says nothing about that of the step.
        let mut step = if pairs.is_empty() { (1.0 / (-slope).sqrt()).min(1.0) } else { 1.0 };
        let mut next = None;
        for _ in 0..40 {
            let there: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x + step * d).collect();
            let mut slopes = vec![0.0; n];
            let at = f(&there, &mut slopes);
            if at <= value + 1e-4 * step * slope {
                next = Some((there, at, slopes));
                break;
            }
            step *= 0.4;
        }
        let Some((there, at, slopes)) = next else {
            if pairs.is_empty() {
                break;
            }
            pairs.clear();
            continue;
        };
        let moved: Vec<f64> = there.iter().zip(&x).map(|(a, b)| a - b).collect();
        let turned: Vec<f64> = slopes.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&moved, &turned);
        if curvature > 1e-12 * dot(&turned, &turned).max(f64::MIN_POSITIVE) {
            if pairs.len() == MEMORY {
                pairs.pop_front();
            }
            pairs.push_back((moved, turned, 1.0 / curvature));
        }
        let gain = value - at;
        (x, value, gradient) = (there, at, slopes);
        if gain <= 1e-12 * value.abs() {
            break;
        }
    }
    Point { x, value }
}

/// The two loops of L-BFGS: the gradient times the inverse of an approximate Hessian, downhill.
fn direction(gradient: &[f64], pairs: &VecDeque<(Vec<f64>, Vec<f64>, f64)>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut factors = Vec::with_capacity(pairs.len());
    for (s, y, rho) in pairs.iter().rev() {
        let factor = rho * dot(s, &q);
        q.iter_mut().zip(y).for_each(|(q, y)| *q -= factor * y);
        factors.push(factor);
    }
    if let Some((_, y, rho)) = pairs.back() {
        let scale = 1.0 / (rho * dot(y, y));
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for ((s, y, rho), factor) in pairs.iter().zip(factors.into_iter().rev()) {
        let back = rho * dot(y, &q);
        q.iter_mut().zip(s).for_each(|(q, s)| *q += (factor - back) * s);
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_of_rosenbrock_is_walked_to_its_end() {
        let found = lbfgs(&[-1.2, 1.0], 500, |x, g| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            g[0] = -2.0 * a - 400.0 * x[0] * b;
            g[1] = 200.0 * b;
            a * a + 100.0 * b * b
        });
        assert!((found.x[0] - 1.0).abs() < 1e-4 && (found.x[1] - 1.0).abs() < 1e-4, "{found:?}");
    }

    #[test]
    fn walls_are_backed_away_from() {
        let found = lbfgs(&[5.0], 200, |x, g| {
            g[0] = 1.0 - 1.0 / x[0];
            x[0] - x[0].ln()
        });
        assert!((found.x[0] - 1.0).abs() < 1e-5, "{found:?}");
    }
}
