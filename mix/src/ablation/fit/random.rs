//! Random numbers of our own, the same for the same seed: xoshiro256++ of Blackman and Vigna, seeded by splitmix64.

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Random([u64; 4]);

/// One step of splitmix64: the state goes on, and a well-mixed number comes out.
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Random {
        let mut state = seed;
        Random([splitmix(&mut state), splitmix(&mut state), splitmix(&mut state), splitmix(&mut state)])
    }

    /// A stream for one job of many, so that it does not matter which job runs first.
    pub fn of(seed: u64, job: u64) -> Random {
        let mut state = seed;
        let mut mixed = splitmix(&mut state) ^ job.wrapping_mul(0xd134_2543_de82_ef95);
        Random::new(splitmix(&mut mixed))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.0;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform among 0 to `n` - 1; 0 if `n` is 0. The bias is below `n` / 2^64.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.uniform()).ln()
    }

    /// Standard normal, by the polar method of Marsaglia.
    pub fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * square.ln() / square).sqrt();
            }
        }
    }

    /// The logarithm of a gamma variate with the given shape and scale 1 (Marsaglia and Tsang 2000).
    ///
    /// The logarithm, because with small shapes the number itself is often below what a float can hold.
    pub fn ln_gamma(&mut self, shape: f64) -> f64 {
        let boost = if shape < 1.0 { (1.0 - self.uniform()).ln() / shape } else { 0.0 };
        let d = if shape < 1.0 { shape + 1.0 } else { shape } - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && (1.0 - self.uniform()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return (d * v).ln() + boost;
            }
        }
    }

    /// Shares from a Dirichlet distribution; a parameter of 0 gives a share of 0. All 0 if all parameters are.
    pub fn dirichlet(&mut self, parameters: &[f64]) -> Vec<f64> {
        let mut draw = |shape: &f64| if *shape > 0.0 { self.ln_gamma(*shape) } else { f64::NEG_INFINITY };
        let logs: Vec<f64> = parameters.iter().map(&mut draw).collect();
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if top == f64::NEG_INFINITY {
            return vec![0.0; parameters.len()];
        }
        let shares: Vec<f64> = logs.iter().map(|log| (log - top).exp()).collect();
        let sum: f64 = shares.iter().sum();
        shares.into_iter().map(|share| share / sum).collect()
    }

    /// 0 to `n` - 1 in random order.
    pub fn order(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i + 1));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_that_of_the_reference() {
        // First output of splitmix64 from seed 0, of the authors' C code.
        assert_eq!(splitmix(&mut 0), 0xe220_a839_7b1d_cdaf);
        let mut known = Random([1, 2, 3, 4]);
        assert_eq!([known.bits(), known.bits(), known.bits()], [41_943_041, 58_720_359, 3_588_806_011_781_223]);
        assert_ne!(Random::of(1, 0).bits(), Random::of(1, 1).bits());
    }

    #[test]
    fn moments_are_right() {
        let (mut random, n) = (Random::new(7), 40_000);
        let mean = |f: &mut dyn FnMut() -> f64| (0..n).map(|_| f()).sum::<f64>() / f64::from(n);
        assert!((mean(&mut || random.uniform()) - 0.5).abs() < 0.01);
        assert!((mean(&mut || random.normal().powi(2)) - 1.0).abs() < 0.03);
        assert!((mean(&mut || random.exponential()) - 1.0).abs() < 0.02);
        assert!((mean(&mut || random.ln_gamma(0.5).exp()) - 0.5).abs() < 0.02);
        assert!((mean(&mut || random.ln_gamma(3.0).exp()) - 3.0).abs() < 0.05);
        assert!((mean(&mut || random.dirichlet(&[1.0, 3.0, 0.0])[1]) - 0.75).abs() < 0.01);
    }

    #[test]
    fn an_order_has_everything_once() {
        let mut order = Random::new(3).order(100);
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }
}
