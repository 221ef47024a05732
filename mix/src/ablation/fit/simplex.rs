//! Mixes that are allowed: shares between limits that sum to 1, not too far from a prior mix.

use super::error::FitError;

/// The smallest share that a mix which is being improved may have: from 0 there is no way back.
pub const LEAST: f64 = 1e-9;

/// What a mix must keep to.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// The smallest share of each group.
    pub least: Vec<f64>,
    /// The largest share of each group: what there is of it, times how often it may be repeated, over the budget.
    pub most: Vec<f64>,
    /// The mix from which distances are measured, such as the natural one.
    pub prior: Option<Vec<f64>>,
    /// The largest Kullback-Leibler divergence of the mix from the prior, in nats.
    pub max_divergence: Option<f64>,
    /// What a nat of that divergence costs, in the unit of the objective.
    pub penalty: f64,
}

impl Limits {
    /// No limits at all.
    pub fn none(groups: usize) -> Limits {
        Limits { least: vec![0.0; groups], most: vec![1.0; groups], prior: None, max_divergence: None, penalty: 0.0 }
    }

    /// Checks that some mix of these groups keeps to the limits, and gives the one nearest to the prior (or to all groups alike).
    ///
    /// # Errors
    /// If no mix does; names the group or the sum that is in the way.
    pub fn center(&self, groups: &[String]) -> Result<Vec<f64>, FitError> {
        let n = groups.len();
        let wrong = |message: String| Err(FitError::Invalid(message));
        if self.least.len() != n || self.most.len() != n || self.prior.as_ref().is_some_and(|prior| prior.len() != n) {
            return wrong(format!("the limits are not those of {n} groups"));
        }
        for ((group, least), most) in groups.iter().zip(&self.least).zip(&self.most) {
            if !(0.0 <= *least && *least <= *most) {
                return wrong(format!("group `{group}` has shares from {least} to {most}, which no number is in"));
            }
        }
        let (least, most) = (self.least.iter().sum::<f64>(), (0..n).map(|j| self.room(j)).sum::<f64>());
        if least > 1.0 + 1e-9 {
            return wrong(format!("the smallest shares sum to {least:.4}, which is more than 1"));
        }
        if most < 1.0 - 1e-9 {
            return wrong(format!("the largest shares sum to {most:.4}: there is too little data to fill the mix"));
        }
        let Some(prior) = &self.prior else {
            if self.max_divergence.is_some() || self.penalty != 0.0 {
                return wrong("a divergence is limited, but there is no prior to measure it from".to_owned());
            }
            return Ok(self.project(&vec![0.0; n]));
        };
        let sum: f64 = prior.iter().sum();
        if prior.iter().any(|share| !(0.0..=1.0 + 1e-9).contains(share)) || (sum - 1.0).abs() > 1e-6 {
            return wrong("the prior is not a mix: shares from 0 to 1 that sum to 1".to_owned());
        }
        let number = |x: f64| (0.0..f64::INFINITY).contains(&x);
        if !number(self.penalty) || !number(self.max_divergence.unwrap_or(0.0)) {
            return wrong("a penalty and a largest divergence are numbers from 0".to_owned());
        }
        if self.max_divergence.is_some() || self.penalty > 0.0 {
            // The divergence from a mix without the group is endless.
            let bad = (0..n).find(|j| prior[*j] <= 0.0 && self.least[*j] > 0.0);
            if let Some(j) = bad {
                return wrong(format!("group `{}` must have a share, and the prior has none of it", groups[j]));
            }
        }
        let center = self.project(&prior.iter().map(|share| share.max(LEAST).ln()).collect::<Vec<_>>());
        match (self.max_divergence, divergence(&center, prior)) {
            (Some(max), least) if least > max + 1e-9 => {
                wrong(format!("within the limits the divergence is at least {least:.4}, and the largest is {max:.4}"))
            }
            _ => Ok(center),
        }
    }

    /// The largest share of a group; none where the prior has none and the distance from it counts, which would be endless.
    fn room(&self, group: usize) -> f64 {
        let counts = self.max_divergence.is_some() || self.penalty > 0.0;
        let absent = counts && self.prior.as_ref().is_some_and(|prior| prior[group] <= 0.0);
        if absent { 0.0 } else { self.most[group] }
    }

