//! The limit at which a distribution loses a wanted share.

use super::histogram::{Bin, Histogram};
use super::probe::Side;

/// Of a gap between two numbers, only its first part is used, where the numbers that were seen say something.
const NEARBY: f32 = 0.05;

/// A limit that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proposal {
    /// The limit.
    pub limit: f32,
    /// Numbers that it removes.
    pub removed: u64,
}

/// The limit on `side` that removes as near to `share` of the numbers as they allow; of two that are as near, the one
/// that removes less. All limits between two neighbouring numbers remove the same; the first of `favourites` that is
/// among them is taken, else the one that is shortest to write. `None` when the numbers do not vary.
pub fn propose(numbers: &Histogram, side: Side, share: f64, favourites: &[f32]) -> Option<Proposal> {
    let mut bins = numbers.bins();
    if bins.len() < 2 {
        return None;
    }
    if side == Side::AtMost {
        bins.reverse();
    }
    // Bins in the order in which a limit that gets stricter removes them; not all of them.
    let wanted = share * numbers.n() as f64;
    let mut removed = 0;
    let mut best = (0, 0);
    for (at, bin) in bins.iter().enumerate().take(bins.len() - 1) {
        removed += bin.n;
        if (removed as f64 - wanted).abs() < (best.1 as f64 - wanted).abs() {
            best = (at + 1, removed);
        }
    }
    let (first_kept, removed) = best;
    let last_removed = first_kept.checked_sub(1).map(|at| bins[at]);
    let is_between = |limit: f32| {
        let removes_none = !side.removes(limit, edge(side, bins[first_kept]));
        removes_none && last_removed.is_none_or(|bin| side.removes(limit, far_edge(side, bin)))
    };
    let favourite = favourites.iter().copied().find(|limit| is_between(*limit));
    let limit = favourite.unwrap_or_else(|| {
        let kept = edge(side, bins[first_kept]);
        let near = kept.abs().max(f32::MIN_POSITIVE) * NEARBY;
        shortest(kept, if side == Side::AtMost { kept + near } else { kept - near }, is_between)
    });
    Some(Proposal { limit, removed })
}

/// The number of a bin that is removed first.
fn edge(side: Side, bin: Bin) -> f32 {
    if side == Side::AtMost { bin.high } else { bin.low }
}

/// The number of a bin that is removed last.
fn far_edge(side: Side, bin: Bin) -> f32 {
    if side == Side::AtMost { bin.low } else { bin.high }
}

/// The number from `kept` to `far` that `fits` and has the fewest digits; `kept` itself fits.
fn shortest(kept: f32, far: f32, fits: impl Fn(f32) -> bool) -> f32 {
    // The decimal that is written for it, and not all digits of the binary number.
    let decimal: f64 = kept.to_string().parse().unwrap_or_else(|_| f64::from(kept));
    for digits in -9..=9 {
        let unit = 10f64.powi(digits);
        let steps = decimal * unit;
        let is_whole = (steps - steps.round()).abs() <= steps.abs() * 1e-12;
        let rounded = match is_whole {
            true => steps.round(),
            false if far > kept => steps.ceil(),
            false => steps.floor(),
        };
        let candidate = (rounded / unit) as f32;
        let is_near = if far > kept { candidate <= far } else { candidate >= far };
        if is_near && fits(candidate) {
            return candidate;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(numbers: &[f32]) -> Histogram {
        let mut histogram = Histogram::default();
        numbers.iter().for_each(|number| histogram.add(*number));
        histogram
    }

    fn removed(numbers: &[f32], side: Side, limit: f32) -> u64 {
        numbers.iter().filter(|number| side.removes(limit, **number)).count() as u64
    }

    #[test]
    fn the_share_is_as_near_as_the_numbers_allow() {
        let numbers: Vec<f32> = (0..500u64).map(|n| (tokenmill_core::hash::mix64(3, n) % 97) as f32 / 97.0).collect();
        for side in [Side::AtLeast, Side::AtMost] {
            for share in [0.0, 0.001, 0.01, 0.1, 0.5, 0.9] {
                let found = propose(&histogram(&numbers), side, share, &[]).unwrap();
                assert_eq!(found.removed, removed(&numbers, side, found.limit), "{side:?} {share}");
                let error = |n: u64| (n as f64 - share * 500.0).abs();
                let naive = numbers.iter().map(|limit| error(removed(&numbers, side, *limit)));
                assert_eq!(error(found.removed), naive.fold(f64::MAX, f64::min), "{side:?} {share}");
            }
        }
    }

    #[test]
    fn of_equal_limits_the_favourite_is_taken_and_then_the_shortest() {
        let numbers = histogram(&[0.1, 0.214_159, 0.218, 0.4]);
        let limit = |side, share, favourites: &[f32]| propose(&numbers, side, share, favourites).unwrap().limit;
        assert_eq!(limit(Side::AtMost, 0.25, &[0.9, 0.3]), 0.3);
        assert_eq!(limit(Side::AtMost, 0.25, &[0.4]), 0.22);
        assert_eq!(limit(Side::AtMost, 0.5, &[]), 0.215);
        assert_eq!(limit(Side::AtLeast, 0.25, &[]), 0.21);
        assert_eq!(limit(Side::AtLeast, 0.25, &[0.1]), 0.21);
        assert_eq!(limit(Side::AtLeast, 0.0, &[]), 0.1);
        assert_eq!(limit(Side::AtMost, 0.0, &[]), 0.4);
        let words = histogram(&[31.0, 47.0, 52.0, 480.0]);
        assert_eq!(propose(&words, Side::AtLeast, 0.25, &[]).unwrap(), Proposal { limit: 47.0, removed: 1 });
    }

    #[test]
    fn numbers_that_do_not_vary_propose_nothing() {
        assert_eq!(propose(&histogram(&[2.0, 2.0, 2.0]), Side::AtMost, 0.5, &[]), None);
        assert_eq!(propose(&Histogram::default(), Side::AtMost, 0.5, &[]), None);
    }
}
