//! The card of a model: what it was made from, how good it is, and which threshold keeps what.

use super::fasttext::{Examples, Said};
use super::recipe::Recipe;
use crate::failure::Failure;
use crate::output::count;
use serde_json::{Value, json};
use std::fmt::Write;
use tokenmill_classifiers::fasttext::train::Trained;
use tokenmill_classifiers::training::measures::{
    Scored, Threshold, auc, auc_within_lengths, average_precision, by_length, calibration, interval,
};
use tokenmill_classifiers::training::set::Part;
use tokenmill_core::hash::{digest_hex, hash64};

/// Shares of documents that the table of thresholds keeps.
const KEPT: [f64; 8] = [0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9];

/// All that a card says, as one JSON object.
pub struct Card(Value);

impl Card {
    /// Measures a model.
    pub fn new(
        recipe: &Recipe,
        text: &str,
        examples: &Examples,
        trained: &Trained,
        bytes: &[u8],
        said: &[Said],
    ) -> Result<Card, Failure> {
        let positive = super::fasttext::positive(recipe, examples)?;
        let scored = positive.map_or_else(|| of_likeliest(said), |class| of_class(said, class));
        let n_of = |class: usize, part: Part| {
            examples.chosen.iter().filter(|one| one.class == class && one.part == part).count()
        };
        let classes: Vec<Value> = examples
            .labels
            .iter()
            .zip(&examples.tallies)
            .enumerate()
            .map(|(class, (label, tally))| {
                json!({"label": label, "seen": tally.n_seen, "copies": tally.n_copies,
                       "contradicting": tally.n_contradicting, "train": n_of(class, Part::Train),
                       "validation": n_of(class, Part::Validation), "test": n_of(class, Part::Test),
                       "quality": quality_of(said, class)})
            })
            .collect();
        let passes: Vec<Value> = trained
            .passes()
            .iter()
            .map(|pass| json!({"pass": pass.number, "loss": pass.loss, "validation_loss": pass.validation_loss}))
            .collect();
        let digest = examples
            .chosen
            .iter()
            .fold(recipe.model.seed, |digest, one| hash64(digest ^ one.class as u64, one.text.as_bytes()));
        Ok(Card(json!({
            "model": recipe.model.output, "sha256_128": digest_hex(bytes), "bytes": bytes.len(),
            "made_by": concat!("tokenmill ", env!("CARGO_PKG_VERSION")), "recipe_sha256_128": digest_hex(text.as_bytes()),
            "examples_xxh64": format!("{digest:016x}"), "seed": recipe.model.seed, "licence": recipe.model.licence,
            "inputs": inputs(recipe), "passed_over": examples.n_passed_over,
            "features": {"lowercase": recipe.features.lowercase, "max_bytes": recipe.features.max_bytes},
            "options": format!("{:?}", recipe.options()), "passes": passes, "best_pass": trained.best_pass(),
            "classes": classes, "positive": positive.map(|class| &examples.labels[class]), "removes": recipe.model.removes, "accuracy": accuracy(said),
            "binary": binary(&scored, recipe.model.seed, recipe.model.removes),
        })))
    }

    /// The card for programs.
    pub fn to_json(&self) -> String {
        format!("{:#}\n", self.0)
    }

