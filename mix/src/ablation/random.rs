//! Numbers that look random and follow from a seed: the same on every machine.

use tokenmill_core::hash::mix64;

/// A stream of numbers: the hash of a counter.
#[derive(Clone, Debug)]
pub struct Random {
    seed: u64,
    n_drawn: u64,
}

impl Random {
    /// A stream that has nothing to do with those of other seeds or names.
    pub fn new(seed: u64, name: &[u8; 8]) -> Random {
        Random { seed: mix64(seed, u64::from_be_bytes(*name)), n_drawn: 0 }
    }

    /// A uniform number of 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.n_drawn += 1;
        mix64(self.seed, self.n_drawn)
    }

    /// A uniform number above 0 and below 1.
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// A number below `n`, which is above 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// A normal number, mean 0, variance 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// A number of the gamma distribution with scale 1, as its logarithm: with a small shape the number itself is often too
    /// small to be told from 0 (Marsaglia and Tsang, 2000).
    pub fn ln_gamma_distributed(&mut self, shape: f64) -> f64 {
        // One with a shape below 1 is one with a shape above, times a power of a uniform number.
        let (boost, shape) = if shape < 1.0 { (self.uniform().ln() / shape, shape + 1.0) } else { (0.0, shape) };
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.uniform().ln() < 0.5 * x * x + d * (1.0 - v + v.ln()) {
                return (d * v).ln() + boost;
            }
        }
    }

    /// Shares of the Dirichlet distribution with these concentrations; one of 0 has a share of 0.
    pub fn dirichlet(&mut self, concentrations: &[f64]) -> Vec<f64> {
        let draw = |alpha: &f64| if *alpha > 0.0 { self.ln_gamma_distributed(*alpha) } else { f64::NEG_INFINITY };
        let logs: Vec<f64> = concentrations.iter().map(draw).collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shares: Vec<f64> = logs.iter().map(|log| (log - most).exp()).collect();
        let sum: f64 = shares.iter().sum();
        shares.into_iter().map(|share| share / sum).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and variance of some numbers.
    fn moments(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
        let numbers: Vec<f64> = numbers.collect();
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        (mean, numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / numbers.len() as f64)
    }

    #[test]
    fn the_distributions_have_their_moments() {
        let mut random = Random::new(1, b"test\0\0\0\0");
        let near = |(mean, variance): (f64, f64), expected: (f64, f64)| {
            assert!((mean - expected.0).abs() < 0.02, "mean {mean}, expected {}", expected.0);
            assert!((variance - expected.1).abs() < 0.05, "variance {variance}, expected {}", expected.1);
        };
        near(moments((0..50_000).map(|_| random.uniform())), (0.5, 1.0 / 12.0));
        near(moments((0..50_000).map(|_| random.normal())), (0.0, 1.0));
        for shape in [0.3, 1.0, 2.0] {
            near(moments((0..100_000).map(|_| random.ln_gamma_distributed(shape).exp())), (shape, shape));
        }
        // A share of Dirichlet (2, 1, 1) is 1/2 on average, with variance a(s-a) / s²(s+1).
        let shares = (0..50_000).map(|_| random.dirichlet(&[2.0, 1.0, 0.0, 1.0])).collect::<Vec<_>>();
        near(moments(shares.iter().map(|share| share[0])), (0.5, 0.05));
        assert!(shares.iter().all(|share| share[2] == 0.0 && (share.iter().sum::<f64>() - 1.0).abs() < 1e-12));
    }

    #[test]
    fn small_concentrations_give_one_group() {
        let mut random = Random::new(2, b"test\0\0\0\0");
        let shares = random.dirichlet(&[1e-4, 1e-4, 1e-4]);
        assert!(shares.iter().any(|share| *share > 0.999) && shares.iter().all(|share| share.is_finite()));
    }

    #[test]
    fn streams_are_frozen_and_differ_by_seed_and_name() {
        let first = |seed, name| Random::new(seed, name).bits();
        assert_eq!(first(1, b"design\0\0"), first(1, b"design\0\0"));
        assert_ne!(first(1, b"design\0\0"), first(2, b"design\0\0"));
        assert_ne!(first(1, b"design\0\0"), first(1, b"trial\0\0\0"));
        let mut random = Random::new(1, b"test\0\0\0\0");
        assert!((0..1_000).all(|_| random.below(3) < 3));
    }
}
