//! `tokenmill quantiles`: how scores are distributed in a finished run, for `filter.ensemble`.

use crate::failure::Failure;
use crate::house::{assets, open_run, threads};
use crate::output::{self, count};
use crate::progress::RowsBar;
use crate::retune::recipe_of_run;
use crate::sink::Output;
use std::process::ExitCode;
use tokenmill_engine::calibrate::{Gathered, Wanted, gather, rules_of};
use tokenmill_engine::rejudge::{Finished, Options};
use tokenmill_stages::quantiles::{N_STEPS, Quantiles, Table};

/// Write down how scores are distributed in a run, so that `filter.ensemble` can rank them
#[derive(clap::Args)]
#[command(after_help = "\
What a score of 0.4 means differs from model to model; that it is above nine of ten documents means the same for all. This
reads the metrics of a finished run and writes a table of 1,000 quantiles of each score, by which `filter.ensemble` ranks the
scores of other runs.

All documents count that the step has measured, also those that were removed later. So let the run measure and not judge what
is to be ranked, and take a sample that is like what will be filtered: ten thousand documents tell twenty buckets apart.

With `--lang` each language named has quantiles of its own, and documents of other languages have no rank; `--lang all` adds
quantiles of all documents for these.

Examples:
  tokenmill quantiles runs/sample --score dclm.score --score edu.score -o quality.quantiles.json
  tokenmill quantiles runs/sample --score quality.score --lang en --lang de --lang all -o quality.quantiles.json")]
pub struct Args {
    /// The run directory
    run: String,
    /// A score, as `step.metric`
    #[arg(long = "score", value_name = "METRIC", required = true)]
    scores: Vec<String>,
    /// A language to be ranked by itself, by its label in the run, or `all` [default: all]
    #[arg(long = "lang", value_name = "LABEL")]
    langs: Vec<String>,
    /// File to write the table to, or `-`
    #[arg(short, long, default_value = "-")]
    output: String,
    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// Documents below which the twentieth part of them is noise.
const FEW: u64 = 1_000;

/// Gathers and writes the table.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let (assets, store) = (assets()?, open_run(&args.run)?);
    let run = Finished::open(&*store, recipe_of_run(&*store, &[])?, &assets)?;
    let rules = rules_of(&run, &args.scores)?;
    let langs = if args.langs.is_empty() { vec!["all".to_owned()] } else { args.langs.clone() };
    let own = |lang: &String| (lang != "all").then_some(lang.clone());
    let langs: Vec<Option<String>> = langs.iter().map(own).collect();
    let wanted: Vec<Wanted<'_>> = langs.iter().map(|lang| Wanted { lang: lang.as_deref(), rules: &rules }).collect();
    let bar = RowsBar::new(run.n_rows(), "reading");
    let progress = |n| bar.add(n);
    let options = Options { samples: 0, threads: threads(args.threads).max(1), progress: &progress };
    let sums = gather(&*store, &run, &wanted, &options)?;
    bar.end();
    let mut scores = Vec::new();
    for (lang, sums) in langs.iter().zip(sums) {
        for (score, gathered) in args.scores.iter().zip(sums.into_iter().flatten()) {
            scores.push(quantiles(score, lang.as_deref(), &gathered)?);
        }
    }
    let summary = summary(&scores);
    let table = Table::new(&format!("the run `{}`", args.run), scores);
    let mut output = Output::create(&args.output)?;
    output.write(table.to_json().as_bytes())?;
    output.finish()?;
    if args.output == "-" {
        eprint!("\n{summary}")
    } else {
        print!("{summary}")
    }
    Ok(ExitCode::SUCCESS)
}

fn quantiles(score: &str, lang: Option<&str>, gathered: &Gathered) -> Result<Quantiles, Failure> {
    let values = gathered.histogram.quantiles(N_STEPS);
    if values.is_empty() {
        let whose = lang.map_or("no document".to_owned(), |lang| format!("no document in `{lang}`"));
        return Err(Failure::usage(format!("`{score}` was measured of {whose}"))
            .hint("labels are those of the run, such as `de` or `deu_Latn`; see `tokenmill inspect head`"));
    }
    let (score, lang) = (score.to_owned(), lang.unwrap_or_default().to_owned());
    Ok(Quantiles { score, lang, documents: gathered.histogram.n(), values })
}

fn summary(scores: &[Quantiles]) -> String {
    let at = |one: &Quantiles, share: f64| one.values[(share * N_STEPS as f64) as usize].to_string();
    let row = |one: &Quantiles| {
        let lang = if one.lang.is_empty() { "all" } else { &one.lang };
        let mut cells = vec![one.score.clone(), lang.to_owned(), count(one.documents)];
        cells.extend([0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0].map(|share| at(one, share)));
        cells
    };
    let head = ["score", "language", "documents", "lowest", "5 %", "25 %", "middle", "75 %", "95 %", "highest"];
    let mut out = output::table(&head, &scores.iter().map(row).collect::<Vec<_>>());
    for one in scores.iter().filter(|one| one.documents < FEW) {
        out.push_str(&format!(
            "WARNING: {} documents are few to rank `{}` by; 20 buckets want ten thousand\n",
            count(one.documents),
            one.score
        ));
    }
    out
}
