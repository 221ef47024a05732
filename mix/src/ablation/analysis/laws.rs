//! The law of a study's losses, how far it can be believed, and its optimum.

use super::propose;
use super::{Agreement, Estimate, FormRow, HeldOut, LEVEL, Laws, MixRow, Noise, Sensitivity, TrialRow};
use crate::ablation::design::Supplies;
use crate::ablation::fit::{
    Candidate, Choice, Fit, FitError, Interval, Limits, Origin, Runner, Runs, Search, Settings, choose, deviation,
    divergence, mean, noise, optimum, spearman,
};
use crate::ablation::study::{Design, Study};

/// Refits to resampled runs, from which intervals come.
const RESAMPLES: usize = 50;

/// Points of a curve of sensitivity.
const POINTS: usize = 25;

/// Mixes that are listed besides the optimum and the prior.
const CANDIDATES: usize = 10;

/// Fits laws to the mixes of a study; predictions are written into the rows.
///
/// # Errors
/// When there are too few models, or no mix is within the limits.
pub fn laws(
    study: &Study,
    design: &Design,
    (supplies, objective): (&Supplies, &[f64]),
    rows: &mut [TrialRow],
    runner: &Runner<'_>,
) -> Result<Laws, FitError> {
    let settings = Settings { seed: study.seed, ..Settings::default() };
    let mut lacking = FitError::TooFew("no model has been trained".to_owned());
    // The largest proxy with enough mixes says most about larger models still.
    for proxy in study.proxies.iter().rev() {
        let places: Vec<usize> = (0..rows.len())
            .filter(|at| rows[*at].proxy == proxy.name && rows[*at].role == "candidate" && rows[*at].state == "done")
            .collect();
        if places.is_empty() {
            continue;
        }
        let runs = runs(study, rows, &places);
        match choose(&runs, &settings, runner) {
            Err(error) => lacking = error,
            Ok(choice) => {
                let noise = choice.score().map(|score| score.noise.clone()).unwrap_or_default();
                let fit = Fit::new(&runs, choice.form, &noise, RESAMPLES, study.seed, runner)?;
                predict(rows, &places, (&choice, &fit), objective, &proxy.name);
                let found = optimum(&fit, &search(study, design, supplies, objective), runner)?;
                let tokens = target(study, design);
                return Ok(Laws {
                    proxy: proxy.name.clone(),
                    forms: forms(&choice),
                    reason: choice.reason.clone(),
                    held_out: held_out(rows, &proxy.name),
                    noise: noise_of(rows, &proxy.name),
                    mixes: mixes(&fit, (&found.best, &found.prior), &found.candidates, objective),
                    sensitivities: sensitivities(study, &fit, &found.best.weights, design, supplies, objective),
                    agreements: agreements(study, rows),
                    mix_toml: propose::mix(study, design, tokens, &found.best.weights),
                    beyond: found.beyond.iter().map(|at| study.groups[*at].name.clone()).collect(),
                    is_useful: choice.useful,
                    confidence: found.confidence,
                });
            }
        }
    }
    Err(lacking)
}

fn runs(study: &Study, rows: &[TrialRow], places: &[usize]) -> Runs {
    let of = |at: &usize| &rows[*at];
    Runs {
        ids: places.iter().map(|at| of(at).name.clone()).collect(),
        groups: study.names(),
        targets: study.names(),
        weights: places.iter().map(|at| of(at).weights.clone()).collect(),
        losses: places.iter().map(|at| of(at).losses.iter().map(|loss| loss.unwrap_or(f64::NAN)).collect()).collect(),
        left_out: Vec::new(),
    }
}

/// Tokens of the training run that the optimum is for.
fn target(study: &Study, design: &Design) -> u64 {
    design.target_tokens.or_else(|| study.proxies.iter().map(|proxy| proxy.tokens).max()).unwrap_or(1)
}

/// Candidates get what laws say that were fitted without them, the others what the law says.
fn predict(rows: &mut [TrialRow], places: &[usize], (choice, fit): (&Choice, &Fit), objective: &[f64], proxy: &str) {
    let weighted = |losses: &[f64]| losses.iter().zip(objective).map(|(loss, weight)| loss * weight).sum::<f64>();
    if let Some(score) = choice.score() {
        for (at, losses) in places.iter().zip(&score.predicted) {
            rows[*at].predicted = Some(weighted(losses));
        }
    }
    for row in rows.iter_mut().filter(|row| row.proxy == proxy && row.role != "candidate") {
        row.predicted = Some(fit.objective(&row.weights, objective));
    }
}

fn search(study: &Study, design: &Design, supplies: &Supplies, objective: &[f64]) -> Search {
    let n_groups = study.groups.len();
    let prior = study.prior(supplies);
    let limits = Limits {
        most: most(study, design, supplies),
        prior: Some(prior),
        max_divergence: design.max_kl,
        ..Limits::none(n_groups)
    };
    Search {
        weights: objective.to_vec(),
        candidates: CANDIDATES,
        level: LEVEL,
        seed: study.seed,
        ..Search::new(n_groups, limits)
    }
}

/// The largest shares at which no group is used too often in the training run that the optimum is for.
fn most(study: &Study, design: &Design, supplies: &Supplies) -> Vec<f64> {
    let tokens = target(study, design) as f64;
    supplies.all.iter().map(|n_tokens| (*n_tokens as f64 * design.max_epochs / tokens).min(1.0)).collect()
}

