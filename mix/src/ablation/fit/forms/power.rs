//! Power forms: what a model learns of a target grows with powers of the shares of the groups that teach it.
//!
//! Shared: `L = E + (d + sum_j w_j r_j^b)^-a`. Own: every group has an exponent `b_j` of its own, held near the shared one,
//! and `sum_j c_j r_j` is added for what groups take away or give beyond it; both are held back by penalties, so that the
//! form falls back to the shared one where the runs do not ask for more.
//!
//! The penalties were chosen by cross-validation on the 512 runs of RegMix (arXiv:2407.01492) alone, and a factor of three
//! either way makes next to no difference.

use super::super::least::{Curve, Prior, Problem, Slope};
use super::design::Design;
use serde::{Deserialize, Serialize};

/// Where parameters start and tend to, with the strengths of that: the floor, and logarithms of `a`, `d`, `b` and `w_j`.
const PRIORS: [(f64, f64); 5] = [(-3.0, 1e-5), (-0.7, 1e-3), (-3.0, 1e-4), (-0.36, 1e-3), (-3.0, 1e-3)];

/// How strongly the logarithm of a group's own exponent is held at that of the shared one.
const OWN: f64 = 0.1;

/// How strongly the linear part is held at 0.
const LINEAR: f64 = 0.1;

/// The smallest share at which a slope is taken: at 0 itself it is infinite where the exponent is below 1.
const LEAST: f64 = 1e-5;

/// A fitted power form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Power {
    /// `E`, the loss with endless data.
    pub floor: f64,
    /// `a`, how fast the loss falls with what is learnt.
    pub decay: f64,
    /// `d`, what is learnt of the target from any mix.
    pub base: f64,
    /// `b_j`, how the amount of a group counts; below 1, more of the same teaches less.
    pub exponents: Vec<f64>,
    /// `w_j`, how much a group teaches of the target.
    pub gains: Vec<f64>,
    /// `c_j`, what a group adds to the loss; all 0 in the shared form.
    pub slopes: Vec<f64>,
    /// Logarithm of the shared exponent.
    shared: f64,
}

struct Rows<'a> {
    design: &'a Design,
    own: bool,
}

impl Curve for Rows<'_> {
    type Ready = Power;

    fn ready(&self, parameters: &[f64]) -> Power {
        Power::of(parameters, self.design.groups(), self.own)
    }

    fn value(&self, power: &Power, row: usize, slope: Option<&mut Slope>) -> f64 {
        let (shares, n) = (self.design.row(row), self.design.groups());
        let learnt = |group: usize, ln: f64| power.gains[group] * (power.exponents[group] * ln).exp();
        let Some(slope) = slope else {
            let sum = shares.iter().fold(power.base, |sum, share| sum + learnt(share.group, share.ln));
            return power.floor + sum.powf(-power.decay) + power.linear(shares);
        };
        slope.push(0, 1.0);
        (1..4).for_each(|place| slope.push(place, 0.0));
        let mut sum = power.base;
        for share in shares {
            let part = learnt(share.group, share.ln);
            sum += part;
            slope.push(4 + share.group, part);
        }
        let above = sum.powf(-power.decay);
        let by_sum = -power.decay * above / sum;
        let mut by_shared = 0.0;
        for (i, share) in shares.iter().enumerate() {
            let by_gain = slope.values[4 + i] * by_sum;
            let by_exponent = by_gain * share.ln * power.exponents[share.group];
            slope.values[4 + i] = by_gain;
            by_shared += by_exponent;
            if self.own {
                slope.push(4 + n + share.group, by_exponent);
            }
        }
        slope.values[1] = -power.decay * sum.ln() * above;
        slope.values[2] = by_sum * power.base;
        slope.values[3] = by_shared;
        if self.own {
            shares.iter().for_each(|share| slope.push(4 + 2 * n + share.group, share.share));
        }
        power.floor + above + power.linear(shares)
    }
}

impl Power {
    fn of(parameters: &[f64], groups: usize, own: bool) -> Power {
        let (head, rest) = parameters.split_at(4);
        let (gains, rest) = rest.split_at(groups);
        let exp = |ln: f64| ln.clamp(-300.0, 300.0).exp();
        let exponents = |j: usize| exp(head[3] + if own { rest[j] } else { 0.0 });
        Power {
            floor: head[0],
            decay: exp(head[1]),
            base: exp(head[2]),
            exponents: (0..groups).map(exponents).collect(),
            gains: gains.iter().map(|gain| exp(*gain)).collect(),
            slopes: if own { rest[groups..].to_vec() } else { vec![0.0; groups] },
            shared: head[3],
        }
    }

    fn parameters(&self, own: bool) -> Vec<f64> {
        let mut parameters = vec![self.floor, self.decay.ln(), self.base.ln(), self.shared];
        parameters.extend(self.gains.iter().map(|gain| gain.ln()));
        if own {
            parameters.extend(self.exponents.iter().map(|exponent| exponent.ln() - self.shared));
            parameters.extend(&self.slopes);
        }
        parameters
    }

