//! Reads `[[phase]]`: budgets and proportions.

use super::grammar::{AMOUNT, number_in, plain_name};
use super::node::{Node, View, tokens, whole};
use super::spec::{Budget, Phase, Proportions, ShardSpec, Shortfall};
use std::collections::BTreeMap;
use tokenmill_core::BuildError;
use tokenmill_core::suggest::suggest;
use toml::de::DeValue;

/// How far shares may be from a sum of 1: those of thirds are written with some digits.
const TOLERANCE: f64 = 1e-6;

/// A weight, at most.
const MAX_WEIGHT: f64 = 1e12;

/// A training context, at most: lengths in a shard's index have 32 bits.
const MAX_CONTEXT: u64 = i32::MAX as u64;

/// The keys that say what a phase is made of, of which it has one.
const PROPORTIONS: [&str; 4] = ["mix", "shares", "weights", "tokens_by_group"];

/// What is known before the phases are read.
pub struct Known<'a> {
    /// Names of the groups.
    pub groups: Vec<&'a str>,
    /// How shards are made.
    pub shards: &'a ShardSpec,
}

pub fn phase(view: &View<'_>, known: &Known<'_>) -> Result<Phase, BuildError> {
    let name = plain_name(view)?;
    let context = context(view, known.shards)?;
    let proportions = proportions(view, known)?;
    let budget = budget(view, &proportions)?;
    let on_shortfall = view.choice("on_shortfall", &Shortfall::NAMES, Shortfall::Refuse)?;
    Ok(Phase { name, budget, context, proportions, on_shortfall })
}

fn context(view: &View<'_>, shards: &ShardSpec) -> Result<u64, BuildError> {
    let read = |value: &DeValue<'_>| whole(value).filter(|context| *context <= MAX_CONTEXT);
    let context = view.value("context", "a whole number of tokens, such as 8192", read)?.unwrap_or(8192);
    shards
        .packing
        .check(context)
        .map_err(|error| BuildError { hint: error.hint, ..view.error_at("context", error.message) })?;
    let marks = u64::from(shards.bos) + u64::from(shards.eos);
    if context != 0 && context <= marks {
        return Err(
            view.error_at("context", format!("{context} tokens hold no document with its begin and end tokens"))
        );
    }
    if context > shards.shard_tokens {
        let message = format!("a shard of {} tokens holds no sequence of {context}", shards.shard_tokens);
        return Err(view.error_at("context", message).hint("raise `shard_tokens` in `[shards]`"));
    }
    Ok(context)
}

fn budget(view: &View<'_>, proportions: &Proportions) -> Result<Budget, BuildError> {
    let read = |value: &DeValue<'_>| match value.as_str() {
        Some("all") => Some(Budget::All),
        _ => tokens(value).filter(|tokens| *tokens > 0).map(Budget::Tokens),
    };
    let given = view.value("tokens", &format!("{AMOUNT}, or \"all\""), read)?;
    let most = |value: &DeValue<'_>| tokens(value).filter(|tokens| *tokens > 0);
    let given = match (given, view.value("max_tokens", AMOUNT, most)?) {
        (given, None) => given,
        (None | Some(Budget::All), Some(most)) => Some(Budget::AtMost(most)),
        (Some(_), Some(_)) => {
            let error = view.error_at("max_tokens", "a phase that gets a number of `tokens` needs no largest one");
            return Err(error.hint("keep one of them"));
        }
    };
    let Proportions::Tokens(by_group) = proportions else {
        let missing = || {
            let hint = "a budget such as \"40B\", or \"all\" for as much as shares and caps allow";
            view.error(format!("`{}` is missing", view.name("tokens"))).hint(hint)
        };
        return given.ok_or_else(missing);
    };
    let sum: u64 = by_group.values().sum();
    match given {
        None => Ok(Budget::Tokens(sum)),
        Some(Budget::Tokens(tokens)) if tokens == sum => Ok(Budget::Tokens(sum)),
        Some(_) => {
            let error = view.error_at("tokens", format!("`tokens_by_group` sums to {sum} tokens, and not to this"));
            Err(error.hint("leave `tokens` out"))
        }
    }
}

fn proportions(view: &View<'_>, known: &Known<'_>) -> Result<Proportions, BuildError> {
    let given: Vec<&str> = PROPORTIONS.into_iter().filter(|key| view.get(key).is_some()).collect();
    if let [_, second, ..] = given[..] {
        let message = format!("`{}` and `{second}` exclude each other", given[0]);
        return Err(view.error_at(second, message).hint("keep one of them"));
    }
    match given.first() {
        Some(&"shares") => {
            let read = |value: &DeValue<'_>| number_in(value, 0.0, 1.0);
            let shares = by_group(view, "shares", known, "a share from 0 to 1", read)?;
            let sum: f64 = shares.values().sum();
            if (sum - 1.0).abs() > TOLERANCE {
                let hint = "make them sum to 1, or write `weights`, which are divided by their sum";
                return Err(view.error_at("shares", format!("the shares sum to {sum:.6}")).hint(hint));
            }
            Ok(Proportions::Shares(shares))
        }
        Some(&"weights") => {
            let read = |value: &DeValue<'_>| number_in(value, 0.0, MAX_WEIGHT);
            let weights = by_group(view, "weights", known, "a number from 0 to 1e12", read)?;
            if weights.values().all(|weight| *weight == 0.0) {
                return Err(view.error_at("weights", "no group has a weight above 0"));
            }
            Ok(Proportions::Weights(weights))
        }
        Some(&"tokens_by_group") => {
            let tokens =
                by_group(view, "tokens_by_group", known, "a number of tokens, such as 1000 or \"1.5B\"", tokens)?;
            let sum: u128 = tokens.values().map(|tokens| u128::from(*tokens)).sum();
            if sum == 0 || sum > u128::from(super::amount::MAX_TOKENS) {
                return Err(view.error_at("tokens_by_group", format!("a phase cannot have {sum} tokens")));
            }
            Ok(Proportions::Tokens(tokens))
        }
        _ => {
            view.choice("mix", &[("natural", ())], ())?;
            Ok(Proportions::Natural)
        }
    }
}

/// A table with groups as keys.
fn by_group<'a, T>(
    view: &View<'a>,
    key: &'static str,
    known: &Known<'_>,
    expected: &str,
    read: impl Fn(&DeValue<'a>) -> Option<T>,
) -> Result<BTreeMap<String, T>, BuildError> {
    let mut values = BTreeMap::new();
    let Some(table) = view.table(key)? else { return Ok(values) };
    for (name, span, node) in table.entries() {
        let node: &Node<'a> = node;
        if !known.groups.contains(&name) {
            let error = view.error_in(span, format!("there is no group `{name}`"));
            return Err(error.hint(suggest(name, &known.groups)));
        }
        values.insert(name.to_owned(), table.read(name, node, expected, &read)?);
    }
    Ok(values)
}
