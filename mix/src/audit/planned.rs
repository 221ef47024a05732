//! The shards against the plan: shares of groups, training phases, and how often documents are used.

use super::sums::Sums;
use crate::phase::cuts::Planned;
use crate::plan::{Mix, short};
use crate::shard::dataset::Dataset;
use crate::take::{Interval, Place};
use std::collections::BTreeMap;
use tokenmill_core::DocId;

/// The tokens of the longest document that is taken of every group.
pub type Longest = BTreeMap<String, u64>;

/// Notes a document of a group.
pub fn note(longest: &mut Longest, group: &str, n_tokens: u64) {
    match longest.get_mut(group) {
        Some(longest) => *longest = (*longest).max(n_tokens),
        None => {
            longest.insert(group.to_owned(), n_tokens);
        }
    }
}

/// Tokens that training phases were to take of groups.
pub fn tokens(planned: &Planned) -> BTreeMap<(u32, &str), u64> {
    let phases = planned.schedule.phases.iter().enumerate();
    let takes = phases.flat_map(|(number, phase)| phase.takes.iter().map(move |take| (number as u32, take)));
    takes.map(|(number, take)| ((number, take.group.as_str()), take.end.saturating_sub(take.start))).collect()
}

/// What does not agree with the plan.
pub fn check(mix: &Mix, planned: &Planned, dataset: &Dataset, found: &Sums, longest: &Longest) -> Vec<String> {
    let mut problems = phases(planned, dataset);
    for (number, phase) in planned.schedule.phases.iter().enumerate() {
        for take in &phase.takes {
            let (wanted, there) = (take.end.saturating_sub(take.start), found.of(number as u32, &take.group).n_tokens);
            let longest = longest.get(&take.group).copied().unwrap_or(0);
            if wanted.abs_diff(there) > tolerance(phase.budget, phase.context, longest) {
                let (group, name) = (&take.group, &phase.name);
                let (wanted, there) = (short(wanted), short(there));
                problems.push(format!("phase `{name}`, group `{group}`: {there} tokens, and {wanted} were planned"));
            }
        }
    }
    for (group, intervals) in &planned.cuts.streams {
        let base = group.split('/').next().unwrap_or(group);
        let cap = mix.groups.iter().find(|known| known.name == base).and_then(|known| known.max_epochs.0);
        let Some(cap) = cap.map(|billionths| billionths.div_ceil(1_000_000_000)) else { continue };
        let most = most_uses(intervals);
        if most > cap {
            problems.push(format!("group `{group}`: a document is used `{most}` times, and the cap is `{cap}`"));
        }
    }
    problems
}

/// How far what is there may be from what was planned: documents are whole, and so are sequences.
fn tolerance(budget: u64, context: u64, longest: u64) -> u64 {
    (budget / 1_000).max(context).max(longest)
}

/// Training phases that are not those of the plan.
fn phases(planned: &Planned, dataset: &Dataset) -> Vec<String> {
    let wanted = planned.schedule.phases.iter().map(|phase| (phase.name.as_str(), phase.context));
    let cut = planned.cuts.trainings.iter().map(|phase| (phase.name.as_str(), phase.context));
    let there = dataset.phases.iter().map(|phase| (phase.name.as_str(), phase.context));
    if wanted.clone().eq(there.clone()) && cut.eq(there.clone()) {
        return Vec::new();
    }
    let tell = |phases: Vec<(&str, u64)>| {
        let names: Vec<String> = phases.iter().map(|(name, context)| format!("{name} ({context})")).collect();
        names.join(", ")
    };
    let (wanted, there) = (tell(wanted.collect()), tell(there.collect()));
    vec![format!("the training phases (and contexts) are {there}, and {wanted} were planned")]
}

/// How many of the intervals hold one document, at most.
fn most_uses(intervals: &[Interval]) -> u64 {
    let mut events: Vec<(Place, bool)> = Vec::new();
    for interval in intervals {
        events.push((interval.from.unwrap_or((0, DocId(0))), true));
        // The document at the end is not in it.
        events.extend(interval.to.map(|to| (to, false)));
    }
    events.sort_unstable();
    let (mut open, mut most) = (0u64, 0u64);
    for (_, begins) in events {
        open = if begins { open + 1 } else { open.saturating_sub(1) };
        most = most.max(open);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(from: Option<u64>, to: Option<u64>) -> Interval {
        let place = |key: u64| (key, DocId(1));
        Interval { training: 0, epoch: 0, from: from.map(place), to: to.map(place), n_documents: 1, n_tokens: 1 }
    }

    #[test]
    fn uses_are_counted_where_intervals_overlap_most() {
        assert_eq!(most_uses(&[]), 0);
        assert_eq!(most_uses(&[interval(None, Some(5)), interval(Some(5), None)]), 1);
        assert_eq!(most_uses(&[interval(Some(5), None), interval(None, Some(6))]), 2);
        let thrice = [interval(Some(7), None), interval(None, None), interval(None, Some(8)), interval(None, Some(2))];
        assert_eq!(most_uses(&thrice), 3);
        // One by one, as the shards are filled.
        let holds = |key: u64| thrice.iter().filter(|interval| interval.holds((key, DocId(1)))).count() as u64;
        assert_eq!((0..10).map(holds).max(), Some(3));
    }

    #[test]
    fn the_largest_of_the_tolerances_counts() {
        assert_eq!(tolerance(1_000_000, 10, 10), 1_000);
        assert_eq!(tolerance(1_000, 8_192, 10), 8_192);
        assert_eq!(tolerance(1_000, 0, 20_000), 20_000);
    }

    #[test]
    fn the_longest_document_is_kept() {
        let mut longest = Longest::new();
        for (group, n_tokens) in [("a", 3), ("b", 9), ("a", 7), ("a", 5)] {
            note(&mut longest, group, n_tokens);
        }
        assert_eq!(longest.into_iter().collect::<Vec<_>>(), [("a".to_owned(), 7), ("b".to_owned(), 9)]);
    }
}
