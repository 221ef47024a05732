//! `tokenmill ablate design`: what a study will cost, and which models it will train; trains nothing.

use super::{gather, open, text};
use crate::failure::Failure;
use crate::house::create_folder;
use crate::output::{count, table};
use std::process::ExitCode;
use tokenmill_mix::ablation::design::{MIN_PARAMETERS, bases};
use tokenmill_mix::ablation::{Budget, Study, Supplies, Trial, trials};

/// The vocabulary that is reckoned with while the sources are not there: Llama 3's.
const VOCABULARY: u64 = 128_256;

/// A vocabulary of a proxy that needs not be any smaller.
const SMALL_VOCABULARY: u64 = 8_192;

/// Part of the operations that the last layer may have before it is worth a word.
const LARGE_HEAD: f64 = 0.3;

/// Show what a study will cost and which mixes it will train; trains nothing
#[derive(clap::Args)]
#[command(after_help = "\
The cost is known from the study alone. The mixes depend on how many tokens every group has, so they are shown when the runs of the
sources are there.

Example:
  tokenmill ablate design configs/ablations/quickstart.toml --flops 4e14")]
pub struct Args {
    /// The study
    #[arg(value_name = "STUDY.toml")]
    study: String,
    /// Floating-point operations that your machine does in a second of training, for hours: 4e14 is an H100 at 40 %
    #[arg(long, value_name = "N", value_parser = flops, default_value = "4e14")]
    flops: f64,
}

fn flops(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().map_err(|error| error.to_string())?;
    if number.is_finite() && number > 0.0 { Ok(number) } else { Err("a number above 0".to_owned()) }
}

/// Prints costs and mixes.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let study = open::read(&args.study)?;
    let counted = counted(&study)?;
    let even = vec![u64::MAX / 1_000_000; study.groups.len()];
    let even = Supplies { pooled: even.clone(), all: even };
    let (supplies, vocabulary) = counted.as_ref().map_or((&even, VOCABULARY), |(supplies, size)| (supplies, *size));
    let listed = trials(&study, supplies)?;
    let all: Vec<Trial> = bases(&study, supplies).into_iter().chain(listed).collect();
    let budget = Budget::of(&study, vocabulary, &all);
    print!("{}", costs(&budget, args.flops));
    if counted.is_none() {
        println!("reckoned with a vocabulary of {} tokens; that of the sources is not known yet", count(VOCABULARY));
    }
    for caution in cautions(&budget, counted.as_ref().map(|(_, size)| *size)) {
        println!("note: {caution}");
    }
    println!();
    match counted {
        Some(_) => print!("{}", text::mixes(&study, &all)),
        None => println!("the mixes are known when the sources have been run: tokenmill ablate run {}", args.study),
    }
    Ok(ExitCode::SUCCESS)
}

/// Training tokens of every group and the size of the vocabulary, when the sources are there.
fn counted(study: &Study) -> Result<Option<(Supplies, u64)>, Failure> {
    let study = open::located(study)?;
    if crate::mix::stores(&study.pool()).is_err() {
        return Ok(None);
    }
    let plan = open::plan(&study)?;
    let store = create_folder(&study.folder())?;
    gather::counted(&study, &plan, &*store).map(Some)
}

fn costs(budget: &Budget, flops: f64) -> String {
    let row = |cost: &tokenmill_mix::ablation::design::Cost| {
        vec![
            cost.proxy.clone(),
            count(cost.parameters),
            count(cost.embedding),
            count(cost.n_trials),
            count(cost.tokens),
            format!("{:.2e}", cost.flops),
            hours(cost.flops / flops),
        ]
    };
    let mut rows: Vec<Vec<String>> = budget.0.iter().map(row).collect();
    if rows.len() > 1 {
        let n_trials = budget.0.iter().map(|cost| cost.n_trials).sum();
        let (tokens, all) = (count(budget.tokens()), budget.flops());
        let total = ["all".to_owned(), String::new(), String::new(), count(n_trials), tokens];
        rows.push(total.into_iter().chain([format!("{all:.2e}"), hours(all / flops)]).collect());
    }
    let head = ["proxy", "parameters", "embedding", "models", "tokens", "FLOPs", "hours"];
    table(&head, &rows)
}

fn hours(seconds: f64) -> String {
    format!("{:.2}", seconds / 3_600.0)
}

/// What should be known before a study is paid for.
fn cautions(budget: &Budget, vocabulary: Option<u64>) -> Vec<String> {
    let mut cautions = Vec::new();
    for cost in &budget.0 {
        if cost.parameters < MIN_PARAMETERS {
            cautions.push(format!(
                "`{}` has {:.2}M parameters: fine for trying things out; models of 1M rank mixes as large ones do with a \
                 correlation of .73, and from 15M on with .89",
                cost.proxy,
                cost.parameters as f64 / 1e6
            ));
        }
        if cost.head_share > LARGE_HEAD && vocabulary.is_some_and(|size| size > SMALL_VOCABULARY) {
            cautions.push(format!(
                "{:.0} % of the operations of `{}` are its last layer: take a smaller vocabulary in the recipes of the \
                 sources, such as `tokenizer = \"gpt2@2048\"`",
                100.0 * cost.head_share,
                cost.proxy
            ));
        }
    }
    cautions
}
