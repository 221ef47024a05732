//! Rows of bytes times a matrix of bytes in panels, summed in 32 bits without loss, on one thread.
//!
//! The integers are the same whatever the instruction set: 255 × 127 × 65,536 inputs fit in 32 bits.

use super::gemm::Finish;
use super::math::activate;
use super::panels::Panels;
use super::quantise::Quantised;
use crate::encoder::Dense;
use rten_simd::ops::{BitOps, NumOps, ToFloat};
use rten_simd::{Isa, SimdOp};

/// Columns of a panel.
const WIDTH: usize = 48;
/// Rows of a tile.
const ROWS: usize = 8;
/// Bytes of a block of panels, which stays in the second cache.
const BLOCK: usize = 512 * 1024;
/// Most inputs whose sums fit in 32 bits.
const MAX_INPUTS: usize = 65_536;

type Tile = [i32; ROWS * WIDTH];

/// A matrix with a scale for each column: number = byte × step.
#[derive(Clone, Default)]
pub struct Int8Matrix {
    panels: Panels<i8>,
    steps: Vec<f32>,
    /// Of each column's bytes.
    sums: Vec<i32>,
}

impl Int8Matrix {
    /// Rounds weights to bytes, each column by its largest number; `None` when a sum might not fit in 32 bits.
    pub fn new(dense: &Dense) -> Option<Int8Matrix> {
        if dense.n_in > MAX_INPUTS {
            return None;
        }
        let mut bytes: Vec<i8> = Vec::with_capacity(dense.weight.len());
        let (mut steps, mut sums) = (Vec::with_capacity(dense.n_out), Vec::with_capacity(dense.n_out));
        for column in dense.weight.chunks_exact(dense.n_in.max(1)) {
            let largest = column.iter().fold(0.0f32, |largest, weight| largest.max(weight.abs()));
            let step = largest / 127.0;
            let factor = if step < f32::MIN_POSITIVE { 0.0 } else { 1.0 / step };
            let begin = bytes.len();
            bytes.extend(column.iter().map(|weight| nearest(weight * factor)));
            sums.push(bytes[begin..].iter().map(|byte| i32::from(*byte)).sum());
            steps.push(step);
        }
        let mut panels = Panels::default();
        panels.reshape(dense.n_in, dense.n_out, WIDTH, 4);
        panels.columns_from(|at| &bytes[at * dense.n_in..][..dense.n_in]);
        Some(Int8Matrix { panels, steps, sums })
    }
}

/// The nearest integer of a number from −127 to 127; adding a large number rounds, without a call for each weight.
fn nearest(x: f32) -> i8 {
    const SHIFT: f32 = (3 << 22) as f32;
    ((x + SHIFT) - SHIFT) as i8
}

/// A product.
pub struct MultiplyInt8<'a> {
    /// Rows of as many numbers as go into the matrix.
    pub rows: &'a Quantised,
    /// The matrix.
    pub matrix: &'a Int8Matrix,
    /// Where the result goes.
    pub out: &'a mut [f32],
    /// From row to row.
    pub out_stride: usize,
    /// What is done with the result.
    pub finish: Finish<'a>,
}

impl SimdOp for MultiplyInt8<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let MultiplyInt8 { rows, matrix, out, out_stride, finish } = self;
        let (n_rows, n_out) = (rows.scales.len(), matrix.panels.n_out);
        let n_bytes = matrix.panels.n_in.next_multiple_of(4);
        assert_eq!(rows.bytes.n_columns, n_bytes, "rows of another length");
        if n_rows == 0 || n_out == 0 {
            return;
        }
        assert!(out_stride >= n_out && (n_rows - 1) * out_stride + n_out <= out.len(), "results outside their buffer");
        let sum = kernel();
        let per_block = (BLOCK / (n_bytes * WIDTH).max(1)).max(1);
        let mut tile: Tile = [0; ROWS * WIDTH];
        for first in (0..matrix.panels.n_panels()).step_by(per_block) {
            for row in (0..n_rows).step_by(ROWS) {
                let used = ROWS.min(n_rows - row);
                // Rows that are missing repeat the last; what comes of them is not used.
                let at: [&[u8]; ROWS] = std::array::from_fn(|place| rows.bytes.row(row + place.min(used - 1)));
                for panel in first..(first + per_block).min(matrix.panels.n_panels()) {
                    sum(&at, matrix.panels.panel(panel), &mut tile);
                    let column = panel * WIDTH;
                    let columns = column..(column + WIDTH).min(n_out);
                    for (place, sums) in tile.chunks_exact(WIDTH).take(used).enumerate() {
                        let begin = (row + place) * out_stride;
                        let out = &mut out[begin + columns.start..begin + columns.end];
                        let scale = rows.scales[row + place];
                        let numbers =
                            (&sums[..out.len()], &matrix.sums[columns.clone()], &matrix.steps[columns.clone()]);
                        let bias = finish.bias().map(|bias| &bias[columns.clone()]);
                        scaled(
                            isa,
                            numbers,
                            (scale.step, scale.zero),
                            bias,
                            matches!(finish, Finish::Residual(_)),
                            out,
                        );
                        if let Finish::Activate(_, activation) = finish {
                            activate(isa, activation, out);
                        }
                    }
                }
            }
        }
    }
}

