//! The section on quality: a model that knows articles of Wikipedia from pages of the web, next to labels of people.

use super::Bench;
use crate::bench::filters::ours::{self, Step};
use crate::bench::filters::quality::{Scored, interval, overall, quarters, within};
use crate::error::Result;
use serde_json::Value;

/// Models that are trained, to see what the seed does.
const SEEDS: u64 = 5;

fn recipe(seed: u64) -> String {
    format!(
        "[model]\noutput = \"wiki.bin\"\nseed = {seed}\n[[class]]\nlabel = \"web\"\ninputs = [\"web.jsonl\"]\n[[class]]\nlabel = \"wiki\"\n\
         inputs = [\"wiki.jsonl\"]\n[features]\nlowercase = true\n[fasttext]\nlearning_rate = 1.0\nepochs = 50\nword_ngrams = 2\nbuckets = 200000\n"
    )
}

/// The section.
pub fn section(bench: &Bench<'_>) -> Result<String> {
    let steps: [Step; 2] = ["filter.gopher_quality", "filter.gopher_repetition"].map(|name| (name, String::new()));
    let (rows, run) = bench.ask("dclm", &steps)?;
    let good: Vec<bool> = rows.iter().map(|row| row["label"].as_f64() == Some(1.0)).collect();
    let n_words: Vec<f64> = run.said.iter().map(|said| said["n_words"].as_f64().unwrap_or(f64::NAN)).collect();
    let passes = |said: &Value, n_steps: usize| {
        f64::from(u8::from(ours::steps(said).iter().take(n_steps).all(|step| step["reason"].is_null())))
    };
    let passed = |n_steps: usize| run.said.iter().map(|said| passes(said, n_steps)).collect();
    let mut scores = vec![
        ("length alone: words".to_owned(), n_words.clone()),
        ("Gopher's rules of quality, passed or not".to_owned(), passed(1)),
        ("and of repetition".to_owned(), passed(2)),
    ];
    let mut card = Value::Null;
    for seed in 1..=SEEDS {
        println!("training a model of quality, seed {seed} …");
        card = bench.train("wiki", &recipe(seed))?;
        let step =
            "model = \"wiki.bin\"\nlabel = \"wiki\"\nlowercase = true".replace("wiki.bin", &bench.file("wiki.bin"));
        let (_, run) = bench.ask("dclm", &[("classify.fasttext", step)])?;
        let values = run.numbers(0, run.at(0, "score")).into_iter().map(|score| score.unwrap_or(0.0)).collect();
        scores.push((format!("**Wikipedia against the web**, seed {seed}"), values));
    }
    let bins = quarters(&n_words);
    let learned = |class: usize| card["classes"][class]["train"].to_string();
    let mut out = format!(
        "\n## Quality\n\nA model that tells articles of Wikipedia ({} to learn from) from pages of the web ({}), on the {} pages that people \
         have labelled for DCLM, {} of them to be kept. It has seen none of these pages and no label of them. AUC over all pages, and over \
         pairs of pages of the same quarter of length; the intervals hold 95 of 100 bootstrap samples.\n\n\
         | score | AUC | interval | AUC within lengths | interval |\n|---|---|---|---|---|\n",
        learned(1),
        learned(0),
        rows.len(),
        good.iter().filter(|is_good| **is_good).count()
    );
    for (name, scores) in &scores {
        let text =
            |((score, is_good), bin): ((&f64, &bool), &usize)| Scored { score: *score, is_good: *is_good, bin: *bin };
        let texts: Vec<Scored> = scores.iter().zip(&good).zip(&bins).map(text).collect();
        let [low, high] = interval(&texts, overall);
        let [low_within, high_within] = interval(&texts, within);
        out += &format!(
            "| {name} | {:.3} | {low:.3} to {high:.3} | {:.3} | {low_within:.3} to {high_within:.3} |\n",
            overall(&texts),
            within(&texts)
        );
    }
    out += "\nLong pages are liked, so a score that grows with length looks good without having read anything; within lengths this \
            one still ranks sound pages above the others, which length and pass or fail do not.\n";
    Ok(out)
}
