//! The second half of `docs/benchmarks/filters.md`: how well filters judge.

use super::page::number;
use super::quality::{self, Scored, auc};
use super::{Bench, text, texts};
use crate::error::Result;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The files of items, in the archive `decon`.
const ITEMS: [&str; 9] = [
    "HumanEval.jsonl.gz",
    "arc_challenge.jsonl",
    "arc_easy.jsonl",
    "boolq.jsonl",
    "gsm8k_test.jsonl",
    "lambada_openai.jsonl",
    "piqa.jsonl",
    "svamp.jsonl",
    "winogrande.jsonl",
];

/// Items of benchmarks: planted ones that are found, and ordinary texts that are removed.
pub fn benchmarks(bench: &Bench<'_>) -> Result<String> {
    let files = ITEMS.map(|file| bench.archives.join("decon").join(file));
    let steps = [("decon.benchmarks", texts("benchmarks", &files))];
    let sets = ["verbatim", "reformatted", "ordinary", "enwiki"];
    let mut arguments = vec![bench.set("items"), bench.folder.join("decon-index")];
    arguments.extend(sets.map(|set| bench.set(set)));
    let peer = bench.peer("datatrove_decon", &arguments)?;
    let mut out = "\n## Benchmarks in the text\n\nEvery item of nine benchmarks, planted between two words of an ordinary text: as it \
                   is, or as another site would show it (case, numbering, marks of lists, other punctuation, lines broken \
                   anew). datatrove 0.10.1 `NGramsDecontFilter` has 12-grams of the same questions and choices, and 1,000 \
                   documents of each set; with its defaults it would look at grams that reach into the answer alone, and find less.\n\n\
                   | set | documents | removed | of these named rightly | tokenmill MB/s | datatrove removes | datatrove MB/s | times |\n\
                   |---|---|---|---|---|---|---|---|\n"
        .to_owned();
    let names = [
        "items planted as they are",
        "items planted in another form",
        "ordinary texts: news, web, articles",
        "Wikipedia, 206 pages of wikitext",
    ];
    for (set, name) in sets.into_iter().zip(names) {
        let rows = bench.rows(set)?;
        let run = bench.ask(set, &steps)?;
        let removed: Vec<(&Value, &Value)> = rows
            .iter()
            .zip(run.said.iter().map(|said| &said["steps"][0]))
            .filter(|(_, said)| !said["reason"].is_null())
            .collect();
        let [benchmark, item] = ["benchmark", "item"].map(|metric| run.at(0, metric));
        let is_right = |(row, said): &&(&Value, &Value)| {
            said["numbers"][benchmark] == row["benchmark"]
                && said["numbers"][item].as_str() == Some(&row["item"].to_string())
        };
        let n_right = removed.iter().filter(is_right).count();
        let right = if rows.first().is_some_and(|row| row["item"].is_null()) {
            "none is planted".to_owned()
        } else {
            format!("{:.4}", n_right as f64 / removed.len().max(1) as f64)
        };
        let theirs = &peer[set];
        let their_rate = number(theirs, "bytes") / 1e6 / number(theirs, "seconds");
        let _ = writeln!(
            out,
            "| {name} | {} | {} ({:.4}) | {right} | {:.1} | {} of {} ({:.3}) | {their_rate:.2} | {:.0} |",
            rows.len(),
            removed.len(),
            removed.len() as f64 / rows.len() as f64,
            run.rate(),
            theirs["removed"],
            theirs["documents"],
            number(theirs, "removed") / number(theirs, "documents"),
            run.rate() / their_rate
        );
    }
    let _ = writeln!(out, "\nOn the English documents of above: {:.1} MB/s.", bench.time("english", &steps)?.rate());
    Ok(out)
}

