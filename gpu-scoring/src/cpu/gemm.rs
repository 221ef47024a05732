//! Rows of activations times a matrix in panels, in float32, on one thread.
//!
//! A tile of a few rows and three vectors of columns is summed in registers, input after input. The order of a sum
//! depends on the width of the matrix alone, so a row's result does not depend on the rows beside it.

use super::math::activate;
use super::panels::Panels;
use crate::encoder::Activation;
use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp};

/// Vectors of columns in a tile.
const VECTORS: usize = 3;
/// Inputs that are summed before the tile goes to memory, so that a block of panels stays in the second cache.
const DEPTH: usize = 384;
/// Numbers of a block of panels: 512 KiB.
const BLOCK: usize = 128 * 1024;

/// What is done with the result of a product.
#[derive(Clone, Copy)]
pub enum Finish<'a> {
    /// It is written as it is.
    Plain,
    /// A bias is added.
    Bias(&'a [f32]),
    /// A bias is added, and a function applied.
    Activate(&'a [f32], Activation),
    /// It is added, with a bias, to what is there.
    Residual(&'a [f32]),
}

impl<'a> Finish<'a> {
    /// The bias, if there is one.
    pub fn bias(&self) -> Option<&'a [f32]> {
        match self {
            Finish::Plain => None,
            Finish::Bias(bias) | Finish::Activate(bias, _) | Finish::Residual(bias) => Some(bias),
        }
    }
}

/// Columns of a panel on this machine.
pub fn width() -> usize {
    struct Width;
    impl SimdOp for Width {
        type Output = usize;
        #[inline(always)]
        fn eval<I: Isa>(self, isa: I) -> usize {
            width_of(isa)
        }
    }
    Width.dispatch()
}

/// Columns of a panel with these instructions.
#[inline(always)]
pub fn width_of<I: Isa>(isa: I) -> usize {
    VECTORS * isa.f32().len()
}

/// A product.
pub struct Multiply<'a> {
    /// Rows of `matrix.n_in` numbers.
    pub rows: &'a [f32],
    /// From row to row.
    pub stride: usize,
    /// How many.
    pub n_rows: usize,
    /// Its panels are [`width`] wide, in groups of one.
    pub matrix: &'a Panels<f32>,
    /// Where the result goes: rows of `matrix.n_out` numbers.
    pub out: &'a mut [f32],
    /// From row to row.
    pub out_stride: usize,
    /// What is done with the result.
    pub finish: Finish<'a>,
}

impl SimdOp for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        // As many accumulators as the instruction set has registers for: 24 of 32, or 12 of 16.
        if cfg!(target_arch = "aarch64") || isa.f32().len() == 16 {
            self.run::<I, 8>(isa);
        } else {
            self.run::<I, 4>(isa);
        }
    }
}

