//! The first section of `docs/benchmarks/classifiers.md`: training next to the official library, on the same split.

use super::Bench;
use crate::bench::read_json;
use crate::error::{Error, Result};
use crate::repo;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;

/// Trainings that are averaged.
const SEEDS: u64 = 5;

/// What is trained.
struct Setting {
    /// How the page calls it.
    name: &'static str,
    /// Parameters: the name that the official library has for it, ours, and the value.
    parameters: &'static [(&'static str, &'static str, f64)],
    /// The output layer, which both call the same.
    loss: &'static str,
}

const RATE: (&str, &str, f64) = ("lr", "learning_rate", 0.5);
const EPOCHS: (&str, &str, f64) = ("epoch", "epochs", 25.0);
const PAIRS: (&str, &str, f64) = ("wordNgrams", "word_ngrams", 2.0);
const BUCKETS: (&str, &str, f64) = ("bucket", "buckets", 2e5);

const SETTINGS: [Setting; 4] = [
    Setting { name: "words and pairs, softmax", parameters: &[RATE, EPOCHS, PAIRS, BUCKETS], loss: "softmax" },
    Setting { name: "words and pairs, tree", parameters: &[RATE, EPOCHS, PAIRS, BUCKETS], loss: "hs" },
    Setting { name: "words, one against all", parameters: &[RATE, EPOCHS], loss: "ova" },
    Setting {
        name: "letters, softmax",
        parameters: &[
            RATE,
            ("epoch", "epochs", 10.0),
            ("minn", "min_chars", 2.0),
            ("maxn", "max_chars", 4.0),
            ("dim", "dim", 50.0),
            BUCKETS,
        ],
        loss: "softmax",
    },
];

/// The section.
pub fn section(bench: &Bench<'_>) -> Result<String> {
    let counts = bench.peer(&["split".into(), bench.archives.join("quality"), bench.folder.clone()])?;
    let mut page = format!(
        "\n## Training\n\nfastText models, next to the official \
         `fasttext-wheel` 0.9.2 on one thread: the same split by hash of the text, the same parameters, means of {SEEDS} seeds, seconds \
         of CPU time from file to model. Both are bound by reads and writes of rows anywhere in memory. Our models are loaded by the \
         official library, too, and so are the small ones, of which 20,000 features are left.\n\n\
         | set | features, output | official accuracy | ours | official seconds | ours | times | ours in the official library | small file, ours | official |\n\
         |---|---|---|---|---|---|---|---|---|---|\n"
    );
    for (set, name) in [("ag_news", "AG News"), ("20news", "20 Newsgroups")] {
        for setting in &SETTINGS {
            println!("measuring {name}, {} …", setting.name);
            let row = bench.row(set, setting)?;
            let title =
                format!("{name} ({} to learn from, {} to measure on)", counts[set]["train"], counts[set]["test"]);
            page += &format!("| {title} | {} | {row} |\n", setting.name);
        }
    }
    Ok(page)
}

impl Bench<'_> {
    /// The cells of a setting.
    fn row(&self, set: &str, setting: &Setting) -> Result<String> {
        let [train, test] = ["train", "test"].map(|part| self.folder.join(format!("{set}.{part}")));
        let [bin, ftz] = ["bin", "ftz"].map(|ending| self.folder.join(format!("{set}.{ending}")));
        let (mut theirs, mut ours) = ([0.0; 2], [0.0; 2]);
        let mut small = (Value::Null, Value::Null);
        let mut loaded = (Value::Null, Value::Null);
        for seed in 0..SEEDS {
            let options = |ours: bool| {
                let named = setting.parameters.iter().map(|(official, name, value)| {
                    let value = if value.fract() == 0.0 { json!(*value as i64) } else { json!(value) };
                    ((if ours { *name } else { *official }).to_owned(), value)
                });
                let mut options: serde_json::Map<String, Value> = named.collect();
                options.extend([("loss".to_owned(), json!(setting.loss)), ("seed".to_owned(), json!(seed))]);
                options
            };
            let official = Value::Object(options(false)).to_string();
            let said =
                self.peer(&["train".into(), self.official.clone(), train.clone(), test.clone(), official.into()])?;
            add(&mut theirs, &said);
            let mut options = options(true);
            let said = self.ours(&[&train, &test, &bin], &options)?;
            add(&mut ours, &said);
            if seed == 0 {
                loaded = (self.peer(&["score".into(), self.official.clone(), bin.clone(), test.clone()])?, said);
                options.extend([("quantize".to_owned(), json!(true)), ("n_kept".to_owned(), json!(20_000))]);
                let said = self.ours(&[&train, &test, &ftz], &options)?;
                small = (self.peer(&["score".into(), self.official.clone(), ftz.clone(), test.clone()])?, said);
            }
        }
        let mut out = String::new();
        let number = |value: &Value| value["accuracy"].as_f64().unwrap_or(f64::NAN);
        if number(&loaded.0) != number(&loaded.1) || number(&small.0) != number(&small.1) {
            return Err(Error::new("the official library predicts something else with a model of ours"));
        }
        let n = SEEDS as f64;
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "{:.4} | {:.4} | {:.2} | {:.2} | **{:.1}** | {:.4} | {:.4} | {:.4}",
            theirs[0] / n,
            ours[0] / n,
            theirs[1] / n,
            ours[1] / n,
            theirs[1] / ours[1],
            number(&loaded.0),
            number(&small.1),
            number(&small.0)
        );
        Ok(out)
    }

    fn ours(&self, files: &[&PathBuf], options: &serde_json::Map<String, Value>) -> Result<Value> {
        let options = Value::Object(options.clone()).to_string();
        read_json(&repo::output(Command::new(&self.trainer).args(files).arg(options))?)
    }
}

fn add(sums: &mut [f64; 2], said: &Value) {
    for (sum, key) in sums.iter_mut().zip(["accuracy", "seconds"]) {
        *sum += said[key].as_f64().unwrap_or(f64::NAN);
    }
}
