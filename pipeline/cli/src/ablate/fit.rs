//! `tokenmill ablate fit`: a law for tables of runs that anybody has made.

use crate::failure::Failure;
use crate::house::{read_text, threads};
use crate::output::table;
use crate::sink::Output;
use rayon::prelude::*;
use std::process::ExitCode;
use tokenmill_mix::ablation::fit::{
    Candidate, Choice, Fit, FitError, Form, Limits, Mixes, Optimum, Runs, Score, Search, Settings, choose, optimum,
};

/// Level of the intervals.
const LEVEL: f64 = 0.9;

/// Shares below this are not shown.
const SHOWN: f64 = 0.0005;

/// Fit a law to mixes and losses, predict other mixes, and find the best one
#[derive(clap::Args)]
#[command(after_help = "\
Both tables have a first column that names the run, and a column for every group or every loss: the layout of RegMix. The form of
the law is chosen by cross-validation on these runs alone. Predictions have the columns of LOSSES.csv.

Examples:
  tokenmill ablate fit train_mixture_1m.csv train_pile_loss_1m.csv
  tokenmill ablate fit MIXES.csv LOSSES.csv --predict OTHERS.csv -o predictions.csv --intervals intervals.csv
  tokenmill ablate fit MIXES.csv LOSSES.csv --objective valid_en=2,valid_code=1 --most web=0.5 --prior PRIOR.csv --max-kl 0.5")]
pub struct Args {
    /// Shares of every group in every run
    #[arg(value_name = "MIXES.csv")]
    mixes: String,
    /// Losses of every run
    #[arg(value_name = "LOSSES.csv")]
    losses: String,
    /// Mixes whose losses are to be predicted
    #[arg(long, value_name = "MIXES2.csv", requires = "output")]
    predict: Option<String>,
    /// File for the predictions
    #[arg(short, long, value_name = "PRED.csv")]
    output: Option<String>,
    /// File for intervals of the predictions: lower and upper end of every loss, at 90 %, of one run and of the mean
    #[arg(long, value_name = "FILE", requires = "predict")]
    intervals: Option<String>,
    /// Take this form: linear, exponential, power, power_own, trees or power_trees [default: by cross-validation]
    #[arg(long, value_name = "FORM", value_parser = form)]
    form: Option<Form>,
    /// Weights of the losses in what is made small [default: all alike]
    #[arg(long, value_name = "LOSS=WEIGHT,…", value_delimiter = ',', value_parser = pair)]
    objective: Vec<(String, f64)>,
    /// Largest shares of groups: what there is of one, times how often it may be used, over the tokens of training
    #[arg(long, value_name = "GROUP=SHARE,…", value_delimiter = ',', value_parser = pair)]
    most: Vec<(String, f64)>,
    /// A mix to stay near to: a table with one row
    #[arg(long, value_name = "PRIOR.csv")]
    prior: Option<String>,
    /// How far the best mix may be from the prior: Kullback-Leibler divergence in nats
    #[arg(long, value_name = "NATS", requires = "prior")]
    max_kl: Option<f64>,
    /// Seed of folds, resamples and samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Refits to resampled runs, for intervals
    #[arg(long, value_name = "N", default_value_t = 50)]
    resamples: usize,
    /// Worker threads; the result is the same [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

fn form(text: &str) -> Result<Form, String> {
    let names: Vec<&str> = Form::ALL.iter().map(|form| form.name()).collect();
    Form::named(text).ok_or_else(|| format!("take one of {}", names.join(", ")))
}

fn pair(text: &str) -> Result<(String, f64), String> {
    let (name, number) = text.rsplit_once('=').ok_or("write NAME=NUMBER")?;
    let number: f64 = number.parse().map_err(|_| format!("`{number}` is no number"))?;
    if number.is_finite() && number >= 0.0 { Ok((name.to_owned(), number)) } else { Err("a number from 0".to_owned()) }
}

impl From<FitError> for Failure {
    fn from(error: FitError) -> Failure {
        Failure::usage(error.to_string())
    }
}

/// Fits, predicts and prints.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let runs = Runs::read(&read_text(&args.mixes, "table")?.content, &read_text(&args.losses, "table")?.content)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads(args.threads).max(1)).build();
    let pool = pool.map_err(|error| Failure::for_now(format!("cannot start threads: {error}")))?;
    pool.install(|| fitted(args, &runs))
}

/// Runs pieces of work on the threads of the pool.
pub fn parallel(n: usize, job: &(dyn Fn(usize) + Sync)) {
    (0..n).into_par_iter().with_max_len(1).for_each(job);
}

fn fitted(args: &Args, runs: &Runs) -> Result<ExitCode, Failure> {
    let forms = args.form.map_or_else(|| Form::ALL.to_vec(), |form| vec![form]);
    let choice = choose(runs, &Settings { forms, seed: args.seed, ..Settings::default() }, &parallel)?;
    let noise = choice.score().map(|score| score.noise.clone()).unwrap_or_default();
    let fit = Fit::new(runs, choice.form, &noise, args.resamples, args.seed, &parallel)?;
    println!("{} runs, {} groups, {} losses", runs.ids.len(), runs.groups.len(), runs.targets.len());
    for (id, why) in runs.left_out.iter().take(10) {
        println!("left out: `{}`: {why}", crate::output::plain(id));
    }
    print!("{}", text(&choice));
    if let (Some(path), Some(output)) = (&args.predict, &args.output) {
        let mixes = Mixes::read(&read_text(path, "table")?.content, &runs.groups)?;
        predictions(&fit, &mixes, output)?;
        println!("{} predictions: {output}", mixes.ids.len());
        if let Some(output) = &args.intervals {
            intervals(&fit, &mixes, output)?;
            println!("intervals: {output}");
        }
    }
    let found = optimum(&fit, &search(args, runs)?, &parallel)?;
    print!("\n{}", best(runs, &found));
    Ok(ExitCode::SUCCESS)
}

