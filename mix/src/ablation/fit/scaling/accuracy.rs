//! The accuracy of a large model on a task, from small ones.
//!
//! In two steps, as in Llama 3 (arXiv:2407.21783), section 3.2.1: the loss on the right answers as a function of compute, and the
//! accuracy as a sigmoid of that loss, for which models of any kind may serve. And directly, for comparison.

use super::super::error::FitError;
use super::super::jobs::Runner;
use super::chinchilla::{Chinchilla, Trained, chinchilla};
use super::curve::Sigmoid;
use super::loss::{Floor, floor};
use super::points::Exponents;
use serde::{Deserialize, Serialize};

/// Models without which a sigmoid is not fixed.
const LEAST: usize = 5;

/// How much tokens per parameter may differ for compute alone to say what the loss is.
const ONE_RATIO: f64 = 2.0;

/// A model that was evaluated on a task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluated {
    /// The model, with its loss on the right answers (or any loss that goes along with the task).
    pub model: Trained,
    /// Share of the tasks it solved; without one, the model serves the first step only.
    pub accuracy: Option<f64>,
}

/// The loss as the first step sees it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossLaw {
    /// Of compute, for models with about the same number of tokens per parameter.
    Compute(Floor),
    /// Of parameters and tokens.
    Size(Chinchilla),
}

/// From size to loss, and from loss to accuracy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwoStep {
    /// The first step.
    pub loss: LossLaw,
    /// The second step: accuracy as a function of the loss.
    pub accuracy: Sigmoid,
}

impl TwoStep {
    /// The loss of a model of so many parameters after so many tokens.
    pub fn loss(&self, params: f64, tokens: f64) -> f64 {
        match &self.loss {
            LossLaw::Compute(law) => law.at(6.0 * params * tokens),
            LossLaw::Size(law) => law.loss(params, tokens),
        }
    }

    /// Its accuracy.
    pub fn predict(&self, params: f64, tokens: f64) -> f64 {
        self.accuracy.at(self.loss(params, tokens))
    }
}

/// Fits both steps; `chance` is the accuracy of guessing.
///
/// Where the number of tokens per parameter differs by more than a factor of 2, the first step is a law of both, with one
/// exponent: on the runs of Gadre et al. (arXiv:2403.08540) that is nearer to the large ones.
///
/// # Errors
/// If there are too few models for a step, or an accuracy is not from 0 to 1.
pub fn two_step(models: &[Evaluated], chance: f64, runner: &Runner<'_>) -> Result<TwoStep, FitError> {
    let trained: Vec<Trained> = models.iter().map(|evaluated| evaluated.model).collect();
    let ratios = trained.iter().map(|model| model.tokens / model.params);
    let (least, most) = ratios.fold((f64::INFINITY, 0.0), |(a, b), ratio| (ratio.min(a), ratio.max(b)));
    let loss = if most <= ONE_RATIO * least {
        let compute: Vec<f64> = trained.iter().map(Trained::compute).collect();
        LossLaw::Compute(floor(&compute, &trained.iter().map(|model| model.loss).collect::<Vec<_>>())?)
    } else {
        LossLaw::Size(chinchilla(&trained, Exponents::Tied, runner)?)
    };
    let (x, y) = solved(models, chance, |model| model.loss)?;
    Ok(TwoStep { loss, accuracy: Sigmoid::fit(&x, &y, chance, false) })
}

/// The accuracy as a function of compute alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Direct {
    /// Accuracy as a function of the natural logarithm of compute in FLOP.
    pub accuracy: Sigmoid,
}

impl Direct {
    /// The accuracy at so much compute in FLOP.
    pub fn predict(&self, compute: f64) -> f64 {
        self.accuracy.at(compute.ln())
    }
}

