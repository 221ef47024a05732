//! Heads: from what the trunk says of a sequence to named scores.

use super::weights::Dense;

/// Which of a sequence's token vectors a head sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The first token's.
    First,
    /// The mean of all tokens'.
    Mean,
}

/// The function behind the first matrix of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadActivation {
    /// Hyperbolic tangent (BERT, RoBERTa).
    Tanh,
    /// max(x, 0) (DistilBERT).
    Relu,
}

/// What the last numbers of a head mean.
#[derive(Clone, Debug, PartialEq)]
pub enum HeadKind {
    /// One number as it is.
    Regression,
    /// One of the labels holds: softmax.
    OneOf(Vec<String>),
    /// Any of the labels may hold: a sigmoid for each.
    AnyOf(Vec<String>),
}

/// A head on the trunk.
#[derive(Clone, Debug)]
pub struct Head {
    /// Its name; empty for the only head of a plain model.
    pub name: String,
    /// What the numbers mean.
    pub kind: HeadKind,
    /// What it sees.
    pub pooling: Pooling,
    /// Its first matrix, if it has one, and what follows it.
    pub dense: Option<(Dense, HeadActivation)>,
    /// Its last matrix, to the logits.
    pub out: Dense,
}

/// One score that a head can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The number of a regression.
    Value,
    /// The probability of a label.
    Label(usize),
    /// The mean of labels that are numbers, weighted by their probabilities.
    Mean,
}

/// The name of the score of a plain regression.
const PLAIN: &str = "score";

impl Head {
    /// Features that the head sees of a sequence: what is left behind its first matrix.
    pub fn n_features(&self) -> usize {
        self.out.n_in
    }

    /// All scores that it can give, by name: `score` of a plain regression, `head`, `head_label`, or for a plain model `label`.
    pub fn outputs(&self) -> Vec<(String, Output)> {
        let plain = |label: &str| if self.name.is_empty() { identifier(label) } else { self.prefixed(label) };
        let alone = || if self.name.is_empty() { PLAIN.to_owned() } else { identifier(&self.name) };
        let each = |labels: &[String]| {
            let named = labels.iter().enumerate().map(|(at, label)| (plain(label), Output::Label(at)));
            named.collect::<Vec<_>>()
        };
        match &self.kind {
            HeadKind::Regression => vec![(alone(), Output::Value)],
            HeadKind::AnyOf(labels) => each(labels),
            HeadKind::OneOf(labels) => {
                let mut outputs = each(labels);
                if self.label_values().is_some() {
                    outputs.insert(0, (alone(), Output::Mean));
                }
                outputs
            }
        }
    }

    fn prefixed(&self, label: &str) -> String {
        let label = identifier(label);
        format!(
            "{}_{}",
            identifier(&self.name),
            label.strip_prefix("n").filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(&label)
        )
    }

    /// The labels as numbers, when all are.
    fn label_values(&self) -> Option<Vec<f32>> {
        let HeadKind::OneOf(labels) = &self.kind else { return None };
        labels.iter().map(|label| label.trim().parse::<f32>().ok().filter(|value| value.is_finite())).collect()
    }

    /// The logits of a sequence from its features.
    pub fn logits(&self, features: &[f32]) -> Vec<f32> {
        let rows = self.out.weight.chunks_exact(self.out.n_in).zip(&self.out.bias);
        rows.map(|(row, bias)| {
            // In double precision the order of the sum does not show.
            let sum: f64 = row.iter().zip(features).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            (sum + f64::from(*bias)) as f32
        })
        .collect()
    }

    /// A score from the logits.
    pub fn score(&self, logits: &[f32], output: Output) -> f32 {
        let number = |at: usize| f64::from(logits.get(at).copied().unwrap_or(f32::NAN));
        let softmax = |at: usize| {
            let highest = logits.iter().copied().fold(f32::MIN, f32::max);
            let sum: f64 = logits.iter().map(|logit| libm::exp(f64::from(*logit - highest))).sum();
            libm::exp(number(at) - f64::from(highest)) / sum
        };
        let score = match (output, &self.kind) {
            (Output::Value, _) => number(0),
            (Output::Label(at), HeadKind::AnyOf(_)) => 1.0 / (1.0 + libm::exp(-number(at))),
            (Output::Label(at), _) => softmax(at),
            (Output::Mean, _) => {
                let values = self.label_values().unwrap_or_default();
                values.iter().enumerate().map(|(at, value)| f64::from(*value) * softmax(at)).sum()
            }
        };
        score as f32
    }
}

/// A name as recipes write metrics: lower-case letters, digits and `_`, a letter first.
fn identifier(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = name.trim().chars().map(plain).collect();
    if name.starts_with(|c: char| c.is_ascii_lowercase()) { name } else { format!("n{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(name: &str, kind: HeadKind, n_out: usize) -> Head {
        let out = Dense { n_in: 2, n_out, weight: (0..2 * n_out).map(|n| n as f32).collect(), bias: vec![0.5; n_out] };
        Head { name: name.to_owned(), kind, pooling: Pooling::First, dense: None, out }
    }

    fn labels(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn outputs_have_names_of_metrics() {
        let names = |head: Head| head.outputs().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(head("", HeadKind::Regression, 1)), ["score"]);
        assert_eq!(names(head("Edu Value", HeadKind::Regression, 1)), ["edu_value"]);
        assert_eq!(names(head("", HeadKind::OneOf(labels(&["LABEL_0", "not-spam"])), 2)), ["label_0", "not_spam"]);
        assert_eq!(names(head("", HeadKind::OneOf(labels(&["0", "1"])), 2)), ["score", "n0", "n1"]);
        assert_eq!(names(head("kind", HeadKind::AnyOf(labels(&["code", "maths"])), 2)), ["kind_code", "kind_maths"]);
        assert_eq!(
            names(head("quality", HeadKind::OneOf(labels(&["0", "5"])), 2)),
            ["quality", "quality_0", "quality_5"]
        );
    }

    #[test]
    fn scores_are_what_they_say() {
        let ranked = head("q", HeadKind::OneOf(labels(&["0", "5"])), 2);
        let logits = ranked.logits(&[1.0, -1.0]);
        assert_eq!(logits, [-0.5, -0.5]);
        assert_eq!(ranked.score(&logits, Output::Label(1)), 0.5);
        assert_eq!(ranked.score(&logits, Output::Mean), 2.5);
        assert_eq!(ranked.score(&[1000.0, -1000.0], Output::Label(0)), 1.0);
        let any = head("a", HeadKind::AnyOf(labels(&["x", "y"])), 2);
        assert_eq!(any.score(&[0.0, 3.0], Output::Label(0)), 0.5);
        assert!((any.score(&[0.0, 3.0], Output::Label(1)) - 0.952_574_1).abs() < 1e-6);
        assert_eq!(head("", HeadKind::Regression, 1).score(&[-2.5], Output::Value), -2.5);
    }
}
