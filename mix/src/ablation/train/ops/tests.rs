//! The gradients of the operations, against differences of what they give.

use super::super::random::Random;
use super::*;
use candle_core::Var;
use std::sync::Arc;

type Outcome<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

fn random(purpose: &str, shape: &[usize]) -> Result<Var> {
    let numbers = Random::new(5, purpose).normal(shape.iter().product(), 1.0);
    Var::from_vec(numbers, shape, &Device::Cpu)
}

/// Compares the gradient of a weighted sum of the result with differences, for every number of `var`.
fn check(var: &Var, pass: impl Fn() -> Result<Tensor>) -> Outcome {
    let out = pass()?;
    let weights = random("weights of the sum", out.dims())?;
    let sum = |out: Tensor| (out * weights.as_tensor())?.sum_all();
    let grads = sum(out)?.backward()?;
    let grad = grads.get(var.as_tensor()).ok_or("no gradient")?.flatten_all()?.to_vec1::<f32>()?;
    let start = var.flatten_all()?.to_vec1::<f32>()?;
    for (number, grad) in grad.iter().enumerate() {
        let value = |shift: f32| -> Outcome<f32> {
            let mut numbers = start.clone();
            numbers[number] += shift;
            var.set(&Tensor::from_vec(numbers, var.shape(), &Device::Cpu)?)?;
            Ok(sum(pass()?)?.to_scalar()?)
        };
        let found = (value(1e-2)? - value(-1e-2)?) / 2e-2;
        assert!((found - grad).abs() < 2e-2 * (1.0 + grad.abs()), "{number}: {found} is not {grad}");
    }
    var.set(&Tensor::from_vec(start, var.shape(), &Device::Cpu)?)?;
    Ok(())
}

#[test]
fn the_norm_has_its_gradient() -> Outcome {
    let (rows, weights) = (random("rows", &[3, 20])?, random("weights", &[20])?);
    let pass = || rows.apply_op2(&weights, RmsNorm);
    check(&rows, pass)?;
    check(&weights, pass)
}

#[test]
fn the_gate_has_its_gradient() -> Outcome {
    let rows = random("rows", &[3, 12])?;
    check(&rows, || rows.apply_op1(SwiGlu))
}

#[test]
fn attention_has_its_gradient() -> Outcome {
    let rotary = Arc::new(Rotary::new(5, 4));
    let rows = random("rows", &[10, 24])?;
    check(&rows, || rows.apply_op1(Attention::new(5, 2, rotary.clone())))
}

#[test]
fn attention_does_not_see_the_future_or_other_sequences() -> Outcome {
    let rotary = Arc::new(Rotary::new(4, 4));
    let pass = |rows: &Tensor| -> Outcome<Vec<Vec<f32>>> {
        Ok(rows.apply_op1(Attention::new(4, 1, rotary.clone()))?.to_vec2()?)
    };
    let rows = random("rows", &[8, 12])?;
    let before = pass(&rows)?;
    let mut numbers = rows.flatten_all()?.to_vec1::<f32>()?;
    numbers[2 * 12..3 * 12].fill(3.0);
    let after = pass(&tensor(numbers, (8, 12))?)?;
    let changed: Vec<usize> = (0..8).filter(|row| before[*row] != after[*row]).collect();
    assert_eq!(changed, [2, 3]);
    Ok(())
}

#[test]
fn the_head_has_its_gradients_over_several_parts() -> Outcome {
    // More rows than fit one part.
    let (n, vocab) = (5, head::SCORES / 2);
    let (hidden, head) = (random("hidden", &[n, 2])?, random("head", &[vocab, 2])?);
    let targets: Vec<u32> = (0..n as u32).collect();
    let loss = head_loss(&hidden, &head, &targets, true)?;
    let (d_hidden, d_head) = loss.gradients.ok_or("no gradients")?;
    // The same by candle's own operations.
    let scores = hidden.matmul(&head.t()?)?;
    let max = scores.max_keepdim(1)?.detach();
    let logsum = (scores.broadcast_sub(&max)?.exp()?.sum_keepdim(1)?.log()? + max)?;
    let ids = Tensor::from_vec(targets, (n, 1), &Device::Cpu)?;
    let wanted = (logsum - scores.gather(&ids, 1)?)?.mean_all()?;
    let grads = wanted.backward()?;
    assert!((loss.sum / n as f64 - f64::from(wanted.to_scalar::<f32>()?)).abs() < 1e-4);
    for (found, var) in [(d_hidden, &hidden), (d_head, &head)] {
        let wanted = grads.get(var.as_tensor()).ok_or("no gradient")?;
        assert!((found - wanted)?.abs()?.max_all()?.to_scalar::<f32>()? < 1e-5);
    }
    Ok(())
}

#[test]
fn the_exponential_is_close_and_keeps_what_is_not_a_number() {
    for step in -8600..=8700 {
        let x = step as f32 / 100.0;
        let (found, wanted) = (f64::from(lanes::exp_of(x)), f64::from(x).exp());
        assert!((found / wanted - 1.0).abs() < 3e-7, "{x}: {found} is not {wanted}");
    }
    assert!(lanes::exp_of(f32::NAN).is_nan());
    assert!(lanes::exp_of(f32::NEG_INFINITY) < 1e-37);
}
