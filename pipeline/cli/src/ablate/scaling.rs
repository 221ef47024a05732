//! `tokenmill ablate scaling`: loss by parameters and tokens, and what a budget is best spent on.

use super::fit::parallel;
use crate::failure::Failure;
use crate::house::{read_text, threads};
use crate::output::table;
use std::process::ExitCode;
use tokenmill_core::suggest::suggest;
use tokenmill_mix::ablation::fit::Interval;
use tokenmill_mix::ablation::fit::scaling::{
    Chinchilla, Evaluated, Exponents, Spent, Trained, chinchilla, direct, isoflop, resampled, spread, two_step,
    without_shortest,
};

/// Level of the intervals.
const LEVEL: f64 = 0.9;

/// Fit scaling laws to trained models: loss by parameters and tokens, best sizes for budgets, accuracy by loss
#[derive(clap::Args)]
#[command(after_help = "\
RUNS.csv has columns `params`, `loss`, and `tokens` or `flops` (then tokens are flops / 6 / params); with a column `accuracy`, from 0 to 1,
accuracy is predicted, too. Other columns are passed over; names as in `Model Size` and `Training FLOP` will do.

Three laws: E + A params^-alpha + B tokens^-beta, fitted as Hoffmann et al. and Besiroglu et al. do; the minima of parabolas of
models of one budget (IsoFLOP), where there are such; and, for accuracy, loss by size and a sigmoid behind it.

Examples:
  tokenmill ablate scaling RUNS.csv --flops 3.8e25
  tokenmill ablate scaling svg_extracted_data.csv --drop-shortest 5")]
pub struct Args {
    /// Trained models
    #[arg(value_name = "RUNS.csv")]
    runs: String,
    /// Say what this budget is best spent on, in floating-point operations
    #[arg(long, value_name = "N")]
    flops: Option<f64>,
    /// Leave out the N models with the fewest tokens for each parameter, which have hardly begun
    #[arg(long, value_name = "N", default_value_t = 0)]
    drop_shortest: usize,
    /// Refits to resampled models, for intervals
    #[arg(long, value_name = "N", default_value_t = 100)]
    resamples: usize,
    /// Accuracy of guessing
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    chance: f64,
    /// Seed of the resamples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Worker threads; the result is the same [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// Fits and prints.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let models = read(&args.runs)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads(args.threads).max(1)).build();
    let pool = pool.map_err(|error| Failure::for_now(format!("cannot start threads: {error}")))?;
    pool.install(|| fitted(args, &models))
}

