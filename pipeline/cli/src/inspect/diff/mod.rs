//! `tokenmill inspect diff`: what changed between two runs on the same crawl, document by document.

mod examples;
mod recipe;
mod tally;

use super::clusters::side;
use super::pager;
use super::run_view::View;
use crate::failure::Failure;
use crate::output::{count, percent, plain, shortened, table};
use examples::{Example, example};
use recipe::{Differs, differences};
use serde_json::{Value, json};
use std::fmt::Write;
use std::process::ExitCode;
use tally::{Counts, Move, Pair, Tally, Verdict};
use tokenmill_engine::diff::{Side, join};
use tokenmill_engine::plan::human_bytes;

/// How much of a text is shown.
const SHOWN_CHARS: usize = 200;

/// What changed between two runs on the same crawl: recipes, verdicts, texts, with examples
#[derive(clap::Args)]
#[command(after_help = "\
Documents are joined by id, and a document that both crawls have counts once: kept in both, in A alone, in B alone, removed alike \
(by the same step for the same reason) or otherwise. Sorting spills to disk, so runs may be of any size. Texts are compared \
where both keep a document; `--no-texts` leaves that out, and then only ledgers are read.

Examples:
  tokenmill inspect diff runs/quickstart runs/stricter
  tokenmill inspect diff runs/a runs/b --lang de --samples 10")]
pub struct Args {
    /// The first run directory, A
    a: String,
    /// The second run directory, B
    b: String,
    /// Only documents of this language
    #[arg(long, value_name = "LANG")]
    lang: Option<String>,
    /// Documents to show of every way that documents have gone
    #[arg(long, value_name = "N", default_value_t = 2)]
    samples: usize,
    /// Ways to show, those of most documents first
    #[arg(long, value_name = "N", default_value_t = 10)]
    moves: usize,
    /// Do not compare the texts of documents that both keep
    #[arg(long)]
    no_texts: bool,
    /// Memory for sorting
    #[arg(long, value_name = "SIZE", default_value = "256MiB")]
    memory: String,
    /// Columns of the screen [default: $COLUMNS, or 120]
    #[arg(long, value_name = "N")]
    width: Option<usize>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// A way that documents have gone: from, to, how many, bytes of their texts in A and B, and some of them.
type Went = (Verdict, Verdict, u64, [u64; 2], Vec<Example>);

/// All that is said.
struct Report {
    recipes: Vec<Differs>,
    tally: Tally,
    moves: Vec<Went>,
    other_texts: Vec<Example>,
    unfinished: Vec<String>,
}

/// Compares the runs.
pub fn main(args: &Args) -> Result<ExitCode, Failure> {
    let memory = tokenmill_engine::size::parse(&args.memory).ok_or_else(|| {
        Failure::usage(format!("`{}` is no size", args.memory)).hint("write it as `256MiB` or `2GiB`")
    })?;
    let (a, b) = (View::open(&args.a)?, View::open(&args.b)?);
    let views = [&a, &b];
    let mut tally = Tally { n_examples: args.samples, lang: args.lang.clone(), ..Tally::default() };
    let sides = views.map(|view| Side { store: &*view.store, manifests: &view.manifests });
    join(sides, memory, !args.no_texts, |id, both| {
        tally.add(id, both);
        Ok::<_, Failure>(())
    })?;
    if tally.n_common() == 0 && args.lang.is_none() {
        return Err(Failure::usage(format!("`{}` and `{}` have no document in common", args.a, args.b))
            .hint("both must have read the same crawl: compare `source.paths` in their `config.resolved.toml`"));
    }
    let report = Report::of(views, tally, args)?;
    match args.json {
        true => println!("{}", serde_json::to_string_pretty(&report.json()).unwrap_or_default()),
        false => print!("{}", report.text(args)),
    }
    Ok(ExitCode::SUCCESS)
}

impl Report {
    fn of(views: [&View; 2], tally: Tally, args: &Args) -> Result<Report, Failure> {
        let look = |went: &Move| {
            went.examples.iter().map(|(id, both)| example(views, *id, both)).collect::<Result<Vec<_>, Failure>>()
        };
        let mut moves = Vec::new();
        for ((from, to), went) in tally.by_size() {
            let examples = if moves.len() < args.moves { look(went)? } else { Vec::new() };
            moves.push((from.clone(), to.clone(), went.n, went.bytes, examples));
        }
        let other_texts = look(&tally.other_text)?;
        let unfinished = views.into_iter().zip([&args.a, &args.b]).filter_map(|(view, run)| {
            view.unfinished()
                .map(|next| format!("{run} has not ended: {} is next, and its verdicts may still change", next.folder))
        });
        Ok(Report {
            recipes: differences(&views[0].spec, &views[1].spec),
            moves,
            other_texts,
            unfinished: unfinished.collect(),
            tally,
        })
    }

