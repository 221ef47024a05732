//! Loops over rows of numbers, in a form that the compiler turns into vector instructions: sums and maxima go to 16
//! lanes that are put together at the end, and nothing in a loop is a call.

const LANES: usize = 16;

/// e to the power of `x`, to 7 digits. Below -87 it is about 1e-38, and not a number stays that.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding this leaves the nearest whole number in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let whole = rounded - ROUND;
    // ln 2 in two parts, so that the rest is exact.
    let rest = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let mut sum = 1.987_569_1e-4;
    for factor in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        sum = sum * rest + factor;
    }
    let power = f32::from_bits(rounded.to_bits().wrapping_add(127) << 23);
    (sum * rest * rest + rest + 1.0) * power
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[inline(always)]
fn reduce(row: &[f32], start: f32, join: impl Fn(f32, f32) -> f32) -> f32 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut lanes = [start; LANES];
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = join(*lane, *x);
        }
    }
    lanes.iter().chain(rest).fold(start, |all, x| join(all, *x))
}

/// The sum of products.
#[inline(always)]
pub(super) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let (left, left_rest) = left.as_chunks::<LANES>();
    let (right, right_rest) = right.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for (left, right) in left.iter().zip(right) {
        for ((lane, x), y) in lanes.iter_mut().zip(left).zip(right) {
            *lane += x * y;
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(x, y)| x * y).sum();
    lanes.iter().sum::<f32>() + rest
}

/// Turns a row into its softmax, times `factor`. Returns the logarithm of the sum of its exponentials.
#[inline(always)]
pub(super) fn softmax(row: &mut [f32], factor: f32) -> f32 {
    let max = reduce(row, f32::NEG_INFINITY, |x, y| if y > x { y } else { x });
    for x in row.iter_mut() {
        *x = exp(*x - max);
    }
    let sum = reduce(row, 0.0, |x, y| x + y);
    let scale = factor / sum;
    for x in row.iter_mut() {
        *x *= scale;
    }
    max + sum.ln()
}

#[cfg(test)]
pub(super) fn exp_of(x: f32) -> f32 {
    exp(x)
}