fn fitted(args: &Args, models: &[Evaluated]) -> Result<ExitCode, Failure> {
    let trained: Vec<Trained> = models.iter().map(|model| model.model).collect();
    let trained = without_shortest(&trained, args.drop_shortest);
    let law = chinchilla(&trained, Exponents::Free, &parallel)?;
    let laws = resampled(&trained, &law, args.resamples, args.seed, &parallel);
    println!("{} models: loss = E + A params^-alpha + B tokens^-beta", trained.len());
    print!("{}", parameters(&law, &laws));
    let best = law.best_params();
    println!("the best size for a budget: params = {:.4e} flops^{:.4}\n", best.coefficient, best.exponent);
    let spent: Vec<Spent> = trained
        .iter()
        .map(|model| Spent { compute: model.compute(), params: model.params, loss: model.loss })
        .collect();
    match isoflop(&spent) {
        Ok(found) => {
            let row = |profile: &tokenmill_mix::ablation::fit::scaling::Profile| {
                let inside = if profile.inside { "" } else { "beyond the sizes that ran" };
                vec![
                    format!("{:.3e}", profile.compute),
                    profile.runs.to_string(),
                    format!("{:.3e}", profile.params),
                    format!("{:.4}", profile.loss),
                    inside.to_owned(),
                ]
            };
            let rows: Vec<Vec<String>> = found.profiles.iter().map(row).collect();
            print!("{}", table(&["flops", "models", "best params", "loss", ""], &rows));
            println!("by these: params = {:.4e} flops^{:.4}\n", found.params.coefficient, found.params.exponent);
        }
        Err(error) => println!("no budget has models of different sizes enough: {error}\n"),
    }
    if let Some(flops) = args.flops {
        let (params, tokens) = (best.at(flops), flops / 6.0 / best.at(flops));
        println!("{flops:.3e} flops: {params:.3e} params, {tokens:.3e} tokens, loss {:.4}", law.loss(params, tokens));
    }
    if models.iter().any(|model| model.accuracy.is_some()) {
        accuracy(args, models, &law)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A parameter of the law, with its name.
type Parameter = (&'static str, fn(&Chinchilla) -> f64);

fn parameters(law: &Chinchilla, laws: &[Chinchilla]) -> String {
    let all: [Parameter; 5] = [
        ("E", |law| law.floor),
        ("A", |law| law.params_factor),
        ("alpha", |law| law.params_exponent),
        ("B", |law| law.tokens_factor),
        ("beta", |law| law.tokens_exponent),
    ];
    let row = |(name, of): Parameter| {
        let Interval { low, high } = spread(laws, LEVEL, of);
        let value = of(law);
        let digits = if value.abs() >= 100.0 { 1 } else { 4 };
        let interval = match laws {
            [] => String::new(),
            _ => format!("{low:.digits$} to {high:.digits$}"),
        };
        vec![name.to_owned(), format!("{value:.digits$}"), interval]
    };
    table(&["", "value", "90 % interval"], &all.into_iter().map(row).collect::<Vec<_>>())
}

/// Both ways to accuracy, and what they say of the budget.
fn accuracy(args: &Args, models: &[Evaluated], law: &Chinchilla) -> Result<(), Failure> {
    let (steps, at_once) = (two_step(models, args.chance, &parallel)?, direct(models, args.chance)?);
    let error = |predict: &dyn Fn(&Evaluated) -> f64| {
        let errors = models.iter().filter_map(|model| Some((predict(model) - model.accuracy?).abs()));
        let errors: Vec<f64> = errors.collect();
        errors.iter().sum::<f64>() / errors.len().max(1) as f64
    };
    println!(
        "accuracy: by size, loss and a sigmoid, off by {:.4} on these models; by compute alone, off by {:.4}",
        error(&|model| steps.predict(model.model.params, model.model.tokens)),
        error(&|model| at_once.predict(model.model.compute()))
    );
    if let Some(flops) = args.flops {
        let params = law.best_params().at(flops);
        println!(
            "{flops:.3e} flops: accuracy {:.4} by the loss, {:.4} by compute alone",
            steps.predict(params, flops / 6.0 / params),
            at_once.predict(flops)
        );
    }
    Ok(())
}

/// The names of the columns, the first of each as messages call it.
const COLUMNS: [&[&str]; 5] = [
    &["params", "parameters", "n", "model size", "params_no_embed"],
    &["loss"],
    &["tokens", "d"],
    &["flops", "flop", "compute", "training flop", "c"],
    &["accuracy"],
];

fn read(path: &str) -> Result<Vec<Evaluated>, Failure> {
    let text = read_text(path, "table")?;
    let mut reader = csv::ReaderBuilder::new().from_reader(text.content.as_bytes());
    let broken = |error: csv::Error| Failure::usage(format!("`{path}`: {error}"));
    let head: Vec<String> = reader.headers().map_err(broken)?.iter().map(|name| name.trim().to_lowercase()).collect();
    let place = |names: &[&str]| head.iter().position(|name| names.contains(&name.as_str()));
    let [params, loss, tokens, flops, accuracy] = COLUMNS.map(place);
    let lacks = |name: &str| {
        let known: Vec<&str> = head.iter().map(String::as_str).collect();
        Failure::usage(format!("`{path}` has no column `{name}`")).hint(suggest(name, &known))
    };
    let (params, loss) = (params.ok_or_else(|| lacks("params"))?, loss.ok_or_else(|| lacks("loss"))?);
    let spent = tokens.or(flops).ok_or_else(|| lacks("tokens"))?;
    let mut models = Vec::new();
    for (row, record) in reader.records().enumerate() {
        let record = record.map_err(broken)?;
        let number = |at: usize| -> Result<f64, Failure> {
            let text = record.get(at).unwrap_or("").trim();
            let wrong = || Failure::usage(format!("`{path}`, line {}: `{text}` is no number", row + 2));
            text.parse().map_err(|_| wrong())
        };
        let (params, loss, spent) = (number(params)?, number(loss)?, number(spent)?);
        let tokens = if tokens.is_some() { spent } else { spent / 6.0 / params };
        let is_there = |at: &usize| record.get(*at).is_some_and(|text| !text.trim().is_empty());
        let accuracy = accuracy.filter(is_there).map(number).transpose()?;
        models.push(Evaluated { model: Trained { params, tokens, loss }, accuracy });
    }
    Ok(models)
}
