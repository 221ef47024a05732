//! `tokenmill inspect scores`: two scores of the same documents, and where they disagree.

use super::doc::text_of;
use super::mask::Mask;
use crate::failure::Failure;
use crate::house::{assets, open_run, threads};
use crate::output::{self, count, shortened};
use crate::progress::RowsBar;
use crate::retune::recipe_of_run;
use serde_json::{Value, json};
use std::fmt::Write;
use std::process::ExitCode;
use tokenmill_classifiers::training::ranks::{overlap, rank_correlation, ranks};
use tokenmill_engine::calibrate::{Pair, Pairs, pairs, rules_of};
use tokenmill_engine::rejudge::{Finished, Options};
use tokenmill_store::Store;

/// Shares of best documents that are compared.
const SHARES: [f64; 6] = [0.01, 0.05, 0.1, 0.2, 0.3, 0.5];
/// How much of a text is shown.
const SHOWN_CHARS: usize = 400;

/// Compare two scores of a run: how alike they order its documents, and where they disagree most
#[derive(clap::Args)]
#[command(after_help = "\
Two classifiers, or a classifier and any other number, as steps of one recipe without limits: that way both see the same
documents. Scores are compared by their ranks, so it does not matter that one of them runs from 0 to 5.

Examples:
  tokenmill inspect scores runs/sample old.score new.score
  tokenmill inspect scores runs/sample wiki.score filter.length.n_words --lang en --samples 20")]
pub struct Args {
    /// The run directory
    run: String,
    /// The one score, as `step.metric`
    one: String,
    /// The other score
    other: String,
    /// Documents of one language, by its label in the run
    #[arg(long, value_name = "LABEL")]
    lang: Option<String>,
    /// Documents to show of each kind
    #[arg(long, value_name = "N", default_value_t = 5)]
    samples: usize,
    /// Documents to compare, chosen by hash
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    documents: usize,
    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Compares.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let (assets, store) = (assets()?, open_run(&args.run)?);
    let run = Finished::open(&*store, recipe_of_run(&*store, &[])?, &assets)?;
    let rules = rules_of(&run, &[args.one.clone(), args.other.clone()])?;
    let bar = RowsBar::new(run.n_rows(), "reading");
    let progress = |n| bar.add(n);
    let options = Options { samples: 0, threads: threads(args.threads).max(1), progress: &progress };
    let pairs = pairs(&*store, &run, [&rules[0], &rules[1]], args.lang.as_deref(), args.documents.max(2), &options)?;
    bar.end();
    if pairs.sample.len() < 2 {
        return Err(Failure::usage(format!("fewer than two documents have both `{}` and `{}`", args.one, args.other))
            .hint("a step measures only what `when` lets it see, and nothing that an earlier segment has removed"));
    }
    let compared = Compared::new(&pairs);
    if args.json {
        println!("{:#}", compared.json(args, &*store, &run)?);
    } else {
        print!("{}", compared.text(args, &*store, &run)?);
    }
    Ok(ExitCode::SUCCESS)
}

struct Compared<'p> {
    pairs: &'p Pairs,
    /// Ranks by each score.
    ranks: [Vec<f64>; 2],
    /// Places in the sample: where the first score ranks higher most of all comes first.
    by_difference: Vec<usize>,
}

