//! Attention within each sequence of a packed batch: no padding, no masks.

use super::gemm::{Finish, Multiply, width_of};
use super::math::power_of_two;
use super::memory::Rows;
use super::panels::Panels;
use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, Simd, SimdOp};

/// Queries that are scored together; their scores of 512 keys take 64 KiB.
const QUERIES: usize = 32;

/// Room for the keys and values of one head, and for scores.
#[derive(Clone, Default)]
pub struct AttentionRoom {
    keys: Panels<f32>,
    values: Panels<f32>,
    scores: Rows<f32>,
}

/// The attention of all heads within one sequence.
pub struct Attend<'a> {
    /// Queries, keys and values of all tokens, side by side.
    pub qkv: &'a Rows<f32>,
    /// Where the sequence begins.
    pub begin: usize,
    /// Its tokens.
    pub n: usize,
    /// Attention heads.
    pub n_heads: usize,
    /// Numbers of a head.
    pub head_size: usize,
    /// Room.
    pub room: &'a mut AttentionRoom,
    /// A row of `n_heads * head_size` for each token.
    pub out: &'a mut Rows<f32>,
}

impl SimdOp for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let Attend { qkv, begin, n, n_heads, head_size, room, out } = self;
        let hidden = n_heads * head_size;
        let factor = 1.0 / (head_size as f32).sqrt();
        for head in 0..n_heads {
            let part =
                |row: usize, which: usize| &qkv.row(begin + row)[which * hidden + head * head_size..][..head_size];
            room.keys.reshape(head_size, n, width_of(isa), 1);
            room.keys.columns_from(|at| part(at, 1));
            room.values.reshape(n, head_size, width_of(isa), 1);
            room.values.rows_from(|at| part(at, 2));
            for first in (0..n).step_by(QUERIES) {
                let n_rows = QUERIES.min(n - first);
                room.scores.reshape(n_rows, n);
                let queries = &qkv.data()[(begin + first) * qkv.stride + head * head_size..];
                let out_stride = room.scores.stride;
                let (matrix, scores) = (&room.keys, room.scores.data_mut());
                let finish = Finish::Plain;
                Multiply { rows: queries, stride: qkv.stride, n_rows, matrix, out: scores, out_stride, finish }
                    .eval(isa);
                for row in 0..n_rows {
                    softmax(isa, room.scores.row_mut(row), factor);
                }
                let (rows, stride, matrix) = (room.scores.data(), room.scores.stride, &room.values);
                let out_stride = out.stride;
                let out = &mut out.data_mut()[(begin + first) * out_stride + head * head_size..];
                Multiply { rows, stride, n_rows, matrix, out, out_stride, finish }.eval(isa);
            }
        }
    }
}

/// `row * factor` to probabilities.
#[inline(always)]
fn softmax<I: Isa>(isa: I, row: &mut [f32], factor: f32) {
    let ops = isa.f32();
    let lanes = ops.len();
    let mut highest = ops.splat(f32::MIN);
    for x in row.chunks(lanes) {
        let (x, mask) = ops.load_pad(x);
        highest = ops.max(highest, ops.select(x, highest, mask));
    }
    let highest = highest.to_array().into_iter().fold(f32::MIN, f32::max);
    let (factor, highest) = (ops.splat(factor * std::f32::consts::LOG2_E), ops.splat(highest));
    let mut sum = ops.zero();
    for part in row.chunks_mut(lanes) {
        let (x, mask) = ops.load_pad(part);
        let power = power_of_two(isa, ops.mul(ops.sub(x, highest), factor));
        sum = ops.add(sum, ops.select(power, ops.zero(), mask));
        // Safety: the mask has as many lanes as `part` has numbers.
        unsafe { ops.store_ptr_mask(power, part.as_mut_ptr(), mask) };
    }
    let share = ops.splat(1.0 / ops.sum(sum));
    for part in row.chunks_mut(lanes) {
        let (x, mask) = ops.load_pad(part);
        // Safety: as above.
        unsafe { ops.store_ptr_mask(ops.mul(x, share), part.as_mut_ptr(), mask) };
    }
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
            let (n, n_heads, head_size, begin) = (self.0, 2, 5, 3);
            let hidden = n_heads * head_size;
            let (mut qkv, mut out) = (Rows::default(), Rows::default());
            qkv.reshape(begin + n, 3 * hidden);
            out.reshape(begin + n, hidden);
            for row in 0..begin + n {
                // Large numbers, so that the scores of some keys are far from those of others.
                qkv.row_mut(row).iter_mut().zip(numbers(row as u64, 3 * hidden)).for_each(|(out, x)| *out = 6.0 * x);
                out.row_mut(row).fill(7.0);
            }
            let mut room = AttentionRoom::default();
            Attend { qkv: &qkv, begin, n, n_heads, head_size, room: &mut room, out: &mut out }.eval(isa);
            assert!((0..begin).all(|row| out.row(row).iter().all(|x| *x == 7.0)), "rows of another sequence");
            for row in begin..begin + n {
                for place in 0..hidden {
                    let head = place / head_size * head_size;
                    let dot = |key: usize| -> f64 {
                        let parts = qkv.row(row)[head..][..head_size].iter().zip(&qkv.row(key)[hidden + head..]);
                        parts.map(|(q, k)| f64::from(*q) * f64::from(*k)).sum()
                    };
                    let powers: Vec<f64> =
                        (begin..begin + n).map(|key| (dot(key) / (head_size as f64).sqrt()).exp()).collect();
                    let value = |at: usize| f64::from(qkv.row(begin + at)[2 * hidden + place]);
                    let sum: f64 = powers.iter().enumerate().map(|(at, power)| power * value(at)).sum();
                    let expected = sum / powers.iter().sum::<f64>();
                    assert!((f64::from(out.row(row)[place]) - expected).abs() < 2e-5, "{n} {row} {place}");
                }
            }
        }
    }

    #[test]
    fn attention_is_right_at_all_lengths() {
        for n in [0, 1, 2, 31, 33, 100] {
            on_each(Case(n));
        }
    }
}
