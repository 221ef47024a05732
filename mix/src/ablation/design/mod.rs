//! Which models are trained: the mixes of a study, its arms, or its anneals.

mod cost;
mod sample;

pub use cost::{Budget, Cost, parameters};
pub use sample::{MIN_PARAMETERS, draw, natural, tempered};

use super::fit::Random;
use super::study::{Anneal, Proxy, Question, Study};
use super::trial::{Role, Trial};
use std::collections::BTreeMap;
use tokenmill_core::BuildError;
use tokenmill_core::hash::mix64;

/// Tokens of every group, in the order of the study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supplies {
    /// Those in the shards that models are trained on.
    pub pooled: Vec<u64>,
    /// All that there are.
    pub all: Vec<u64>,
}

impl Study {
    /// The shares that are known to be sensible: those given, or those of nature.
    pub fn prior(&self, supplies: &Supplies) -> Vec<f64> {
        match &self.question {
            Question::Mix(design) => self.given(design.prior.as_ref(), supplies),
            Question::Arms { arms, .. } => arms.first().map(|arm| self.listed(&arm.shares)).unwrap_or_default(),
            Question::Anneal(anneal) => self.default(anneal, supplies),
        }
    }

    fn given(&self, shares: Option<&BTreeMap<String, f64>>, supplies: &Supplies) -> Vec<f64> {
        shares.map_or_else(|| natural(&supplies.all), |shares| self.listed(shares))
    }

    /// The mix that an anneal has besides its candidate.
    fn default(&self, anneal: &Anneal, supplies: &Supplies) -> Vec<f64> {
        let others: Vec<u64> = (self.groups.iter().zip(&supplies.all))
            .map(|(group, n_tokens)| if group.name == anneal.candidate { 0 } else { *n_tokens })
            .collect();
        anneal.default.as_ref().map_or_else(|| natural(&others), |shares| self.listed(shares))
    }
}

/// All models of a study, without the one that anneals start from.
///
/// # Errors
/// When a group that is wanted has no tokens, or the limits leave no room for different mixes.
pub fn trials(study: &Study, supplies: &Supplies) -> Result<Vec<Trial>, BuildError> {
    let mut trials = Vec::new();
    let seed = |number: u64| mix64(study.seed, number) >> 1;
    match &study.question {
        Question::Mix(design) => {
            let prior = study.prior(supplies);
            let n_mixes = (design.mixes + design.held_out) as usize;
            let most: u64 = study.proxies.iter().map(|proxy| proxy.tokens).max().unwrap_or(0);
            let caps = sample::caps(&supplies.pooled, design.max_epochs, most);
            let mut random = Random::new(study.seed);
            let mixes = draw(design, &prior, &caps, n_mixes, &mut random)?;
            for (at, proxy) in study.proxies.iter().enumerate() {
                let n_candidates = proxy.mixes.unwrap_or(design.mixes).min(design.mixes) as usize;
                let named = |role: &str, number: usize| format!("{}-{role}-{number:04}", proxy.name);
                let trial = |name, role, weights: &[f64], seed| trial(name, role, (at, proxy), weights.to_vec(), seed);
                for (number, weights) in mixes.iter().take(n_candidates).enumerate() {
                    trials.push(trial(named("mix", number), Role::Candidate, weights, seed(0)));
                }
                for (number, weights) in mixes.iter().skip(design.mixes as usize).enumerate() {
                    trials.push(trial(named("held-out", number), Role::HeldOut, weights, seed(0)));
                }
                for number in 1..=design.repeats {
                    trials.push(trial(named("repeat", number as usize), Role::Repeat, &mixes[0], seed(number)));
                }
            }
        }
        Question::Arms { arms, seeds } => {
            let arms = arms.iter().map(|arm| (arm.name.clone(), study.listed(&arm.shares)));
            all_arms(study, arms.collect(), *seeds, false, &mut trials);
        }
        Question::Anneal(anneal) => {
            let default = study.default(anneal, supplies);
            let with = (study.groups.iter().zip(&default)).map(|(group, share)| {
                let extra = if group.name == anneal.candidate { anneal.share } else { 0.0 };
                extra + (1.0 - anneal.share) * share
            });
            let with: Vec<f64> = with.collect();
            let arms = vec![("default".to_owned(), default), (anneal.candidate.clone(), with)];
            all_arms(study, arms, anneal.seeds, true, &mut trials);
        }
    }
    for trial in &trials {
        let missing = (study.groups.iter().zip(&supplies.pooled).zip(&trial.weights))
            .find(|((_, n_tokens), share)| **n_tokens == 0 && **share > 0.0);
        if let Some(((group, _), share)) = missing {
            let message = format!(
                "`{}` wants a share of {share:.3} of the group `{}`, which has no tokens",
                trial.name, group.name
            );
            return Err(BuildError::new(message).hint("look at its conditions: `tokenmill ablate design` counts"));
        }
    }
    Ok(trials)
}

/// The model that anneals start from, of every proxy; none when there is one already, or when nothing is annealed.
pub fn bases(study: &Study, supplies: &Supplies) -> Vec<Trial> {
    let Question::Anneal(anneal) = &study.question else { return Vec::new() };
    if anneal.checkpoint.is_some() {
        return Vec::new();
    }
    let base = |(at, proxy): (usize, &Proxy)| {
        let weights = study.default(anneal, supplies);
        let name = format!("{}-base", proxy.name);
        let tokens = anneal.base_tokens;
        Trial { tokens, ..trial(name, Role::Base, (at, proxy), weights, mix64(study.seed, u64::MAX) >> 1) }
    };
    study.proxies.iter().enumerate().map(base).collect()
}

fn all_arms(study: &Study, arms: Vec<(String, Vec<f64>)>, seeds: u64, anneals: bool, trials: &mut Vec<Trial>) {
    for (at, proxy) in study.proxies.iter().enumerate() {
        // Arms lie next to each other, so that a study that is stopped has pairs.
        for number in 0..seeds {
            for (name, weights) in &arms {
                let seed = mix64(study.seed, number) >> 1;
                let role = Role::Arm(name.clone());
                let name = format!("{}-{name}-{number:04}", proxy.name);
                trials.push(Trial { anneals, ..trial(name, role, (at, proxy), weights.clone(), seed) });
            }
        }
    }
}

fn trial(name: String, role: Role, (number, proxy): (usize, &Proxy), weights: Vec<f64>, seed: u64) -> Trial {
    Trial { name, role, proxy: number, weights, seed, tokens: proxy.tokens, anneals: false }
}
