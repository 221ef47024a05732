//! The best size for a budget, from runs of several sizes at each of several budgets (IsoFLOP profiles).
//!
//! Hoffmann et al. (arXiv:2203.15556), approach 2, and Llama 3 (arXiv:2407.21783), section 3.2.1: a parabola in the logarithm of
//! the size for each budget, and a power law through their minima.

use super::super::error::FitError;
use super::super::least::{HUBER, MAD};
use super::super::linalg::polynomial;
use super::super::rank::median;
use super::curve::PowerLaw;
use serde::{Deserialize, Serialize};

/// Budgets that differ by less than this part of them are the same.
const SAME: f64 = 0.05;

/// Sizes that a parabola needs.
const LEAST_SIZES: usize = 3;

/// Budgets that a power law needs.
const LEAST_BUDGETS: usize = 3;

/// A run with a budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spent {
    /// Compute in FLOP.
    pub compute: f64,
    /// Parameters of the model.
    pub params: f64,
    /// Its loss.
    pub loss: f64,
}

/// The parabola of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The budget in FLOP.
    pub compute: f64,
    /// Runs with it.
    pub runs: usize,
    /// The size at which the parabola is lowest.
    pub params: f64,
    /// The loss there.
    pub loss: f64,
    /// Whether that size is between the smallest and the largest that ran.
    pub inside: bool,
}

/// The best size as a function of the budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Isoflop {
    /// A profile for each budget that has one, by budget.
    pub profiles: Vec<Profile>,
    /// Budgets that are not used, with the reason.
    pub left_out: Vec<(f64, String)>,
    /// The best number of parameters for a budget in FLOP.
    pub params: PowerLaw,
    /// The best number of tokens for it: budget / 6 / parameters.
    pub tokens: PowerLaw,
}

/// Fits parabolas to budgets, and a power law to their minima.
///
/// # Errors
/// If fewer than 3 budgets have a minimum; if a number is not above 0.
pub fn isoflop(runs: &[Spent]) -> Result<Isoflop, FitError> {
    let good = |number: f64| number > 0.0 && number.is_finite();
    if !runs.iter().all(|run| good(run.compute) && good(run.params) && good(run.loss)) {
        return Err(FitError::Invalid("compute, parameters and losses must be above 0".to_owned()));
    }
    let mut sorted = runs.to_vec();
    sorted.sort_by(|a, b| a.compute.total_cmp(&b.compute).then(a.params.total_cmp(&b.params)));
    let (mut profiles, mut left_out) = (Vec::new(), Vec::new());
    for budget in sorted.chunk_by(|a, b| b.compute <= a.compute * (1.0 + SAME)) {
        match profile(budget) {
            Ok(profile) => profiles.push(profile),
            Err(reason) => left_out.push((budget[0].compute, reason)),
        }
    }
    let inside: Vec<&Profile> = profiles.iter().filter(|profile| profile.inside).collect();
    // A minimum beyond the sizes that ran is a guess; it counts only where there is nothing better.
    let used: Vec<&Profile> = if inside.len() >= LEAST_BUDGETS { inside } else { profiles.iter().collect() };
    if used.len() < LEAST_BUDGETS {
        let why: Vec<String> = left_out.iter().map(|(compute, why)| format!("; {compute:.2e} FLOP: {why}")).collect();
        let message = format!("needs at least {LEAST_BUDGETS} budgets with a minimum, and here are {}", used.len());
        return Err(FitError::TooFew(message + &why.concat()));
    }
    let x: Vec<f64> = used.iter().map(|profile| profile.compute.ln()).collect();
    let y: Vec<f64> = used.iter().map(|profile| profile.params.ln()).collect();
    let Some(line) = robust(&x, &y, 1) else {
        return Err(FitError::Invalid("no power law goes through the minima".to_owned()));
    };
    let params = PowerLaw { coefficient: line[0].exp(), exponent: line[1] };
    let tokens = PowerLaw { coefficient: 1.0 / (6.0 * params.coefficient), exponent: 1.0 - params.exponent };
    Ok(Isoflop { profiles, left_out, params, tokens })
}

