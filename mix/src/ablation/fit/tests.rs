//! The whole way: from runs to a form, a fit and a mix.

use super::choose::{Settings, choose};
use super::error::FitError;
use super::forms::Form;
use super::jobs::serial;
use super::optimum::{Origin, Search, optimum};
use super::predictor::Fit;
use super::random::Random;
use super::rank::spearman;
use super::simplex::Limits;
use super::table::Runs;

/// Losses of a mix of `groups`: two targets that learn from the first and the second group, and a little from the others.
fn law(mix: &[f64]) -> Vec<f64> {
    let own = |target: usize| {
        let learnt: f64 = mix.iter().enumerate().map(|(j, r)| if j == target { 1.0 } else { 0.1 } * r.powf(0.6)).sum();
        2.0 + (0.05 + learnt).powf(-0.4)
    };
    vec![own(0), own(1)]
}

fn made(n: usize, groups: usize, noise: f64, of: fn(&[f64]) -> Vec<f64>) -> Runs {
    let mut random = Random::new(11);
    let weights: Vec<Vec<f64>> = (0..n).map(|_| random.dirichlet(&vec![0.8; groups])).collect();
    let mut losses = |mix: &Vec<f64>| of(mix).into_iter().map(|loss| loss + noise * random.normal()).collect();
    Runs {
        ids: (0..n).map(|i| i.to_string()).collect(),
        groups: (0..groups).map(|j| format!("g{j}")).collect(),
        targets: vec!["a".to_owned(), "b".to_owned()],
        losses: weights.iter().map(&mut losses).collect(),
        weights,
        left_out: Vec::new(),
    }
}

fn fitted(runs: &Runs, form: Form, resamples: usize) -> Fit {
    Fit::new(runs, form, &[0.01; 2], resamples, 3, &serial).unwrap()
}

#[test]
fn the_form_that_made_the_losses_is_chosen() {
    let choice = choose(&made(120, 4, 0.01, law), &Settings::default(), &serial).unwrap();
    assert_eq!(choice.form, Form::Power, "{}", choice.reason);
    assert!(choice.useful && choice.left_out.is_empty() && choice.folds == 5);
    let score = choice.score().unwrap();
    assert!(score.mean_spearman() > 0.98, "{score:?}");
    assert!(score.noise.iter().all(|noise| (0.008..0.015).contains(noise)), "{score:?}");
    let linear = |mix: &[f64]| vec![3.0 - mix[0], 2.0 + 0.5 * mix[1]];
    let choice = choose(&made(120, 4, 0.02, linear), &Settings::default(), &serial).unwrap();
    assert_eq!(choice.form, Form::Linear, "{}", choice.reason);
}

#[test]
fn few_runs_are_held_out_one_by_one() {
    let choice = choose(&made(12, 3, 0.005, law), &Settings::default(), &serial).unwrap();
    assert_eq!(choice.folds, 12);
    let left: Vec<Form> = choice.left_out.iter().map(|(form, _)| *form).collect();
    assert_eq!(left, [Form::PowerOwn, Form::Trees, Form::PowerTrees]);
    assert_eq!(choice.left_out[0].1, "3 groups need 12 runs to fit it to, and here are 11");
    assert!(choice.useful && choice.form > Form::Linear, "{}", choice.reason);
    let error = choose(&made(5, 9, 0.01, law), &Settings::default(), &serial).unwrap_err();
    assert!(matches!(&error, FitError::TooFew(why) if why.starts_with("no form can be fitted to 5 runs")), "{error}");
    assert!(choose(&made(4, 2, 0.01, law), &Settings::default(), &serial).is_err());
    assert!(Fit::new(&made(12, 3, 0.01, law), Form::Trees, &[0.0; 2], 0, 0, &serial).is_err());
}

