//! `tokenmill calibrate`: proposes limits for a language from what a sample run measured.

mod table;

use crate::failure::Failure;
use crate::house::{assets, open_run, threads};
use crate::output::{self, percent};
use crate::progress::RowsBar;
use crate::retune::recipe_of_run;
use crate::sink::Output;
use std::process::ExitCode;
use table::{Names, number};
use tokenmill_core::Assets;
use tokenmill_engine::calibrate::{Gathered, Proposed, Rules, Wanted, compare, gather, rules_for};
use tokenmill_engine::rejudge::{Finished, Options};
use tokenmill_store::Store;

/// Propose limits for a language, so that it loses to every rule what a reference loses to it
#[derive(clap::Args)]
#[command(after_help = "\
Limits that fit English remove too much, or nothing, of languages with longer words, other punctuation or other scripts.
This looks at a finished run, which needs not be large, and asks of every limit of every rule: which share of the
reference does the rule take, were it the only one? Then it finds the value at which the rule takes that share of the
language. It reads ledger and metrics only.

The result is a table of limits that steps of a recipe can name, with the reasons for every line in comments:

  [[step]]
  use = \"filter.gopher_quality\"
  lang_table = \"de.toml\"

What to know before you trust it:
- Equal shares are a good guess where both languages were crawled alike, and no more than that: a language of which half
  is spam should lose half. Read a few documents on both sides of a limit with `tokenmill retune`.
- Let the sample run keep what it measures: documents that an earlier segment has removed were not measured. A recipe in
  which costly steps stand last and dedup is left out serves best.
- Below `--min-documents` the ends of a distribution are noise; the table says so.
- Parameters that are no limits (stop words, lengths of n-grams) are not touched: choose them first.

Examples:
  tokenmill calibrate runs/sample --lang de --like en -o de.toml
  tokenmill calibrate runs/sample-glotlid --lang tha_Thai --reference-run runs/english --like eng_Latn -o tha.toml
  tokenmill calibrate runs/sample --lang de --like en --step filter.gopher_quality")]
