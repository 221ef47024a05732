//! `L = E + A N^-alpha + B D^-beta`: the loss of a model with N parameters after D tokens.
//!
//! Fitted as in Hoffmann et al., "Training Compute-Optimal Large Language Models" (arXiv:2203.15556), appendix D.3: Huber's loss
//! (delta 1e-3) of the logarithm of the loss, by L-BFGS from a grid of starts. Besiroglu et al. (arXiv:2404.10102) showed that
//! the loss must be summed up and not averaged, or L-BFGS ends too soon, and that five runs with very few tokens per parameter
//! must go.

use super::super::error::FitError;
use super::super::jobs::{Runner, map};
use super::super::minimise::Point;
use super::super::predictor::Interval;
use super::super::random::Random;
use super::curve::PowerLaw;
use super::points::{Exponents, Points, grid};
use serde::{Deserialize, Serialize};

/// Points without which five parameters are not fixed.
const LEAST_POINTS: usize = 8;

/// Starts of the grid that are followed to their ends.
const FOLLOWED: usize = 24;

/// A trained model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trained {
    /// Its parameters.
    pub params: f64,
    /// Tokens it was trained on.
    pub tokens: f64,
    /// Its loss.
    pub loss: f64,
}

impl Trained {
    /// Compute in FLOP, by the usual count of 6 for each parameter and token.
    pub fn compute(&self) -> f64 {
        6.0 * self.params * self.tokens
    }
}

/// The fitted law.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chinchilla {
    /// `E`, the loss of endless models with endless data.
    pub floor: f64,
    /// `A`.
    pub params_factor: f64,
    /// `alpha`.
    pub params_exponent: f64,
    /// `B`.
    pub tokens_factor: f64,
    /// `beta`.
    pub tokens_exponent: f64,
}

impl Chinchilla {
    /// The loss of a model of so many parameters after so many tokens.
    pub fn loss(&self, params: f64, tokens: f64) -> f64 {
        self.floor
            + self.params_factor * params.powf(-self.params_exponent)
            + self.tokens_factor * tokens.powf(-self.tokens_exponent)
    }

    /// The best number of parameters as a function of compute in FLOP; the tokens are compute / 6 / parameters.
    pub fn best_params(&self) -> PowerLaw {
        let (alpha, beta) = (self.params_exponent, self.tokens_exponent);
        let ratio = alpha * self.params_factor / (beta * self.tokens_factor);
        let exponent = beta / (alpha + beta);
        PowerLaw { coefficient: ratio.powf(1.0 / (alpha + beta)) * 6f64.powf(-exponent), exponent }
    }

    fn of(p: &[f64]) -> Chinchilla {
        Chinchilla {
            floor: p[0].exp(),
            params_factor: p[1].exp(),
            params_exponent: p[3],
            tokens_factor: p[2].exp(),
            tokens_exponent: p[4],
        }
    }

    fn parameters(&self) -> Vec<f64> {
        let logs = [self.floor, self.params_factor, self.tokens_factor].map(f64::ln);
        [logs[0], logs[1], logs[2], self.params_exponent, self.tokens_exponent].to_vec()
    }
}

/// Fits the law to trained models.
///
/// # Errors
/// If there are fewer than 8 models, or all have the same parameters or tokens; if a number is not above 0.
pub fn chinchilla(models: &[Trained], exponents: Exponents, runner: &Runner<'_>) -> Result<Chinchilla, FitError> {
    check(models)?;
    let points = points(models, &vec![1.0; models.len()], exponents);
    let mut grid = grid();
    grid.retain(|start| exponents == Exponents::Free || start[3] == start[4]);
    // A few steps from everywhere tell which starts are worth following.
    let tried = map(runner, grid.len().div_ceil(50), |chunk| {
        grid[chunk * 50..grid.len().min((chunk + 1) * 50)]
            .iter()
            .map(|start| points.descend(start, 6))
            .collect::<Vec<_>>()
    });
    let mut tried: Vec<Point> = tried.into_iter().flatten().filter(|point| point.value.is_finite()).collect();
    tried.sort_by(|a, b| a.value.total_cmp(&b.value));
    tried.truncate(FOLLOWED);
    let ends = map(runner, tried.len(), |i| points.descend(&tried[i].x, 2000));
    let best = ends.into_iter().min_by(|a, b| a.value.total_cmp(&b.value));
    let law = best.map(|best| Chinchilla::of(&best.x));
    law.ok_or_else(|| FitError::Invalid("no law was found for these models".to_owned()))
}

/// The law of resamples of the models, from the law of all, which says how sure its parameters are.
///
/// Exponents of the law that are equal stay equal.
pub fn resampled(
    models: &[Trained],
    law: &Chinchilla,
    resamples: usize,
    seed: u64,
    runner: &Runner<'_>,
) -> Vec<Chinchilla> {
    let tied = law.params_exponent == law.tokens_exponent;
    let exponents = if tied { Exponents::Tied } else { Exponents::Free };
    map(runner, resamples, |resample| {
        let mut random = Random::of(seed, resample as u64);
        let mut weights = vec![0.0; models.len()];
        (0..models.len()).for_each(|_| weights[random.below(models.len())] += 1.0);
        Chinchilla::of(&points(models, &weights, exponents).descend(&law.parameters(), 1000).x)
    })
}

