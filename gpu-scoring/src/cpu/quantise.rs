//! Rows of activations as bytes: each row has a scale of its own, found when it is there ("dynamic quantisation").

use super::memory::Rows;
use rten_simd::ops::{BitOps, FloatOps, NarrowSaturate, NumOps};
use rten_simd::{Isa, Simd, SimdOp};

/// What a row's bytes mean: number = (byte − zero) × scale.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scale {
    /// One step.
    pub step: f32,
    /// The byte of 0, exactly.
    pub zero: i32,
}

/// Rows as bytes.
#[derive(Clone, Default)]
pub struct Quantised {
    /// The bytes; rows are filled up with zeros to a multiple of four.
    pub bytes: Rows<u8>,
    /// What they mean.
    pub scales: Vec<Scale>,
}

/// Turns rows into bytes.
pub struct Quantise<'a> {
    /// The rows.
    pub rows: &'a Rows<f32>,
    /// How many of them.
    pub n_rows: usize,
    /// Where the bytes go.
    pub out: &'a mut Quantised,
}

impl SimdOp for Quantise<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let n = self.rows.n_columns;
        self.out.bytes.reshape(self.n_rows, n.next_multiple_of(4));
        self.out.scales.clear();
        for at in 0..self.n_rows {
            let (row, bytes) = (self.rows.row(at), self.out.bytes.row_mut(at));
            let scale = scale_of(range(isa, row));
            bytes[n..].fill(0);
            quantise(isa, row, scale, &mut bytes[..n]);
            self.out.scales.push(scale);
        }
    }
}

/// The lowest and highest number of a row, and 0.
#[inline(always)]
fn range<I: Isa>(isa: I, row: &[f32]) -> (f32, f32) {
    let ops = isa.f32();
    let (mut low, mut high) = ([ops.zero(); 2], [ops.zero(); 2]);
    for pair in row.chunks(2 * ops.len()) {
        for (at, x) in pair.chunks(ops.len()).enumerate() {
            let x = ops.load_pad(x).0;
            low[at] = ops.min(low[at], x);
            high[at] = ops.max(high[at], x);
        }
    }
    let low = ops.min(low[0], low[1]).to_array();
    let high = ops.max(high[0], high[1]).to_array();
    (low.into_iter().fold(0.0, f32::min), high.into_iter().fold(0.0, f32::max))
}

fn scale_of((low, high): (f32, f32)) -> Scale {
    let step = (high - low) / 255.0;
    // A row of zeros, or of numbers so small that a step would be none, is all zeros.
    if step < f32::MIN_POSITIVE {
        return Scale { step: 0.0, zero: 0 };
    }
    Scale { step, zero: (-low / step).round_ties_even() as i32 }
}

#[inline(always)]
fn quantise<I: Isa>(isa: I, row: &[f32], scale: Scale, bytes: &mut [u8]) {
    let ops = isa.f32();
    let lanes = ops.len();
    let factor = ops.splat(if scale.step == 0.0 { 0.0 } else { 1.0 / scale.step });
    let zero = isa.i32().splat(scale.zero);
    let mut blocks = row.chunks_exact(4 * lanes);
    let mut outs = bytes.chunks_exact_mut(4 * lanes);
    for (row, out) in (&mut blocks).zip(&mut outs) {
        let parts: [I::I32; 4] = std::array::from_fn(
            #[inline(always)]
            |at| integers(isa, &row[at * lanes..][..lanes], factor, zero),
        );
        let low = isa.i32().narrow_saturate(parts[0], parts[1]);
        let high = isa.i32().narrow_saturate(parts[2], parts[3]);
        isa.u8().store(isa.i16().narrow_saturate(low, high), out);
    }
    for (row, out) in blocks.remainder().chunks(lanes).zip(outs.into_remainder().chunks_mut(lanes)) {
        for (byte, value) in out.iter_mut().zip(integers(isa, row, factor, zero).to_array()) {
            *byte = value.clamp(0, 255) as u8;
        }
    }
}

#[inline(always)]
fn integers<I: Isa>(isa: I, row: &[f32], factor: I::F32, zero: I::I32) -> I::I32 {
    let ops = isa.f32();
    isa.i32().add(ops.to_int_round(ops.mul(ops.load_pad(row).0, factor)), zero)
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
            let mut rows = Rows::default();
            rows.reshape(3, n);
            rows.row_mut(0).copy_from_slice(&numbers(7, n));
            // Behind a GELU nearly all is positive; a row may also be zeros.
            rows.row_mut(1).iter_mut().zip(numbers(8, n)).for_each(|(out, x)| *out = x.abs() * 9.0 - 0.1);
            rows.row_mut(2).fill(0.0);
            let mut out = Quantised::default();
            Quantise { rows: &rows, n_rows: 3, out: &mut out }.eval(isa);
            for at in 0..3 {
                let Scale { step, zero } = out.scales[at];
                assert!((0..=255).contains(&zero));
                for (byte, x) in out.bytes.row(at).iter().zip(rows.row(at)) {
                    let back = (i32::from(*byte) - zero) as f32 * step;
                    // The zero is rounded to a byte, too: the ends may be off by a step.
                    assert!((back - x).abs() <= step * 1.001, "{n} {at}: {back} for {x}");
                }
            }
            assert!(out.bytes.row(2).iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn bytes_are_within_a_step_and_zero_is_exact() {
        for n in [1, 15, 64, 100, 257, 768] {
            on_each(Case(n));
        }
    }
}
