//! Figures of quality: AUC with bootstrap intervals and within bins, and F1 of places.

use serde_json::Value;
use std::collections::BTreeMap;

/// Rounds of the bootstrap.
const N_ROUNDS: usize = 1_000;

/// How often a score of `high` is above one of `low`; equal ones count half. NaN when one of them is empty.
pub fn auc(low: &[f64], high: &[f64]) -> f64 {
    wins(low, high) / (low.len() * high.len()) as f64
}

fn wins(low: &[f64], high: &[f64]) -> f64 {
    let mut low = low.to_vec();
    low.sort_unstable_by(f64::total_cmp);
    let wins = |value: &f64| low.partition_point(|other| other < value) + low.partition_point(|other| other <= value);
    high.iter().map(|value| wins(value) as f64 / 2.0).sum()
}

/// A text: its score, whether it is one to be kept, and its bin.
#[derive(Clone, Copy, Debug)]
pub struct Scored {
    /// Higher is better.
    pub score: f64,
    /// What people say.
    pub is_good: bool,
    /// Texts are compared within it.
    pub bin: usize,
}

/// AUC over all texts.
pub fn overall(texts: &[Scored]) -> f64 {
    within(&texts.iter().map(|text| Scored { bin: 0, ..*text }).collect::<Vec<_>>())
}

/// AUC over all pairs of a good and a bad text of the same bin.
pub fn within(texts: &[Scored]) -> f64 {
    let mut bins: BTreeMap<usize, [Vec<f64>; 2]> = BTreeMap::new();
    for text in texts {
        bins.entry(text.bin).or_default()[usize::from(text.is_good)].push(text.score);
    }
    let n_pairs: usize = bins.values().map(|[low, high]| low.len() * high.len()).sum();
    bins.values().map(|[low, high]| wins(low, high)).sum::<f64>() / n_pairs as f64
}

/// The 2.5th and 97.5th percentile of a figure over texts drawn with replacement.
pub fn interval(texts: &[Scored], figure: fn(&[Scored]) -> f64) -> [f64; 2] {
    let mut state = 1u64;
    let mut below = |n: usize| {
        // A linear congruential generator (Knuth, MMIX); its upper bits are good enough to draw texts.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize) % n.max(1)
    };
    let mut figures: Vec<f64> = (0..N_ROUNDS)
        .map(|_| figure(&(0..texts.len()).map(|_| texts[below(texts.len())]).collect::<Vec<_>>()))
        .collect();
    figures.sort_unstable_by(f64::total_cmp);
    [figures[N_ROUNDS / 40], figures[N_ROUNDS - 1 - N_ROUNDS / 40]]
}

/// The rank of each value, from 0 to 1; equal ones have their mean rank.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank =
        |value: &f64| sorted.partition_point(|other| other < value) + sorted.partition_point(|other| other <= value);
    values.iter().map(|value| rank(value) as f64 / 2.0 / values.len() as f64).collect()
}

/// The quarter that each value is in.
pub fn quarters(values: &[f64]) -> Vec<usize> {
    ranks(values).into_iter().map(|rank| ((rank * 4.0) as usize).min(3)).collect()
}

/// Places of one kind: found rightly, found wrongly, missed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Places([f64; 3]);

impl Places {
    /// Precision, recall and F1.
    pub fn scores(&self) -> [f64; 3] {
        let [hits, wrong, missed] = self.0;
        let (precision, recall) = (hits / (hits + wrong).max(1.0), hits / (hits + missed).max(1.0));
        [precision, recall, 2.0 * precision * recall / (precision + recall).max(f64::MIN_POSITIVE)]
    }

    /// Places that are annotated.
    pub fn n_gold(&self) -> f64 {
        self.0[0] + self.0[2]
    }
}

/// Compares places, each `[kind, start, end]`: one counts as found when one of the same kind overlaps it.
pub fn places<'v>(texts: impl Iterator<Item = (&'v Value, &'v Value)>) -> BTreeMap<String, Places> {
    let mut counts: BTreeMap<String, Places> = BTreeMap::new();
    let list = |value: &'v Value| value.as_array().map_or(&[][..], Vec::as_slice);
    let at = |place: &Value, which: usize| place[which].as_u64().unwrap_or(0);
    let overlaps = |a: &Value, b: &Value| a[0] == b[0] && at(a, 1) < at(b, 2) && at(b, 1) < at(a, 2);
    for (gold, found) in texts {
        let (gold, found) = (list(gold), list(found));
        let mut count = |place: &Value, which: usize| {
            counts.entry(place[0].as_str().unwrap_or_default().to_owned()).or_default().0[which] += 1.0;
        };
        for place in gold {
            count(place, if found.iter().any(|other| overlaps(place, other)) { 0 } else { 2 });
        }
        for place in found.iter().filter(|place| !gold.iter().any(|other| overlaps(place, other))) {
            count(place, 1);
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scored(rows: &[(f64, bool, usize)]) -> Vec<Scored> {
        rows.iter().map(|&(score, is_good, bin)| Scored { score, is_good, bin }).collect()
    }

    #[test]
    fn auc_counts_pairs_and_halves_of_ties() {
        assert!((auc(&[1.0, 2.0], &[2.0, 3.0]) - 3.5 / 4.0).abs() < 1e-12);
        assert!(auc(&[], &[1.0]).is_nan());
    }

    #[test]
    fn pairs_of_other_bins_do_not_count_within() {
        let texts = scored(&[(1.0, false, 0), (2.0, true, 0), (9.0, false, 1), (8.0, true, 1), (9.5, true, 1)]);
        assert!((within(&texts) - 2.0 / 3.0).abs() < 1e-12);
        assert!((overall(&texts) - 4.0 / 6.0).abs() < 1e-12);
    }

    #[test]
    fn an_interval_holds_the_figure_and_is_narrow_when_all_agree() {
        let texts: Vec<Scored> =
            (0..200).map(|at| Scored { score: f64::from(at % 7), is_good: at % 3 == 0, bin: 0 }).collect();
        let [low, high] = interval(&texts, overall);
        let figure = overall(&texts);
        assert!(low < figure && figure < high && high - low < 0.3, "{low} {figure} {high}");
        let same = scored(&[(2.0, true, 0), (1.0, false, 0)]).repeat(50);
        assert!(interval(&same, overall).iter().all(|bound| (bound - 1.0).abs() < 1e-12));
    }

    #[test]
    fn ranks_of_equal_values_are_equal() {
        assert_eq!(ranks(&[5.0, 1.0, 5.0, 9.0]), [0.5, 0.125, 0.5, 0.875]);
        assert_eq!(quarters(&[1.0, 2.0, 3.0, 4.0]), [0, 1, 2, 3]);
    }

    #[test]
    fn places_are_compared_by_kind_and_overlap() {
        let gold = json!([["ip", 0, 5], ["ip", 9, 12], ["email", 20, 30]]);
        let found = json!([["ip", 4, 6], ["email", 30, 31], ["ip", 20, 25]]);
        let counts = places([(&gold, &found)].into_iter());
        assert_eq!((counts["ip"], counts["email"]), (Places([1.0, 1.0, 1.0]), Places([0.0, 1.0, 1.0])));
        assert_eq!(counts["ip"].scores(), [0.5, 0.5, 0.5]);
    }
}