    fn linear(&self, shares: &[super::design::Share]) -> f64 {
        shares.iter().map(|share| self.slopes[share.group] * share.share).sum()
    }

    /// Fits losses that have a mean of 0 and a variance of 1, from a fit of almost the same runs if there is one.
    pub fn fit(design: &Design, values: &[f64], weights: &[f64], own: bool, warm: Option<&Power>) -> Power {
        let groups = design.groups();
        let mut prior = Prior::default();
        PRIORS[..4].iter().for_each(|(mean, strength)| prior.push(1, *mean, *strength));
        prior.push(groups, PRIORS[4].0, PRIORS[4].1);
        if own {
            prior.push(groups, 0.0, OWN);
            prior.push(groups, 0.0, LINEAR);
        }
        // With hardly more runs than parameters the median residual says nothing, and nothing can be called an outlier.
        let robust = values.len() >= 3 * (4 + groups);
        let problem = Problem { curve: &Rows { design, own }, values, weights, prior: &prior, robust };
        if let Some(warm) = warm {
            return Power::of(&problem.solve_near(&warm.parameters(own)).parameters, groups, own);
        }
        // Little learnt that counts much, and much learnt that counts little, are different valleys.
        let mut other = prior.mean.clone();
        other[..4].copy_from_slice(&[-2.0, 0.4, -1.2, 0.0]);
        other[4..4 + groups].fill(-0.7);
        let best = problem.race(&[&prior.mean, &other]);
        Power::of(&problem.solve(&best).parameters, groups, own)
    }

    /// Whether this is a form of so many groups.
    pub fn fits(&self, groups: usize) -> bool {
        [&self.exponents, &self.gains, &self.slopes].iter().all(|list| list.len() == groups)
    }

    fn learnt(&self, mix: &[f64]) -> f64 {
        let mut sum = self.base;
        for ((share, gain), exponent) in mix.iter().zip(&self.gains).zip(&self.exponents) {
            if *share > 0.0 {
                sum += gain * share.powf(*exponent);
            }
        }
        sum
    }

    /// The loss of a mix.
    pub fn value(&self, mix: &[f64]) -> f64 {
        let linear: f64 = self.slopes.iter().zip(mix).map(|(slope, share)| slope * share).sum();
        self.floor + self.learnt(mix).powf(-self.decay) + linear
    }

    /// Adds `scale` times the derivatives by the shares.
    pub fn add_slopes(&self, mix: &[f64], scale: f64, slopes: &mut [f64]) {
        let sum = self.learnt(mix);
        let by_sum = -self.decay * sum.powf(-self.decay - 1.0);
        for (j, slope) in slopes.iter_mut().enumerate() {
            let (share, exponent) = (mix[j].max(LEAST), self.exponents[j]);
            let learnt = self.gains[j] * exponent * share.powf(exponent - 1.0);
            *slope += scale * (by_sum * learnt + self.slopes[j]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_curve() {
        let mixes = [[0.2, 0.5, 0.3], [0.0, 0.9, 0.1]];
        let design = Design::new(3, mixes.iter().map(|mix| &mix[..]));
        for own in [false, true] {
            let rows = Rows { design: &design, own };
            let n = if own { 13 } else { 7 };
            let parameters: Vec<f64> = (0..n).map(|i| 0.1 * f64::from(i) - 0.4).collect();
            for (row, mix) in mixes.iter().enumerate() {
                let mut slope = Slope::default();
                let value = rows.value(&rows.ready(&parameters), row, Some(&mut slope));
                assert!((value - rows.value(&rows.ready(&parameters), row, None)).abs() < 1e-12);
                assert!((value - rows.ready(&parameters).value(mix)).abs() < 1e-12);
                assert!(slope.places.is_sorted());
                let mut dense = vec![0.0; n as usize];
                slope.places.iter().zip(&slope.values).for_each(|(place, value)| dense[*place] = *value);
                for i in 0..n as usize {
                    let at = |step: f64| {
                        let mut moved = parameters.clone();
                        moved[i] += step;
                        rows.value(&rows.ready(&moved), row, None)
                    };
                    assert!(((at(1e-6) - at(-1e-6)) / 2e-6 - dense[i]).abs() < 1e-6, "{own} {row} {i}");
                }
            }
            let power = rows.ready(&parameters);
            assert!(power.parameters(own).iter().zip(&parameters).all(|(a, b)| (a - b).abs() < 1e-12));
            let mut slopes = [0.0; 3];
            power.add_slopes(&mixes[0], 1.0, &mut slopes);
            for j in 0..3 {
                let at = |step: f64| {
                    let mut moved = mixes[0];
                    moved[j] += step;
                    power.value(&moved)
                };
                assert!(((at(1e-6) - at(-1e-6)) / 2e-6 - slopes[j]).abs() < 1e-6, "{own} {j}");
            }
        }
    }
}
