//! Chooses the form by cross-validation on the runs alone: the simplest of those that are about as good as the best.
//!
//! One form is chosen for all targets. What a mix is chosen by is a mean over targets; forms that differ from target to target
//! would bend that mean by their own errors, and one target alone has too few runs to tell forms apart.

use super::error::FitError;
use super::forms::{Data, Design, Form, Model};
use super::jobs::{Runner, map};
use super::least::MAD;
use super::random::Random;
use super::rank::{deviation, mean, median, spearman};
use super::table::Runs;
use std::fmt::Write;

/// Runs up to which each of them is held out alone.
const FEW: usize = 30;

/// Runs without which there is nothing to compare.
const LEAST_RUNS: usize = 5;

/// How forms are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The forms to compare.
    pub forms: Vec<Form>,
    /// Parts of the runs that are held out in turn; with 30 runs or fewer each run is a part.
    pub folds: usize,
    /// How often the runs are parted anew.
    pub repeats: usize,
    /// Seed of the parts and of trees.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { forms: Form::ALL.to_vec(), folds: 5, repeats: 1, seed: 0 }
    }
}

/// How well a form predicts runs that it was not fitted to.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The form.
    pub form: Form,
    /// Mean over runs and targets of the absolute error, where 1 is that of the median of the target.
    pub error: f64,
    /// Standard error of that, from how runs differ.
    pub error_se: f64,
    /// How much larger the error is than that of the best form.
    pub gap: f64,
    /// Standard error of the gap, run by run.
    pub gap_se: f64,
    /// Mean over targets of the root of the mean squared error, where 1 is the standard deviation of the target.
    pub squared: f64,
    /// Spearman's correlation of each target's predicted and actual losses; NaN for one that does not vary.
    pub spearman: Vec<f64>,
    /// For each run the losses that a fit without it gives it, target by target; the mean over repeats.
    pub predicted: Vec<Vec<f64>>,
    /// Robust standard deviation of each target's errors, in its own unit: what a single run is off.
    pub noise: Vec<f64>,
}

impl Score {
    /// Mean of Spearman's correlation over the targets that vary.
    pub fn mean_spearman(&self) -> f64 {
        let varied: Vec<f64> = self.spearman.iter().copied().filter(|rho| rho.is_finite()).collect();
        if varied.is_empty() { f64::NAN } else { mean(&varied) }
    }
}

/// What was chosen, and all that led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The form.
    pub form: Form,
    /// All forms that were compared, simple ones first.
    pub scores: Vec<Score>,
    /// Forms that were not, with the reason.
    pub left_out: Vec<(Form, String)>,
    /// Parts of the runs; as many as runs if each was held out alone.
    pub folds: usize,
    /// Why the form was chosen, in words.
    pub reason: String,
    /// Whether the chosen form predicts better than the median of the runs does, by more than two standard errors.
    pub useful: bool,
}

impl Choice {
    /// The scores of the chosen form.
    pub fn score(&self) -> Option<&Score> {
        self.scores.iter().find(|score| score.form == self.form)
    }
}

/// Losses predicted for each run by a fit that has not seen it: by repeat, run and target.
type Predicted = Vec<Vec<Vec<f64>>>;