/// From sums of integers to numbers.
#[inline(always)]
fn scaled<I: Isa>(
    isa: I,
    (sums, column_sums, steps): (&[i32], &[i32], &[f32]),
    (step, zero): (f32, i32),
    bias: Option<&[f32]>,
    adds: bool,
    out: &mut [f32],
) {
    let (ops, integers) = (isa.f32(), isa.i32());
    let lanes = ops.len();
    let (step, zero) = (ops.splat(step), integers.splat(zero));
    for (at, out) in out.chunks_mut(lanes).enumerate() {
        let range = at * lanes..at * lanes + out.len();
        let shift = integers.mul(zero, integers.load_pad(&column_sums[range.clone()]).0);
        let sum = integers.sub(integers.load_pad(&sums[range.clone()]).0, shift);
        let factor = ops.mul(step, ops.load_pad(&steps[range.clone()]).0);
        let bias = bias.map_or(
            ops.zero(),
            #[inline(always)]
            |bias| ops.load_pad(&bias[range]).0,
        );
        let mut value = ops.mul_add(integers.to_float(sum), factor, bias);
        let (before, mask) = ops.load_pad(out);
        if adds {
            value = ops.add(value, before);
        }
        // Safety: the mask has as many lanes as `out` has numbers.
        unsafe { ops.store_ptr_mask(value, out.as_mut_ptr(), mask) };
    }
}

/// Sums a tile: rows of equal length times a panel.
type Kernel = fn(&[&[u8]; ROWS], &[i8], &mut Tile);

/// Whether this machine multiplies bytes in one instruction.
pub fn is_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512bw");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

fn kernel() -> Kernel {
    #[cfg(target_arch = "x86_64")]
    if is_fast() {
        // Safety: the features are there.
        return |rows, panel, tile| unsafe { sum_vnni(rows, panel, tile) };
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // Safety: the feature is there.
        return |rows, panel, tile| unsafe { sum_avx2(rows, panel, tile) };
    }
    sum_portable
}