fn forms(choice: &Choice) -> Vec<FormRow> {
    let scored = choice.scores.iter().map(|score| FormRow {
        name: score.form.name().to_owned(),
        formula: score.form.formula().to_owned(),
        error: Some(score.error),
        standard_error: Some(score.error_se),
        spearman: Some(score.mean_spearman()).filter(|rho| rho.is_finite()),
        chosen: score.form == choice.form,
        left_out: None,
    });
    let left_out = choice.left_out.iter().map(|(form, why)| FormRow {
        name: form.name().to_owned(),
        formula: form.formula().to_owned(),
        error: None,
        standard_error: None,
        spearman: None,
        chosen: false,
        left_out: Some(why.clone()),
    });
    scored.chain(left_out).collect()
}

/// Predicted and actual objectives of the rows of one role that have both.
fn both(rows: &[TrialRow], proxy: &str, role: &str) -> (Vec<f64>, Vec<f64>) {
    let own = rows.iter().filter(|row| row.proxy == proxy && row.role == role);
    own.filter_map(|row| Some((row.predicted?, row.objective?))).unzip()
}

fn held_out(rows: &[TrialRow], proxy: &str) -> Option<HeldOut> {
    let (predicted, actual) = both(rows, proxy, "held_out");
    let errors: Vec<f64> = predicted.iter().zip(&actual).map(|(a, b)| (a - b).abs()).collect();
    (!errors.is_empty()).then(|| HeldOut {
        n: errors.len(),
        spearman: (errors.len() >= 3).then(|| spearman(&predicted, &actual)).filter(|rho| rho.is_finite()),
        mean_error: mean(&errors),
    })
}

/// The spread of models of one mix: the prior, which is the first, and its repeats.
fn noise_of(rows: &[TrialRow], proxy: &str) -> Option<Noise> {
    let done = || rows.iter().filter(|row| row.proxy == proxy && row.objective.is_some());
    let repeats: Vec<&TrialRow> = done().filter(|row| row.role == "repeat").collect();
    let first = repeats.first()?;
    let of_prior = done().filter(|row| row.role == "candidate" && row.weights == first.weights);
    let same: Vec<f64> = repeats.iter().copied().chain(of_prior).filter_map(|row| row.objective).collect();
    let candidates: Vec<f64> = done().filter(|row| row.role == "candidate").filter_map(|row| row.objective).collect();
    let n = same.len();
    let noise = noise(&[same]).ok()?;
    Some(Noise { n, deviation: noise.deviation, spread: deviation(&candidates) })
}

fn estimate(value: f64, interval: Interval) -> Estimate {
    Estimate { value, low: interval.low.min(value), high: interval.high.max(value) }
}

fn objective_of(fit: &Fit, mix: &[f64], objective: &[f64]) -> Estimate {
    let (value, all) = (fit.objective(mix, objective), fit.objectives(mix, objective));
    let point = Interval { low: value, high: value };
    estimate(value, if all.is_empty() { point } else { Interval::around(&all, LEVEL) })
}

fn mixes(
    fit: &Fit,
    (best, prior): (&Candidate, &Candidate),
    candidates: &[Candidate],
    objective: &[f64],
) -> Vec<MixRow> {
    let row = |name: String, candidate: &Candidate| MixRow {
        name,
        weights: candidate.weights.clone(),
        objective: objective_of(fit, &candidate.weights, objective),
        losses: candidate.losses.clone(),
        kl: divergence(&candidate.weights, &prior.weights),
    };
    let first = [row("optimum".to_owned(), best), row("prior".to_owned(), prior)];
    let others = candidates.iter().filter(|candidate| candidate.origin != Origin::Prior);
    first
        .into_iter()
        .chain(others.enumerate().map(|(at, candidate)| row(format!("next {}", at + 1), candidate)))
        .collect()
}

fn sensitivities(
    study: &Study,
    fit: &Fit,
    best: &[f64],
    design: &Design,
    supplies: &Supplies,
    objective: &[f64],
) -> Vec<Sensitivity> {
    let most = most(study, design, supplies);
    let of = |(at, group): (usize, &crate::plan::Group)| {
        let others = 1.0 - best[at];
        let even = 1.0 / (best.len() as f64 - 1.0);
        // Beyond what was tried a law knows nothing.
        let end = fit.tried[at].max(best[at]).min(1.0);
        let point = |step: usize| {
            let share = end * step as f64 / (POINTS - 1) as f64;
            let scaled = |(other, weight): (usize, &f64)| match (other == at, others > 0.0) {
                (true, _) => share,
                (false, true) => weight / others * (1.0 - share),
                (false, false) => even * (1.0 - share),
            };
            let mix: Vec<f64> = best.iter().enumerate().map(scaled).collect();
            (share, objective_of(fit, &mix, objective))
        };
        Sensitivity {
            group: group.name.clone(),
            at: best[at],
            most: most[at],
            points: (0..POINTS).map(point).collect(),
        }
    };
    study.groups.iter().enumerate().map(of).collect()
}

/// How every two proxies rank the mixes that both have.
fn agreements(study: &Study, rows: &[TrialRow]) -> Vec<Agreement> {
    let mut found = Vec::new();
    for (at, small) in study.proxies.iter().enumerate() {
        for large in study.proxies.iter().skip(at + 1) {
            let is_of = |row: &TrialRow, proxy: &str| row.proxy == proxy && row.role != "repeat";
            let (mut a, mut b) = (Vec::new(), Vec::new());
            for row in rows.iter().filter(|row| is_of(row, &small.name)) {
                let is_twin = |twin: &&TrialRow| is_of(twin, &large.name) && twin.weights == row.weights;
                let twin = rows.iter().find(is_twin);
                if let (Some(x), Some(y)) = (row.objective, twin.and_then(|twin| twin.objective)) {
                    a.push(x);
                    b.push(y);
                }
            }
            found.push(Agreement {
                small: small.name.clone(),
                large: large.name.clone(),
                n: a.len(),
                spearman: (a.len() >= 3).then(|| spearman(&a, &b)).filter(|rho| rho.is_finite()),
            });
        }
    }
    found
}
