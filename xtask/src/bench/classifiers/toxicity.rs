//! The section on toxicity: the student of our recipe, next to dirty words, and whom both flag.

use super::Bench;
use crate::bench::filters::quality::auc;
use crate::bench::filters::{text, texts};
use crate::error::Result;
use serde_json::Value;
use std::fmt::Write;

/// The recipe that is shipped.
const RECIPE: &str = "configs/classifiers/toxicity.toml";

/// Sets, and how the page calls them.
const SETS: [(&str, &str); 4] = [
    ("davidson", "Davidson, a fifth not learned from"),
    ("jigsaw", "Jigsaw comments, a fifth not learned from"),
    ("hatecheck", "HateCheck"),
    ("madlibs", "Jigsaw madlibs"),
];

/// A score of every text.
struct Scorer {
    name: &'static str,
    /// Flagged above it.
    limit: f64,
    scores: Vec<f64>,
}

/// The section.
pub fn section(bench: &Bench<'_>) -> Result<String> {
    println!("training the student of toxicity …");
    let card = bench.train("toxicity", &bench.repo.read(RECIPE)?)?;
    let threshold = card["binary"]["best_f1"]["score"].as_f64().unwrap_or(0.5);
    let dirty_words = texts("words_files", &[bench.archives.join("lists/ldnoobw/en")]);
    let model = text("model", &bench.folder.join("toxicity.ftz")) + "label = \"toxic\"\nlowercase = true";
    let (rows, run) =
        bench.ask("toxicity", &[("filter.dirty_words", dirty_words), ("classify.fasttext", model.clone())])?;
    let (_, alone) = bench.ask("toxicity", &[("classify.fasttext", model)])?;
    let scores = |step: usize, metric: &str| {
        run.numbers(step, run.at(step, metric)).into_iter().map(|score| score.unwrap_or(0.0)).collect::<Vec<_>>()
    };
    let scorers = [
        Scorer { name: "dirty words per 1,000", limit: 10.0, scores: scores(0, "dirty_words_per_1000") },
        Scorer { name: "student", limit: threshold, scores: scores(1, "score") },
    ];
    let mut out = format!(
        "\n## Toxicity\n\nTwo scores: dirty words per 1,000 words (the English list of LDNOOBW, flagged above 10, the default), and the \
         student of `{RECIPE}`, learned from four fifths of Davidson's tweets and of Jigsaw's comments ({} toxic and {} other texts after \
         copies went and classes were balanced), flagged above {threshold:.2}, the threshold of the highest F1 in its card; {:.1} MB \
         of file, {:.1} MB/s. Average precision is the area under precision and recall; a score that says nothing has the share of \
         the toxic. AUC: how often a toxic text has the higher score.\n\n\
         | set | texts | toxic | score | average precision | AUC | flagged of the toxic | flagged of the others |\n|---|---|---|---|---|---|---|---|\n",
        card["classes"][1]["train"],
        card["classes"][0]["train"],
        card["bytes"].as_f64().unwrap_or(f64::NAN) / 1e6,
        alone.rate()
    );
    for (set, name) in SETS {
        for Scorer { name: scorer, limit, scores } in &scorers {
            let of = |is_toxic: bool| chosen(&rows, scores, |row| row["set"] == set && is_label(row, is_toxic));
            let (clean, toxic) = (of(false), of(true));
            let _ = writeln!(
                out,
                "| {name} | {} | {} | {scorer} | {:.3} | {:.3} | {:.3} | {:.3} |",
                clean.len() + toxic.len(),
                toxic.len(),
                average_precision(&clean, &toxic),
                auc(&clean, &toxic),
                above(&toxic, *limit),
                above(&clean, *limit)
            );
        }
    }
    out += "\nFlagged of the texts that are not hateful, by the group they name; a fair filter has the same low share everywhere. \
            Of the madlibs, the ten groups with the highest shares by either score.\n\n| set | group | texts not hateful | \
            dirty words | student |\n|---|---|---|---|---|\n";
    for (set, most) in [("hatecheck", usize::MAX), ("madlibs", 10)] {
        let mut groups: Vec<&str> =
            rows.iter().filter(|row| row["set"] == set).filter_map(|row| row["target"].as_str()).collect();
        groups.sort_unstable();
        groups.dedup();
        let mut lines: Vec<(&str, usize, [f64; 2])> = groups
            .into_iter()
            .map(|group| {
                let is_its = |row: &Value| row["set"] == set && row["target"] == group && is_label(row, false);
                let of = |scorer: &Scorer| chosen(&rows, &scorer.scores, is_its);
                (group, of(&scorers[0]).len(), [0, 1].map(|at| above(&of(&scorers[at]), scorers[at].limit)))
            })
            .collect();
        lines.sort_by(|a, b| b.2[0].max(b.2[1]).total_cmp(&a.2[0].max(a.2[1])).then(a.0.cmp(b.0)));
        for (group, n, [words, student]) in lines.into_iter().take(most) {
            let _ = writeln!(out, "| {set} | {group} | {n} | {words:.3} | {student:.3} |");
        }
    }
    out += "\nWhat this means: HateCheck and the madlibs were written to be hard on models that look at words. A bag of words that has \
            learned from tweets and comments finds there no more than the words themselves say, and flags a group where it is often \
            insulted. So let the student flag what people look at, or what is weighed less, rather than what is removed for good; \
            labels of whole pages by a language model (`tokenmill annotate`) make a better teacher than tweets.\n";
    Ok(out)
}

fn is_label(row: &Value, is_toxic: bool) -> bool {
    (row["label"].as_f64() == Some(1.0)) == is_toxic
}

/// The scores of some rows.
fn chosen(rows: &[Value], scores: &[f64], with: impl Fn(&Value) -> bool) -> Vec<f64> {
    rows.iter().zip(scores).filter(|(row, _)| with(row)).map(|(_, score)| *score).collect()
}

fn above(scores: &[f64], limit: f64) -> f64 {
    scores.iter().filter(|score| **score > limit).count() as f64 / scores.len() as f64
}

/// The mean over the toxic texts of the share that is toxic among those with no lower score: the area under the curve of precision
/// and recall by steps, where texts with one score are one step.
fn average_precision(clean: &[f64], toxic: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = clean.iter().map(|score| (*score, false)).collect();
    all.extend(toxic.iter().map(|score| (*score, true)));
    all.sort_unstable_by(|one, other| other.0.total_cmp(&one.0));
    let (mut sum, mut n, mut n_toxic) = (0.0, 0, 0);
    for step in all.chunk_by(|one, other| one.0 == other.0) {
        let found = step.iter().filter(|(_, is_toxic)| *is_toxic).count();
        (n, n_toxic) = (n + step.len(), n_toxic + found);
        sum += found as f64 * n_toxic as f64 / n as f64;
    }
    sum / toxic.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scores_of_some_rows() {
        let rows = [json!({"set": "a"}), json!({"set": "b"}), json!({"set": "a"})];
        let scores = chosen(&rows, &[2.0, 1.0, 0.0], |row| row["set"] == "a");
        assert_eq!(scores, [2.0, 0.0]);
        assert!((above(&scores, 1.0) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn precision_is_averaged_over_the_toxic() {
        assert!((average_precision(&[0.1, 0.6], &[0.9, 0.5]) - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        assert!((average_precision(&[0.5; 3], &[0.5]) - 0.25).abs() < 1e-12);
    }
}