/// What the other kernels do, in plain words; the compiler makes vectors of it.
#[inline(always)]
fn sum_portable(rows: &[&[u8]; ROWS], panel: &[i8], tile: &mut Tile) {
    tile.fill(0);
    for (row, sums) in rows.iter().zip(tile.chunks_exact_mut(WIDTH)) {
        for (values, weights) in row.as_chunks::<4>().0.iter().zip(panel.as_chunks::<{ 4 * WIDTH }>().0) {
            let values = values.map(i32::from);
            for (sum, weights) in sums.iter_mut().zip(weights.as_chunks::<4>().0) {
                let products: [i32; 4] = std::array::from_fn(|at| values[at] * i32::from(weights[at]));
                *sum += products[0] + products[1] + products[2] + products[3];
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn sum_avx2(rows: &[&[u8]; ROWS], panel: &[i8], tile: &mut Tile) {
    use std::arch::x86_64::*;
    const LANES: usize = 8;
    // Pairs of products are summed in 32 bits from 16-bit factors: nothing saturates.
    for (two, tile) in rows.as_chunks::<2>().0.iter().zip(tile.as_chunks_mut::<{ 2 * WIDTH }>().0) {
        for vector in 0..WIDTH / LANES {
            let mut sums = [_mm256_setzero_si256(); 4];
            let groups = panel.as_chunks::<{ 4 * WIDTH }>().0;
            let groups = groups.iter().zip(two[0].as_chunks::<4>().0).zip(two[1].as_chunks::<4>().0);
            for ((weights, first), second) in groups {
                let weights = &weights[vector * 4 * LANES..][..4 * LANES];
                for (row, values) in [first, second].into_iter().enumerate() {
                    let values = _mm256_cvtepu8_epi16(_mm_set1_epi32(i32::from_le_bytes(*values)));
                    for half in 0..2 {
                        // Safety: the slice has 32 bytes.
                        let weights = unsafe { _mm_loadu_si128(weights[half * 16..].as_ptr().cast()) };
                        let products = _mm256_madd_epi16(values, _mm256_cvtepi8_epi16(weights));
                        sums[row * 2 + half] = _mm256_add_epi32(sums[row * 2 + half], products);
                    }
                }
            }
            for row in 0..2 {
                let pairs = _mm256_hadd_epi32(sums[row * 2], sums[row * 2 + 1]);
                let ordered = _mm256_permute4x64_epi64::<0b1101_1000>(pairs);
                let out = &mut tile[row * WIDTH + vector * LANES..][..LANES];
                // Safety: the slice has eight numbers.
                unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), ordered) };
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn sum_vnni(rows: &[&[u8]; ROWS], panel: &[i8], tile: &mut Tile) {
    use std::arch::x86_64::*;
    const LANES: usize = 16;
    const VECTORS: usize = WIDTH / LANES;
    let groups = panel.len() / (4 * WIDTH);
    assert!(rows.iter().all(|row| row.len() >= 4 * groups), "rows shorter than the panel");
    let mut sums = [[_mm512_setzero_si512(); VECTORS]; ROWS];
    let rows = rows.map(<[u8]>::as_ptr);
    for at in 0..groups {
        let weights: [__m512i; VECTORS] = std::array::from_fn(
            #[inline(always)]
            // Safety: the panel has `groups` times three vectors.
            |vector| unsafe { _mm512_loadu_si512(panel.as_ptr().add((at * VECTORS + vector) * 64).cast()) },
        );
        for row in 0..ROWS {
            // Safety: the row has four bytes for each group.
            let values = unsafe { rows[row].add(4 * at).cast::<i32>().read_unaligned() };
            let values = _mm512_set1_epi32(values);
            for vector in 0..VECTORS {
                sums[row][vector] = _mm512_dpbusd_epi32(sums[row][vector], values, weights[vector]);
            }
        }
    }
    for (sums, out) in sums.iter().zip(tile.chunks_exact_mut(WIDTH)) {
        for (sum, out) in sums.iter().zip(out.chunks_exact_mut(LANES)) {
            // Safety: the chunk has sixteen numbers.
            unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), *sum) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::memory::Rows;
    use crate::cpu::quantise::Quantise;
    use crate::cpu::reference::numbers;

    #[test]
    fn every_kernel_sums_without_loss() {
        for n_groups in [0, 1, 17, 768] {
            let bytes =
                |seed: u64, n: usize| numbers(seed, n).into_iter().map(|x| (x * 1e6) as i64 as u8).collect::<Vec<u8>>();
            // The first row and column are the extremes, which saturate where sums are of 16 bits.
            let mut rows: Vec<Vec<u8>> = (0..ROWS).map(|row| bytes(row as u64, 4 * n_groups)).collect();
            rows[0].fill(255);
            let mut panel: Vec<i8> =
                bytes(99, 4 * n_groups * WIDTH).into_iter().map(|byte| (byte as i8).max(-127)).collect();
            panel
                .chunks_exact_mut(4 * WIDTH)
                .for_each(|group| group[..8].copy_from_slice(&[127, 127, 127, 127, -127, -127, -127, -127]));
            let rows: [&[u8]; ROWS] = std::array::from_fn(|row| rows[row].as_slice());
            let mut expected: Tile = [0; ROWS * WIDTH];
            for (place, sum) in expected.iter_mut().enumerate() {
                let (row, column) = (place / WIDTH, place % WIDTH);
                let weight = |at: usize| i32::from(panel[at / 4 * 4 * WIDTH + column * 4 + at % 4]);
                *sum = rows[row].iter().enumerate().map(|(at, value)| i32::from(*value) * weight(at)).sum();
            }
            let mut kernels: Vec<Kernel> = vec![sum_portable, kernel()];
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") {
                kernels.push(|rows, panel, tile| unsafe { sum_avx2(rows, panel, tile) });
            }
            for kernel in kernels {
                let mut tile: Tile = [5; ROWS * WIDTH];
                kernel(&rows, &panel, &mut tile);
                assert_eq!(tile, expected);
            }
        }
    }

    #[test]
    fn products_are_near_and_finished_alike() {
        for (n_rows, n_in, n_out) in [(1, 1, 1), (3, 6, 7), (9, 768, 97), (8, 130, 48)] {
            let dense = Dense { n_in, n_out, weight: numbers(1, n_in * n_out), bias: numbers(2, n_out) };
            let matrix = Int8Matrix::new(&dense).unwrap();
            let mut rows = Rows::default();
            rows.reshape(n_rows, n_in);
            (0..n_rows).for_each(|at| rows.row_mut(at).copy_from_slice(&numbers(3 + at as u64, n_in)));
            let mut quantised = Quantised::default();
            Quantise { rows: &rows, n_rows, out: &mut quantised }.dispatch();
            let mut out = vec![1.5; n_rows * n_out];
            let finish = Finish::Residual(&dense.bias);
            MultiplyInt8 { rows: &quantised, matrix: &matrix, out: &mut out, out_stride: n_out, finish }.dispatch();
            for (place, value) in out.iter().enumerate() {
                let (row, column) = (place / n_out, place % n_out);
                let weights = &dense.weight[column * n_in..][..n_in];
                let product: f32 = rows.row(row).iter().zip(weights).map(|(x, weight)| x * weight).sum();
                let expected = product + dense.bias[column] + 1.5;
                // Errors of half a step in each factor of up to 1, of random sign.
                assert!((value - expected).abs() < 0.02 * (n_in as f32).sqrt(), "{n_in}: {value} for {expected}");
            }
        }
    }
}