/// What is made of ordinary English, told from it by the divergence from a reference.
pub fn divergence(bench: &Bench<'_>) -> Result<String> {
    let step = ("filter.token_divergence", text("reference", &bench.reference()));
    let rows = bench.rows("divergence")?;
    let run = bench.ask("divergence", std::slice::from_ref(&step))?;
    let scores = run.numbers(0, run.at(0, "score"));
    let mut kinds: BTreeMap<(String, u64), Vec<f64>> = BTreeMap::new();
    for (row, score) in rows.iter().zip(scores) {
        let key = (row["kind"].as_str().unwrap_or_default().to_owned(), row["n"].as_u64().unwrap_or(0));
        kinds.entry(key).or_default().extend(score);
    }
    let mut out = "\n## Divergence of words\n\nArticles of WikiText-2 in windows of 50, 200 and 1,000 words against a reference of \
                   news and messages, and what is made of the same windows. AUC: how often an ordinary window has a lower \
                   score than one of the kind. Target: .95. The last columns are the share above the limit of 7; \
                   of 1,000 words this reference has only a few dozen documents, whose quartiles lie far apart, which is mild on \
                   whatever is that long.\n\n\
                   | kind | AUC at 50 words | 200 | 1,000 | above the limit at 50 | 200 | 1,000 |\n|---|---|---|---|---|---|---|\n"
        .to_owned();
    let mut names: Vec<&String> = kinds.keys().map(|(kind, _)| kind).collect();
    names.dedup();
    for name in names {
        let of = |kind: &str, n: u64| kinds.get(&(kind.to_owned(), n)).map_or(&[][..], Vec::as_slice);
        let sizes = [50, 200, 1_000];
        let cells =
            sizes.map(|n| if name == "ordinary" { String::new() } else { figure(auc(of("ordinary", n), of(name, n))) });
        let above = sizes.map(|n| {
            let scores = of(name, n);
            figure(scores.iter().filter(|score| **score > 7.0).count() as f64 / scores.len() as f64)
        });
        let _ = writeln!(out, "| {name} | {} | {} |", cells.join(" | "), above.join(" | "));
    }
    Ok(out)
}

/// Three digits, or nothing where there is no figure.
fn figure(value: f64) -> String {
    if value.is_nan() { String::new() } else { format!("{value:.3}") }
}

/// Metrics without a rule of their own, and whether high values are better.
const DIRECTIONS: [(&str, &str, bool); 9] = [
    ("line.c4", "n_lines_cut", false),
    ("line.refinedweb", "cut_word_share", false),
    ("line.repetition", "cut_char_share", false),
    ("filter.dirty_words", "dirty_words_per_1000", false),
    ("page.kind", "code_char_share", false),
    ("page.kind", "formula_char_share", false),
    ("page.kind", "math_symbol_share", false),
    ("page.kind", "prose_char_share", true),
    ("filter.token_divergence", "divergence", false),
];

