//! Whether two arms of an ablation differ: their losses over seeds, compared by Student's t.

use super::error::FitError;
use super::predictor::Interval;
use super::rank::{deviation, mean};
use super::student::{critical, two_sided};
use std::collections::BTreeMap;

/// How two arms were compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Runs of the same seed against each other: what the seed does to both cancels.
    Paired,
    /// All runs of one arm against all of the other, with spreads of their own (Welch 1947).
    Welch,
}

/// The difference of two arms.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// How they were compared.
    pub method: Method,
    /// Runs of the first arm that count, and of the second.
    pub runs: (usize, usize),
    /// Mean of the first arm less that of the second: below 0 the first has the lower loss.
    pub difference: f64,
    /// Confidence interval of the difference.
    pub interval: Interval,
    /// The difference in standard errors.
    pub t: f64,
    /// Degrees of freedom.
    pub degrees: f64,
    /// The chance of a difference at least as large if there is none.
    pub p: f64,
}

/// Compares the losses of two arms, each with the seeds of its runs, at a level of confidence such as 0.95.
///
/// Runs are paired if every seed of the arm with fewer runs is one of the other's; else it is Welch's test.
///
/// # Errors
/// If there are fewer than two pairs, or two runs in each arm; if a seed is there twice or a loss is not finite.
pub fn compare(first: &[(u64, f64)], second: &[(u64, f64)], level: f64) -> Result<Comparison, FitError> {
    if !(0.0 < level && level < 1.0) {
        return Err(FitError::Invalid(format!("the level of confidence is between 0 and 1, and not {level}")));
    }
    let (a, b) = (by_seed(first)?, by_seed(second)?);
    let pairs: Vec<f64> = a.iter().filter_map(|(seed, loss)| b.get(seed).map(|other| loss - other)).collect();
    let least = a.len().min(b.len());
    if least < 2 {
        let message = format!("{} and {} runs, and a comparison needs at least 2 seeds of each arm", a.len(), b.len());
        return Err(FitError::TooFew(message));
    }
    if pairs.len() == least {
        let error = deviation(&pairs) / (least as f64).sqrt();
        return Ok(judge(Method::Paired, (least, least), mean(&pairs), error, least as f64 - 1.0, level));
    }
    let (a, b): (Vec<f64>, Vec<f64>) = (a.into_values().collect(), b.into_values().collect());
    let part = |losses: &[f64]| deviation(losses).powi(2) / losses.len() as f64;
    let (va, vb) = (part(&a), part(&b));
    let spread = va.powi(2) / (a.len() as f64 - 1.0) + vb.powi(2) / (b.len() as f64 - 1.0);
    let degrees = if spread > 0.0 { (va + vb).powi(2) / spread } else { (a.len() + b.len() - 2) as f64 };
    Ok(judge(Method::Welch, (a.len(), b.len()), mean(&a) - mean(&b), (va + vb).sqrt(), degrees, level))
}

fn by_seed(runs: &[(u64, f64)]) -> Result<BTreeMap<u64, f64>, FitError> {
    let mut map = BTreeMap::new();
    for (seed, loss) in runs {
        if !loss.is_finite() {
            return Err(FitError::Invalid(format!("the loss of seed {seed} is not a finite number")));
        }
        if map.insert(*seed, *loss).is_some() {
            return Err(FitError::Invalid(format!("seed {seed} is there a second time in one arm")));
        }
    }
    Ok(map)
}

fn judge(method: Method, runs: (usize, usize), difference: f64, error: f64, degrees: f64, level: f64) -> Comparison {
    let half = critical(level, degrees) * error;
    let t = if difference == 0.0 { 0.0 } else { difference / error };
    let interval = Interval { low: difference - half, high: difference + half };
    Comparison { method, runs, difference, interval, t, degrees, p: two_sided(t, degrees) }
}

/// What runs differ by that differ in their seed alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// Standard deviation of single runs.
    pub deviation: f64,
    /// Degrees of freedom that it rests on.
    pub degrees: usize,
}