/// The interval of something that is computed from laws.
pub fn spread(laws: &[Chinchilla], level: f64, what: impl Fn(&Chinchilla) -> f64) -> Interval {
    Interval::around(&laws.iter().map(what).collect::<Vec<_>>(), level)
}

/// The models without the `n` that have the fewest tokens for each parameter.
pub fn without_shortest(models: &[Trained], n: usize) -> Vec<Trained> {
    let mut order: Vec<usize> = (0..models.len()).collect();
    order.sort_by(|a, b| {
        let ratio = |i: usize| models[i].tokens / models[i].params;
        ratio(*a).total_cmp(&ratio(*b))
    });
    let mut kept = order.split_off(n.min(order.len()));
    kept.sort_unstable();
    kept.into_iter().map(|i| models[i]).collect()
}

fn points(models: &[Trained], weights: &[f64], exponents: Exponents) -> Points {
    let point = |(model, weight): (&Trained, &f64)| [model.params.ln(), model.tokens.ln(), model.loss.ln(), *weight];
    let rows = models.iter().zip(weights).filter(|(_, weight)| **weight > 0.0).map(point).collect();
    Points { rows, exponents }
}

fn check(models: &[Trained]) -> Result<(), FitError> {
    if models.len() < LEAST_POINTS {
        let message = format!("{} models, and the law needs at least {LEAST_POINTS}", models.len());
        return Err(FitError::TooFew(message));
    }
    let good = |number: f64| number > 0.0 && number.is_finite();
    if !models.iter().all(|model| good(model.params) && good(model.tokens) && good(model.loss)) {
        return Err(FitError::Invalid("parameters, tokens and losses must be above 0".to_owned()));
    }
    let varies = |of: fn(&Trained) -> f64| models.iter().any(|model| of(model) != of(&models[0]));
    for (name, varies) in [("parameters", varies(|m| m.params)), ("tokens", varies(|m| m.tokens))] {
        if !varies {
            return Err(FitError::TooFew(format!("all models have the same {name}, and the law needs different ones")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::jobs::serial;
    use super::*;

    const TRUE: Chinchilla = Chinchilla {
        floor: 1.8,
        params_factor: 480.0,
        params_exponent: 0.35,
        tokens_factor: 2100.0,
        tokens_exponent: 0.37,
    };

    fn made() -> Vec<Trained> {
        let mut models = Vec::new();
        for i in 0..7 {
            for j in 0..5 {
                let params = 5e7 * 2f64.powi(i);
                let tokens = params * 5.0 * 3f64.powi(j);
                models.push(Trained { params, tokens, loss: TRUE.loss(params, tokens) });
            }
        }
        models
    }

    #[test]
    fn the_law_is_found_again_in_spite_of_outliers() {
        let mut models = made();
        models[4].loss *= 1.2;
        models[20].loss *= 0.9;
        let law = chinchilla(&models, Exponents::Free, &serial).unwrap();
        for (found, real) in law.parameters().iter().zip(TRUE.parameters()) {
            assert!((found / real - 1.0).abs() < 0.01, "{law:?}");
        }
        let laws = resampled(&models, &law, 20, 1, &serial);
        let floor = spread(&laws, 0.9, |law| law.floor);
        assert!(floor.low > 1.75 && floor.high < 1.85 && floor.low <= floor.high, "{floor:?}");
        let tied = chinchilla(&models, Exponents::Tied, &serial).unwrap();
        assert_eq!(tied.params_exponent, tied.tokens_exponent);
        assert!((tied.loss(1e11, 2e12) / TRUE.loss(1e11, 2e12) - 1.0).abs() < 0.02, "{tied:?}");
    }

    #[test]
    fn the_best_size_is_a_minimum() {
        let compute = 1e22;
        let best = TRUE.best_params().at(compute);
        let at = |params: f64| TRUE.loss(params, compute / 6.0 / params);
        assert!(at(best) < at(best * 1.05) && at(best) < at(best / 1.05));
    }

    #[test]
    fn what_cannot_be_fitted_is_told() {
        let error = |models: &[Trained]| chinchilla(models, Exponents::Free, &serial).unwrap_err().to_string();
        assert_eq!(error(&made()[..7]), "7 models, and the law needs at least 8");
        let same: Vec<Trained> = made().into_iter().map(|model| Trained { params: 1e8, ..model }).collect();
        assert!(error(&same).contains("the same parameters"));
        let mut bad = made();
        bad[3].loss = f64::NAN;
        assert!(error(&bad).contains("above 0"));
        let shortest = without_shortest(&made(), 7);
        assert_eq!(shortest.len(), 28);
        assert!(shortest.iter().all(|model| model.tokens > 10.0 * model.params));
    }
}
