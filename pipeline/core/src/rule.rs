//! Rules turn numbers into verdicts. [`judge`] is the only place where a number becomes a verdict.

use crate::Numbers;

/// "Removed because {reason}": which metric of the step, and what keeps a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Completes the sentence "removed because …"; snake_case.
    pub reason: &'static str,
    /// Index into the metrics of the step.
    pub metric: usize,
    /// The condition under which a document stays.
    pub keep: Keep,
}

impl Rule {
    /// Keeps documents whose metric is at least `limit`; no rule when the limit is off.
    pub fn at_least(reason: &'static str, metric: usize, limit: Option<f32>) -> Option<Rule> {
        limit.map(|limit| Rule { reason, metric, keep: Keep::AtLeast(limit) })
    }

    /// Keeps documents whose metric is at most `limit`; no rule when the limit is off.
    pub fn at_most(reason: &'static str, metric: usize, limit: Option<f32>) -> Option<Rule> {
        limit.map(|limit| Rule { reason, metric, keep: Keep::AtMost(limit) })
    }
}

/// The condition under which a document stays. Limits are inclusive: the limit itself is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Keep {
    /// `value >= limit`
    AtLeast(f32),
    /// `value <= limit`
    AtMost(f32),
    /// `low <= value <= high`
    Within(f32, f32),
    /// `value == 0`
    IsFalse,
}

impl Keep {
    /// The limit that `value` breaks, or `None` when the document stays.
    pub fn broken_limit(&self, value: f32) -> Option<f32> {
        match *self {
            Keep::AtLeast(low) => (value < low).then_some(low),
            Keep::AtMost(high) => (value > high).then_some(high),
            Keep::Within(low, _) if value < low => Some(low),
            Keep::Within(_, high) => (value > high).then_some(high),
            Keep::IsFalse => (value != 0.0).then_some(0.0),
        }
    }
}

/// What the rules of one step say of one document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// No rule objects.
    Keep,
    /// The first rule that objects.
    Drop {
        /// The rule's reason.
        reason: &'static str,
        /// Index of the metric.
        metric: usize,
        /// Its value.
        value: f32,
        /// The limit it broke.
        limit: f32,
    },
}

/// Judges the stored numbers by the rules, in their order; a rule on an absent number abstains.
pub fn judge(rules: &[Rule], numbers: &Numbers) -> Verdict {
    for rule in rules {
        let Some(value) = numbers.get(rule.metric) else { continue };
        if let Some(limit) = rule.keep.broken_limit(value) {
            return Verdict::Drop { reason: rule.reason, metric: rule.metric, value, limit };
        }
    }
    Verdict::Keep
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_inclusive() {
        for (keep, kept, dropped) in [
            (Keep::AtLeast(2.0), 2.0, 1.9),
            (Keep::AtMost(2.0), 2.0, 2.1),
            (Keep::Within(1.0, 2.0), 1.0, 0.9),
            (Keep::Within(1.0, 2.0), 2.0, 2.1),
            (Keep::IsFalse, 0.0, 1.0),
        ] {
            assert_eq!(keep.broken_limit(kept), None);
            assert!(keep.broken_limit(dropped).is_some());
        }
    }

    #[test]
    fn a_limit_that_is_off_makes_no_rule() {
        assert_eq!(Rule::at_least("few", 3, None), None);
        let rule = Rule { reason: "many", metric: 3, keep: Keep::AtMost(2.0) };
        assert_eq!(Rule::at_most("many", 3, Some(2.0)), Some(rule));
    }

    #[test]
    fn the_first_objection_wins_and_absent_numbers_abstain() {
        let rules = [
            Rule { reason: "absent", metric: 0, keep: Keep::AtLeast(1.0) },
            Rule { reason: "too_small", metric: 1, keep: Keep::AtLeast(1.0) },
            Rule { reason: "also", metric: 1, keep: Keep::AtLeast(2.0) },
        ];
        let mut numbers = Numbers::new(2);
        assert_eq!(judge(&rules, &numbers), Verdict::Keep);
        numbers.set(1, 0.5);
        assert_eq!(judge(&rules, &numbers), Verdict::Drop { reason: "too_small", metric: 1, value: 0.5, limit: 1.0 });
    }
}