#[test]
fn noise_alone_is_not_useful() {
    let choice = choose(&made(60, 4, 0.1, |_| vec![3.0, 3.0]), &Settings::default(), &serial).unwrap();
    assert!(!choice.useful, "{}", choice.reason);
    assert!(choice.reason.contains("not clearly better"));
    // Losses that do not vary at all are fitted, too.
    let flat = choose(&made(60, 4, 0.0, |_| vec![3.0, 3.0]), &Settings::default(), &serial).unwrap();
    assert_eq!(flat.form, Form::Linear);
    assert!(flat.score().unwrap().mean_spearman().is_nan());
}

#[test]
fn threads_change_nothing() {
    let runs = made(60, 4, 0.01, law);
    let threads = |n: usize, job: &(dyn Fn(usize) + Sync)| {
        std::thread::scope(|scope| {
            (0..n).rev().for_each(|i| {
                scope.spawn(move || job(i));
            });
        });
    };
    let settings = Settings { forms: vec![Form::Power, Form::Trees, Form::PowerTrees], ..Settings::default() };
    assert_eq!(choose(&runs, &settings, &serial), choose(&runs, &settings, &threads));
    let one = fitted(&runs, Form::Power, 3);
    assert_eq!(one, Fit::new(&runs, Form::Power, &[0.01; 2], 3, 3, &threads).unwrap());
    let search = Search { samples: 2500, ..Search::new(2, Limits::none(4)) };
    assert_eq!(optimum(&one, &search, &serial), optimum(&one, &search, &threads));
}

#[test]
fn every_form_predicts_and_says_how_sure_it_is() {
    let (runs, new) = (made(200, 4, 0.02, law), made(300, 4, 0.0, law));
    for (form, least) in Form::ALL.into_iter().zip([0.85, 0.9, 0.97, 0.96, 0.9, 0.96]) {
        let fit = fitted(&runs, form, 20);
        fit.check().unwrap();
        for target in 0..2 {
            let predicted: Vec<f64> = new.weights.iter().map(|mix| fit.predict(mix)[target]).collect();
            let rho = spearman(&predicted, &new.target(target));
            assert!(rho > least, "{} {target}: {rho}", form.name());
        }
        assert_eq!(Form::named(form.name()), Some(form));
    }
}

#[test]
fn intervals_hold_what_they_say() {
    let new = made(300, 4, 0.0, law);
    let (mut means, mut singles, mut random) = (0, 0, Random::new(9));
    for _ in 0..8 {
        let mut runs = made(150, 4, 0.0, law);
        runs.losses.iter_mut().flatten().for_each(|loss| *loss += 0.02 * random.normal());
        let fit = Fit::new(&runs, Form::Power, &[0.02; 2], 60, 3, &serial).unwrap();
        for (mix, losses) in new.weights.iter().zip(&new.losses) {
            let single = losses[0] + 0.02 * random.normal();
            let (mean, run) = (fit.intervals(mix, 0.9)[0], fit.run_intervals(mix, 0.9)[0]);
            means += usize::from(mean.low <= losses[0] && losses[0] <= mean.high);
            singles += usize::from(run.low <= single && single <= run.high);
        }
    }
    // Errors of one fit go together from mix to mix, so eight fits are few.
    assert!((1700..2350).contains(&means), "{means} of 2400");
    assert!((2060..2260).contains(&singles), "{singles} of 2400");
}

#[test]
fn damaged_fits_are_refused() {
    let fit = fitted(&made(200, 4, 0.02, law), Form::PowerTrees, 1);
    let change = |change: &dyn Fn(&mut Fit)| {
        let mut fit = fit.clone();
        change(&mut fit);
        fit.check().unwrap_err().to_string()
    };
    assert_eq!(change(&|fit| fit.groups.truncate(3)), "the stored fit is damaged");
    change(&|fit| fit.models.truncate(1));
    change(&|fit| fit.ensemble[0].truncate(1));
    change(&|fit| fit.models[0].scale = f64::NAN);
    change(&|fit| fit.noise.clear());
}