pub struct Args {
    /// The run directory with documents of the language
    run: String,
    /// The language to propose limits for, by its label in the run, such as `de` or `deu_Latn`
    #[arg(long, value_name = "LABEL")]
    lang: String,
    /// The language to be like; with `--reference-run` all documents of that run unless given
    #[arg(long, value_name = "LABEL", required_unless_present = "reference_run")]
    like: Option<String>,
    /// Another run to be like, whose recipe has the same steps
    #[arg(long, value_name = "RUN")]
    reference_run: Option<String>,
    /// Steps to propose limits for [default: all that have limits]
    #[arg(long = "step", value_name = "NAME")]
    steps: Vec<String>,
    /// Documents below which the table warns
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    min_documents: u64,
    /// File to write the table to, or `-`
    #[arg(short, long, default_value = "-")]
    output: String,
    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// Measured distributions beside the limits they belong to.
type Measured = (Vec<Rules>, Vec<Vec<Gathered>>);

/// Proposes limits, writes the table and prints a summary.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let assets = assets()?;
    let (own, reference) = measure(args, &assets)?;
    let proposed = compare(own, reference);
    if proposed.iter().all(|one| one.own.histogram.n() == 0) {
        return Err(Failure::usage(format!("nothing was measured of documents in `{}`", args.lang))
            .hint("labels are those of the run, such as `de` or `deu_Latn`; steps may ask for others with `when`"));
    }
    let reference = match (&args.like, &args.reference_run) {
        (Some(like), None) => like.clone(),
        (Some(like), Some(run)) => format!("{like} of {run}"),
        (None, run) => run.clone().unwrap_or_default(),
    };
    let names = Names { run: &args.run, lang: &args.lang, reference: &reference, min_documents: args.min_documents };
    let mut output = Output::create(&args.output)?;
    output.line(table::write(&names, &proposed).trim_end())?;
    output.finish()?;
    let summary = summary(&names, &proposed);
    if args.output == "-" {
        eprint!("\n{summary}")
    } else {
        print!("{summary}")
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(args: &Args, assets: &dyn Assets) -> Result<(Measured, Measured), Failure> {
    let store = open_run(&args.run)?;
    let run = open(&*store, assets)?;
    let rules = chosen(args, rules_for(&run, Some(&args.lang), assets)?)?;
    let like = args.like.as_deref();
    let own = |rules| Wanted { lang: Some(&args.lang), rules };
    match &args.reference_run {
        None => {
            let other_rules = chosen(args, rules_for(&run, like, assets)?)?;
            let both = [own(&rules), Wanted { lang: like, rules: &other_rules }];
            let mut sums = sums(args, &*store, &run, &both)?;
            let (other, own) = (sums.pop().unwrap_or_default(), sums.pop().unwrap_or_default());
            Ok(((rules, own), (other_rules, other)))
        }
        Some(folder) => {
            let other_store = open_run(folder)?;
            let other_run = open(&*other_store, assets)?;
            let other_rules = chosen(args, rules_for(&other_run, like, assets)?)?;
            let own = sums(args, &*store, &run, &[own(&rules)])?.pop().unwrap_or_default();
            let wanted = Wanted { lang: like, rules: &other_rules };
            let other = sums(args, &*other_store, &other_run, &[wanted])?.pop().unwrap_or_default();
            Ok(((rules, own), (other_rules, other)))
        }
    }
}

fn open(store: &dyn Store, assets: &dyn Assets) -> Result<Finished, Failure> {
    Ok(Finished::open(store, recipe_of_run(store, &[])?, assets)?)
}

/// The rules of the steps that were asked for. A table knows stages, so two steps of one stage cannot both have theirs.
fn chosen(args: &Args, mut rules: Vec<Rules>) -> Result<Vec<Rules>, Failure> {
    if let Some(unknown) = args.steps.iter().find(|name| !rules.iter().any(|rules| rules.step == **name)) {
        let known: Vec<&str> = rules.iter().map(|rules| rules.step.as_str()).collect();
        return Err(Failure::usage(format!("the run has no step `{unknown}` with limits"))
            .hint(format!("steps with limits are {}", known.join(", "))));
    }
    rules.retain(|rules| args.steps.is_empty() || args.steps.contains(&rules.step));
    for (at, one) in rules.iter().enumerate() {
        if let Some(other) = rules[..at].iter().find(|other| other.stage == one.stage) {
            let message = format!("`{}` and `{}` are both `{}`", other.step, one.step, one.stage);
            return Err(Failure::usage(message).hint("choose one of them with `--step`"));
        }
    }
    Ok(rules)
}

fn sums(
    args: &Args,
    store: &dyn Store,
    run: &Finished,
    wanted: &[Wanted<'_>],
) -> Result<Vec<Vec<Vec<Gathered>>>, Failure> {
    let bar = RowsBar::new(run.n_rows(), "reading");
    let threads = threads(args.threads);
    let progress = |n| bar.add(n);
    let sums = gather(store, run, wanted, &Options { samples: 0, threads: threads.max(1), progress: &progress })?;
    bar.end();
    Ok(sums)
}

fn summary(names: &Names<'_>, proposed: &[Proposed]) -> String {
    let off = |limit: Option<f32>| limit.map_or("off".to_owned(), number);
    let row = |one: &Proposed| {
        let (own, reference) = (&one.own, &one.reference);
        let mut cells = vec![
            format!("{}.{}", one.step, one.limit.param),
            off(one.like),
            percent(reference.removed, reference.histogram.n()),
            off(one.limit.value),
            percent(own.removed, own.histogram.n()),
        ];
        match &one.outcome {
            Ok(proposal) if Some(proposal.limit) == one.limit.value => cells.extend(["kept".to_owned(), String::new()]),
            Ok(proposal) => cells.extend([number(proposal.limit), percent(proposal.removed, own.histogram.n())]),
            Err(_) => cells.push("-".to_owned()),
        }
        cells
    };
    let rows: Vec<Vec<String>> = proposed.iter().map(row).collect();
    let (lang, like) = (names.lang, names.reference);
    let head = ["limit", &format!("{like} has"), "it takes", &format!("{lang} has"), "it takes", "proposed", "takes"];
    let mut out = output::table(&head, &rows);
    for (who, n) in table::too_few(names, proposed) {
        out.push_str(&format!("WARNING: only {} documents of {who} were measured\n", output::count(n)));
    }
    out
}