/// The forms that were compared, and why one was chosen.
fn text(choice: &Choice) -> String {
    let row = |score: &Score| {
        let mark = if score.form == choice.form { " *" } else { "" };
        vec![
            format!("{}{mark}", score.form.name()),
            format!("{:.4} ± {:.4}", score.error, score.error_se),
            format!("{:.4}", score.mean_spearman()),
            score.form.formula().to_owned(),
        ]
    };
    let mut rows: Vec<Vec<String>> = choice.scores.iter().map(row).collect();
    rows.extend(
        choice
            .left_out
            .iter()
            .map(|(form, why)| vec![form.name().to_owned(), "not fitted".to_owned(), String::new(), why.clone()]),
    );
    let head = ["form", "error without the run", "rank correlation", "formula"];
    format!("{}{}\n", table(&head, &rows), choice.reason)
}

fn search(args: &Args, runs: &Runs) -> Result<Search, Failure> {
    let place = |names: &[String], name: &str, what: &str| {
        names.iter().position(|known| known == name).ok_or_else(|| {
            let list: Vec<&str> = names.iter().map(String::as_str).collect();
            Failure::usage(format!("there is no {what} `{name}`")).hint(tokenmill_core::suggest::suggest(name, &list))
        })
    };
    let mut limits = Limits::none(runs.groups.len());
    for (name, share) in &args.most {
        limits.most[place(&runs.groups, name, "group")?] = share.min(1.0);
    }
    if let Some(path) = &args.prior {
        let prior = Mixes::read(&read_text(path, "table")?.content, &runs.groups)?;
        limits.prior = prior.weights.into_iter().next();
        limits.max_divergence = args.max_kl;
    }
    let mut search = Search { seed: args.seed, level: LEVEL, ..Search::new(runs.targets.len(), limits) };
    if !args.objective.is_empty() {
        search.weights = vec![0.0; runs.targets.len()];
        for (name, weight) in &args.objective {
            search.weights[place(&runs.targets, name, "loss")?] = *weight;
        }
    }
    Ok(search)
}

/// The best mix beside the one it is compared with.
fn best(runs: &Runs, found: &Optimum) -> String {
    let Candidate { weights, .. } = &found.best;
    let mut places: Vec<usize> = (0..weights.len()).collect();
    places.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]).then(a.cmp(b)));
    let shown = places.into_iter().filter(|at| weights[*at] >= SHOWN || found.prior.weights[*at] >= SHOWN);
    let share = |share: f64| format!("{share:.3}");
    let row = |at: usize| {
        vec![
            crate::output::plain(&runs.groups[at]),
            share(weights[at]),
            share(found.average.weights[at]),
            share(found.prior.weights[at]),
        ]
    };
    let rows: Vec<Vec<String>> = shown.map(row).collect();
    let mut text = table(&["group", "best mix", "mean of the best samples", "prior"], &rows);
    text.push_str(&format!(
        "objective {:.4} ({:.4} to {:.4}), {:.4} to {:.4} lower than that of the prior\n",
        found.best.objective, found.objective.low, found.objective.high, found.gain.low, found.gain.high
    ));
    if !found.beyond.is_empty() {
        let names: Vec<String> = found.beyond.iter().map(|at| crate::output::plain(&runs.groups[*at])).collect();
        text.push_str(&format!("note: more of {} than any run had: there the law is a guess\n", names.join(", ")));
    }
    text
}

/// A cell of CSV.
fn cell(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

fn predictions(fit: &Fit, mixes: &Mixes, output: &str) -> Result<(), Failure> {
    let mut out = Output::create(output)?;
    let head: Vec<String> = fit.targets.iter().map(|target| cell(target)).collect();
    out.line(&format!("index,{}", head.join(",")))?;
    for (id, mix) in mixes.ids.iter().zip(&mixes.weights) {
        let losses: Vec<String> = fit.predict(mix).iter().map(f64::to_string).collect();
        out.line(&format!("{},{}", cell(id), losses.join(",")))?;
    }
    out.finish()
}

fn intervals(fit: &Fit, mixes: &Mixes, output: &str) -> Result<(), Failure> {
    let mut out = Output::create(output)?;
    out.line("index,loss,predicted,mean_low,mean_high,run_low,run_high")?;
    for (id, mix) in mixes.ids.iter().zip(&mixes.weights) {
        let all = fit.targets.iter().zip(fit.predict(mix));
        let ends = fit.intervals(mix, LEVEL).into_iter().zip(fit.run_intervals(mix, LEVEL));
        for ((target, value), (of_mean, of_run)) in all.zip(ends) {
            let (id, target) = (cell(id), cell(target));
            out.line(&format!(
                "{id},{target},{value},{},{},{},{}",
                of_mean.low, of_mean.high, of_run.low, of_run.high
            ))?;
        }
    }
    out.finish()
}