impl Multiply<'_> {
    #[inline(always)]
    fn run<I: Isa, const ROWS: usize>(self, isa: I) {
        let Multiply { rows, stride, n_rows, matrix, out, out_stride, finish } = self;
        let (n_in, n_out, width) = (matrix.n_in, matrix.n_out, matrix.width);
        if n_rows == 0 || n_out == 0 {
            return;
        }
        assert_eq!((width, matrix.group), (width_of(isa), 1), "panels of another kernel");
        assert!(stride >= n_in && (n_rows - 1) * stride + n_in <= rows.len(), "rows outside their buffer");
        assert!(out_stride >= n_out && (n_rows - 1) * out_stride + n_out <= out.len(), "results outside their buffer");
        assert!(finish.bias().is_none_or(|bias| bias.len() == n_out), "a bias of another length");
        let n_parts = n_in.div_ceil(DEPTH).max(1);
        let depth = n_in.div_ceil(n_parts);
        let panels_per_block = (BLOCK / (depth * width).max(1)).max(1);
        for first in (0..matrix.n_panels()).step_by(panels_per_block) {
            let panels = first..(first + panels_per_block).min(matrix.n_panels());
            for part in 0..n_parts {
                let begin = part * depth;
                let depth = depth.min(n_in - begin);
                let (is_first, is_last) = (part == 0, part + 1 == n_parts);
                let adds = !is_first || matches!(finish, Finish::Residual(_));
                for row in (0..n_rows).step_by(ROWS) {
                    let used = ROWS.min(n_rows - row);
                    // Rows that are missing repeat the last; what comes of them is not stored.
                    let at: [*const f32; ROWS] =
                        std::array::from_fn(|place| rows[(row + place.min(used - 1)) * stride + begin..].as_ptr());
                    for panel in panels.clone() {
                        let weights = matrix.panel(panel)[begin * width..][..depth * width].as_ptr();
                        let column = panel * width;
                        let n_columns = width.min(n_out - column);
                        let bias = finish.bias().filter(|_| is_last).map(|bias| bias[column..].as_ptr());
                        let out = &mut out[row * out_stride + column..];
                        let tile =
                            Tile { rows: &at, weights, depth, stride: out_stride, used: (used, n_columns), bias, adds };
                        // Safety: each pointer of `at` has `depth` numbers, and `weights` as many times three vectors;
                        // `used` rows of `n_columns` are inside `out`, and as many columns inside the bias.
                        unsafe {
                            match n_columns.div_ceil(isa.f32().len()) {
                                1 => tile.run::<I, 1>(isa, out.as_mut_ptr()),
                                2 => tile.run::<I, 2>(isa, out.as_mut_ptr()),
                                _ => tile.run::<I, VECTORS>(isa, out.as_mut_ptr()),
                            }
                        }
                        if let Finish::Activate(_, activation) = finish
                            && is_last
                        {
                            for out in out.chunks_mut(out_stride).take(used) {
                                activate(isa, activation, &mut out[..n_columns]);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A tile of the result.
struct Tile<'a, const ROWS: usize> {
    rows: &'a [*const f32; ROWS],
    weights: *const f32,
    depth: usize,
    stride: usize,
    used: (usize, usize),
    bias: Option<*const f32>,
    adds: bool,
}

impl<const ROWS: usize> Tile<'_, ROWS> {
    /// Sums the first `N` vectors of the tile and writes the rows and columns that are used.
    ///
    /// # Safety
    /// `depth` numbers follow each of `rows`, and `depth` times [`VECTORS`] vectors follow `weights`. The rows and columns
    /// that are used are inside what `out` points to, and the columns inside what `bias` points to.
    #[inline(always)]
    unsafe fn run<I: Isa, const N: usize>(&self, isa: I, out: *mut f32) {
        let (ops, lanes) = (isa.f32(), isa.f32().len());
        // Safety: the caller's.
        let sums = unsafe { self.sum::<I, N>(isa) };
        for vector in 0..N {
            let n = self.used.1.saturating_sub(vector * lanes).min(lanes);
            let mask = ops.first_n_mask(n);
            let bias = self.bias.map_or(
                ops.zero(),
                #[inline(always)]
                // Safety: the caller's; the mask holds back what is behind the last column.
                |bias| unsafe { ops.load_ptr_mask(bias.wrapping_add(vector * lanes), mask) },
            );
            for (row, sums) in sums.iter().enumerate() {
                if row < self.used.0 {
                    let out = out.wrapping_add(row * self.stride + vector * lanes);
                    let mut value = ops.add(sums[vector], bias);
                    // Safety: as above.
                    unsafe {
                        if n == lanes {
                            if self.adds {
                                value = ops.add(value, ops.load_ptr(out));
                            }
                            ops.store_ptr(value, out);
                        } else {
                            if self.adds {
                                value = ops.add(value, ops.load_ptr_mask(out, mask));
                            }
                            ops.store_ptr_mask(value, out, mask);
                        }
                    }
                }
            }
        }
    }

    /// # Safety
    /// As of `run`, but for `out` and `bias`.
    #[inline(always)]
    unsafe fn sum<I: Isa, const N: usize>(&self, isa: I) -> [[I::F32; N]; ROWS] {
        let (ops, lanes) = (isa.f32(), isa.f32().len());
        let mut sums = [[ops.zero(); N]; ROWS];
        for at in 0..self.depth {
            let weights: [I::F32; N] = std::array::from_fn(
                #[inline(always)]
                // Safety: the caller's.
                |vector| unsafe { ops.load_ptr(self.weights.add((at * VECTORS + vector) * lanes)) },
            );
            for (row, sums) in self.rows.iter().zip(&mut sums) {
                // Safety: the caller's.
                let value = ops.splat(unsafe { *row.add(at) });
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum = ops.mul_add(value, weights, *sum);
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::reference::{activation, numbers, on_each};

    #[derive(Clone, Copy)]
    struct Case(usize, usize, usize);

    impl SimdOp for Case {
        type Output = ();

        fn eval<I: Isa>(self, isa: I) {
            let Case(n_rows, n_in, n_out) = self;
            let weight = numbers(1, n_in * n_out);
            let bias = numbers(2, n_out);
            let stride = n_in + 3;
            let rows = numbers(3, n_rows * stride);
            let before = numbers(4, n_rows * n_out);
            let mut matrix = Panels::default();
            matrix.reshape(n_in, n_out, width_of(isa), 1);
            matrix.columns_from(|at| &weight[at * n_in..][..n_in]);
            let finishes = [
                Finish::Plain,
                Finish::Bias(&bias),
                Finish::Residual(&bias),
                Finish::Activate(&bias, Activation::Gelu),
                Finish::Activate(&bias, Activation::GeluTanh),
                Finish::Activate(&bias, Activation::Relu),
            ];
            for (at, finish) in finishes.into_iter().enumerate() {
                let mut out = before.clone();
                let product =
                    Multiply { rows: &rows, stride, n_rows, matrix: &matrix, out: &mut out, out_stride: n_out, finish };
                product.eval(isa);
                for place in 0..n_rows * n_out {
                    let (row, column) = (place / n_out, place % n_out);
                    let product =
                        |at: usize| f64::from(rows[row * stride + at]) * f64::from(weight[column * n_in + at]);
                    let mut expected: f64 = (0..n_in).map(product).sum();
                    if at > 0 {
                        expected += f64::from(bias[column]);
                    }
                    match finish {
                        Finish::Residual(_) => expected += f64::from(before[place]),
                        Finish::Activate(_, kind) => expected = activation(kind, expected),
                        _ => {}
                    }
                    let difference = (f64::from(out[place]) - expected).abs();
                    assert!(difference < 2e-6 * (n_in as f64).sqrt(), "{n_rows} {n_in} {n_out} {at}: {difference}");
                }
            }
        }
    }

    #[test]
    fn products_are_right_at_all_sizes() {
        for (n_rows, n_in, n_out) in
            [(1, 1, 1), (3, 5, 7), (8, 64, 48), (9, 100, 49), (4, 384, 65), (17, 385, 97), (2, 2100, 3), (5, 3072, 50)]
        {
            on_each(Case(n_rows, n_in, n_out));
        }
    }
}
