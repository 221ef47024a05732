//! `tokenmill retune`: what other limits would make of a finished run, from its ledgers and metrics.

mod samples;
mod text;

use crate::failure::{FOUND_PROBLEMS, Failure};
use crate::house::{assets, open_run, parse_recipe, read_recipe, threads};
use crate::output::count;
use crate::progress::RowsBar;
use serde_json::{Value, json};
use std::process::ExitCode;
use tokenmill_engine::rejudge::{Change, Count, Finished, Group, Options, Removed, Report, changes, judge_run};
use tokenmill_engine::{Spec, Text};
use tokenmill_store::{Store, StoreError};

/// Key of the recipe of a run, with every default written out.
pub const RESOLVED: &str = "config.resolved.toml";

/// What other limits would make of a finished run: who goes, who comes back; no text is judged again
#[derive(clap::Args)]
#[command(after_help = "\
Every measure leaves its numbers in `metrics/`, also for documents that an earlier step of the same segment has removed.
So the run can be judged again by other limits in seconds, before you spend hours on running it again.

What it tells exactly, and what it does not:
- Of documents that would go, everything is known.
- A document that would come back has the numbers of the steps that saw the same text. Steps behind an edit, an exchange
  or a checkpoint have never seen it, nor have costly ones: such documents are counted as `not measured`, and whether
  they would be kept in the end only a run can tell.
- An exchange (deduplication) would decide anew without the documents that go and with those that come back. Its
  decisions are left as they are, and the answer says of how many documents that is true.
- Only limits of rules can be changed. A parameter that changes what is measured needs a run, and is refused.

Shares are of all documents that came in. Bytes are those of the ledger: of the text for documents that the run kept,
else of what there was when the verdict fell.

Examples:
  tokenmill retune runs/quickstart --set step.filter.gopher_quality.min_words=30
  tokenmill retune runs/quickstart --set step.filter.gopher_quality.lang.de.max_mean_word_length=off --samples 20
  tokenmill retune runs/quickstart --recipe other.toml --json > what-would-change.json
  tokenmill retune runs/quickstart --verify")]
pub struct Args {
    /// The run directory
    run: String,
    /// A limit to change, for example `step.filter.length.min_chars=200`; `off` switches it off
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Take the limits of this recipe, which has the same steps
    #[arg(long, value_name = "FILE")]
    recipe: Option<String>,
    /// Documents to show of those that go, and of those that come back
    #[arg(long, value_name = "N", default_value_t = 3)]
    samples: usize,
    /// Judge by the limits of the run itself, and prove that this gives its own verdicts; exit code 1 if not
    #[arg(long, conflicts_with_all = ["sets", "recipe"])]
    verify: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// Judges the run again and prints what changes.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let store = open_run(&args.run)?;
    let old = recipe_of_run(&*store, &[])?;
    let new = match &args.recipe {
        Some(recipe) => read_recipe(recipe, &args.sets)?,
        None => recipe_of_run(&*store, &args.sets)?,
    };
    if let Some(set) = args.sets.iter().find(|set| !set.trim_start().starts_with("step.")) {
        return Err(Failure::usage(format!("`--set {set}` is no limit of a step"))
            .hint("write it as `--set step.filter.length.min_chars=200`"));
    }
    if args.sets.is_empty() && args.recipe.is_none() && !args.verify {
        return Err(Failure::usage("there is no limit to change")
            .hint("`--set step.filter.length.min_chars=200`, `--recipe FILE`, or `--verify`"));
    }
    let assets = assets()?;
    let changed = changes(&old, &new, &assets)?;
    let run = Finished::open(&*store, old, &assets)?;
    let chains = run.chains(&new, &assets)?;
    let bar = RowsBar::new(run.n_rows(), "judging");
    let threads = threads(args.threads);
    let progress = |n| bar.add(n);
    let options = Options { samples: args.samples, threads: threads.max(1), progress: &progress };
    let report = judge_run(&*store, &run, &chains, &options)?;
    bar.end();
    if args.verify {
        return Ok(verified(&report, args.json));
    }
    let samples = samples::Shown::of(&*store, &run, &report.samples)?;
    if args.json {
        let mut json = json(&changed, &report);
        json["samples"] = samples.json();
        println!("{}", serde_json::to_string_pretty(&json).unwrap_or_default());
    } else {
        print!("{}{}", text::report(&changed, &report), samples.text());
    }
    Ok(ExitCode::SUCCESS)
}

/// The recipe of a run, with overrides.
pub fn recipe_of_run(store: &dyn Store, sets: &[String]) -> Result<Spec, Failure> {
    let content = store.read(RESOLVED).map_err(|error| match error {
        StoreError::Missing(key) => Failure::usage(format!("the run holds no `{key}`")),
        error => error.into(),
    })?;
    let content = String::from_utf8_lossy(&content).into_owned();
    parse_recipe(Text { name: store.display(RESOLVED), content }, sets)
}

fn verified(report: &Report, as_json: bool) -> ExitCode {
    let is_sound = report.differing == 0;
    if as_json {
        let json = json!({"documents": report.total.seen.n, "kept": report.total.kept.n, "differing": report.differing,
            "differences": report.differences, "unknown": report.unknown});
        println!("{}", serde_json::to_string_pretty(&json).unwrap_or_default());
    } else if is_sound {
        let (seen, kept) = (count(report.total.seen.n), count(report.total.kept.n));
        println!("{seen} documents judged again by the limits of the run: every verdict is the same, {kept} are kept");
    } else {
        print!("{}", text::differences(report));
    }
    if is_sound { ExitCode::SUCCESS } else { ExitCode::from(FOUND_PROBLEMS) }
}

fn json(changed: &[Change], report: &Report) -> Value {
    let change = |change: &Change| {
        json!({"step": change.step, "lang": change.lang, "param": change.param,
            "from": change.from.to_toml(), "to": change.to.to_toml()})
    };
    let of_count = |count: Count| json!({"documents": count.n, "bytes": count.bytes});
    let group = |group: &Group| {
        json!({"seen": of_count(group.seen), "kept": of_count(group.kept), "go": of_count(group.go),
            "come_back": of_count(group.come_back), "come_back_not_measured": of_count(group.unmeasured)})
    };
    let removed = |removed: &Removed| json!({"before": of_count(removed.before), "after": of_count(removed.after)});
    let steps = report.steps.iter().map(|step| {
        let reasons = step.reasons.iter().map(|(reason, counts)| (reason.clone(), removed(counts)));
        json!({"step": step.name, "phase": step.phase, "removed": removed(&step.removed),
            "reasons": reasons.collect::<serde_json::Map<_, _>>(), "not_measured": of_count(step.unmeasured),
            "missing": of_count(step.missing), "is_exchange": step.is_exchange})
    });
    let languages = report.languages.iter().map(|(lang, counts)| (lang.clone(), group(counts)));
    json!({"changes": changed.iter().map(change).collect::<Vec<_>>(), "total": group(&report.total),
        "steps": steps.collect::<Vec<_>>(), "languages": languages.collect::<serde_json::Map<_, _>>(),
        "unknown": report.unknown, "differing": report.differing, "differences": report.differences})
}
