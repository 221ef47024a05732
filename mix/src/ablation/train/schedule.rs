//! The learning rate of every step.

use super::job::{Decay, OptimiserPlan};

/// The learning rate of `step`, which counts from 1, out of `steps`. The last step has the final rate.
pub(super) fn learning_rate(plan: &OptimiserPlan, step: u64, steps: u64) -> f64 {
    let warmup = (plan.warmup * steps as f64).round() as u64;
    if step <= warmup {
        return plan.lr * step as f64 / warmup as f64;
    }
    let done = (step - warmup) as f64 / (steps - warmup) as f64;
    let left = match plan.decay {
        Decay::Cosine => (1.0 + (std::f64::consts::PI * done).cos()) / 2.0,
        Decay::Linear => 1.0 - done,
        Decay::Constant => return plan.lr,
    };
    plan.lr * (plan.final_lr + (1.0 - plan.final_lr) * left)
}
