//! How good scores are: areas under curves, F1, calibration, and what a threshold keeps.

use super::ranks::ranks;
use tokenmill_core::hash::hash64;

/// Samples of an interval.
const N_SAMPLES: u64 = 400;

/// A document that has been scored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The score, higher for what is likelier positive.
    pub score: f32,
    /// Whether it is positive.
    pub is_positive: bool,
    /// Words of the document.
    pub n_words: u32,
}

/// The area under the ROC curve: how often a positive document has a higher score than a negative one, ties counting half.
/// `None` when one of the two is missing.
pub fn auc(scored: &[Scored]) -> Option<f64> {
    let (wins, pairs) = wins(scored);
    (pairs > 0.0).then(|| wins / pairs)
}

/// The same over pairs of the same quarter of lengths only; documents of one length are in one quarter. What counting words alone is
/// worth there is told by [`by_length`].
pub fn auc_within_lengths(scored: &[Scored]) -> Option<f64> {
    let lengths: Vec<f32> = scored.iter().map(|one| one.n_words as f32).collect();
    let mut quarters = [const { Vec::new() }; 4];
    for (one, rank) in scored.iter().zip(ranks(&lengths)) {
        quarters[((rank * 4.0) as usize).min(3)].push(*one);
    }
    let sums = quarters.iter().map(|quarter| wins(quarter));
    let (wins, pairs) = sums.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    (pairs > 0.0).then(|| wins / pairs)
}

/// The same documents with their number of words as the score.
pub fn by_length(scored: &[Scored]) -> Vec<Scored> {
    scored.iter().map(|one| Scored { score: one.n_words as f32, ..*one }).collect()
}

/// Pairs that are in order, and all pairs.
fn wins(scored: &[Scored]) -> (f64, f64) {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| a.score.total_cmp(&b.score));
    let (mut wins, mut n_negative) = (0.0, 0.0);
    for equal in sorted.chunk_by(|a, b| a.score.total_cmp(&b.score).is_eq()) {
        let positive = equal.iter().filter(|one| one.is_positive).count() as f64;
        let negative = equal.len() as f64 - positive;
        wins += positive * (n_negative + negative / 2.0);
        n_negative += negative;
    }
    (wins, n_negative * (scored.len() as f64 - n_negative))
}

/// The average precision, which is the area under the curve of precision and recall; ties are taken together. `None` without
/// positive documents.
pub fn average_precision(scored: &[Scored]) -> Option<f64> {
    let n_positive = scored.iter().filter(|one| one.is_positive).count();
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
    let (mut found, mut seen, mut sum) = (0, 0, 0.0);
    for equal in sorted.chunk_by(|a, b| a.score.total_cmp(&b.score).is_eq()) {
        let positive = equal.iter().filter(|one| one.is_positive).count();
        (found, seen) = (found + positive, seen + equal.len());
        sum += positive as f64 * found as f64 / seen as f64;
    }
    (n_positive > 0).then(|| sum / n_positive as f64)
}

/// Between which values a measure lies in 95 of 100 samples of the documents, drawn with replacement.
pub fn interval(scored: &[Scored], seed: u64, measure: impl Fn(&[Scored]) -> Option<f64>) -> Option<(f64, f64)> {
    let n = scored.len() as u64;
    let draw = |sample: u64, at: u64| {
        let hash = hash64(seed, &(sample * n + at).to_le_bytes());
        scored[((u128::from(hash) * u128::from(n)) >> 64) as usize]
    };
    let samples = (0..N_SAMPLES).map(|sample| (0..n).map(|at| draw(sample, at)).collect::<Vec<_>>());
    let mut values: Vec<f64> = samples.filter_map(|sample| measure(&sample)).collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get((share * values.len() as f64) as usize).copied();
    Some((at(0.025)?, at(0.975)?))
}

/// What is kept from a score on, and how right that is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// The lowest score that is kept.
    pub score: f32,
    /// Share of all documents that is kept.
    pub kept: f64,
    /// Share of the kept ones that is positive.
    pub precision: f64,
    /// Share of the positive ones that is kept.
    pub recall: f64,
}

