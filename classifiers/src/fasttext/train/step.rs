//! One example: what the model says of it, and how the weights change so that it says better.

use super::weights::{Weights, add, dot};
use crate::fasttext::LossName;
use crate::fasttext::tree::Tree;

/// The output layer in training.
pub(super) enum Layer {
    /// One distribution over all labels.
    Softmax,
    /// Decisions on the way to each label.
    Tree(Vec<Vec<(u32, bool)>>),
    /// One decision for each label.
    OneVsAll,
}

impl Layer {
    /// The layer of a loss; the tree is that of prediction.
    pub(super) fn new(loss: LossName, tree: Tree) -> Layer {
        match loss {
            LossName::HierarchicalSoftmax => Layer::Tree(tree.paths()),
            LossName::OneVsAll => Layer::OneVsAll,
            LossName::Softmax | LossName::NegativeSampling => Layer::Softmax,
        }
    }
}

/// The buffers of a step.
#[derive(Default)]
pub(super) struct Step {
    /// The mean of the features.
    hidden: Vec<f32>,
    /// What each feature is to be changed by.
    gradient: Vec<f32>,
    scores: Vec<f32>,
}

impl Step {
    /// The loss of an example without a change of the weights; 0 without features.
    pub(super) fn loss(&mut self, weights: &mut Weights, layer: &Layer, rows: &[u32], labels: &[u32]) -> f64 {
        if rows.is_empty() {
            return 0.0;
        }
        self.average(weights, rows);
        match layer {
            Layer::OneVsAll => self.one_vs_all(weights, labels, 0.0),
            _ => {
                labels.iter().map(|label| self.of_label(weights, layer, *label, 0.0)).sum::<f64>() / labels.len() as f64
            }
        }
    }

    /// Learns an example at a rate and gives its loss before that. Of several labels one is the target, but all of one
    /// against all.
    pub(super) fn learn(
        &mut self,
        weights: &mut Weights,
        layer: &Layer,
        (rows, labels): (&[u32], &[u32]),
        target: u32,
        rate: f32,
    ) -> f64 {
        if rows.is_empty() {
            return 0.0;
        }
        self.average(weights, rows);
        self.gradient.clear();
        self.gradient.resize(weights.dim, 0.0);
        let loss = match layer {
            Layer::OneVsAll => self.one_vs_all(weights, labels, rate),
            _ => self.of_label(weights, layer, target, rate),
        };
        let share = 1.0 / rows.len() as f32;
        self.gradient.iter_mut().for_each(|value| *value *= share);
        rows.iter().for_each(|row| add(weights.feature_mut(*row), &self.gradient, 1.0));
        loss
    }

    /// Averages the features.
    fn average(&mut self, weights: &Weights, rows: &[u32]) {
        self.hidden.clear();
        self.hidden.resize(weights.dim, 0.0);
        rows.iter().for_each(|row| add(&mut self.hidden, weights.feature(*row), 1.0));
        let share = 1.0 / rows.len() as f32;
        self.hidden.iter_mut().for_each(|value| *value *= share);
    }

    fn of_label(&mut self, weights: &mut Weights, layer: &Layer, target: u32, rate: f32) -> f64 {
        match layer {
            Layer::Tree(paths) => {
                let path = paths.get(target as usize).map_or(&[][..], Vec::as_slice);
                path.iter().map(|(row, to_right)| self.decide(weights, *row as usize, *to_right, rate)).sum()
            }
            _ => self.softmax(weights, target as usize, rate),
        }
    }

    fn softmax(&mut self, weights: &mut Weights, target: usize, rate: f32) -> f64 {
        let n_labels = weights.output.len() / weights.dim;
        self.scores.clear();
        self.scores.extend((0..n_labels).map(|label| dot(weights.decision(label), &self.hidden)));
        let highest = self.scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        self.scores.iter_mut().for_each(|score| *score = libm::expf(*score - highest));
        let sum: f32 = self.scores.iter().sum();
        let probability = self.scores[target] / sum;
        if rate > 0.0 {
            for label in 0..n_labels {
                let wanted = if label == target { 1.0 } else { 0.0 };
                self.correct(weights, label, rate * (wanted - self.scores[label] / sum));
            }
        }
        surprise(f64::from(probability))
    }

    fn one_vs_all(&mut self, weights: &mut Weights, labels: &[u32], rate: f32) -> f64 {
        let n_labels = weights.output.len() / weights.dim;
        (0..n_labels).map(|label| self.decide(weights, label, labels.contains(&(label as u32)), rate)).sum()
    }

    /// One logistic decision.
    fn decide(&mut self, weights: &mut Weights, row: usize, wanted: bool, rate: f32) -> f64 {
        let score = dot(weights.decision(row), &self.hidden);
        let probability = 1.0 / (1.0 + libm::expf(-score));
        if rate > 0.0 {
            self.correct(weights, row, rate * (f32::from(wanted) - probability));
        }
        surprise(if wanted { f64::from(probability) } else { 1.0 - f64::from(probability) })
    }

    /// Moves a decision and the gradient, each by the other as it was before.
    fn correct(&mut self, weights: &mut Weights, row: usize, by: f32) {
        let decision = weights.decision_mut(row);
        add(&mut self.gradient, decision, by);
        add(decision, &self.hidden, by);
    }
}

/// What is lost when something of this probability happens. What seemed impossible has a loss all the same, and a number that
/// is none stays none.
fn surprise(probability: f64) -> f64 {
    -libm::log(if probability < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { probability })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(n_labels: usize) -> Weights {
        let mut weights = Weights::new(5, n_labels, 3, 1).unwrap();
        weights.output.iter_mut().zip(0..).for_each(|(value, at)| *value = (at % 5) as f32 / 10.0 - 0.2);
        weights
    }

    /// The change of every weight is the derivative of the loss, times the rate.
    #[test]
    fn steps_go_down_the_slope() {
        let counts = [9, 5, 3, 2];
        for loss in [LossName::Softmax, LossName::HierarchicalSoftmax, LossName::OneVsAll] {
            let layer = Layer::new(loss, Tree::build(&counts).unwrap());
            let (rows, labels, rate, tiny) = ([1, 3, 3], [2], 0.001, 0.01);
            let before = weights(4);
            let mut after = before.clone();
            let mut step = Step::default();
            step.learn(&mut after, &layer, (&rows, &labels), 2, rate);
            let n_inputs = before.input.len();
            for at in 0..n_inputs + before.output.len() {
                let mut loss_with = |by: f32| {
                    let mut moved = before.clone();
                    *moved.input.iter_mut().chain(&mut moved.output).nth(at).unwrap() += by;
                    step.loss(&mut moved, &layer, &rows, &labels)
                };
                let slope = (loss_with(tiny) - loss_with(-tiny)) / (2.0 * f64::from(tiny));
                let (old, new) = match at.checked_sub(n_inputs) {
                    None => (before.input[at], after.input[at]),
                    Some(at) => (before.output[at], after.output[at]),
                };
                // A feature that occurs twice moves twice by the mean that it has a share of.
                let moved = f64::from(new - old) / f64::from(rate);
                assert!((moved + slope).abs() < 0.005, "{loss:?}, weight {at}: {moved} for a slope of {slope}");
            }
        }
    }

    #[test]
    fn texts_without_features_teach_nothing() {
        let (mut weights, before) = (weights(2), weights(2));
        let mut step = Step::default();
        assert_eq!(step.learn(&mut weights, &Layer::Softmax, (&[], &[1]), 1, 0.5), 0.0);
        assert!(weights.input == before.input && weights.output == before.output);
    }
}