/// Labels of people, next to every number of the filters.
pub fn labels(bench: &Bench<'_>) -> Result<String> {
    let rows = bench.rows("dclm")?;
    let mut steps = bench.heuristics();
    steps.push(("page.kind", String::new()));
    let run = bench.ask("dclm", &steps)?;
    let good: Vec<bool> = rows.iter().map(|row| number(row, "label") > 0.5).collect();
    let n_words: Vec<f64> = run.said.iter().map(|said| number(said, "n_words")).collect();
    let bins = quality::quarters(&n_words);
    let scored = |scores: &[f64]| -> Vec<Scored> {
        let text =
            |((score, is_good), bin): ((&f64, &bool), &usize)| Scored { score: *score, is_good: *is_good, bin: *bin };
        scores.iter().zip(&good).zip(&bins).map(text).collect()
    };
    let mut metrics: Vec<(String, Vec<f64>)> = Vec::new();
    for (number, (name, _)) in steps.iter().enumerate() {
        let names = run.steps[number]["metrics"].as_array().map_or(&[][..], Vec::as_slice);
        for (metric, metric_name) in names.iter().enumerate() {
            let metric_name = metric_name.as_str().unwrap_or_default();
            let by_hand =
                DIRECTIONS.iter().find(|known| (known.0, known.1) == (*name, metric_name)).map(|known| known.2);
            let Some(keeps_high) = run.steps[number]["keeps_high"][metric].as_bool().or(by_hand) else { continue };
            let sign = if keeps_high { 1.0 } else { -1.0 };
            let values = run.numbers(number, metric);
            // A number that does not apply says nothing: the middle.
            let mut known: Vec<f64> = values.iter().flatten().copied().collect();
            known.sort_unstable_by(f64::total_cmp);
            let middle = known.get(known.len() / 2).copied().unwrap_or(0.0);
            metrics.push((
                format!("`{name}` {metric_name}"),
                values.iter().map(|value| sign * value.unwrap_or(middle)).collect(),
            ));
        }
    }
    let sum = |with: &dyn Fn(&str) -> bool| -> Vec<f64> {
        let ranked: Vec<Vec<f64>> =
            metrics.iter().filter(|(name, _)| with(name)).map(|(_, values)| quality::ranks(values)).collect();
        (0..rows.len()).map(|text| ranked.iter().map(|ranks| ranks[text]).sum::<f64>() / ranked.len() as f64).collect()
    };
    // Counts grow with the length of a text.
    let is_count = |name: &str| name.contains(" n_");
    let verdicts: Vec<f64> = run
        .said
        .iter()
        .map(|said| -(super::ours::steps(said).iter().filter(|step| !step["reason"].is_null()).count() as f64))
        .collect();
    let mut lines = vec![
        ("**length alone: words**".to_owned(), n_words.clone()),
        ("**all: mean of ranks**".to_owned(), sum(&|_| true)),
        ("**all but counts: mean of ranks**".to_owned(), sum(&|name| !is_count(name))),
        ("**steps that keep it**".to_owned(), verdicts),
    ];
    let mut others: Vec<(String, Vec<f64>)> = metrics.clone();
    others.sort_by(|a, b| quality::within(&scored(&b.1)).total_cmp(&quality::within(&scored(&a.1))));
    lines.append(&mut others);
    let table: String = lines
        .iter()
        .map(|(name, scores)| {
            let texts = scored(scores);
            let [low, high] = quality::interval(&texts, quality::overall);
            let [low_within, high_within] = quality::interval(&texts, quality::within);
            format!(
                "| {name} | {:.3} | {low:.3} to {high:.3} | {:.3} | {low_within:.3} to {high_within:.3} |\n",
                quality::overall(&texts),
                quality::within(&texts)
            )
        })
        .collect();
    let n_good = good.iter().filter(|is_good| **is_good).count();
    let n_above =
        metrics.iter().filter(|(_, scores)| quality::interval(&scored(scores), quality::within)[0] > 0.5).count();
    Ok(format!(
        "\n## Labels of people\n\n{} pages that people have labelled for DCLM, {n_good} of them to be kept. Each number of the \
         filters is taken as a score in the direction of its rule; nothing is fitted. AUC over all pages, and over pairs of \
         pages of the same quarter of length; the intervals hold 95 of 100 bootstrap samples.\n\n\
         | score | AUC | interval | AUC within lengths | interval |\n|---|---|---|---|---|\n{table}\n\
         What this means: long pages are liked, and the number of words alone reaches {:.3}. A number that grows with length \
         looks good for that reason alone, so only the columns within lengths say whether a filter sees quality. With {} pages \
         an interval is about a fifth wide: of {} numbers, {n_above} are above .5 for sure within lengths, and with so many \
         tried one or two would be so by chance. Heuristics find what is broken (menus, lists, repetition); they do not rank \
         sound pages by worth, and the sum of them is not a classifier of quality.\n",
        rows.len(),
        quality::overall(&scored(&n_words)),
        rows.len(),
        metrics.len(),
    ))
}
