//! How far two annotators agree beyond chance: Cohen's kappa, plain and with quadratic weights.

use std::collections::BTreeMap;

/// The share of documents with the same label. `None` without documents.
pub fn agreement<T: PartialEq>(pairs: &[(T, T)]) -> Option<f64> {
    let n_same = pairs.iter().filter(|(a, b)| a == b).count();
    (!pairs.is_empty()).then(|| n_same as f64 / pairs.len() as f64)
}

/// Cohen's kappa of two labels of each document: the share that agrees, less the share that would agree by chance, as a part of
/// what chance leaves to agree on. 1 is agreement, 0 is chance. `None` when chance leaves nothing: without documents, or when
/// both have given all of them the same label.
///
/// J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20 (1960), 37-46.
pub fn kappa<T: Ord>(pairs: &[(T, T)]) -> Option<f64> {
    let mut marginals: BTreeMap<&T, (f64, f64)> = BTreeMap::new();
    for (a, b) in pairs {
        marginals.entry(a).or_default().0 += 1.0;
        marginals.entry(b).or_default().1 += 1.0;
    }
    let n = pairs.len() as f64;
    let by_chance = marginals.values().map(|(a, b)| a * b).sum::<f64>() / (n * n);
    let observed = agreement(pairs)?;
    (by_chance < 1.0).then(|| (observed - by_chance) / (1.0 - by_chance))
}

/// Kappa of two scores of each document, where a disagreement weighs as much as the square of the difference. `None` as for
/// [`kappa`].
///
/// J. Cohen, "Weighted kappa", Psychological Bulletin 70 (1968), 213-220, with v = (a - b)^2. The mean of v over all pairs of
/// a score of the one and a score of the other is the sum of the variances and of the squared difference of the means, so no
/// table is needed.
pub fn quadratic_weighted_kappa(pairs: &[(f64, f64)]) -> Option<f64> {
    let n = pairs.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let (mean_a, mean_b) = (mean(&|pair| pair.0), mean(&|pair| pair.1));
    let by_chance =
        mean(&|pair| (pair.0 - mean_a).powi(2)) + mean(&|pair| (pair.1 - mean_b).powi(2)) + (mean_a - mean_b).powi(2);
    let observed = mean(&|pair| (pair.0 - pair.1).powi(2));
    (by_chance > 0.0).then(|| 1.0 - observed / by_chance)
}

/// How often each pair of labels was given, in the order of labels.
pub fn confusion<T: Ord + Clone>(pairs: &[(T, T)]) -> BTreeMap<(T, T), usize> {
    let mut table = BTreeMap::new();
    pairs.iter().for_each(|pair| *table.entry(pair.clone()).or_default() += 1);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs by a table of counts.
    fn pairs<const N: usize>(table: [[usize; N]; N]) -> Vec<(usize, usize)> {
        let cells = (0..N).flat_map(|a| (0..N).map(move |b| (a, b)));
        cells.flat_map(|(a, b)| std::iter::repeat_n((a, b), table[a][b])).collect()
    }

    fn near(found: Option<f64>, expected: f64) -> bool {
        found.is_some_and(|found| (found - expected).abs() < 1e-12)
    }

    #[test]
    fn kappa_by_hand() {
        // 35 of 50 agree: .7. By chance (25 * 30 + 25 * 20) / 50^2 = .5. (.7 - .5) / .5 = .4.
        let two = pairs([[20, 5], [10, 15]]);
        assert!(near(kappa(&two), 0.4) && near(agreement(&two), 0.7));
        // In hundreds: .70 agree, .30 + .09 + .02 = .41 by chance, so .29 / .59.
        let three = pairs([[44, 5, 1], [7, 20, 3], [9, 5, 6]]);
        assert!(near(kappa(&three), 0.29 / 0.59));
    }

    #[test]
    fn weighted_kappa_by_hand_and_by_its_definition() {
        let table = [[8, 2, 1], [3, 5, 2], [0, 4, 7]];
        let scores: Vec<(f64, f64)> = pairs(table).into_iter().map(|(a, b)| (a as f64, b as f64)).collect();
        // Observed: (2 + 2 + 3 + 4) * 1 + 1 * 4 = 15 of 32. Marginals 11, 10, 11 and 11, 11, 10; by chance:
        // (11 * 11 + 10 * 11 + 10 * 10 + 11 * 11) * 1 + (11 * 10 + 11 * 11) * 4 = 452 + 924 = 1376 of 32^2.
        assert!(near(quadratic_weighted_kappa(&scores), 1.0 - (15.0 / 32.0) / (1376.0 / 1024.0)));
        // With two classes the weights change nothing.
        let two = pairs([[20, 5], [10, 15]]).into_iter().map(|(a, b)| (a as f64, b as f64)).collect::<Vec<_>>();
        assert!(near(quadratic_weighted_kappa(&two), 0.4));
    }

    #[test]
    fn where_there_is_nothing_to_agree_on_there_is_no_kappa() {
        assert_eq!((kappa::<u8>(&[]), quadratic_weighted_kappa(&[]), agreement::<u8>(&[])), (None, None, None));
        assert_eq!((kappa(&[(1, 1), (1, 1)]), quadratic_weighted_kappa(&[(2.0, 2.0)])), (None, None));
        assert!(near(kappa(&[(1, 1), (2, 2)]), 1.0) && near(kappa(&[(1, 2), (2, 1)]), -1.0));
    }

    #[test]
    fn confusions_are_counted() {
        let table = confusion(&pairs([[2, 0], [1, 3]]));
        assert_eq!(table.into_iter().collect::<Vec<_>>(), [((0, 0), 2), ((1, 0), 1), ((1, 1), 3)]);
    }
}
