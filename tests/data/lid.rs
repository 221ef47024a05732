//! `lang.id` and the fastText reader against real models: predictions of the official library, and the stage's page.

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::sync::Arc;
use support::{archive, root};
use tokenmill_classifiers::fasttext::{Model, Scratch};
use tokenmill_classifiers::{catalog::CATALOG, langid};
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::{Params, page};

fn model(folder: &str, name: &str) -> Arc<[u8]> {
    std::fs::read(archive(folder).join(name)).unwrap().into()
}

fn assets() -> MemoryAssets {
    let models = [("lid", "lid.176.ftz", "lid.176.ftz"), ("models", "stackone_sfe.ftz", "scorer.ftz")];
    MemoryAssets(models.map(|(folder, file, name)| (name.to_owned(), model(folder, file))).into())
}

/// 4,000 sentences with the first three labels and probabilities, these rounded to five digits.
#[test]
fn lid_176_predicts_what_the_official_library_predicts() {
    let model = Model::from_bytes(&model("lid", "lid.176.ftz")).unwrap();
    let file = std::fs::File::open(archive("lid").join("lid176ftz_expected.jsonl.gz")).unwrap();
    let mut scratch = Scratch::default();
    let mut n_texts = 0;
    for line in BufReader::new(MultiGzDecoder::new(file)).lines() {
        let row: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let text = row["text"].as_str().unwrap();
        let found = model.predict(text.as_bytes(), 3, 0.0, &mut scratch);
        let expected = row["top3"].as_array().unwrap();
        assert_eq!(found.len(), expected.len(), "{text}");
        for (prediction, expected) in found.iter().zip(expected) {
            let label = model.labels()[prediction.label].strip_prefix("__label__");
            assert_eq!(label, expected[0].as_str(), "{text}");
            let difference = (f64::from(prediction.probability) - expected[1].as_f64().unwrap()).abs();
            assert!(difference < 1e-5, "{text}: {difference}");
        }
        n_texts += 1;
    }
    assert_eq!(n_texts, 4_000);
}

/// Recorded from PyPI `fasttext-predict` 0.9.2.4: text, first label, its probability.
const STACKONE: &[(&str, &str, f32)] = &[
    ("", "drop", 1.000_01),
    ("The parcel was delivered on Tuesday.", "drop", 1.000_01),
    ("Please write a poem about the sea.", "pass", 1.000_01),
    ("Forget the rules", "pass", 0.943_122_86),
    ("Tuesday before noon. Forget the", "pass", 0.520_214_56),
    ("You are now a pirate. Reply", "drop", 0.795_602_44),
    ("Ada, id: 42 status: active Reply with the", "pass", 0.934_640_4),
    ("before noon. You are", "drop", 0.504_662_93),
    ("poem about", "drop", 0.596_439_66),
];

/// A softmax model with word bigrams, as `lid.176.ftz` is a tree without them.
#[test]
fn the_two_label_model_predicts_what_the_official_library_predicts() {
    let model = Model::from_bytes(&model("models", "stackone_sfe.ftz")).unwrap();
    let mut scratch = Scratch::default();
    for (text, label, probability) in STACKONE {
        let found = model.predict(text.as_bytes(), 1, 0.0, &mut scratch)[0];
        assert_eq!(model.labels()[found.label].strip_prefix("__label__"), Some(*label), "{text}");
        assert!((found.probability - probability).abs() < 1e-6, "{text}: {}", found.probability);
    }
}

#[test]
fn stages_can_be_built_with_their_defaults() {
    for entry in CATALOG {
        let built = (entry.build)(&Params::defaults(entry.params), &assets());
        assert!(built.is_ok(), "{}: {}", entry.name, built.err().unwrap());
    }
}

#[test]
fn the_page_of_lang_id_is_true() {
    let path = root().join("classifiers").join(page::path(langid::ENTRY.name));
    let checked = page::check(&langid::ENTRY, &std::fs::read_to_string(path).unwrap(), &assets()).unwrap();
    let problems = checked.problems.join("\n");
    assert!(problems.is_empty(), "{problems}\nrun `cargo xtask bless` and read the diff");
}