/// Fits the accuracy to compute in one step; `chance` is the accuracy of guessing.
///
/// # Errors
/// If there are fewer than 5 evaluated models, or an accuracy is not from 0 to 1.
pub fn direct(models: &[Evaluated], chance: f64) -> Result<Direct, FitError> {
    let (x, y) = solved(models, chance, |model| model.compute().ln())?;
    Ok(Direct { accuracy: Sigmoid::fit(&x, &y, chance, true) })
}

/// The evaluated models, with what their accuracy is a function of.
fn solved(models: &[Evaluated], chance: f64, of: fn(&Trained) -> f64) -> Result<(Vec<f64>, Vec<f64>), FitError> {
    if !(0.0..1.0).contains(&chance) {
        return Err(FitError::Invalid(format!("the accuracy of guessing is from 0 to below 1, and not {chance}")));
    }
    let with = |evaluated: &Evaluated| evaluated.accuracy.map(|accuracy| (of(&evaluated.model), accuracy));
    let (x, y): (Vec<f64>, Vec<f64>) = models.iter().filter_map(with).unzip();
    if let Some(wrong) = y.iter().find(|accuracy| !(0.0..=1.0).contains(*accuracy)) {
        return Err(FitError::Invalid(format!("an accuracy is from 0 to 1, and not {wrong}")));
    }
    if x.len() < LEAST || x.iter().any(|x| !x.is_finite()) {
        let message = format!("{} evaluated models, and a sigmoid needs at least {LEAST}", x.len());
        return Err(FitError::TooFew(message));
    }
    Ok((x, y))
}

#[cfg(test)]
mod tests {
    use super::super::super::jobs::serial;
    use super::*;

    /// Small models with known laws, and whether all have 20 tokens per parameter.
    fn made(one_ratio: bool) -> (Vec<Evaluated>, impl Fn(f64, f64) -> (f64, f64)) {
        let law = |params: f64, tokens: f64| {
            let loss = 0.5 + 60.0 * params.powf(-0.25) + 90.0 * tokens.powf(-0.25);
            (loss, Sigmoid { low: 0.25, high: 0.95, slope: -4.0, middle: 1.3 }.at(loss))
        };
        let mut models = Vec::new();
        for i in 0..8 {
            let params = 2e7 * 2f64.powi(i);
            for ratio in if one_ratio { vec![20.0] } else { vec![10.0, 40.0, 160.0] } {
                let (loss, accuracy) = law(params, ratio * params);
                let model = Trained { params, tokens: ratio * params, loss };
                models.push(Evaluated { model, accuracy: (i > 1).then_some(accuracy) });
            }
        }
        (models, law)
    }

    #[test]
    fn larger_models_are_foretold() {
        for one_ratio in [true, false] {
            let (models, law) = made(one_ratio);
            let found = two_step(&models, 0.25, &serial).unwrap();
            assert_eq!(matches!(found.loss, LossLaw::Compute(_)), one_ratio);
            let (loss, accuracy) = law(4e10, 8e11);
            assert!((found.loss(4e10, 8e11) / loss - 1.0).abs() < 0.03, "{found:?}");
            assert!((found.predict(4e10, 8e11) - accuracy).abs() < 0.02, "{found:?} {accuracy}");
        }
    }

    #[test]
    fn the_direct_way_is_coarser() {
        let (models, law) = made(true);
        let found = direct(&models, 0.25).unwrap();
        let (_, accuracy) = law(1e10, 2e11);
        assert!((found.predict(6.0 * 1e10 * 2e11) - accuracy).abs() < 0.1, "{found:?} {accuracy}");
    }

    #[test]
    fn what_is_missing_is_told() {
        let (mut models, _) = made(true);
        assert!(direct(&models[..4], 0.25).unwrap_err().to_string().contains("2 evaluated models"));
        assert!(two_step(&models[..3], 0.25, &serial).is_err());
        assert!(direct(&models, 1.0).is_err());
        models[7].accuracy = Some(1.5);
        assert!(direct(&models, 0.25).unwrap_err().to_string().contains("not 1.5"));
    }
}