    fn json(&self) -> Value {
        let counts = |counts: &Counts| {
            Value::Object(
                Pair::ALL
                    .iter()
                    .map(|pair| {
                        let name = json!(pair).as_str().unwrap_or_default().to_owned();
                        (name, json!(counts.get(pair).copied().unwrap_or(0)))
                    })
                    .collect(),
            )
        };
        let verdict = |verdict: &Verdict| match verdict {
            None => json!({"kept": true}),
            Some((step, reason)) => json!({"kept": false, "step": step, "reason": reason}),
        };
        let moves: Vec<Value> = self.moves.iter().map(|(from, to, n, bytes, examples)| {
            json!({"a": verdict(from), "b": verdict(to), "documents": n, "bytes_a": bytes[0], "bytes_b": bytes[1], "examples": examples})
        }).collect();
        let langs = self.tally.langs.iter().map(|(lang, of)| (lang.clone(), counts(of)));
        let other = &self.tally.other_text;
        json!({"recipes": self.recipes, "documents": counts(&self.tally.pairs), "only_crawl_a": self.tally.alone[0],
            "only_crawl_b": self.tally.alone[1], "languages": langs.collect::<serde_json::Map<_, _>>(), "moves": moves,
            "other_texts": {"compared": self.tally.n_compared, "documents": other.n, "bytes_a": other.bytes[0],
                "bytes_b": other.bytes[1], "examples": self.other_texts}, "notes": self.unfinished})
    }

    fn text(&self, args: &Args) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(out, "A  {}\nB  {}", args.a, args.b);
        self.unfinished.iter().for_each(|note| out.push_str(&format!("note: {note}\n")));
        out.push_str(if self.recipes.is_empty() { "\nthe recipes are the same\n" } else { "\nrecipes\n" });
        for Differs { key, a, b } in &self.recipes {
            let side = |value: &Option<String>| {
                value.as_deref().map_or_else(|| "–".to_owned(), |value| shortened(value, SHOWN_CHARS))
            };
            let _ = writeln!(out, "  {key}: {} -> {}", side(a), side(b));
        }
        let n = self.tally.n_common();
        let rows: Vec<Vec<String>> = Pair::ALL
            .iter()
            .map(|pair| {
                let of = self.tally.pairs.get(pair).copied().unwrap_or(0);
                vec![pair.name().to_owned(), count(of), percent(of, n)]
            })
            .collect();
        let _ = write!(out, "\n{}", table(&["documents", &count(n), "share"], &rows));
        for (which, alone) in ["A", "B"].iter().zip(self.tally.alone).filter(|(_, alone)| *alone > 0) {
            let _ = writeln!(out, "{} documents are in the crawl of {which} alone", count(alone));
        }
        if self.tally.langs.len() > 1 {
            let rows: Vec<Vec<String>> = self
                .tally
                .langs
                .iter()
                .map(|(lang, counts)| {
                    let name = if lang.is_empty() { "none".to_owned() } else { plain(lang) };
                    let cells = Pair::ALL.iter().map(|pair| count(counts.get(pair).copied().unwrap_or(0)));
                    std::iter::once(name).chain(cells).collect()
                })
                .collect();
            let heads: Vec<&str> =
                std::iter::once("language").chain(Pair::ALL.iter().map(|pair| pair.name())).collect();
            let _ = write!(out, "\n{}", table(&heads, &rows));
        }
        for (from, to, n, bytes, examples) in self.moves.iter().take(args.moves) {
            let side = |verdict: &Verdict| match verdict {
                None => "kept".to_owned(),
                Some((step, reason)) => format!("{step} ({})", plain(reason)),
            };
            let sizes = bytes.map(human_bytes);
            let _ = writeln!(
                out,
                "\n{} documents: {} -> {}, {} -> {}",
                count(*n),
                side(from),
                side(to),
                sizes[0],
                sizes[1]
            );
            examples.iter().for_each(|example| one(&mut out, example));
        }
        let n_more = self.moves.len().saturating_sub(args.moves);
        if n_more > 0 {
            let _ = writeln!(out, "\n… and {n_more} more ways that documents have gone; `--moves N` shows them");
        }
        self.texts(&mut out, args);
        out
    }

    /// The texts of documents that both keep.
    fn texts(&self, out: &mut String, args: &Args) {
        let other = &self.tally.other_text;
        let both = self.tally.pairs.get(&Pair::KeptInBoth).copied().unwrap_or(0);
        if args.no_texts || both == 0 {
            return;
        }
        if other.n == 0 {
            let _ = writeln!(out, "\nall {} documents that both keep have the same text in both", count(both));
            return;
        }
        let sizes = other.bytes.map(human_bytes);
        let _ = writeln!(
            out,
            "\n{} of {} documents that both keep have another text, {} -> {}",
            count(other.n),
            count(both),
            sizes[0],
            sizes[1]
        );
        let width = args.width.unwrap_or_else(pager::width).saturating_sub(4);
        for Example { id, url, texts, .. } in &self.other_texts {
            let _ = writeln!(out, "  {id}  {}", shortened(url.as_deref().unwrap_or_default(), SHOWN_CHARS));
            let [Some(a), Some(b)] = texts else { continue };
            if a == b {
                out.push_str("    they differ in what is redacted\n");
                continue;
            }
            let _ = writeln!(out, "    {:<w$} | B", "A", w = side::column(width));
            for line in side::by_side(a, b, width) {
                let _ = writeln!(out, "    {}", line.trim_end());
            }
        }
    }
}

/// An example of a move.
fn one(out: &mut String, example: &Example) {
    let Example { id, url, verdicts, texts } = example;
    let _ = writeln!(out, "  {id}  {}", shortened(url.as_deref().unwrap_or_default(), SHOWN_CHARS));
    for (which, verdict) in ["A", "B"].iter().zip(verdicts) {
        let _ = writeln!(out, "    {which}: {}", plain(verdict));
    }
    let _ = match texts.iter().flatten().next() {
        Some(text) => writeln!(out, "    {}", shortened(text, SHOWN_CHARS)),
        None => writeln!(out, "    (its text was not stored)"),
    };
}
