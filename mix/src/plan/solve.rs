//! Whole-number shares: weights in fixed point, budgets apportioned by largest remainders, caps filled like vessels.
//!
//! No floating-point number decides where a document goes but through [`fixed`] and [`tempered`], which use only operations
//! that IEEE 754 rounds correctly, so every machine gets the same plan.

/// What weights in fixed point sum to, about; also a room without a limit.
pub const ONE: u64 = 1 << 62;

/// Weights as whole numbers that sum to about [`ONE`]; all 0 if they have no finite, positive sum.
pub fn fixed(weights: &[f64]) -> Vec<u64> {
    let sum: f64 = weights.iter().sum();
    if !(sum > 0.0 && sum.is_finite()) {
        return vec![0; weights.len()];
    }
    weights.iter().map(|weight| (weight / sum * ONE as f64).round() as u64).collect()
}

/// Amounts as weights: exactly, unless their sum is beyond [`ONE`].
pub fn whole(amounts: &[u128]) -> Vec<u64> {
    let sum = amounts.iter().fold(0u128, |sum, amount| sum.saturating_add(*amount));
    let bits = (128 - sum.leading_zeros()).saturating_sub(62);
    amounts.iter().map(|amount| (amount >> bits) as u64).collect()
}

/// Weights that are as the amounts to the power of one over a temperature.
pub fn tempered(amounts: &[u64], temperature: f64) -> Vec<u64> {
    if temperature == 1.0 {
        return whole(&amounts.iter().map(|amount| u128::from(*amount)).collect::<Vec<_>>());
    }
    let largest = amounts.iter().copied().max().unwrap_or(0);
    let top = ln(largest.max(1) as f64);
    let power = |amount: &u64| if *amount == 0 { 0.0 } else { exp((ln(*amount as f64) - top) / temperature) };
    fixed(&amounts.iter().map(power).collect::<Vec<_>>())
}

/// The natural logarithm of a number from 1; the system's differs from machine to machine.
fn ln(number: f64) -> f64 {
    let bits = number.max(1.0).to_bits();
    let exponent = (bits >> 52) as i64 - 1023;
    let mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    let (mantissa, exponent) =
        if mantissa > std::f64::consts::SQRT_2 { (mantissa / 2.0, exponent + 1) } else { (mantissa, exponent) };
    // ln m = 2 artanh((m - 1) / (m + 1)), from the smallest term up.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let series = (0..12).rev().fold(0.0, |sum, k| sum * s * s + 1.0 / f64::from(2 * k + 1));
    exponent as f64 * std::f64::consts::LN_2 + 2.0 * s * series
}

/// The exponential of a number up to 0.
fn exp(number: f64) -> f64 {
    if number < -700.0 {
        return 0.0;
    }
    let twos = (number / std::f64::consts::LN_2).round();
    let rest = number - twos * std::f64::consts::LN_2;
    let series = (1..16).rev().fold(1.0, |sum, k| 1.0 + sum * rest / f64::from(k));
    series * f64::from_bits(((1023 + twos as i64).clamp(0, 1023) as u64) << 52)
}

fn sum(weights: &[u64]) -> u128 {
    weights.iter().map(|weight| u128::from(*weight)).sum()
}

/// Shares a budget by weights: each gets its quota, rounded down or up, and the parts sum to the budget.
///
/// What is left by rounding down goes to the largest remainders, the first of equal ones. All 0 if the weights are.
pub fn apportion(weights: &[u64], budget: u64) -> Vec<u64> {
    let total = sum(weights);
    if total == 0 {
        return vec![0; weights.len()];
    }
    let product = |weight: &u64| u128::from(budget) * u128::from(*weight);
    let mut parts: Vec<u64> = weights.iter().map(|weight| (product(weight) / total) as u64).collect();
    let left = budget - parts.iter().sum::<u64>();
    let mut order: Vec<(u128, usize)> = weights.iter().map(|weight| product(weight) % total).zip(0..).collect();
    order.sort_unstable_by_key(|(remainder, index)| (std::cmp::Reverse(*remainder), *index));
    for (_, index) in order.into_iter().take(left as usize) {
        parts[index] += 1;
    }
    parts
}

/// The largest budget of which no part is larger than its room; [`ONE`] if there is none.
pub fn largest(weights: &[u64], rooms: &[u64]) -> u64 {
    let total = sum(weights);
    let weighed = weights.iter().zip(rooms).filter(|(weight, _)| **weight > 0);
    // The quota is at most the room, which is whole, and so is the quota rounded up.
    let fits = weighed.map(|(weight, room)| u128::from((*room).min(ONE)) * total / u128::from(*weight));
    fits.min().unwrap_or(0).min(u128::from(ONE)) as u64
}