/// Compares forms by cross-validation, in parts that are the same for all, and chooses one.
///
/// Chosen is the simplest form whose error is within one standard error of the best one's (Breiman et al. 1984), in the order
/// of [`Form`]: smooth formulas come before trees, since a mix for a large run is sought between and beyond the tried ones.
///
/// # Errors
/// If there are fewer than 5 runs, or too few for every form.
pub fn choose(runs: &Runs, settings: &Settings, runner: &Runner<'_>) -> Result<Choice, FitError> {
    let (n, groups) = (runs.ids.len(), runs.groups.len());
    if n < LEAST_RUNS {
        return Err(FitError::TooFew(format!("{n} runs, and a fit needs at least {LEAST_RUNS}")));
    }
    let alone = n <= FEW;
    let folds = if alone { n } else { settings.folds.clamp(2, n) };
    let repeats = if alone { 1 } else { settings.repeats.clamp(1, 100) };
    let least = n - n.div_ceil(folds);
    let mut forms = settings.forms.clone();
    forms.sort_unstable();
    forms.dedup();
    let mut left_out = Vec::new();
    forms.retain(|form| {
        let needs = form.least_runs(groups);
        if needs > least {
            left_out.push((*form, format!("{groups} groups need {needs} runs to fit it to, and here are {least}")));
        }
        needs <= least
    });
    if forms.is_empty() {
        let why: Vec<String> = left_out.iter().map(|(form, why)| format!("{}: {why}", form.name())).collect();
        return Err(FitError::TooFew(format!("no form can be fitted to {n} runs ({})", why.join("; "))));
    }
    let predicted = predict(runs, &forms, folds, repeats, settings.seed, runner);
    let errors: Vec<Vec<f64>> = predicted.iter().map(|predicted| errors(runs, predicted)).collect();
    let best = (0..forms.len()).min_by(|a, b| mean(&errors[*a]).total_cmp(&mean(&errors[*b]))).unwrap_or(0);
    let root = (n as f64).sqrt();
    let score = |(form, predicted): (usize, &Predicted)| {
        let gaps: Vec<f64> = errors[form].iter().zip(&errors[best]).map(|(a, b)| a - b).collect();
        let mut score = Score {
            form: forms[form],
            error: mean(&errors[form]),
            error_se: deviation(&errors[form]) / root,
            gap: mean(&gaps),
            gap_se: deviation(&gaps) / root,
            squared: 0.0,
            spearman: Vec::new(),
            predicted: means(predicted),
            noise: Vec::new(),
        };
        by_target(runs, predicted, &mut score);
        score
    };
    let scores: Vec<Score> = predicted.iter().enumerate().map(score).collect();
    let chosen = simplest(&scores, best);
    let useful = scores[chosen].error + 2.0 * scores[chosen].error_se < 1.0;
    let reason = reason(&scores, chosen, best, useful);
    Ok(Choice { form: forms[chosen], scores, left_out, folds, reason, useful })
}

/// The place of the first form whose error is within one standard error of the best one's.
fn simplest(scores: &[Score], best: usize) -> usize {
    let limit = scores[best].error + scores[best].error_se;
    scores.iter().position(|score| score.error <= limit).unwrap_or(best)
}

fn reason(scores: &[Score], chosen: usize, best: usize, useful: bool) -> String {
    let (form, top) = (&scores[chosen], &scores[best]);
    let mut text = if chosen == best {
        let simpler = if chosen == 0 { "is the simplest form" } else { "no simpler form is within one standard error" };
        format!("{} has the smallest error, {:.4} ± {:.4}, and {simpler}", top.form.name(), top.error, top.error_se)
    } else {
        format!(
            "{} is the simplest form within one standard error of the best: its error is {:.4}, that of {} {:.4} ± {:.4}",
            form.form.name(),
            form.error,
            top.form.name(),
            top.error,
            top.error_se
        )
    };
    if !useful {
        // Writing to a string does not fail.
        let _ = write!(text, "; it is not clearly better than taking the median of all runs, which has an error of 1");
    }
    text
}

/// Predicts every run from the others, with each form.
fn predict(
    runs: &Runs,
    forms: &[Form],
    folds: usize,
    repeats: usize,
    seed: u64,
    runner: &Runner<'_>,
) -> Vec<Predicted> {
    let (n, groups, targets) = (runs.ids.len(), runs.groups.len(), runs.targets.len());
    let part = |repeat: usize| {
        let mut part = vec![0; n];
        let order = Random::of(seed, repeat as u64).order(n);
        order.into_iter().enumerate().for_each(|(i, run)| part[run] = i % folds);
        part
    };
    let parts: Vec<Vec<usize>> = (0..repeats).map(part).collect();
    let places = |job: usize| (job / targets / folds, job / targets % folds, job % targets);
    let fitted = map(runner, repeats * folds * targets, |job| {
        let (repeat, fold, target) = places(job);
        let inside: Vec<usize> = (0..n).filter(|run| parts[repeat][*run] != fold).collect();
        let outside: Vec<usize> = (0..n).filter(|run| parts[repeat][*run] == fold).collect();
        let design = Design::new(groups, inside.iter().map(|run| &runs.weights[*run][..]));
        let losses: Vec<f64> = inside.iter().map(|run| runs.losses[*run][target]).collect();
        let weights = vec![1.0; inside.len()];
        let data = Data { design: &design, losses: &losses, weights: &weights, seed: seed ^ target as u64 };
        let mut power: Option<Model> = None;
        let mut one = |form: &Form| {
            let with_trees =
                power.as_ref().filter(|_| *form == Form::PowerTrees).and_then(|power| data.add_trees(power));
            let model = with_trees.unwrap_or_else(|| data.fit(*form, None));
            let values: Vec<f64> = outside.iter().map(|run| model.value(&runs.weights[*run])).collect();
            if *form == Form::PowerOwn {
                power = Some(model);
            }
            values
        };
        let values: Vec<Vec<f64>> = forms.iter().map(&mut one).collect();
        (outside, values)
    });
    let mut predicted = vec![vec![vec![vec![0.0; targets]; n]; repeats]; forms.len()];
    for (job, (outside, values)) in fitted.into_iter().enumerate() {
        let (repeat, _, target) = places(job);
        for (form, values) in values.into_iter().enumerate() {
            outside.iter().zip(values).for_each(|(run, value)| predicted[form][repeat][*run][target] = value);
        }
    }
    predicted
}