/// Estimates the noise from repeats: for each mix the losses of its runs; mixes that ran once say nothing.
///
/// # Errors
/// If no mix ran twice.
pub fn noise(mixes: &[Vec<f64>]) -> Result<Noise, FitError> {
    let repeated = mixes.iter().filter(|losses| losses.len() > 1);
    let degrees: usize = repeated.clone().map(|losses| losses.len() - 1).sum();
    if degrees == 0 {
        let message = "no mix ran with two seeds, and so it is not known what a difference must exceed".to_owned();
        return Err(FitError::TooFew(message));
    }
    let squares: f64 = repeated.map(|losses| deviation(losses).powi(2) * (losses.len() - 1) as f64).sum();
    Ok(Noise { deviation: (squares / degrees as f64).sqrt(), degrees })
}

impl Noise {
    /// The difference of the means of two arms with so many seeds each that just counts at a level, if seeds are not paired.
    pub fn floor(&self, seeds: usize, level: f64) -> f64 {
        critical(level, self.degrees as f64) * self.deviation * (2.0 / seeds.max(1) as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(first: u64, losses: &[f64]) -> Vec<(u64, f64)> {
        (first..).zip(losses.iter().copied()).collect()
    }

    #[test]
    fn pairs_and_welch_are_as_in_scipy() {
        let (a, b) = ([3.1, 3.3, 2.9, 3.2], [3.0, 3.15, 2.85, 3.05]);
        // scipy.stats.ttest_rel
        let paired = compare(&arm(1, &a), &arm(1, &b), 0.95).unwrap();
        assert_eq!((paired.method, paired.runs), (Method::Paired, (4, 4)));
        assert!((paired.t - 4.700_096_711).abs() < 1e-8 && (paired.p - 0.018_219_855).abs() < 1e-8, "{paired:?}");
        assert!((paired.interval.low - 0.036_325_991).abs() < 1e-8, "{paired:?}");
        // scipy.stats.ttest_ind(equal_var=False)
        let welch = compare(&arm(1, &a), &arm(9, &b), 0.95).unwrap();
        assert_eq!((welch.method, welch.runs), (Method::Welch, (4, 4)));
        assert!((welch.t - 1.063_123_962).abs() < 1e-8 && (welch.p - 0.332_177_916).abs() < 1e-8, "{welch:?}");
        assert!((welch.degrees - 5.497_522_299).abs() < 1e-8, "{welch:?}");
    }

    #[test]
    fn what_cannot_be_compared_is_told() {
        let error = |a: &[(u64, f64)], b: &[(u64, f64)]| compare(a, b, 0.95).unwrap_err().to_string();
        assert!(error(&[(1, 3.0)], &[(1, 2.0), (2, 2.0)]).contains("at least 2 seeds"));
        assert!(error(&[(1, 3.0), (1, 3.0)], &[(1, 2.0), (2, 2.0)]).contains("seed 1 is there a second time"));
        assert!(error(&[(1, 3.0), (2, f64::NAN)], &[(1, 2.0), (2, 2.0)]).contains("seed 2"));
        assert!(compare(&[], &[], 1.0).is_err());
    }

    #[test]
    fn equal_arms_do_not_differ() {
        let same = compare(&arm(1, &[2.0, 2.0]), &arm(1, &[2.0, 2.0]), 0.95).unwrap();
        assert_eq!((same.difference, same.p), (0.0, 1.0));
        let sure = compare(&arm(1, &[3.0, 3.0]), &arm(1, &[2.0, 2.0]), 0.95).unwrap();
        assert_eq!((sure.p, sure.interval.low), (0.0, 1.0));
    }

    #[test]
    fn noise_is_pooled() {
        let noise = noise(&[vec![1.0, 2.0, 3.0], vec![5.0, 7.0], vec![9.0]]).unwrap();
        assert_eq!(noise.degrees, 3);
        assert!((noise.deviation - (4.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((noise.floor(2, 0.95) - 3.182_446 * noise.deviation).abs() < 1e-5);
        assert!(super::noise(&[vec![1.0]]).is_err());
    }
}