/// What all rooms with a weight hold together; [`ONE`] if there is no limit.
pub fn capacity(weights: &[u64], rooms: &[u64]) -> u64 {
    let weighed = weights.iter().zip(rooms).filter(|(weight, _)| **weight > 0);
    weighed.map(|(_, room)| u128::from(*room)).sum::<u128>().min(u128::from(ONE)) as u64
}

/// Shares a budget by weights, where no part is larger than its room; what does not fit goes to the others by their weights.
///
/// `None` if the budget is more than all rooms.
pub fn fill(weights: &[u64], budget: u64, rooms: &[u64]) -> Option<Vec<u64>> {
    if budget > capacity(weights, rooms) {
        return None;
    }
    let (mut left, mut total) = (budget, sum(weights));
    let mut parts = vec![0; weights.len()];
    let mut open: Vec<usize> = (0..weights.len()).filter(|index| weights[*index] > 0).collect();
    // Whoever has the least room for its weight is full first; once one has room enough, so have all after it.
    open.sort_by(|a, b| {
        let room = |index: &usize, other: &usize| u128::from(rooms[*index].min(ONE)) * u128::from(weights[*other]);
        room(a, b).cmp(&room(b, a)).then(a.cmp(b))
    });
    let mut rest = 0;
    for index in &open {
        let (room, weight) = (rooms[*index].min(ONE), u128::from(weights[*index]));
        if u128::from(room) * total > u128::from(left) * weight {
            break;
        }
        parts[*index] = room;
        left -= room;
        total -= weight;
        rest += 1;
    }
    let open = &mut open[rest..];
    open.sort_unstable();
    let last = apportion(&open.iter().map(|index| weights[*index]).collect::<Vec<_>>(), left);
    for (index, part) in open.iter().zip(last) {
        parts[*index] = part;
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_those_of_the_library() {
        for number in [1.0, 1.5, 2.0, 3.0, 1e3, 7.7e9, 1e14, 1e18] {
            assert!((ln(number) - f64::ln(number)).abs() <= 1e-14 * f64::ln(number).max(1.0), "{number}");
        }
        for number in [0.0, -1e-12, -0.3, -0.7, -5.5, -40.0, -699.0] {
            assert!((exp(number) / f64::exp(number) - 1.0).abs() < 1e-12, "{number}");
        }
        assert_eq!(exp(-1e9), 0.0);
    }

    #[test]
    fn remainders_go_to_the_largest() {
        assert_eq!(apportion(&[1, 1, 1], 100), [34, 33, 33]);
        assert_eq!(
            apportion(&[50, 25, 17, 8], 15_000_000_000_000),
            [7_500_000_000_000, 3_750_000_000_000, 2_550_000_000_000, 1_200_000_000_000]
        );
        assert_eq!(apportion(&[0, 0], 5), [0, 0]);
        assert_eq!(apportion(&[0, 3], 5), [0, 5]);
        let ends = fixed(&[1e-9, 1.0 - 1e-9]);
        assert_eq!(apportion(&ends, 100_000_000_000_000), [100_000, 99_999_999_900_000]);
    }

    #[test]
    fn temperatures_go_from_natural_to_uniform() {
        assert_eq!(apportion(&tempered(&[900, 100, 0], 1.0), 1000), [900, 100, 0]);
        assert_eq!(apportion(&tempered(&[900, 100, 0], 2.0), 1000), [750, 250, 0]);
        for uniform in [1e15, f64::INFINITY] {
            assert_eq!(apportion(&tempered(&[1 << 60, 1, 0], uniform), 1000), [500, 500, 0]);
        }
        assert_eq!(apportion(&tempered(&[900, 100], 0.01), 1000), [1000, 0]);
        assert_eq!(tempered(&[0, 0], 3.0), [0, 0]);
        assert!(tempered(&[], 3.0).is_empty());
    }

    #[test]
    fn what_does_not_fit_goes_to_the_others() {
        assert_eq!(fill(&[50, 30, 20], 100, &[10, ONE, ONE]).unwrap(), [10, 54, 36]);
        assert_eq!(fill(&[50, 30, 20], 100, &[10, 50, 40]).unwrap(), [10, 50, 40]);
        assert_eq!(fill(&[50, 30, 20], 101, &[10, 50, 40]), None);
        assert_eq!(fill(&[50, 0], 51, &[50, 100]), None);
        assert_eq!(largest(&[50, 30, 20], &[10, 50, 40]), 20);
        assert_eq!(largest(&[1, 0], &[ONE, 0]), ONE);
    }
}
