//! The distribution of a metric in bounded memory: every value by itself, or bins of neighbouring values when there are
//! too many of them. Bins have exact counts, so what lies above or below the edge of a bin is always exact.

use std::collections::BTreeMap;

/// Bins, at most.
const MAX_BINS: usize = 1 << 14;

/// Counts of numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Counts by the leading bits of the number's place in the order of all numbers.
    counts: BTreeMap<u32, u64>,
    /// Bits that are left out: as few as let the bins fit, so that no order of the numbers makes a difference.
    shift: u32,
    n: u64,
}

/// A bin: its smallest and largest number, and how many were counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Smallest number.
    pub low: f32,
    /// Largest number.
    pub high: f32,
    /// Numbers counted.
    pub n: u64,
}

impl Histogram {
    /// Counts a number.
    pub fn add(&mut self, value: f32) {
        self.n += 1;
        *self.counts.entry(place(value) >> self.shift).or_default() += 1;
        self.fit();
    }

    /// Numbers counted.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Counts what another has counted.
    #[must_use]
    pub fn plus(mut self, mut other: Histogram) -> Histogram {
        let shift = self.shift.max(other.shift);
        self.coarsen(shift);
        other.coarsen(shift);
        for (bin, n) in other.counts {
            *self.counts.entry(bin).or_default() += n;
        }
        self.n += other.n;
        self.fit();
        self
    }

    /// The bins, in the order of their numbers.
    pub fn bins(&self) -> Vec<Bin> {
        let spread = (1u64 << self.shift) as u32 - 1;
        let bin = |(bin, n): (&u32, &u64)| {
            let first = bin << self.shift;
            Bin { low: number(first), high: number(first | spread), n: *n }
        };
        self.counts.iter().map(bin).collect()
    }

    /// The smallest number such that at least the share `p` is not above it (nearest rank); the start of its bin.
    pub fn quantile(&self, p: f64) -> Option<f32> {
        let rank = ((p * self.n as f64).ceil() as u64).clamp(1, self.n.max(1));
        let mut below = 0;
        self.bins().into_iter().find_map(|bin| {
            below += bin.n;
            (below >= rank).then_some(bin.low)
        })
    }

    /// The smallest number and the quantiles 1/n, 2/n, … n/n; empty when nothing was counted.
    pub fn quantiles(&self, n: usize) -> Vec<f32> {
        (0..=n).filter_map(|at| self.quantile(at as f64 / n as f64)).collect()
    }

    fn fit(&mut self) {
        while self.counts.len() > MAX_BINS {
            self.coarsen(self.shift + 1);
        }
    }

    fn coarsen(&mut self, shift: u32) {
        if shift > self.shift {
            let by = shift - self.shift;
            let counts = std::mem::take(&mut self.counts);
            for (bin, n) in counts {
                *self.counts.entry(bin >> by).or_default() += n;
            }
            self.shift = shift;
        }
    }
}

/// The place of a number in the order of all numbers; both zeros have one.
fn place(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

fn number(place: u32) -> f32 {
    f32::from_bits(if place >> 31 == 1 { place & !(1 << 31) } else { !place })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: u64) -> Vec<f32> {
        let number = |n: u64| {
            let hash = tokenmill_core::hash::mix64(7, n);
            (hash % 10_007) as f32 * if hash & 1 << 60 == 0 { 0.37 } else { -1e-3 }
        };
        (0..n).map(number).collect()
    }

    fn histogram(numbers: &[f32]) -> Histogram {
        let mut histogram = Histogram::default();
        numbers.iter().for_each(|number| histogram.add(*number));
        histogram
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_numbers() {
        for n in [1, 2, 10, 999] {
            let mut sorted = numbers(n);
            let histogram = histogram(&sorted);
            sorted.sort_by(f32::total_cmp);
            for p in [0.01, 0.05, 0.5, 0.95, 0.99, 1.0] {
                let naive = sorted.iter().find(|x| sorted.iter().filter(|y| y <= x).count() as f64 >= p * n as f64);
                assert_eq!(histogram.quantile(p), naive.copied(), "{p} of {n}");
            }
        }
        let four = histogram(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!(four.quantiles(4), [1.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(Histogram::default().quantile(0.5), None);
        assert!(Histogram::default().quantiles(4).is_empty());
    }

    #[test]
    fn no_order_and_no_cut_makes_a_difference() {
        let numbers = numbers(60_000);
        let whole = histogram(&numbers);
        assert!(whole.shift > 0, "more numbers than bins");
        let backwards: Vec<f32> = numbers.iter().rev().copied().collect();
        assert_eq!(histogram(&backwards), whole);
        let parts = numbers.chunks(7_001).map(histogram);
        assert_eq!(parts.fold(Histogram::default(), Histogram::plus), whole);
    }

    #[test]
    fn what_lies_beyond_the_edge_of_a_bin_is_counted_exactly() {
        let numbers = numbers(60_000);
        let bins = histogram(&numbers).bins();
        assert!(bins.windows(2).all(|pair| pair[0].low <= pair[0].high && pair[0].high < pair[1].low));
        for at in (0..bins.len()).step_by(997) {
            let above: u64 = bins[at + 1..].iter().map(|bin| bin.n).sum();
            assert_eq!(above, numbers.iter().filter(|number| **number > bins[at].high).count() as u64);
        }
        assert_eq!(number(place(-0.0)), 0.0);
        for value in [f32::MIN, -1.5, 0.0, 1e-40, 2.0, f32::INFINITY] {
            assert_eq!(number(place(value)), value);
        }
    }
}
