//! From trials to findings.

use super::differences::differences;
use super::laws::laws;
use super::rows::{Outcome, objective, row};
use super::{Analysis, Laws, TrialRow};
use crate::ablation::design::{Budget, MIN_PARAMETERS, Supplies};
use crate::ablation::fit::Runner;
use crate::ablation::study::{Question, Study};

/// Standard deviations of chance by which a mix must be better for one model to show it.
const LEAST_GAIN: f64 = 2.0;

/// A law of which noise is this part of what it explains says little.
const LOUD: f64 = 0.5;

/// What a study has found so far. `supplies` are the training tokens of every group, which are known once they have been
/// counted; `vocabulary` is the number of ids.
pub fn analyse(
    study: &Study,
    supplies: Option<&Supplies>,
    vocabulary: u64,
    outcomes: Vec<Outcome>,
    runner: &Runner<'_>,
) -> Analysis {
    let objective = objective(study);
    let costs = Budget::of(study, vocabulary, outcomes.iter().map(|outcome| &outcome.trial)).0;
    let mut trials: Vec<TrialRow> = outcomes.into_iter().map(|outcome| row(study, &objective, outcome)).collect();
    let (mut found, mut no_laws) = (None, None);
    let question = match &study.question {
        Question::Mix(design) => {
            match supplies {
                None => no_laws = Some("nothing has been counted yet".to_owned()),
                Some(supplies) => match laws(study, design, (supplies, &objective), &mut trials, runner) {
                    Ok(laws) => found = Some(laws),
                    Err(error) => no_laws = Some(error.to_string()),
                },
            }
            "mix"
        }
        Question::Arms { .. } => "compare",
        Question::Anneal(_) => "anneal",
    };
    let (differences, mut cautions) = differences(study, &trials);
    cautions.extend(of_trials(&trials));
    for cost in costs.iter().filter(|cost| cost.parameters < MIN_PARAMETERS) {
        cautions.push(format!(
            "`{}` has {:.2}M parameters without embeddings; below 15M the ranking of mixes may not be that of large models",
            cost.proxy,
            cost.parameters as f64 / 1e6
        ));
    }
    cautions.extend(found.iter().flat_map(of_laws));
    Analysis {
        name: study.name.clone(),
        question,
        groups: study.names(),
        objective,
        trials,
        costs,
        laws: found,
        no_laws,
        differences,
        cautions,
    }
}

fn of_trials(trials: &[TrialRow]) -> Vec<String> {
    let count = |state: &str| trials.iter().filter(|trial| trial.state == state).count();
    let mut cautions = Vec::new();
    for (state, words) in [
        ("diverged", "diverged and are in no law: lower the learning rate"),
        ("failed", "failed; the same command tries them again"),
        ("waiting", "have not been trained yet"),
    ] {
        match count(state) {
            0 => {}
            n => cautions.push(format!("{n} of {} models {words}", trials.len())),
        }
    }
    cautions
}

fn of_laws(laws: &Laws) -> Vec<String> {
    let mut cautions = Vec::new();
    if !laws.is_useful {
        cautions.push("the law is not clearly better than no law at all: train more mixes, or for longer".to_owned());
    }
    match &laws.noise {
        None => cautions.push("no mix was trained twice, so nobody knows what of a difference is chance".to_owned()),
        Some(noise) if noise.deviation > LOUD * noise.spread => cautions.push(format!(
            "models of one mix differ by {:.4} nats, those of different mixes by {:.4}: most of it is chance",
            noise.deviation, noise.spread
        )),
        Some(_) => {}
    }
    match &laws.held_out {
        None => cautions.push("no mix was held out, so the law was only judged by cross-validation".to_owned()),
        Some(held_out) if held_out.n < 8 => cautions
            .push(format!("{} mixes were held out: a rank correlation of so few is a hint and no proof", held_out.n)),
        Some(_) => {}
    }
    if !laws.beyond.is_empty() {
        cautions.push(format!(
            "the optimum has more of `{}` than any mix that was trained: there the law is a guess",
            laws.beyond.join("`, `")
        ));
    }
    if let [best, prior, ..] = &laws.mixes[..] {
        let gain = prior.objective.value - best.objective.value;
        if best.objective.high > prior.objective.value {
            cautions.push("the optimum may be no better than the prior: its interval reaches as far".to_owned());
        } else if let Some(noise) = laws.noise.filter(|noise| gain < LEAST_GAIN * noise.deviation) {
            cautions.push(format!(
                "the optimum is predicted to be {gain:.4} nats better than the prior, and two models of one mix differ by \
                 {:.4}: one model of each would not show it",
                noise.deviation
            ));
        }
    }
    cautions
}