impl Threshold {
    /// What a score keeps.
    pub fn at(scored: &[Scored], score: f32) -> Threshold {
        let kept = scored.iter().filter(|one| one.score >= score);
        let (n_kept, n_right) = kept.fold((0, 0), |sum, one| (sum.0 + 1, sum.1 + usize::from(one.is_positive)));
        let n_positive = scored.iter().filter(|one| one.is_positive).count();
        let share = |part: usize, all: usize| if all == 0 { 0.0 } else { part as f64 / all as f64 };
        Threshold {
            score,
            kept: share(n_kept, scored.len()),
            precision: share(n_right, n_kept),
            recall: share(n_right, n_positive),
        }
    }

    /// The lowest score of the best `share` of documents, 0 to 1; at least one document.
    pub fn keeping(scored: &[Scored], share: f64) -> Threshold {
        let mut scores: Vec<f32> = scored.iter().map(|one| one.score).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        let n = ((scores.len() as f64 * share) as usize).clamp(1, scores.len().max(1));
        Threshold::at(scored, scores.get(n - 1).copied().unwrap_or(f32::INFINITY))
    }

    /// The one of the highest F1; of equally good ones the one that keeps least. `None` without positive documents.
    pub fn best(scored: &[Scored]) -> Option<Threshold> {
        let n_positive = scored.iter().filter(|one| one.is_positive).count();
        let mut sorted = scored.to_vec();
        sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
        let (mut n_kept, mut n_right, mut best) = (0, 0, (0.0, None));
        for equal in sorted.chunk_by(|a, b| a.score.total_cmp(&b.score).is_eq()) {
            n_kept += equal.len();
            n_right += equal.iter().filter(|one| one.is_positive).count();
            let f1 = 2.0 * n_right as f64 / (n_kept + n_positive) as f64;
            if f1 > best.0 {
                best = (f1, equal.first().map(|one| one.score));
            }
        }
        best.1.map(|score| Threshold::at(scored, score))
    }

    /// The harmonic mean of precision and recall.
    pub fn f1(&self) -> f64 {
        let sum = self.precision + self.recall;
        if sum == 0.0 { 0.0 } else { 2.0 * self.precision * self.recall / sum }
    }
}

/// A bin of calibration: what scores between two tenths say, and what is so.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// Documents in it.
    pub n: usize,
    /// Their mean score.
    pub mean_score: f64,
    /// The share of them that is positive.
    pub positive: f64,
}

