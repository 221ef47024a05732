//! What holds for every plan, for mixes and supplies made of numbers that are always the same.

use super::super::{Budget, Mix, Schedule, Supply, Take, schedule};
use super::{mix, supply};
use std::collections::BTreeMap;
use std::fmt::Write;
use tokenmill_core::hash::mix64;

/// Numbers that look random.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = mix64(self.0, 1);
        self.0 % limit
    }

    /// From 1 to ten to the power of `digits`, every length as likely as every other.
    fn wide(&mut self, digits: u32) -> u64 {
        let digits = self.below(u64::from(digits)) as u32 + 1;
        self.below(10u64.pow(digits)) + 1
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }
}

/// A mix with some groups and phases, and what there is for it.
fn any(numbers: &mut Numbers) -> (Mix, Supply) {
    let n_groups = numbers.below(5) + 1;
    let (mut text, mut there) = (String::new(), Vec::new());
    for group in 0..n_groups {
        let cap = numbers.pick(&["0.01", "0.2", "1", "2.5", "4", "\"off\""]);
        write!(text, "[[group]]\nname = \"g{group}\"\nmax_epochs = {cap}\n").unwrap();
        if numbers.below(2) == 0 {
            there.push((format!("g{group}"), numbers.wide(14)));
            continue;
        }
        let temperature = numbers.pick(&["1", "0.3", "2", "3.3", "1e12", "inf"]);
        let weight = numbers.pick(&["0", "1e-9", "0.2", "0.999999999", "1", "7"]);
        write!(text, "split = \"lang\"\ntemperature = {temperature}\nweights = {{ l1 = {weight} }}\n").unwrap();
        for value in 0..numbers.below(20) {
            there.push((format!("g{group}/l{value}"), numbers.wide(13)));
        }
    }
    for phase in 0..numbers.below(4) + 1 {
        let budget = if numbers.below(4) == 0 { "\"all\"".to_owned() } else { numbers.wide(14).to_string() };
        let fill = numbers.pick(&["fill", "refuse"]);
        write!(text, "[[phase]]\nname = \"p{phase}\"\ntokens = {budget}\non_shortfall = \"{fill}\"\n").unwrap();
        if numbers.below(3) > 0 {
            let weights: Vec<String> = (0..n_groups)
                .map(|group| format!("g{group} = {}", numbers.pick(&["0", "1e-9", "0.999999999", "1", "3"])))
                .collect();
            if weights.iter().any(|weight| !weight.ends_with("= 0")) {
                writeln!(text, "weights = {{ {} }}", weights.join(", ")).unwrap();
            }
        }
    }
    let there: Vec<(&str, u64)> = there.iter().map(|(name, tokens)| (name.as_str(), *tokens)).collect();
    (mix(&text), supply(&there))
}

fn check(mix: &Mix, supply: &Supply, plan: &Schedule) {
    let mut ends: BTreeMap<&str, u64> = BTreeMap::new();
    assert_eq!(plan.phases.len(), mix.phases.len());
    for phase in &plan.phases {
        let sum = |tokens: &dyn Fn(&Take) -> u64| phase.takes.iter().map(tokens).sum::<u64>();
        assert_eq!(sum(&|take: &Take| take.end - take.start), phase.budget, "what is taken is not the budget");
        assert_eq!(sum(&|take: &Take| take.wanted), phase.budget, "what is asked for is not the budget");
        for take in &phase.takes {
            assert_eq!(take.start, ends.insert(&take.group, take.end).unwrap_or(0), "a gap in {}", take.group);
            assert!(take.cap.is_none_or(|cap| take.end <= cap), "{take:?} is beyond its cap");
            assert_eq!(take.available, supply.0[&take.group].n_tokens);
        }
    }
    assert!(!plan.table(mix, supply).is_empty());
}

#[test]
fn takes_sum_to_budgets_follow_each_other_and_keep_to_caps() {
    let mut numbers = Numbers(20_240_801);
    let (mut planned, mut refused) = (0, 0);
    for _ in 0..3000 {
        let (mix, supply) = any(&mut numbers);
        match schedule(&mix, &supply) {
            Ok(plan) => {
                check(&mix, &supply, &plan);
                planned += 1;
            }
            Err(error) => {
                assert!(error.hint.is_some(), "{error}");
                refused += 1;
            }
        }
    }
    assert!(planned > 300 && refused > 300, "{planned} planned, {refused} refused: the generator is one-sided");
}

#[test]
fn the_budget_that_a_refusal_names_fits_and_a_larger_one_does_not() {
    let mut numbers = Numbers(7);
    let mut n_checked = 0;
    for _ in 0..2000 {
        let (mut mix, supply) = any(&mut numbers);
        mix.phases.truncate(1);
        let Err(error) = schedule(&mix, &supply) else { continue };
        let hint = error.hint.unwrap_or_default();
        let Some(fits) = hint.split("`tokens = ").nth(1).and_then(|rest| rest.split('`').next()) else { continue };
        let fits: u64 = fits.replace('_', "").parse().unwrap();
        mix.phases[0].budget = Budget::Tokens(fits);
        check(&mix, &supply, &schedule(&mix, &supply).unwrap());
        // Far above, because a share of a few tokens may be rounded down at up to twice the budget.
        mix.phases[0].budget = Budget::Tokens(fits.saturating_mul(3).saturating_add(1000));
        if fits < 1 << 55 && fits > 1000 {
            assert!(schedule(&mix, &supply).is_err(), "{fits} is not the largest budget");
            n_checked += 1;
        }
    }
    assert!(n_checked > 100, "{n_checked}");
}

#[test]
fn thousands_of_subgroups_are_planned_exactly() {
    let asked = mix("[[group]]\nname = \"m\"\nsplit = \"label.topic\"\ntemperature = 5\nmax_epochs = 3\n\
         [[phase]]\nname = \"p\"\ntokens = \"3T\"\non_shortfall = \"fill\"\n[[phase]]\nname = \"q\"\ntokens = \"1T\"\non_shortfall = \"fill\"\n");
    let mut numbers = Numbers(3);
    let there: Vec<(String, u64)> = (0..20_000).map(|value| (format!("m/{value}"), numbers.wide(11))).collect();
    let there = supply(&there.iter().map(|(name, tokens)| (name.as_str(), *tokens)).collect::<Vec<_>>());
    let plan = schedule(&asked, &there).unwrap();
    check(&asked, &there, &plan);
    assert!(plan.phases[0].takes.iter().any(|take| take.wanted > take.end - take.start), "no cap was reached");
    assert_eq!(plan, schedule(&asked, &there).unwrap());
}
