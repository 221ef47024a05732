//! What a stage measured: one optional value per metric. A metric that does not apply is null and its rule abstains.

use std::sync::Arc;

/// One number or label that a stage emits for each document.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Name without the step; the column is `<step>.<name>`.
    pub name: &'static str,
    /// Number or label.
    pub kind: MetricKind,
    /// Meaning, with units.
    pub about: &'static str,
}

/// Whether a metric is a number or a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// A 32-bit float.
    Number,
    /// A short text; `Some` also sets that field of the document, for later steps and conditions.
    Label(Option<DocField>),
}

/// A field of the document that a label sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocField {
    /// Language.
    Lang,
    /// Page kind.
    Kind,
    /// Canonical form of the URL.
    CanonicalUrl,
}

impl Metric {
    /// A number.
    pub const fn number(name: &'static str, about: &'static str) -> Metric {
        Metric { name, kind: MetricKind::Number, about }
    }

    /// A label that is only recorded.
    pub const fn label(name: &'static str, about: &'static str) -> Metric {
        Metric { name, kind: MetricKind::Label(None), about }
    }

    /// A label that also sets a field of the document.
    pub const fn field(name: &'static str, field: DocField, about: &'static str) -> Metric {
        Metric { name, kind: MetricKind::Label(Some(field)), about }
    }
}

/// One measured value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Measured {
    /// Does not apply to this document, or was not measured.
    #[default]
    Absent,
    /// A number, already in the precision it is stored and judged in.
    Number(f32),
    /// A label.
    Label(Arc<str>),
}

/// The values of one step for one document, in the order of its metrics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers(Vec<Measured>);

impl Numbers {
    /// Room for `n_metrics` values, all absent.
    pub fn new(n_metrics: usize) -> Numbers {
        Numbers(vec![Measured::Absent; n_metrics])
    }

    /// Makes all values absent.
    pub fn clear(&mut self) {
        self.0.fill(Measured::Absent);
    }

    /// Sets a number. NaN means "does not apply"; an index past the declared metrics is ignored.
    pub fn set(&mut self, metric: usize, value: f32) {
        debug_assert!(metric < self.0.len(), "metric {metric} was not declared");
        if let Some(slot) = self.0.get_mut(metric) {
            *slot = if value.is_nan() { Measured::Absent } else { Measured::Number(value) };
        }
    }

    /// Sets a label.
    pub fn set_label(&mut self, metric: usize, label: Arc<str>) {
        debug_assert!(metric < self.0.len(), "metric {metric} was not declared");
        if let Some(slot) = self.0.get_mut(metric) {
            *slot = Measured::Label(label);
        }
    }

    /// The number, if one was measured.
    pub fn get(&self, metric: usize) -> Option<f32> {
        match self.0.get(metric) {
            Some(Measured::Number(value)) => Some(*value),
            _ => None,
        }
    }

    /// The label, if one was given.
    pub fn label(&self, metric: usize) -> Option<&str> {
        match self.0.get(metric) {
            Some(Measured::Label(label)) => Some(label),
            _ => None,
        }
    }

    /// All values, in the order of the metrics.
    pub fn values(&self) -> &[Measured] {
        &self.0
    }
}

/// `part / whole` as a stored number; a share of nothing is 0.
pub fn share(part: usize, whole: usize) -> f32 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64) as f32 }
}
