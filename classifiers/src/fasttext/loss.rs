//! The output layer: from the averaged features to the best labels with their log-probabilities.

use super::args::LossName;
use super::kbest::KBest;
use super::matrix::Matrix;
use super::tree::Tree;
use super::{ModelError, Scratch};

/// Steps of the sigmoid table, over `-8` to `8`.
const SIGMOID_STEPS: usize = 512;
/// Beyond this the sigmoid is taken to be 0 or 1.
const SIGMOID_RANGE: f32 = 8.0;

/// How rows of the output matrix become probabilities.
pub(super) enum Loss {
    /// A distribution over all labels.
    Softmax,
    /// Independent labels, through a table of the sigmoid.
    Logistic(Vec<f32>),
    /// A path of decisions for each label.
    Tree(Tree),
}

impl Loss {
    /// Prepares a loss for labels with these counts.
    pub(super) fn new(name: LossName, label_counts: &[i64]) -> Result<Loss, ModelError> {
        Ok(match name {
            LossName::Softmax => Loss::Softmax,
            LossName::OneVsAll | LossName::NegativeSampling => Loss::Logistic(sigmoid_table()),
            LossName::HierarchicalSoftmax => Loss::Tree(Tree::build(label_counts)?),
        })
    }

    /// Leaves in `scratch.best` the `k` best labels with a probability of at least `threshold`.
    pub(super) fn search(&self, output: &Matrix, n_labels: usize, k: usize, threshold: f32, scratch: &mut Scratch) {
        let Scratch { hidden, scores, stack, best, .. } = scratch;
        best.start(k);
        match self {
            Loss::Tree(tree) => return tree.search(output, hidden, log(threshold), stack, best),
            Loss::Softmax => {
                linear(output, n_labels, hidden, scores);
                softmax(scores);
            }
            Loss::Logistic(table) => {
                linear(output, n_labels, hidden, scores);
                scores.iter_mut().for_each(|score| *score = sigmoid(table, *score));
            }
        }
        offer_all(scores, threshold, best);
    }
}

/// The library's logarithm of a probability: never of zero, so a certain label comes out a little above 1.
pub(super) fn log(probability: f32) -> f32 {
    libm::log(f64::from(probability) + 1e-5) as f32
}

/// One dot product per label.
fn linear(output: &Matrix, n_labels: usize, hidden: &[f32], scores: &mut Vec<f32>) {
    scores.clear();
    scores.extend((0..n_labels).map(|label| output.dot_row(label, hidden)));
}

fn softmax(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0f32;
    for score in scores.iter_mut() {
        *score = libm::exp(f64::from(*score - highest)) as f32;
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

/// The sigmoid at `SIGMOID_STEPS + 1` points.
fn sigmoid_table() -> Vec<f32> {
    let at = |step: usize| (step as f32 * 2.0 * SIGMOID_RANGE) / SIGMOID_STEPS as f32 - SIGMOID_RANGE;
    let exp = |x: f32| f64::from(libm::exp(f64::from(x)) as f32);
    (0..=SIGMOID_STEPS).map(|step| (1.0 / (1.0 + exp(-at(step)))) as f32).collect()
}

/// The sigmoid at the table point just below `x`.
fn sigmoid(table: &[f32], x: f32) -> f32 {
    if x < -SIGMOID_RANGE {
        0.0
    } else if x > SIGMOID_RANGE {
        1.0
    } else {
        let step = ((x + SIGMOID_RANGE) * SIGMOID_STEPS as f32 / SIGMOID_RANGE / 2.0) as usize;
        table[step.min(SIGMOID_STEPS)]
    }
}

fn offer_all(probabilities: &[f32], threshold: f32, best: &mut KBest) {
    for (label, probability) in probabilities.iter().enumerate() {
        if *probability < threshold {
            continue;
        }
        best.offer(log(*probability), label as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sigmoid_is_a_staircase() {
        let table = sigmoid_table();
        assert_eq!((sigmoid(&table, -8.1), sigmoid(&table, 8.1)), (0.0, 1.0));
        assert_eq!(sigmoid(&table, 0.0), 0.5);
        assert_eq!(sigmoid(&table, 0.03), 0.5);
        assert!(sigmoid(&table, 0.04) > 0.5);
        assert!((sigmoid(&table, 8.0) - 0.999_664_7).abs() < 1e-6);
        assert!(sigmoid(&table, f32::NAN).is_finite());
    }

    #[test]
    fn softmax_is_a_distribution_and_survives_large_scores() {
        let mut scores = [1000.0, 999.0, -1000.0];
        softmax(&mut scores);
        assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!((scores[0] / scores[1] - std::f32::consts::E).abs() < 1e-4);
        assert_eq!(scores[2], 0.0);
    }

    #[test]
    fn the_threshold_is_a_probability() {
        let mut best = KBest::default();
        best.start(3);
        offer_all(&[0.2, 0.5, 0.49], 0.5, &mut best);
        assert_eq!(best.sorted(), [(log(0.5), 1)]);
    }
}