/// For each run the error, with that of each target's median as unit; the mean over targets and repeats.
fn errors(runs: &Runs, predicted: &Predicted) -> Vec<f64> {
    let unit = |target: usize| {
        let losses = runs.target(target);
        let middle = median(&losses);
        let size = mean(&losses.iter().map(|loss| (loss - middle).abs()).collect::<Vec<_>>());
        if size > 0.0 { size } else { 1.0 }
    };
    let units: Vec<f64> = (0..runs.targets.len()).map(unit).collect();
    let mut errors = vec![0.0; runs.ids.len()];
    for repeat in predicted {
        for ((error, predicted), losses) in errors.iter_mut().zip(repeat).zip(&runs.losses) {
            let size = |((a, b), unit): ((&f64, &f64), &f64)| (a - b).abs() / unit;
            *error += predicted.iter().zip(losses).zip(&units).map(size).sum::<f64>();
        }
    }
    let n = (predicted.len() * units.len()).max(1) as f64;
    errors.into_iter().map(|error| error / n).collect()
}

/// The mean over repeats.
fn means(predicted: &Predicted) -> Vec<Vec<f64>> {
    let n_runs = predicted.first().map_or(0, Vec::len);
    let of = |run: usize| -> Vec<f64> {
        let n_targets = predicted.first().map_or(0, |repeat| repeat[run].len());
        (0..n_targets)
            .map(|target| mean(&predicted.iter().map(|repeat| repeat[run][target]).collect::<Vec<_>>()))
            .collect()
    };
    (0..n_runs).map(of).collect()
}

/// Fills in what is told target by target.
fn by_target(runs: &Runs, predicted: &Predicted, score: &mut Score) {
    let mut squared = Vec::new();
    for target in 0..runs.targets.len() {
        let losses = runs.target(target);
        let (mut squares, mut rhos, mut sizes) = (0.0, Vec::new(), Vec::new());
        for repeat in predicted {
            let values: Vec<f64> = repeat.iter().map(|values| values[target]).collect();
            rhos.push(spearman(&values, &losses));
            sizes.extend(values.iter().zip(&losses).map(|(a, b)| (a - b).abs()));
        }
        squares += sizes.iter().map(|size| size * size).sum::<f64>();
        let spread = deviation(&losses);
        squared.push((squares / sizes.len().max(1) as f64).sqrt() / if spread > 0.0 { spread } else { 1.0 });
        score.spearman.push(mean(&rhos));
        score.noise.push(MAD * median(&sizes));
    }
    score.squared = mean(&squared);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simplest_within_one_standard_error_is_chosen() {
        let score = |(form, error): (Form, f64)| Score {
            form,
            error,
            error_se: 0.01,
            gap: 0.0,
            gap_se: 0.0,
            squared: 0.0,
            spearman: Vec::new(),
            predicted: Vec::new(),
            noise: Vec::new(),
        };
        let scores = |errors: [f64; 6]| Form::ALL.into_iter().zip(errors).map(score).collect::<Vec<_>>();
        assert_eq!(simplest(&scores([0.6, 0.3, 0.15, 0.105, 0.2, 0.1]), 5), 3);
        assert_eq!(simplest(&scores([0.6, 0.3, 0.15, 0.112, 0.2, 0.1]), 5), 5);
        assert_eq!(simplest(&scores([0.1, 0.1, 0.1, 0.095, 0.2, 0.1]), 3), 0);
        let text = reason(&scores([0.6, 0.3, 0.15, 0.105, 0.2, 0.1]), 3, 5, true);
        assert!(text.starts_with("power_own is the simplest form within one standard error"), "{text}");
        assert!(text.ends_with("its error is 0.1050, that of power_trees 0.1000 ± 0.0100"), "{text}");
    }
}
