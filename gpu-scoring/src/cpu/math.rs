//! Powers and the functions of feed-forward layers, on vectors.
//!
//! The polynomials were fitted for the purpose: weighted least squares with weights raised where the error is largest.

use crate::encoder::Activation;
use rten_simd::functional::simd_map;
use rten_simd::ops::{BitOps, FloatOps, IntOps, NumOps};
use rten_simd::{Isa, Simd};

/// 2^x = 1 + x P(x) from −0.5 to 0.5, with an error of 2e-9 of the power.
const POWER: [f32; 6] =
    [std::f32::consts::LN_2, 0.240_226_48, 0.055_503_324, 0.009_618_437, 0.001_339_887_5, 0.000_153_533_62];
/// log₂ of the share of a normal distribution below −x, from 0 to [`FARTHEST`]; the share is right to 2e-9 / x.
const SHARE: [f32; 10] = [
    -1.0,
    -1.151_105_3,
    -0.459_212,
    -0.052_467_51,
    0.006_987_599,
    -3.911_87e-5,
    -2.543_382_6e-4,
    6.543_528e-5,
    -7.954_593e-6,
    4.023_456e-7,
];
/// Less than 1e-9 of the distribution is farther out.
const FARTHEST: f32 = 6.0;

/// A polynomial, lowest coefficient first.
#[inline(always)]
fn polynomial<I: Isa, const N: usize>(isa: I, x: I::F32, coefficients: [f32; N]) -> I::F32 {
    let ops = isa.f32();
    let mut value = ops.splat(coefficients[N - 1]);
    for coefficient in coefficients[..N - 1].iter().rev() {
        value = ops.mul_add(value, x, ops.splat(*coefficient));
    }
    value
}

/// 2^x for x up to 0; of lower ones than −126 it is 2^−126.
#[inline(always)]
pub fn power_of_two<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let ops = isa.f32();
    let x = ops.max(x, ops.splat(-126.0));
    let whole = ops.round_ties_even(x);
    let rest = ops.sub(x, whole);
    let power = ops.mul_add(polynomial(isa, rest, POWER), rest, ops.one());
    // The exponent's bits are the integer itself: adding it there multiplies by the power of two.
    let exponent = isa.i32().shift_left::<23>(isa.i32().add(ops.to_int_trunc(whole), isa.i32().splat(127)));
    ops.mul(power, exponent.reinterpret_cast())
}

/// x Φ(x) = max(x, 0) − |x| Φ(−|x|): nothing cancels on either side.
#[inline(always)]
fn gelu<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let ops = isa.f32();
    let size = ops.min(ops.abs(x), ops.splat(FARTHEST));
    let share = power_of_two(isa, polynomial(isa, size, SHARE));
    ops.sub(ops.max(x, ops.zero()), ops.mul(size, share))
}

/// The same with Φ(−|x|) = e / (1 + e), e = exp(−2 √(2/π) (|x| + 0.044715 |x|³)).
#[inline(always)]
fn gelu_tanh<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    /// −2 √(2/π) log₂ e.
    const FACTOR: f32 = -2.302_208_2;
    let ops = isa.f32();
    let size = ops.min(ops.abs(x), ops.splat(100.0));
    let inner = ops.mul_add(ops.mul(size, size), ops.splat(0.044_715 * FACTOR), ops.splat(FACTOR));
    let power = power_of_two(isa, ops.mul(size, inner));
    let share = ops.div(power, ops.add(power, ops.one()));
    ops.sub(ops.max(x, ops.zero()), ops.mul(size, share))
}

/// Applies the function to all numbers of a row.
#[inline(always)]
pub fn activate<I: Isa>(isa: I, activation: Activation, row: &mut [f32]) {
    // Each arm has its loop, so that no branch is in one.
    match activation {
        Activation::Gelu => simd_map(
            isa.f32(),
            row,
            #[inline(always)]
            |x| gelu(isa, x),
        ),
        Activation::GeluTanh => simd_map(
            isa.f32(),
            row,
            #[inline(always)]
            |x| gelu_tanh(isa, x),
        ),
        Activation::Relu => simd_map(
            isa.f32(),
            row,
            #[inline(always)]
            |x| isa.f32().max(x, isa.f32().zero()),
        ),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::reference::{activation, on_each};
    use rten_simd::SimdOp;

    #[derive(Clone, Copy)]
    struct Functions;

    impl SimdOp for Functions {
        type Output = ();

        fn eval<I: Isa>(self, isa: I) {
            let inputs = (-120_000..=120_000).map(|at| at as f32 / 10_000.0);
            let inputs: Vec<f32> = inputs.chain([-1e30, -300.0, 300.0, 1e30]).collect();
            for kind in [Activation::Gelu, Activation::GeluTanh, Activation::Relu] {
                let mut found = inputs.clone();
                activate(isa, kind, &mut found);
                for (x, found) in inputs.iter().zip(found) {
                    let expected = activation(kind, f64::from(*x));
                    let allowed = 1.2e-7 * (1.0 + expected.abs());
                    assert!((f64::from(found) - expected).abs() < allowed, "{kind:?} of {x}: {found} for {expected}");
                }
            }
        }
    }

    #[derive(Clone, Copy)]
    struct Powers;

    impl SimdOp for Powers {
        type Output = ();

        fn eval<I: Isa>(self, isa: I) {
            let inputs = (0..=126_000).map(|at| -(at as f32) / 1000.0);
            for x in inputs.chain([-127.0, -1e9, f32::MIN]) {
                let found = power_of_two(isa, isa.f32().splat(x)).to_array()[0];
                let expected = f64::from(x).max(-126.0).exp2();
                assert!((f64::from(found) - expected).abs() < 2e-7 * expected, "{x}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn functions_are_right_to_the_last_digits() {
        on_each(Functions);
    }

    #[test]
    fn powers_are_right_and_do_not_overflow() {
        on_each(Powers);
    }
}
