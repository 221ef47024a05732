//! How alike two scores order the same documents.

/// The rank of each value among all, from 0 to 1; equal ones have the mean of theirs.
pub fn ranks(values: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|one, other| values[*one].total_cmp(&values[*other]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|one, other| values[*one] == values[*other]) {
        let rank = (before as f64 + equal.len() as f64 / 2.0) / values.len() as f64;
        equal.iter().for_each(|at| ranks[*at] = rank);
        before += equal.len();
    }
    ranks
}

/// Spearman's rank correlation (1904): that of Pearson between the ranks, from -1 to 1; none where one of them does not vary.
pub fn rank_correlation(one: &[f64], other: &[f64]) -> Option<f64> {
    let mean = |ranks: &[f64]| ranks.iter().sum::<f64>() / ranks.len().max(1) as f64;
    let (mean_one, mean_other) = (mean(one), mean(other));
    let (mut both, mut of_one, mut of_other) = (0.0, 0.0, 0.0);
    for (a, b) in one.iter().zip(other) {
        let (a, b) = (a - mean_one, b - mean_other);
        both += a * b;
        of_one += a * a;
        of_other += b * b;
    }
    (of_one > 0.0 && of_other > 0.0).then(|| both / (of_one * of_other).sqrt())
}

/// How many of the documents that one score likes best another likes best, too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// Of those that the first likes best, the share that is among those that the second likes best.
    pub in_both: f64,
    /// The share that would be by chance: that of all documents which are among those that the second likes best.
    pub by_chance: f64,
}

/// Compares the best `share` of documents by either of two lists of ranks; those that rank equal with the last of them count, too.
/// None when there are no documents.
pub fn overlap(one: &[f64], other: &[f64], share: f64) -> Option<Overlap> {
    let least = |ranks: &[f64]| {
        let mut sorted = ranks.to_vec();
        sorted.sort_unstable_by(|a, b| b.total_cmp(a));
        let n = ((share * sorted.len() as f64).round() as usize).clamp(1, sorted.len().max(1));
        sorted.get(n - 1).copied()
    };
    let (least_one, least_other) = (least(one)?, least(other)?);
    let n_of = |ranks: &[f64], least: f64| ranks.iter().filter(|rank| **rank >= least).count() as f64;
    let n_both = one.iter().zip(other).filter(|(a, b)| **a >= least_one && **b >= least_other).count();
    let in_both = n_both as f64 / n_of(one, least_one);
    Some(Overlap { in_both, by_chance: n_of(other, least_other) / other.len() as f64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [0.75, 0.125, 0.75, 0.375]);
        assert_eq!(ranks(&[0.0, -0.0]), [0.5, 0.5]);
        assert!(ranks(&[]).is_empty());
    }

    #[test]
    fn correlations_are_those_of_the_textbook() {
        let (one, other) = (ranks(&[1.0, 2.0, 3.0, 4.0, 5.0]), ranks(&[5.0, 6.0, 7.0, 8.0, 7.0]));
        // Ranks 1 2 3 4 5 and 1 2 3.5 5 3.5.
        assert!((rank_correlation(&one, &other).unwrap() - 0.820_782_68).abs() < 1e-6);
        let backwards: Vec<f64> = one.iter().rev().copied().collect();
        assert!((rank_correlation(&one, &backwards).unwrap() + 1.0).abs() < 1e-12);
        assert_eq!(rank_correlation(&one, &[0.5; 5]), None);
        assert_eq!(rank_correlation(&[], &[]), None);
    }

    #[test]
    fn the_best_of_both_are_counted() {
        let one = ranks(&[1.0, 2.0, 3.0, 4.0]);
        let other = ranks(&[1.0, 4.0, 2.0, 3.0]);
        let of = |share: f64| overlap(&one, &other, share).map(|found| (found.in_both, found.by_chance));
        assert_eq!(of(0.25), Some((0.0, 0.25)));
        assert_eq!(of(0.5), Some((0.5, 0.5)));
        assert_eq!(of(1.0), Some((1.0, 1.0)));
        assert_eq!(overlap(&[], &[], 0.5), None);
        // Half of the documents have the highest score: all of them are the best tenth.
        let tied = ranks(&[1.0, 1.0, 0.0, 0.0]);
        assert_eq!(overlap(&tied, &tied, 0.1), Some(Overlap { in_both: 1.0, by_chance: 0.5 }));
    }
}