    /// A mix in which what is only there for lack of a zero is 0.
    pub fn clean(&self, mix: &[f64]) -> Vec<f64> {
        let kept = |(share, least): (&f64, &f64)| if *share < 1e-6 && *least <= 0.0 { 0.0 } else { *share };
        let kept: Vec<f64> = mix.iter().zip(&self.least).map(kept).collect();
        let sum: f64 = kept.iter().sum();
        // What is given back is so little that no limit is passed by more than it.
        kept.into_iter().map(|share| share / sum).collect()
    }

    /// The allowed mix nearest, in divergence, to one whose logarithms are given up to a constant: `clamp(s x)` with the `s`
    /// for which the shares sum to 1.
    pub fn project(&self, logs: &[f64]) -> Vec<f64> {
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let plain: Vec<f64> = logs.iter().map(|log| (log - top).exp()).collect();
        let sum: f64 = plain.iter().sum();
        let limits = |j: usize| (self.least[j].max(LEAST), self.room(j).max(LEAST));
        let inside = |j: usize| (limits(j).0..=limits(j).1).contains(&(plain[j] / sum));
        if (0..plain.len()).all(inside) {
            return plain.into_iter().map(|share| share / sum).collect();
        }
        let at = |shift: f64| -> Vec<f64> {
            let share = |(j, log): (usize, &f64)| (log - top + shift).exp().clamp(limits(j).0, limits(j).1);
            logs.iter().enumerate().map(share).collect()
        };
        let (mut below, mut above) = (-60.0, 60.0);
        for _ in 0..80 {
            let middle = f64::midpoint(below, above);
            if at(middle).iter().sum::<f64>() < 1.0 { below = middle } else { above = middle }
        }
        at(above)
    }
}

/// Kullback-Leibler divergence of a mix from a prior, in nats.
pub fn divergence(mix: &[f64], prior: &[f64]) -> f64 {
    let part = |(share, prior): (&f64, &f64)| if *share > 0.0 { share * (share / prior.max(LEAST)).ln() } else { 0.0 };
    mix.iter().zip(prior).map(part).sum::<f64>().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(n: usize) -> Vec<String> {
        (0..n).map(|j| format!("g{j}")).collect()
    }

    fn error(limits: &Limits) -> String {
        limits.center(&names(limits.least.len())).unwrap_err().to_string()
    }

    #[test]
    fn what_is_over_a_limit_goes_to_the_others() {
        let limits = Limits { most: vec![0.3, 1.0, 1.0], least: vec![0.0, 0.0, 0.25], ..Limits::none(3) };
        let mix = limits.project(&[0.6f64.ln(), 0.3f64.ln(), 0.1f64.ln()]);
        assert!(mix.iter().zip([0.3, 0.45, 0.25]).all(|(a, b)| (a - b).abs() < 1e-9), "{mix:?}");
        assert!(
            (divergence(&[0.5, 0.5], &[0.25, 0.75]) - (0.5 * 2.0f64.ln() + 0.5 * (2.0f64 / 3.0).ln())).abs() < 1e-12
        );
    }

    #[test]
    fn limits_that_nothing_keeps_to_are_named() {
        let none = || Limits::none(2);
        assert_eq!(
            error(&Limits { most: vec![0.3, 0.5], ..none() }),
            "the largest shares sum to 0.8000: there is too little data to fill the mix"
        );
        assert!(error(&Limits { least: vec![0.7, 0.5], ..none() }).contains("sum to 1.2000"));
        assert!(error(&Limits { least: vec![0.7, 0.0], most: vec![0.6, 1.0], ..none() }).contains("group `g0`"));
        assert!(error(&Limits { least: vec![f64::NAN, 0.0], ..none() }).contains("group `g0`"));
        assert!(error(&Limits { max_divergence: Some(0.1), ..none() }).contains("no prior"));
        let far = Limits { prior: Some(vec![0.9, 0.1]), max_divergence: Some(0.1), least: vec![0.0, 0.5], ..none() };
        assert!(error(&far).contains("at least 0.5108"), "{}", error(&far));
        assert!(error(&Limits { prior: Some(vec![0.9, 0.2]), ..none() }).contains("not a mix"));
        let absent = Limits { prior: Some(vec![1.0, 0.0]), penalty: 1.0, least: vec![0.0, 0.5], ..none() };
        assert!(error(&absent).contains("group `g1`"));
    }
}