/// Ten bins of scores from 0 to 1, and the expected calibration error: the mean distance between score and share, weighted by
/// documents (Naeini et al., AAAI 2015).
pub fn calibration(scored: &[Scored]) -> (Vec<Bin>, f64) {
    let mut bins = vec![Bin::default(); 10];
    for one in scored {
        let bin = &mut bins[((one.score * 10.0) as usize).min(9)];
        bin.n += 1;
        bin.mean_score += f64::from(one.score);
        bin.positive += f64::from(u8::from(one.is_positive));
    }
    for bin in bins.iter_mut().filter(|bin| bin.n > 0) {
        bin.mean_score /= bin.n as f64;
        bin.positive /= bin.n as f64;
    }
    let error = bins.iter().map(|bin| bin.n as f64 * (bin.mean_score - bin.positive).abs()).sum::<f64>();
    (bins, error / scored.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(list: &[(f32, bool, u32)]) -> Vec<Scored> {
        list.iter()
            .map(|(score, is_positive, n_words)| Scored { score: *score, is_positive: *is_positive, n_words: *n_words })
            .collect()
    }

    fn random(seed: u64) -> Vec<Scored> {
        let number = |at: u64, n: u64| hash64(seed, &at.to_le_bytes()) % n;
        (0..60)
            .map(|at| Scored {
                score: number(at, 20) as f32 / 20.0,
                is_positive: number(100 + at, 3) == 0,
                n_words: number(200 + at, 50) as u32,
            })
            .collect()
    }

    #[test]
    fn the_area_is_the_share_of_pairs_in_order() {
        for seed in 0..50 {
            let list = random(seed);
            let (mut wins, mut pairs) = (0.0, 0.0);
            for positive in list.iter().filter(|one| one.is_positive) {
                for negative in list.iter().filter(|one| !one.is_positive) {
                    wins += if positive.score > negative.score {
                        1.0
                    } else if positive.score < negative.score {
                        0.0
                    } else {
                        0.5
                    };
                    pairs += 1.0;
                }
            }
            assert!((auc(&list).unwrap() - wins / pairs).abs() < 1e-12);
        }
        assert_eq!(auc(&scored(&[(0.5, true, 1)])), None);
        assert_eq!(auc(&[]), None);
    }

    #[test]
    fn intervals_hold_the_measure_and_shrink() {
        let list = |n: u64| -> Vec<Scored> {
            (0..n)
                .map(|at| Scored {
                    score: (hash64(1, &at.to_le_bytes()) % 100) as f32,
                    is_positive: at % 2 == 0,
                    n_words: 1,
                })
                .collect()
        };
        let width = |n: u64| {
            let list = list(n);
            let (low, high) = interval(&list, 1, auc).unwrap();
            assert!((low..=high).contains(&auc(&list).unwrap()));
            high - low
        };
        assert!(width(100) > 2.0 * width(2_000));
        assert_eq!(interval(&[], 1, auc), None);
    }

    #[test]
    fn length_says_less_within_lengths() {
        // Long documents are positive more often, and nothing else is known of them.
        let list: Vec<Scored> = (0..4_000u32)
            .map(|at| Scored {
                score: at as f32,
                is_positive: u64::from(at) >= hash64(1, &at.to_le_bytes()) % 4_000,
                n_words: at,
            })
            .collect();
        let (overall, within) = (auc(&list).unwrap(), auc_within_lengths(&list).unwrap());
        assert!(overall > 0.8 && (0.5..0.65).contains(&within), "{overall}, {within}");
        assert_eq!(auc_within_lengths(&by_length(&list)), Some(within));
        let coarse: Vec<Scored> =
            list.iter().map(|one| Scored { score: (one.n_words / 1_000) as f32, ..*one }).collect();
        assert_eq!(auc_within_lengths(&coarse), Some(0.5));
    }

    #[test]
    fn documents_of_one_length_are_compared_in_any_order() {
        for seed in 0..20 {
            let list: Vec<Scored> = random(seed).into_iter().map(|one| Scored { n_words: 7, ..one }).collect();
            let mut by_class = list.clone();
            by_class.sort_by_key(|one| one.is_positive);
            assert_eq!(auc_within_lengths(&by_class), auc(&list));
        }
    }

    #[test]
    fn precision_is_averaged_over_what_is_found() {
        let list = scored(&[(0.9, true, 1), (0.8, false, 1), (0.7, true, 1), (0.6, false, 1)]);
        assert!((average_precision(&list).unwrap() - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        // All equal: the share of positive ones.
        assert_eq!(average_precision(&scored(&[(0.5, true, 1), (0.5, false, 1)])), Some(0.5));
        assert_eq!(average_precision(&scored(&[(0.5, false, 1)])), None);
    }

    #[test]
    fn thresholds_keep_what_they_say() {
        let list = scored(&[(0.9, true, 1), (0.8, false, 1), (0.7, true, 1), (0.6, false, 1)]);
        let half = Threshold::keeping(&list, 0.5);
        assert_eq!(half, Threshold { score: 0.8, kept: 0.5, precision: 0.5, recall: 0.5 });
        assert_eq!(half.f1(), 0.5);
        assert_eq!(Threshold::keeping(&list, 0.0).kept, 0.25);
        assert_eq!(Threshold::best(&list).unwrap(), Threshold::at(&list, 0.7));
        assert_eq!(Threshold::best(&scored(&[(0.5, false, 1)])), None);
        for seed in 0..20 {
            let list = random(seed);
            let highest = list.iter().map(|one| Threshold::at(&list, one.score).f1()).fold(0.0, f64::max);
            assert!((Threshold::best(&list).unwrap().f1() - highest).abs() < 1e-12);
        }
        assert_eq!(Threshold::at(&list, 2.0).f1(), 0.0);
        assert_eq!(Threshold::keeping(&[], 0.5).kept, 0.0);
    }

    #[test]
    fn calibrated_scores_have_no_error() {
        let list: Vec<Scored> =
            (0..1000).map(|at| Scored { score: 0.3, is_positive: at % 10 < 3, n_words: 1 }).collect();
        let (bins, error) = calibration(&list);
        assert!(error < 1e-6 && bins[3].n == 1000 && (bins[3].positive - 0.3).abs() < 1e-9);
        assert!((calibration(&scored(&[(1.0, false, 1), (1.0, true, 1)])).1 - 0.5).abs() < 1e-9);
        assert_eq!(calibration(&[]).1, 0.0);
    }
}