#[test]
fn the_best_mix_is_found() {
    let runs = made(200, 3, 0.005, law);
    let fit = fitted(&runs, Form::Power, 20);
    let found = optimum(&fit, &Search { samples: 3000, ..Search::new(2, Limits::none(3)) }, &serial).unwrap();
    assert_eq!(found.best.origin, Origin::Descent);
    // By symmetry the best is half of each of the two groups that teach, and next to nothing of the third.
    let grid = (0..=200).flat_map(|i| (0..=200 - i).map(move |j| [i, j, 200 - i - j].map(|k| f64::from(k) / 200.0)));
    let least = grid.map(|mix| fit.objective(&mix, &[1.0; 2])).fold(f64::INFINITY, f64::min);
    assert!(found.best.objective <= least + 1e-6, "{} {least}", found.best.objective);
    assert!((found.best.weights[0] - 0.5).abs() < 0.08, "{:?}", found.best.weights);
    assert!(found.gain.low > 0.0 && found.confidence == 1.0, "{found:?}");
    assert!(found.objective.low <= found.best.objective && found.best.objective <= found.objective.high);
    assert!(found.candidates.windows(2).all(|pair| pair[0].cost <= pair[1].cost));
    assert!(found.average.objective >= found.best.objective);
    // One target alone wants its own group.
    let search = Search { weights: vec![0.0, 1.0], samples: 3000, ..Search::new(2, Limits::none(3)) };
    let one = optimum(&fit, &search, &serial).unwrap();
    assert!(one.best.weights[1] > 0.8, "{:?}", one.best.weights);
    assert!((one.best.objective - one.best.losses[1]).abs() < 1e-12);
}

#[test]
fn limits_are_kept() {
    let fit = fitted(&made(200, 3, 0.005, law), Form::Power, 0);
    let limits = Limits { most: vec![0.2, 1.0, 1.0], least: vec![0.0, 0.0, 0.1], ..Limits::none(3) };
    let found = optimum(&fit, &Search { samples: 3000, ..Search::new(2, limits) }, &serial).unwrap();
    for mix in found.candidates.iter().chain([&found.best, &found.average, &found.prior]) {
        assert!(mix.weights[0] < 0.2 + 1e-5 && mix.weights[2] > 0.1 - 1e-5, "{mix:?}");
        assert!((mix.weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
    assert!((found.best.weights[0] - 0.2).abs() < 1e-3, "{:?}", found.best.weights);
    let near = Limits { prior: Some(vec![0.1, 0.2, 0.7]), max_divergence: Some(0.05), ..Limits::none(3) };
    let found = optimum(&fit, &Search { samples: 3000, ..Search::new(2, near.clone()) }, &serial).unwrap();
    assert!(found.candidates.iter().all(|mix| mix.divergence <= 0.05 + 1e-6));
    assert!((0.045..=0.05 + 1e-6).contains(&found.best.divergence), "{:?}", found.best);
    assert!(found.best.objective < found.prior.objective);
    assert!(found.confidence.is_nan() && found.gain.low == found.gain.high);
    // A penalty holds the mix at the prior, the more the larger it is.
    let held = |penalty: f64| {
        let limits = Limits { penalty, max_divergence: None, ..near.clone() };
        optimum(&fit, &Search { samples: 0, ..Search::new(2, limits) }, &serial).unwrap().best.divergence
    };
    assert!(held(0.01) > held(0.1) && held(0.1) > held(1.0) && held(1.0) > 0.0);
}

#[test]
fn trees_take_the_mean_of_the_best_samples() {
    let fit = fitted(&made(200, 3, 0.005, law), Form::Trees, 2);
    let found = optimum(&fit, &Search { samples: 3000, ..Search::new(2, Limits::none(3)) }, &serial).unwrap();
    assert_eq!(found.best.origin, Origin::Average);
    assert!((found.best.weights[0] - 0.5).abs() < 0.1, "{:?}", found.best.weights);
    assert!(optimum(&fit, &Search::new(3, Limits::none(3)), &serial).is_err());
    assert!(optimum(&fit, &Search { level: 1.0, ..Search::new(2, Limits::none(3)) }, &serial).is_err());
}
