//! The two matrices while they are learned.

use super::options::TrainError;
use super::random::Random;

/// Rows of features and rows of decisions, dense.
#[derive(Clone)]
pub(super) struct Weights {
    pub(super) dim: usize,
    pub(super) input: Vec<f32>,
    pub(super) output: Vec<f32>,
}

impl Weights {
    /// Features begin evenly spread from `-1/dim` to `1/dim`, decisions at 0, as in fastText. (Its single thread leaves nine
    /// tenths of the features at 0 instead.)
    ///
    /// # Errors
    /// When there is no memory for them.
    pub(super) fn new(n_features: usize, n_outputs: usize, dim: usize, seed: u64) -> Result<Weights, TrainError> {
        let mut random = Random::new(seed);
        let scale = 1.0 / dim as f32;
        let mut input = Vec::new();
        input.try_reserve_exact(n_features * dim).map_err(|_| {
            let bytes = n_features as u64 * dim as u64 * 4;
            TrainError::Options(format!("there is no memory for {bytes} bytes of weights; lower `dim` or `buckets`"))
        })?;
        input.extend((0..n_features * dim).map(|_| random.sign() * scale));
        Ok(Weights { dim, input, output: vec![0.0; n_outputs * dim] })
    }

    /// The row of a feature.
    #[inline]
    pub(super) fn feature(&self, row: u32) -> &[f32] {
        let start = row as usize * self.dim;
        &self.input[start..start + self.dim]
    }

    /// The row of a feature, to be changed.
    #[inline]
    pub(super) fn feature_mut(&mut self, row: u32) -> &mut [f32] {
        let start = row as usize * self.dim;
        &mut self.input[start..start + self.dim]
    }

    /// The row of a decision.
    #[inline]
    pub(super) fn decision(&self, row: usize) -> &[f32] {
        &self.output[row * self.dim..(row + 1) * self.dim]
    }

    /// The row of a decision, to be changed.
    #[inline]
    pub(super) fn decision_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.output[row * self.dim..(row + 1) * self.dim]
    }
}

/// `sum += factor * row`.
#[inline]
pub(super) fn add(sum: &mut [f32], row: &[f32], factor: f32) {
    sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += factor * value);
}

/// The dot product, in eight sums that the processor can work on at once.
#[inline]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_chunks, a_rest) = a.as_chunks::<8>();
    let (b_chunks, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0f32; 8];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_and_sums() {
        let a: Vec<f32> = (0..19).map(|n| n as f32).collect();
        let b: Vec<f32> = (0..19).map(|n| (n % 3) as f32).collect();
        assert_eq!(dot(&a, &b), a.iter().zip(&b).map(|(a, b)| a * b).sum::<f32>());
        let mut sum = vec![1.0; 19];
        add(&mut sum, &a, 2.0);
        assert_eq!((sum[0], sum[18]), (1.0, 37.0));
    }

    #[test]
    fn first_weights_depend_on_the_seed_alone() {
        let new = |seed: u64| Weights::new(10, 3, 4, seed).unwrap();
        let weights = new(7);
        assert_eq!(weights.input, new(7).input);
        assert_ne!(weights.input, new(8).input);
        assert!(Weights::new(1 << 46, 3, 4096, 7).is_err());
        assert!(weights.input.iter().all(|weight| weight.abs() <= 0.25) && weights.output == [0.0; 12]);
    }
}