impl<'p> Compared<'p> {
    fn new(pairs: &'p Pairs) -> Compared<'p> {
        let ranks = [0, 1].map(|at| ranks(&pairs.sample.iter().map(|pair| pair.scores[at]).collect::<Vec<_>>()));
        let mut by_difference: Vec<usize> = (0..pairs.sample.len()).collect();
        by_difference.sort_by(|one, other| {
            let difference = |at: &usize| ranks[0][*at] - ranks[1][*at];
            difference(other).total_cmp(&difference(one))
        });
        Compared { pairs, ranks, by_difference }
    }

    fn correlation(&self) -> Option<f64> {
        rank_correlation(&self.ranks[0], &self.ranks[1])
    }

    /// The documents that the first score ranks higher, and those that the second does; those of the greatest difference first.
    fn apart(&self, n: usize) -> [Vec<usize>; 2] {
        let is_higher = |at: &&usize| self.ranks[0][**at] > self.ranks[1][**at];
        let is_lower = |at: &&usize| self.ranks[0][**at] < self.ranks[1][**at];
        [
            self.by_difference.iter().filter(is_higher).take(n).copied().collect(),
            self.by_difference.iter().rev().filter(is_lower).take(n).copied().collect(),
        ]
    }

    fn text(&self, args: &Args, store: &dyn Store, run: &Finished) -> Result<String, Failure> {
        let (one, other) = (&args.one, &args.other);
        let mut out = format!("{} documents have both", count(self.pairs.n_both));
        for (name, n) in [one, other].into_iter().zip(self.pairs.n_one).filter(|(_, n)| *n > 0) {
            // Writing to a String cannot fail, here and below.
            let _ = write!(out, ", {} have `{name}` alone", count(n));
        }
        if (self.pairs.sample.len() as u64) < self.pairs.n_both {
            let _ = write!(out, "; {} of those with both are compared", count(self.pairs.sample.len() as u64));
        }
        let correlation =
            self.correlation().map_or("none, one of them is always the same".to_owned(), |r| format!("{r:.3}"));
        let _ = writeln!(out, "\nrank correlation (Spearman): {correlation}\n");
        let cell = |share: f64| format!("{:.1} %", share * 100.0);
        let row = |share: &f64| {
            let found = overlap(&self.ranks[0], &self.ranks[1], *share);
            let [both, chance] = found.map_or(Default::default(), |found| [cell(found.in_both), cell(found.by_chance)]);
            vec![format!("{} %", share * 100.0), both, chance]
        };
        let rows: Vec<Vec<String>> = SHARES.iter().map(row).collect();
        out.push_str(&output::table(&["best documents by either", "in both", "by chance"], &rows));
        let mask = Mask::of(&run.spec, &assets()?)?;
        for (title, places) in [format!("liked by `{one}` alone"), format!("liked by `{other}` alone")]
            .iter()
            .zip(self.apart(args.samples))
        {
            for at in places {
                let pair = &self.pairs.sample[at];
                let (url, text) = text_of(store, run, &mask, pair.id, pair.part, pair.removed_in)?;
                let [a, b] = [0, 1].map(|which| format!("{} (rank {:.3})", pair.scores[which], self.ranks[which][at]));
                let lang = if pair.lang.is_empty() { "no language" } else { &pair.lang };
                let _ = writeln!(out, "\n{title}: {} {url}\n  {lang}, {one} {a}, {other} {b}", pair.id);
                match text {
                    Some(text) => drop(writeln!(out, "  {}", shortened(&text, SHOWN_CHARS))),
                    None => out.push_str(
                        "  (its text was not stored: `run.removed` says of how many removed documents it is)\n",
                    ),
                }
            }
        }
        Ok(out)
    }

    fn json(&self, args: &Args, store: &dyn Store, run: &Finished) -> Result<Value, Failure> {
        let mask = Mask::of(&run.spec, &assets()?)?;
        let shown = |at: usize| -> Result<Value, Failure> {
            let Pair { id, part, removed_in, lang, scores } = &self.pairs.sample[at];
            let (url, text) = text_of(store, run, &mask, *id, *part, *removed_in)?;
            let text = text.map(|text| shortened(&text, SHOWN_CHARS));
            let ranks = [0, 1].map(|which| self.ranks[which][at]);
            Ok(json!({"id": id.to_string(), "url": url, "lang": lang, "scores": scores, "ranks": ranks, "text": text}))
        };
        let [first, second] = self.apart(args.samples);
        let all = |places: Vec<usize>| places.into_iter().map(shown).collect::<Result<Vec<_>, _>>();
        let overlaps: Vec<Value> = SHARES
            .iter()
            .map(|share| {
                let found = overlap(&self.ranks[0], &self.ranks[1], *share);
                json!({"share": share, "in_both": found.map(|found| found.in_both), "by_chance": found.map(|found| found.by_chance)})
            })
            .collect();
        Ok(json!({"scores": [args.one, args.other], "documents": self.pairs.n_both, "one_alone": self.pairs.n_one,
            "compared": self.pairs.sample.len(), "rank_correlation": self.correlation(), "best": overlaps,
            "liked_by_first": all(first)?, "liked_by_second": all(second)?}))
    }
}
