//! Trains a classifier as `fasttext supervised` does and measures it, for `cargo xtask bench classifiers`.
//!
//!     fasttext_train TRAIN.txt TEST.txt OUT OPTIONS.json
//!
//! Files have a text a line, with `__label__…` before it. Options are those of [`Options`] by name; `quantize` makes an `.ftz` file.
//! Prints one JSON object: seconds of CPU time of one thread from the files to the model, and the accuracy on the test file.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measuring program"
)]

use serde_json::{Value, json};
use std::error::Error;
use tokenmill_classifiers::fasttext::train::{Example, Options, Quantization, train};
use tokenmill_classifiers::fasttext::{LossName, Model, Scratch};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [train_file, test_file, out, options] = arguments.as_slice() else {
        return Err("usage: see the source".into());
    };
    let wanted: Value = serde_json::from_str(options)?;
    let number = |key: &str, default: f64| wanted[key].as_f64().unwrap_or(default);
    let default = Options::default();
    let options = Options {
        dim: number("dim", default.dim as f64) as usize,
        epochs: number("epochs", f64::from(default.epochs)) as u32,
        learning_rate: number("learning_rate", f64::from(default.learning_rate)) as f32,
        word_ngrams: number("word_ngrams", default.word_ngrams as f64) as usize,
        min_count: number("min_count", default.min_count as f64) as u64,
        buckets: number("buckets", f64::from(default.buckets)) as u32,
        min_chars: number("min_chars", 0.0) as usize,
        max_chars: number("max_chars", 0.0) as usize,
        loss: match wanted["loss"].as_str() {
            Some("hs") => LossName::HierarchicalSoftmax,
            Some("ova") => LossName::OneVsAll,
            _ => LossName::Softmax,
        },
        seed: number("seed", 0.0) as u64,
        ..default
    };
    let started = cpu_seconds();
    let (train_text, test_text) = (std::fs::read_to_string(train_file)?, std::fs::read_to_string(test_file)?);
    let (train_rows, test_rows) = (rows(&train_text), rows(&test_text));
    let examples = train_rows.iter().map(|(label, text)| Example { labels: std::slice::from_ref(label), text });
    let trained = train(examples, std::iter::empty(), &options, &mut |_| {})?;
    let seconds = cpu_seconds() - started;
    let bytes = match wanted["quantize"].as_bool() {
        Some(true) => trained.to_ftz(&Quantization {
            n_kept: Some(number("n_kept", 1e5) as usize),
            norms: true,
            ..Quantization::default()
        })?,
        _ => trained.to_bin(),
    };
    std::fs::write(out, &bytes)?;
    let model = Model::from_bytes(&bytes)?;
    let (names, mut scratch) = (model.label_names(), Scratch::default());
    let right = test_rows.iter().filter(|(label, text)| {
        let best = model.predict(text.as_bytes(), 1, 0.0, &mut scratch).first().copied();
        best.is_some_and(|best| *names[best.label] == **label)
    });
    let accuracy = right.count() as f64 / test_rows.len() as f64;
    println!("{}", json!({"seconds": seconds, "accuracy": accuracy, "bytes": bytes.len()}));
    Ok(())
}

/// Label and text of every line.
fn rows(file: &str) -> Vec<(&str, &str)> {
    file.lines().filter_map(|line| line.strip_prefix("__label__")?.split_once(' ')).collect()
}

/// CPU seconds of this process, which has one thread.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}
