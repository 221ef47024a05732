//! A form that was fitted to one target.

use super::super::least::MAD;
use super::super::rank::median;
use super::{Design, Exponential, Form, Linear, Power, Trees};
use serde::{Deserialize, Serialize};

/// How far off the smooth part a run may be, in robust standard deviations, before trees see it as if it were no further.
const CLIP: f64 = 3.0;

/// What was fitted, for losses with a mean of 0 and a variance of 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// See [`Form::Linear`].
    Linear(Linear),
    /// See [`Form::Exponential`].
    Exponential(Exponential),
    /// See [`Form::Power`] and [`Form::PowerOwn`].
    Power(Power),
    /// See [`Form::Trees`].
    Trees(Trees),
    /// See [`Form::PowerTrees`].
    PowerTrees(Power, Trees),
}

/// The loss of one target as a function of the mix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Mean of the losses that were fitted.
    pub center: f64,
    /// Their standard deviation.
    pub scale: f64,
    /// Their form.
    pub surface: Surface,
}

/// What a model is fitted to: the losses of one target in some runs.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    /// The mixes.
    pub design: &'a Design,
    /// The losses.
    pub losses: &'a [f64],
    /// How often each run counts; 1 is once.
    pub weights: &'a [f64],
    /// Seed of all that is random.
    pub seed: u64,
}

impl Data<'_> {
    /// Mean and standard deviation, and the losses with them taken out.
    fn standard(&self) -> (f64, f64, Vec<f64>) {
        let total: f64 = self.weights.iter().sum();
        let mean = |f: &dyn Fn(f64) -> f64| {
            self.losses.iter().zip(self.weights).map(|(loss, weight)| weight * f(*loss)).sum::<f64>() / total
        };
        let center = mean(&|loss| loss);
        let scale = mean(&|loss| (loss - center).powi(2)).sqrt();
        // Losses that do not vary are fitted by their mean.
        let scale = if scale > 1e-12 * center.abs().max(1e-12) { scale } else { 1.0 };
        (center, scale, self.losses.iter().map(|loss| (loss - center) / scale).collect())
    }

    fn mixes(&self) -> Vec<Vec<f64>> {
        (0..self.design.len()).map(|row| self.design.dense(row)).collect()
    }

    /// Fits a form. A model of the same form that was fitted to almost the same runs is a start from which it is fast.
    pub fn fit(&self, form: Form, warm: Option<&Model>) -> Model {
        let (center, scale, values) = self.standard();
        let (design, weights) = (self.design, self.weights);
        let surface = match (form, warm.map(|model| &model.surface)) {
            (Form::Linear, _) => Surface::Linear(Linear::fit(design, &values, weights)),
            (Form::Exponential, warm) => {
                let warm = if let Some(Surface::Exponential(warm)) = warm { Some(warm) } else { None };
                Surface::Exponential(Exponential::fit(design, &values, weights, warm))
            }
            (Form::Power | Form::PowerOwn, warm) => {
                let warm = if let Some(Surface::Power(warm)) = warm { Some(warm) } else { None };
                Surface::Power(Power::fit(design, &values, weights, form == Form::PowerOwn, warm))
            }
            (Form::Trees, warm) => {
                let rounds = if let Some(Surface::Trees(warm)) = warm { Some(warm.len()) } else { None };
                Surface::Trees(Trees::fit(&self.mixes(), &values, weights, rounds, self.seed))
            }
            (Form::PowerTrees, warm) => {
                let warm = if let Some(Surface::PowerTrees(power, trees)) = warm { Some((power, trees)) } else { None };
                let power = Power::fit(design, &values, weights, true, warm.map(|(power, _)| power));
                self.boost(&values, power, warm.map(|(_, trees)| trees.len()))
            }
        };
        Model { center, scale, surface }
    }

    /// Adds trees to a power form of the same data, which saves fitting that again.
    pub fn add_trees(&self, power: &Model) -> Option<Model> {
        let Surface::Power(smooth) = &power.surface else { return None };
        let (center, scale, values) = self.standard();
        Some(Model { center, scale, surface: self.boost(&values, smooth.clone(), None) })
    }

    fn boost(&self, values: &[f64], power: Power, rounds: Option<usize>) -> Surface {
        let mixes = self.mixes();
        let mut left: Vec<f64> = mixes.iter().zip(values).map(|(mix, value)| value - power.value(mix)).collect();
        let sizes: Vec<f64> = left.iter().map(|left| left.abs()).collect();
        let limit = CLIP * MAD * median(&sizes);
        left.iter_mut().for_each(|left| *left = left.clamp(-limit, limit));
        Surface::PowerTrees(power, Trees::fit(&mixes, &left, self.weights, rounds, self.seed))
    }
}

impl Model {
    /// The loss of a mix, in the unit of the losses that were fitted.
    pub fn value(&self, mix: &[f64]) -> f64 {
        let value = match &self.surface {
            Surface::Linear(linear) => linear.value(mix),
            Surface::Exponential(exponential) => exponential.value(mix),
            Surface::Power(power) => power.value(mix),
            Surface::Trees(trees) => trees.value(mix),
            Surface::PowerTrees(power, trees) => power.value(mix) + trees.value(mix),
        };
        self.center + self.scale * value
    }

    /// Adds `factor` times the derivatives by the shares; trees are flat and have none.
    pub fn add_slopes(&self, mix: &[f64], factor: f64, slopes: &mut [f64]) {
        let factor = factor * self.scale;
        match &self.surface {
            Surface::Linear(linear) => {
                slopes.iter_mut().zip(&linear.slopes).for_each(|(slope, own)| *slope += factor * own);
            }
            Surface::Exponential(exponential) => exponential.add_slopes(mix, factor, slopes),
            Surface::Power(power) | Surface::PowerTrees(power, _) => power.add_slopes(mix, factor, slopes),
            Surface::Trees(_) => {}
        }
    }

    /// Whether this is a model of so many groups, and nothing that was damaged on the way.
    pub fn fits(&self, groups: usize) -> bool {
        let surface = match &self.surface {
            Surface::Linear(linear) => linear.slopes.len() == groups,
            Surface::Exponential(exponential) => exponential.rates.len() == groups,
            Surface::Power(power) => power.fits(groups),
            Surface::Trees(trees) => trees.fits(groups),
            Surface::PowerTrees(power, trees) => power.fits(groups) && trees.fits(groups),
        };
        surface && self.center.is_finite() && self.scale.is_finite()
    }
}
