//! Layer normalisation of rows, and the sum of embeddings before the first.

use super::memory::Rows;
use crate::encoder::Norm;
use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp};

/// Normalises each row: mean 0, variance 1, then gain and bias.
pub struct Normalise<'a> {
    /// The rows.
    pub rows: &'a mut Rows<f32>,
    /// How many of them.
    pub n_rows: usize,
    /// Gain and bias.
    pub norm: &'a Norm,
    /// Added to the variance.
    pub epsilon: f32,
}

impl SimdOp for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        for at in 0..self.n_rows {
            normalise(isa, self.rows.row_mut(at), self.norm, self.epsilon);
        }
    }
}

/// The variance is summed from differences to the mean, in a second pass: nothing cancels.
#[inline(always)]
fn normalise<I: Isa>(isa: I, row: &mut [f32], norm: &Norm, epsilon: f32) {
    let ops = isa.f32();
    let n = row.len() as f32;
    let mean = sum(
        isa,
        row,
        #[inline(always)]
        |x| x,
    ) / n;
    let vector = ops.splat(mean);
    let variance = sum(
        isa,
        row,
        #[inline(always)]
        |x| {
            let difference = ops.sub(x, vector);
            ops.mul(difference, difference)
        },
    ) / n;
    let factor = ops.splat(1.0 / (variance + epsilon).sqrt());
    let lanes = ops.len();
    let parts = row.chunks_mut(lanes).zip(norm.gain.chunks(lanes)).zip(norm.bias.chunks(lanes));
    for ((row, gain), bias) in parts {
        let (x, mask) = ops.load_pad(row);
        let normal = ops.mul(ops.sub(x, vector), factor);
        let y = ops.mul_add(normal, ops.load_pad(gain).0, ops.load_pad(bias).0);
        // Safety: the mask has as many lanes as `row` has numbers.
        unsafe { ops.store_ptr_mask(y, row.as_mut_ptr(), mask) };
    }
}

/// The sum of a function of a row's numbers, in four chains of vectors.
#[inline(always)]
fn sum<I: Isa>(isa: I, row: &[f32], each: impl Fn(I::F32) -> I::F32) -> f32 {
    let ops = isa.f32();
    let lanes = ops.len();
    let mut sums = [ops.zero(); 4];
    let mut blocks = row.chunks_exact(4 * lanes);
    for block in &mut blocks {
        for (sum, x) in sums.iter_mut().zip(block.chunks_exact(lanes)) {
            *sum = ops.add(*sum, each(ops.load(x)));
        }
    }
    for x in blocks.remainder().chunks(lanes) {
        let (x, mask) = ops.load_pad(x);
        sums[0] = ops.add(sums[0], ops.select(each(x), ops.zero(), mask));
    }
    ops.sum(ops.add(ops.add(sums[0], sums[1]), ops.add(sums[2], sums[3])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::reference::{numbers, on_each};

    #[derive(Clone, Copy)]
    struct Case(usize);

    impl SimdOp for Case {
        type Output = ();

        fn eval<I: Isa>(self, isa: I) {
            let n = self.0;
            let norm = Norm { gain: numbers(1, n), bias: numbers(2, n) };
            let mut rows = Rows::default();
            rows.reshape(2, n);
            // A mean a hundred times the deviation: sums of squares would lose the variance.
            rows.row_mut(0).iter_mut().zip(numbers(3, n)).for_each(|(out, x)| *out = 100.0 + x);
            rows.row_mut(1).fill(-3.0);
            let before = rows.row(0).to_vec();
            Normalise { rows: &mut rows, n_rows: 2, norm: &norm, epsilon: 1e-5 }.eval(isa);
            let mean = before.iter().map(|x| f64::from(*x)).sum::<f64>() / n as f64;
            let variance = before.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / n as f64;
            for (at, before) in before.iter().enumerate() {
                let normal = (f64::from(*before) - mean) / (variance + 1e-5).sqrt();
                let expected = normal * f64::from(norm.gain[at]) + f64::from(norm.bias[at]);
                assert!((f64::from(rows.row(0)[at]) - expected).abs() < 1e-4, "{n} {at}");
                assert!((rows.row(1)[at] - norm.bias[at]).abs() < 1e-3, "a row without deviation");
            }
        }
    }

    #[test]
    fn rows_are_normal_at_all_lengths() {
        for n in [2, 7, 16, 63, 64, 100, 768] {
            on_each(Case(n));
        }
    }
}
