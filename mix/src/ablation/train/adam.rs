//! AdamW with a limit for the gradient. candle's own neither limits it nor gives its moments away for a checkpoint.

use super::job::OptimiserPlan;
use super::model::Weight;
use super::ops::read;
use candle_core::{Device, Result, Tensor};

/// Keeps the square root of a mean of squares from 0.
const EPSILON: f32 = 1e-8;

/// What is remembered of earlier gradients.
pub(super) struct Adam {
    plan: OptimiserPlan,
    /// Steps that were made, those before a checkpoint included.
    pub(super) step: u64,
    /// The moments of every tensor of weights.
    pub(super) moments: Vec<Moments>,
}

/// Running means of a tensor's gradients.
pub(super) struct Moments {
    /// Of the gradients.
    pub(super) first: Vec<f32>,
    /// Of their squares.
    pub(super) second: Vec<f32>,
}

impl Adam {
    /// Without any gradient so far.
    pub(super) fn new(plan: OptimiserPlan, weights: &[Weight]) -> Adam {
        let zeros = |weight: &Weight| vec![0.0; weight.var.elem_count()];
        let moments = weights.iter().map(|weight| Moments { first: zeros(weight), second: zeros(weight) }).collect();
        Adam { plan, step: 0, moments }
    }

    /// Changes the weights. Returns the norm of all gradients together, before it was limited; nothing is changed when
    /// that is not a number.
    pub(super) fn step(&mut self, weights: &[Weight], gradients: &[Tensor], lr: f64) -> Result<f64> {
        let mut squares = 0.0;
        for gradient in gradients {
            squares += read(gradient, |gradient| Ok(sum_of_squares(gradient)))?;
        }
        let norm = squares.sqrt();
        if !norm.is_finite() {
            return Ok(norm);
        }
        self.step += 1;
        let clip = (self.plan.clip / norm).min(1.0) as f32;
        let correct = |beta: f64| 1.0 - beta.powf(self.step as f64);
        let (beta1, beta2) = (self.plan.beta1 as f32, self.plan.beta2 as f32);
        let rate = (lr / correct(self.plan.beta1)) as f32;
        let root = (1.0 / correct(self.plan.beta2)) as f32;
        for ((weight, gradient), moments) in weights.iter().zip(gradients).zip(&mut self.moments) {
            let keep = if weight.is_norm { 1.0 } else { (1.0 - lr * self.plan.weight_decay) as f32 };
            let (first, second) = (&mut moments.first, &mut moments.second);
            let changed = read(weight.var.as_tensor(), |old| {
                read(gradient, |gradient| {
                    let mut new = vec![0.0; old.len()];
                    let moments = first.iter_mut().zip(second.iter_mut());
                    for (((new, old), gradient), (first, second)) in new.iter_mut().zip(old).zip(gradient).zip(moments)
                    {
                        let gradient = gradient * clip;
                        *first = *first * beta1 + gradient * (1.0 - beta1);
                        *second = *second * beta2 + gradient * gradient * (1.0 - beta2);
                        *new = old * keep - rate * *first / ((*second * root).sqrt() + EPSILON);
                    }
                    Ok(new)
                })
            })?;
            weight.var.set(&Tensor::from_vec(changed, weight.var.shape(), &Device::Cpu)?)?;
        }
        Ok(norm)
    }
}

/// In double precision, and in a fixed order.
fn sum_of_squares(numbers: &[f32]) -> f64 {
    numbers.iter().map(|x| f64::from(*x) * f64::from(*x)).sum()
}
