//! Which group the next sequence comes from.

/// Draws groups so that after every draw each has its share, to within about one sequence.
pub(super) struct Shares {
    /// They sum to 1.
    weights: Vec<f64>,
    taken: Vec<u64>,
    drawn: u64,
}

impl Shares {
    /// At least one weight is above 0.
    pub(super) fn new(weights: &[f64]) -> Shares {
        let sum: f64 = weights.iter().sum();
        let weights: Vec<f64> = weights.iter().map(|weight| weight / sum).collect();
        Shares { taken: vec![0; weights.len()], weights, drawn: 0 }
    }

    /// The group that is furthest behind its share of the sequences with this one; the first of those that are equal.
    pub(super) fn next(&mut self) -> usize {
        self.drawn += 1;
        let (mut best, mut most) = (0, f64::NEG_INFINITY);
        for (group, (weight, taken)) in self.weights.iter().zip(&self.taken).enumerate() {
            let deficit = weight * self.drawn as f64 - *taken as f64;
            if *weight > 0.0 && deficit > most {
                (best, most) = (group, deficit);
            }
        }
        self.taken[best] += 1;
        best
    }
}
