//! Predictions equal those of the official library, for every loss and every kind of matrix.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic")]
#![allow(clippy::disallowed_methods, reason = "tests read their fixtures")]

use std::collections::BTreeMap;
use std::path::Path;
use tokenmill_classifiers::fasttext::{LossName, Model, ModelError, Scratch};

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The model that a row of `expected.jsonl` names.
fn model(name: &str) -> Model {
    let (file, version) = name.split_once(" as version ").unwrap_or((name, "12"));
    let mut bytes = fixture(file);
    bytes[4] = version.parse().unwrap();
    Model::from_bytes(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn predictions_equal_the_official_ones() {
    let expected = String::from_utf8(fixture("expected.jsonl")).unwrap();
    let mut models = BTreeMap::new();
    let mut scratch = Scratch::default();
    for line in expected.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let name = row["model"].as_str().unwrap();
        let model = models.entry(name.to_owned()).or_insert_with(|| model(name));
        let k = usize::try_from(row["k"].as_i64().unwrap()).unwrap_or(usize::MAX);
        let threshold = row["threshold"].as_f64().unwrap() as f32;
        let text = row["text"].as_str().unwrap();
        let found = model.predict(text.as_bytes(), k, threshold, &mut scratch);
        let labels: Vec<&str> = found.iter().map(|prediction| &*model.labels()[prediction.label]).collect();
        assert_eq!(serde_json::json!(labels), row["labels"], "{name}: {text:?}");
        for (prediction, expected) in found.iter().zip(row["probabilities"].as_array().unwrap()) {
            let difference = (f64::from(prediction.probability) - expected.as_f64().unwrap()).abs();
            assert!(difference <= 2e-7, "{name}: {text:?}: {difference}");
        }
    }
    assert_eq!(models.len(), 9);
}

#[test]
fn the_losses_are_told_apart() {
    for (name, loss) in [
        ("tree.bin", LossName::HierarchicalSoftmax),
        ("negative.bin", LossName::NegativeSampling),
        ("softmax.ftz", LossName::Softmax),
        ("independent.bin", LossName::OneVsAll),
    ] {
        assert_eq!(model(name).loss(), loss, "{name}");
    }
}

#[test]
fn line_feeds_are_blanks() {
    let model = model("softmax.bin");
    let mut scratch = Scratch::default();
    let spaced = model.predict(b"le pain est", 3, 0.0, &mut scratch).to_vec();
    assert_eq!(model.predict(b"le\npain\r\n est\n", 3, 0.0, &mut scratch), spaced);
    assert_ne!(model.predict(b"lepainest", 3, 0.0, &mut scratch), spaced);
}

#[test]
fn no_bytes_make_a_prediction_fail() {
    let mut scratch = Scratch::default();
    for name in ["tree-pruned.ftz", "output.ftz", "independent.bin"] {
        let model = model(name);
        for byte in 0..=255u8 {
            let found = model.predict(&[byte, 0xc3, byte, b' ', byte], usize::MAX, 0.0, &mut scratch);
            assert!(found.iter().all(|prediction| prediction.probability.is_finite()), "{name}: {byte}");
        }
    }
}

#[test]
fn a_cut_file_is_an_error_at_every_length() {
    for name in ["tree-pruned.ftz", "output.ftz", "words.bin"] {
        let bytes = fixture(name);
        for end in (0..bytes.len()).step_by(7).chain([bytes.len() - 1]) {
            let error = Model::from_bytes(&bytes[..end]).err();
            assert!(matches!(error, Some(ModelError::Truncated { .. })), "{name} cut at {end}: {error:?}");
        }
    }
}

#[test]
fn a_damaged_file_is_an_error_or_a_model_but_never_a_crash() {
    let mut scratch = Scratch::default();
    for name in ["tree-pruned.ftz", "output.ftz", "independent.bin"] {
        let good = fixture(name);
        for at in 0..good.len().min(3000) {
            for value in [0, 0x7f, 0xff] {
                let mut bytes = good.clone();
                bytes[at] = value;
                if let Ok(model) = Model::from_bytes(&bytes) {
                    model.predict("le chat sleeps och 42".as_bytes(), 3, 0.1, &mut scratch);
                }
            }
        }
    }
}