    /// The card for people.
    pub fn to_markdown(&self) -> String {
        let card = &self.0;
        let text = |key: &str| card[key].as_str().unwrap_or_default();
        let mut out = format!("# {}\n\n", text("model"));
        // Writing to a String cannot fail, here and below.
        let _ = write!(
            out,
            "A fastText classifier of {} classes, made by {}; {} bytes, the first 128 bits of their SHA-256 are `{}`.\n\n## Documents\n\n",
            list(&card["classes"]).len(),
            text("made_by"),
            count(card["bytes"].as_u64().unwrap_or(0)),
            text("sha256_128")
        );
        for input in list(&card["inputs"]) {
            let _ = writeln!(out, "- {}", input.as_str().unwrap_or_default());
        }
        let licence = if text("licence").is_empty() { "not stated in the recipe" } else { text("licence") };
        let _ = write!(
            out,
            "\nLicences: {licence}.\n\nDigest of the recipe `{}`, of the examples `{}`, seed {}. {} documents were passed over \
             (other languages, too short, no text or label).\n\n\
             | class | documents | copies | in two classes, of those chosen | learned from | validation | test |\n|---|---|---|---|---|---|---|\n",
            text("recipe_sha256_128"),
            text("examples_xxh64"),
            card["seed"],
            card["passed_over"]
        );
        for class in list(&card["classes"]) {
            let cell = |key: &str| count(class[key].as_u64().unwrap_or(0));
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} |",
                class["label"].as_str().unwrap_or_default().replace('|', "\\|"),
                cell("seen"),
                cell("copies"),
                cell("contradicting"),
                cell("train"),
                cell("validation"),
                cell("test")
            );
        }
        self.write_training(&mut out);
        self.write_quality(&mut out);
        self.write_use(&mut out);
        out
    }

    fn write_training(&self, out: &mut String) {
        let card = &self.0;
        let _ = write!(
            out,
            "\n## Training\n\n`{}`\n\nThe weights are those of pass {}.\n\n| pass | loss | on validation |\n|---|---|---|\n",
            card["options"].as_str().unwrap_or_default(),
            card["best_pass"]
        );
        for pass in list(&card["passes"]) {
            let _ = writeln!(
                out,
                "| {} | {} | {} |",
                pass["pass"],
                number(&pass["loss"]),
                number(&pass["validation_loss"])
            );
        }
    }

    fn write_quality(&self, out: &mut String) {
        let (card, binary) = (&self.0, &self.0["binary"]);
        let _ = write!(
            out,
            "\n## On sites it has not seen\n\nAccuracy {}. One class against all others:\n\n\
             | class | precision | recall | F1 | AUC |\n|---|---|---|---|---|\n",
            number(&card["accuracy"])
        );
        for class in list(&card["classes"]) {
            let cell = |key: &str| number(&class["quality"][key]);
            let label = class["label"].as_str().unwrap_or_default().replace('|', "\\|");
            let _ = writeln!(
                out,
                "| {label} | {} | {} | {} | {} |",
                cell("precision"),
                cell("recall"),
                cell("f1"),
                cell("auc")
            );
        }
        let range = |key: &str| format!("{} to {}", number(&binary[key][0]), number(&binary[key][1]));
        let _ = write!(
            out,
            "\nThe score is the probability of {}. AUC {} ({}), within quarters of length {} ({}); length alone has {} and {}. \
             Average precision {} where {} of the documents are positive; expected calibration error {}. Intervals hold 95 of 100 \
             bootstrap samples.\n\n\
             | score | documents | mean score | share that is positive |\n|---|---|---|---|\n",
            match card["positive"].as_str() {
                Some(label) => format!("`{label}`, the positive class"),
                None => "the likeliest class, and a document is positive where that class is right".to_owned(),
            },
            number(&binary["auc"]),
            range("auc_interval"),
            number(&binary["auc_within_lengths"]),
            range("auc_within_lengths_interval"),
            number(&binary["length_auc"]),
            number(&binary["length_auc_within_lengths"]),
            number(&binary["average_precision"]),
            number(&binary["positive"]),
            number(&binary["calibration_error"])
        );
        for (at, bin) in list(&binary["calibration"]).iter().enumerate().filter(|(_, bin)| bin["n"] != 0) {
            let _ = writeln!(
                out,
                "| {:.1} to {:.1} | {} | {} | {} |",
                at as f64 / 10.0,
                (at + 1) as f64 / 10.0,
                bin["n"],
                number(&bin["mean_score"]),
                number(&bin["positive"])
            );
        }
        let head = if card["removes"] == true { "removes | score above" } else { "keeps | score from" };
        let _ = write!(
            out,
            "\n## Thresholds\n\nShares are of the test examples, of which as many are positive as is said above; what a threshold does to a \
             crawl, `tokenmill retune` tells. The last row has the highest F1 of all thresholds on these examples, so it is a little \
             better than it will be on others.\n\n| {head} | precision | recall | F1 |\n|---|---|---|---|---|\n",
        );
        for row in list(&binary["thresholds"]).iter().chain(std::iter::once(&binary["best_f1"])) {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} |",
                number(&row["kept"]),
                row["score"],
                number(&row["precision"]),
                number(&row["recall"]),
                number(&row["f1"])
            );
        }
    }

    fn write_use(&self, out: &mut String) {
        let card = &self.0;
        let _ = write!(
            out,
            "\n## In a recipe\n\nWith the threshold of the highest F1; take another from the table for more or for better.\n\n```toml\n[[step]]\nuse       = \"classify.fasttext\"\nmodel     = {}\nlabel     = {}\n\
             lowercase = {}\nmax_bytes = {}\n{} = {}\n```\n",
            toml::Value::from(card["model"].as_str().unwrap_or_default()),
            toml::Value::from(card["positive"].as_str().unwrap_or("*")),
            card["features"]["lowercase"],
            card["features"]["max_bytes"],
            if card["removes"] == true { "max_score" } else { "min_score" },
            card["binary"]["best_f1"]["score"]
        );
    }

    /// What is said when it is done.
    pub fn summary(&self) -> String {
        let (card, binary) = (&self.0, &self.0["binary"]);
        let model = card["model"].as_str().unwrap_or_default();
        format!(
            "{model}: accuracy {}, AUC {}, within lengths {}, on sites it has not seen\nthresholds, and the step for a recipe: {model}.card.md\n",
            number(&card["accuracy"]),
            number(&binary["auc"]),
            number(&binary["auc_within_lengths"])
        )
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A number with four digits; nothing for what is not there.
fn number(value: &Value) -> String {
    value.as_f64().map_or_else(String::new, |number| format!("{number:.4}"))
}

/// Where the examples come from.
fn inputs(recipe: &Recipe) -> Vec<String> {
    let of_class =
        recipe.classes.iter().flat_map(|class| class.inputs.iter().map(|input| format!("{}: `{input}`", class.label)));
    let labelled = recipe
        .labelled
        .iter()
        .flat_map(|labelled| labelled.inputs.iter().map(|input| format!("by column `{}`: `{input}`", labelled.column)));
    let referenced = recipe.referenced.iter().flat_map(|referenced| {
        let by = referenced.by.join("`, `");
        referenced.inputs.iter().map(move |input| format!("by the references of `{by}`: `{input}`"))
    });
    of_class.chain(labelled).chain(referenced).collect()
}

fn accuracy(said: &[Said]) -> Option<f64> {
    let right = said.iter().filter(|one| likeliest(one) == one.class).count();
    (!said.is_empty()).then(|| right as f64 / said.len() as f64)
}

fn likeliest(one: &Said) -> usize {
    let best = one.scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    one.scores.iter().position(|score| *score >= best).unwrap_or(0)
}

fn of_class(said: &[Said], class: usize) -> Vec<Scored> {
    let scored =
        |one: &Said| Scored { score: one.scores[class], is_positive: one.class == class, n_words: one.n_words };
    said.iter().map(scored).collect()
}

/// The likeliest class of each, and whether it is right.
fn of_likeliest(said: &[Said]) -> Vec<Scored> {
    let scored = |one: &Said| {
        let class = likeliest(one);
        Scored { score: one.scores[class], is_positive: one.class == class, n_words: one.n_words }
    };
    said.iter().map(scored).collect()
}

/// How well a class is told from all others.
fn quality_of(said: &[Said], class: usize) -> Value {
    let share = |part: usize, all: usize| (all > 0).then(|| part as f64 / all as f64);
    let n_right = said.iter().filter(|one| one.class == class && likeliest(one) == class).count();
    let precision = share(n_right, said.iter().filter(|one| likeliest(one) == class).count());
    let recall = share(n_right, said.iter().filter(|one| one.class == class).count());
    let f1 = precision.zip(recall).filter(|(p, r)| p + r > 0.0).map(|(p, r)| 2.0 * p * r / (p + r));
    json!({"precision": precision, "recall": recall, "f1": f1, "auc": auc(&of_class(said, class))})
}

/// A number with no more digits than tell it from its neighbours.
fn shortest(score: f32) -> Option<f64> {
    score.to_string().parse().ok()
}

/// How good the score is.
fn binary(scored: &[Scored], seed: u64, removes: bool) -> Value {
    let range = |measure: fn(&[Scored]) -> Option<f64>| interval(scored, seed, measure).map(|(low, high)| [low, high]);
    let (bins, error) = calibration(scored);
    let bins: Vec<Value> =
        bins.iter().map(|bin| json!({"n": bin.n, "mean_score": bin.mean_score, "positive": bin.positive})).collect();
    let row = |threshold: Threshold| {
        // The highest score that stays, where the others are removed.
        let limit = if removes { threshold.score.next_down() } else { threshold.score };
        json!({"kept": threshold.kept, "score": shortest(limit), "precision": threshold.precision,
               "recall": threshold.recall, "f1": threshold.f1()})
    };
    let n_positive = scored.iter().filter(|one| one.is_positive).count();
    let positive = (!scored.is_empty()).then(|| n_positive as f64 / scored.len() as f64);
    let best = Threshold::best(scored).map(row);
    let mut thresholds: Vec<Threshold> = KEPT.iter().map(|share| Threshold::keeping(scored, *share)).collect();
    // Where many documents have the highest score, several shares keep the same.
    thresholds.dedup();
    let thresholds: Vec<Value> = thresholds.into_iter().map(row).collect();
    json!({"auc": auc(scored), "auc_interval": range(auc), "auc_within_lengths": auc_within_lengths(scored),
           "length_auc": auc(&by_length(scored)), "length_auc_within_lengths": auc_within_lengths(&by_length(scored)),
           "auc_within_lengths_interval": range(auc_within_lengths), "average_precision": average_precision(scored), "positive": positive,
           "best_f1": best, "calibration": bins, "calibration_error": error, "thresholds": thresholds})
}
