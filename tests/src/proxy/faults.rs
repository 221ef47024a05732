//! Which requests suffer which fault: drawn from a seed and the number of the request.

use std::time::Duration;

/// What a proxy does to requests, as probabilities from 0 to 1. A request suffers one fault at most, and perhaps a
/// delay; their probabilities must not add up to more than 1.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// The same seed gives the same faults to the first, second, … request that arrives.
    pub seed: u64,
    /// 503 `SlowDown`, and the upstream never sees the request.
    pub slow_down: f64,
    /// 500 `InternalError`, and the upstream never sees the request.
    pub internal_error: f64,
    /// The connection is cut, and the upstream never sees the request.
    pub reset_before: f64,
    /// The upstream acts, and the connection is cut instead of its answer.
    pub lost_reply: f64,
    /// Half of the body of an answer to a GET, and then the connection is cut. Other requests do not suffer it.
    pub truncated: f64,
    /// The request is held up for `delay_by`.
    pub delay: f64,
    /// How long a delayed request is held up.
    pub delay_by: Duration,
    /// Only requests whose method and target (path and query) this accepts suffer anything.
    pub only: Option<fn(method: &str, target: &str) -> bool>,
    /// After so many faults there are no more of them; delays go on.
    pub at_most: Option<u64>,
}

/// One kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    SlowDown,
    InternalError,
    ResetBefore,
    LostReply,
    Truncated,
}

impl Fault {
    /// The name it is counted under.
    pub fn name(self) -> &'static str {
        match self {
            Self::SlowDown => "slow_down",
            Self::InternalError => "internal_error",
            Self::ResetBefore => "reset_before",
            Self::LostReply => "lost_reply",
            Self::Truncated => "truncated",
        }
    }
}

impl Faults {
    fn kinds(&self) -> [(Fault, f64); 5] {
        [
            (Fault::SlowDown, self.slow_down),
            (Fault::InternalError, self.internal_error),
            (Fault::ResetBefore, self.reset_before),
            (Fault::LostReply, self.lost_reply),
            (Fault::Truncated, self.truncated),
        ]
    }

    /// # Panics
    /// When the probabilities are none.
    pub(super) fn check(&self) {
        let sum: f64 = self.kinds().iter().map(|(_, probability)| probability).sum();
        let mut all = self.kinds().into_iter().map(|(_, probability)| probability).chain([self.delay, sum]);
        // A sum of exact tenths may be a little more than 1.
        assert!(all.all(|probability| (0.0..=1.0 + 1e-9).contains(&probability)), "no probabilities: {self:?}");
    }

    /// The fault of a request and whether it is delayed.
    pub(super) fn draw(&self, number: u64, method: &str, target: &str) -> (Option<Fault>, bool) {
        if self.only.is_some_and(|accepts| !accepts(method, target)) {
            return (None, false);
        }
        let mut point = self.number(2 * number);
        let hit = self.kinds().into_iter().find(|(_, probability)| {
            point -= probability;
            point < 0.0
        });
        let fault = hit.map(|(fault, _)| fault).filter(|fault| *fault != Fault::Truncated || method == "GET");
        (fault, self.number(2 * number + 1) < self.delay)
    }

    /// A number from 0 to below 1: SplitMix64 (Steele, Lea and Flood, 2014) started at the seed.
    fn number(&self, index: u64) -> f64 {
        let mut bits = self.seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_as_often_as_asked_and_again_with_the_seed() {
        let faults =
            Faults { seed: 7, slow_down: 0.1, lost_reply: 0.2, truncated: 0.3, delay: 0.5, ..Faults::default() };
        let drawn = |seed, method| {
            (0..10_000).map(|number| Faults { seed, ..faults }.draw(number, method, "/")).collect::<Vec<_>>()
        };
        let share =
            |method, fault| drawn(7, method).iter().filter(|(found, _)| *found == fault).count() as f64 / 10_000.0;
        assert!((share("GET", Some(Fault::SlowDown)) - 0.1).abs() < 0.02);
        assert!((share("GET", Some(Fault::LostReply)) - 0.2).abs() < 0.02);
        assert!((share("GET", Some(Fault::Truncated)) - 0.3).abs() < 0.02);
        assert!((share("PUT", None) - 0.7).abs() < 0.02);
        let n_delayed = drawn(7, "GET").iter().filter(|(_, is_delayed)| *is_delayed).count();
        assert!((n_delayed as f64 / 10_000.0 - 0.5).abs() < 0.02);
        assert_eq!(drawn(7, "GET"), drawn(7, "GET"));
        assert_ne!(drawn(7, "GET"), drawn(8, "GET"));
    }

    #[test]
    fn certain_faults_hit_always_and_only_what_is_meant() {
        let faults = Faults { lost_reply: 1.0, only: Some(|method, _| method == "PUT"), ..Faults::default() };
        assert!((0..1000).all(|number| faults.draw(number, "PUT", "/a").0 == Some(Fault::LostReply)));
        assert!((0..1000).all(|number| faults.draw(number, "GET", "/a").0.is_none()));
        assert!((0..1000).all(|number| Faults::default().draw(number, "PUT", "/a") == (None, false)));
    }

    #[test]
    #[should_panic(expected = "no probabilities")]
    fn what_adds_up_to_more_than_one_is_refused() {
        Faults { slow_down: 0.6, lost_reply: 0.6, ..Faults::default() }.check();
    }
}