fn profile(runs: &[Spent]) -> Result<Profile, String> {
    let mut sizes: Vec<f64> = runs.iter().map(|run| run.params).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    if sizes.len() < LEAST_SIZES {
        return Err(format!("{} sizes, and a parabola needs at least {LEAST_SIZES}", sizes.len()));
    }
    let x: Vec<f64> = runs.iter().map(|run| run.params.ln()).collect();
    let y: Vec<f64> = runs.iter().map(|run| run.loss).collect();
    // Around the middle of the sizes, or the squares drown the rest.
    let middle = median(&x);
    let centered: Vec<f64> = x.iter().map(|x| x - middle).collect();
    let parabola = robust(&centered, &y, 2).filter(|parabola| parabola[2] > 0.0);
    let Some(parabola) = parabola else { return Err("its losses have no minimum".to_owned()) };
    let lowest = -parabola[1] / (2.0 * parabola[2]);
    let params = (middle + lowest).exp();
    let (smallest, largest) = (sizes[0], sizes[sizes.len() - 1]);
    if !(params > smallest / 10.0 && params < largest * 10.0) {
        return Err("its minimum is far beyond the sizes that ran".to_owned());
    }
    let mean = x.iter().zip(runs).map(|(_, run)| run.compute.ln()).sum::<f64>() / runs.len() as f64;
    Ok(Profile {
        compute: mean.exp(),
        runs: runs.len(),
        params,
        loss: parabola[0] + lowest * (parabola[1] + lowest * parabola[2]),
        inside: (smallest..=largest).contains(&params),
    })
}

/// A polynomial of Huber's loss, by weighted least squares with weights that are renewed.
fn robust(x: &[f64], y: &[f64], degree: usize) -> Option<Vec<f64>> {
    let mut weights = vec![1.0; x.len()];
    let mut found = polynomial(x, y, &weights, degree)?;
    // With hardly more points than coefficients nothing can be called an outlier.
    if x.len() < degree + 4 {
        return Some(found);
    }
    for _ in 0..30 {
        let value = |x: f64| found.iter().rev().fold(0.0, |sum, c| sum * x + c);
        let sizes: Vec<f64> = x.iter().zip(y).map(|(x, y)| (value(*x) - y).abs()).collect();
        let bend = HUBER * MAD * median(&sizes);
        if bend <= 1e-12 {
            break;
        }
        weights.iter_mut().zip(&sizes).for_each(|(weight, size)| *weight = (bend / size).min(1.0));
        found = polynomial(x, y, &weights, degree)?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs whose best size is `0.1 C^0.5`.
    fn made(budgets: &[f64]) -> Vec<Spent> {
        let mut runs = Vec::new();
        for compute in budgets {
            for i in -3..=3 {
                let params = 0.1 * compute.sqrt() * 1.6f64.powi(i);
                let off = 1.6f64.ln() * f64::from(i);
                runs.push(Spent { compute: *compute, params, loss: 3.0 - compute.ln() / 50.0 + 0.05 * off * off });
            }
        }
        runs
    }

    #[test]
    fn the_law_is_found_again_in_spite_of_an_outlier() {
        let mut runs = made(&[1e18, 1e19, 1e20, 1e21]);
        runs[3].loss += 0.5;
        let found = isoflop(&runs).unwrap();
        assert_eq!(found.profiles.len(), 4);
        assert!((found.params.exponent - 0.5).abs() < 0.01, "{found:?}");
        assert!((found.params.at(1e22) / 1e10 - 1.0).abs() < 0.05, "{found:?}");
        assert!((found.tokens.at(1e22) * found.params.at(1e22) * 6.0 / 1e22 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn too_little_is_told() {
        let error = |runs: &[Spent]| isoflop(runs).unwrap_err().to_string();
        assert_eq!(error(&[]), "needs at least 3 budgets with a minimum, and here are 0");
        let mut runs = made(&[1e18, 1e19, 1e20]);
        runs.truncate(16);
        assert_eq!(
            error(&runs),
            "needs at least 3 budgets with a minimum, and here are 2; 1.00e20 FLOP: 2 sizes, and a parabola needs at least 3"
        );
        let mut hill = made(&[1e18, 1e19, 1e20, 1e21]);
        hill[..7].iter_mut().for_each(|run| run.loss = 6.0 - run.loss);
        assert_eq!(isoflop(&hill).unwrap().left_out[0].1, "its losses have no minimum");
        hill[0].loss = f64::NAN;
        assert!(isoflop(&hill).is_err());
    }
}
