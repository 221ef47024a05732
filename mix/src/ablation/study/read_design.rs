//! Reads what is asked: `[design]`, `[compare]` or `[anneal]`.

use super::read::numbers;
use super::{Anneal, Arm, Design, Question};
use crate::plan::grammar::{self, AMOUNT, View, number_in, plain_name, text, tokens, whole};
use std::collections::BTreeMap;
use tokenmill_core::BuildError;
use tokenmill_core::suggest::suggest;
use toml::de::DeValue;

/// Mixes, at most.
const MAX_TRIALS: u64 = 100_000;

/// How far shares may be from a sum of 1.
const TOLERANCE: f64 = 1e-6;

/// What a study has one of.
const QUESTIONS: [&str; 3] = ["design", "compare", "anneal"];

pub fn question(view: &View<'_>, names: &[&str]) -> Result<Question, BuildError> {
    let given: Vec<&str> = QUESTIONS.into_iter().filter(|key| view.get(key).is_some()).collect();
    if let [first, second, ..] = given[..] {
        return Err(view.error_at(second, format!("a study has `{first}` or `{second}`, not both")).hint("make two"));
    }
    let read = |key: &'static str| view.table(key);
    if let Some(table) = read("design")? {
        return design(&table, names).map(Question::Mix);
    }
    if let Some(table) = read("compare")? {
        return arms(&table, names);
    }
    match read("anneal")? {
        Some(table) => anneal(&table, names).map(Question::Anneal),
        None => Err(BuildError::new("the study asks nothing")
            .hint("add `[design]` to find a mix, `[compare]` with two arms, or `[anneal]` to probe a small set")),
    }
}

fn count(view: &View<'_>, key: &'static str, least: u64, default: u64) -> Result<u64, BuildError> {
    let read = |value: &DeValue<'_>| whole(value).filter(|count| (least..=MAX_TRIALS).contains(count));
    Ok(view.value(key, &format!("a whole number from {least} to {MAX_TRIALS}"), read)?.unwrap_or(default))
}

fn design(view: &View<'_>, names: &[&str]) -> Result<Design, BuildError> {
    if names.len() < 2 {
        return Err(view.error("a mix needs at least two groups"));
    }
    let number = |key: &'static str, expected: &str, min: f64, max: f64| {
        view.value(key, expected, |value| number_in(value, min, max))
    };
    let strength = match view.get("strength") {
        None => (0.1, 5.0),
        Some(_) => {
            let pair = view.required("strength", "two numbers above 0, the least and the largest", |value| {
                let pair = value.as_array()?.iter().map(|node| number_in(node.get_ref(), 1e-6, 1e6));
                match pair.collect::<Option<Vec<f64>>>()?[..] {
                    [least, largest] if least <= largest => Some((least, largest)),
                    _ => None,
                }
            })?;
            (pair.0, pair.1)
        }
    };
    let design = Design {
        mixes: count(view, "mixes", 1, 64)?,
        held_out: count(view, "held_out", 0, 8)?,
        repeats: count(view, "repeats", 0, 3)?,
        prior: shares(view, "prior", names)?,
        temperature: number("temperature", "a number from 1", 1.0, 1e6)?.unwrap_or(2.0),
        strength,
        min_share: number("min_share", "a share from 0 to 0.5", 0.0, 0.5)?.unwrap_or(0.001),
        max_epochs: number("max_epochs", "a number of epochs", 1e-9, 1e6)?.unwrap_or(4.0),
        max_kl: number("max_kl", "a number of nats above 0", 1e-9, 1e6)?,
        target_tokens: view.value("target_tokens", AMOUNT, |value| tokens(value).filter(|tokens| *tokens > 0))?,
    };
    view.finish()?;
    Ok(design)
}

fn arms(view: &View<'_>, names: &[&str]) -> Result<Question, BuildError> {
    let arm = |view: &View<'_>| {
        let name = plain_name(view)?;
        let shares = shares(view, "shares", names)?;
        let shares = shares.ok_or_else(|| view.error(format!("arm `{name}` has no `shares`")))?;
        Ok(Arm { name, shares })
    };
    let arms = grammar::named(view.tables("arm")?, arm, |arm: &Arm| &arm.name)?;
    if arms.len() < 2 {
        let error = view.error("a comparison has two arms or more");
        return Err(error.hint("write them as `[[compare.arm]]`, with `name` and `shares`"));
    }
    let seeds = count(view, "seeds", 2, 5)?;
    view.finish()?;
    Ok(Question::Arms { arms, seeds })
}

fn anneal(view: &View<'_>, names: &[&str]) -> Result<Anneal, BuildError> {
    let candidate = view.required("candidate", "the name of a group", text)?;
    if !names.contains(&candidate.as_str()) {
        let error = view.error_at("candidate", format!("there is no group `{candidate}`"));
        return Err(error.hint(suggest(&candidate, names)));
    }
    if names.len() < 2 {
        return Err(view.error("an anneal needs a group for the candidate and one for the default"));
    }
    let share = view.value("share", "a share above 0, below 1", |value| number_in(value, 1e-6, 1.0 - 1e-6))?;
    let some = |value: &DeValue<'_>| tokens(value).filter(|tokens| *tokens > 0);
    let anneal = Anneal {
        candidate,
        share: share.unwrap_or(0.3),
        default: shares(view, "default", names)?,
        base_tokens: view.value("base_tokens", AMOUNT, some)?.unwrap_or(1_000_000_000),
        checkpoint: view.value("checkpoint", "the path of a trained model", text)?,
        seeds: count(view, "seeds", 2, 5)?,
    };
    view.finish()?;
    Ok(anneal)
}

/// Shares that sum to 1.
fn shares(view: &View<'_>, key: &'static str, names: &[&str]) -> Result<Option<BTreeMap<String, f64>>, BuildError> {
    let is_natural = view.get(key).is_some_and(|node| node.get_ref().as_str() == Some("natural"));
    if is_natural {
        return Ok(None);
    }
    let Some(table) = view.table(key)? else { return Ok(None) };
    let shares = numbers(&table, names, "a share from 0 to 1", |value| number_in(value, 0.0, 1.0))?;
    let sum: f64 = shares.values().sum();
    if (sum - 1.0).abs() > TOLERANCE {
        return Err(table.error(format!("the shares of `{key}` sum to {sum:.6}")).hint("make them sum to 1"));
    }
    Ok(Some(shares))
}
