//! What `gpu-scoring/train` makes: our program reads it, scores as the script did, and it is worth its price.

#![expect(clippy::print_stdout, reason = "how far both are apart is worth reading")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use support::{readers, root, said};
use tokenmill_classifiers::fasttext::train::{Example, Options, train};
use tokenmill_classifiers::fasttext::{LossName, Model as FastText, Scratch};
use tokenmill_gpu_scoring::cpu::Precision;

use super::encoders::{Model, difference, ids, rows, texts};

fn script(name: &str) -> Command {
    let mut python = readers();
    python.arg(root().join("gpu-scoring/train").join(name));
    python
}

/// What the script says of its test documents, one list of each.
fn test_rows(path: &Path) -> Value {
    let file = std::fs::read_to_string(path).unwrap();
    let rows: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let column = |key: &str| rows.iter().map(|row| row[key].clone()).collect::<Vec<Value>>();
    let mut heads = json!({});
    for name in rows[0]["logits"].as_object().unwrap().keys() {
        heads[name] = rows.iter().map(|row| row["logits"][name].clone()).collect();
    }
    json!({"texts": column("text"), "ids": column("ids"), "logits": heads})
}

/// Documents about two things, on sites of their own; every third one has no score, and every fifth no topic.
fn documents(folder: &Path) {
    let (mut scores, mut topics) = (String::new(), String::new());
    let words = [["river", "forest", "meadow", "otter", "heron"], ["engine", "piston", "gearbox", "clutch", "diesel"]];
    let grades = ["rubbish", "poor", "fair", "good", "fine", "excellent"];
    for at in 0..600_usize {
        let (topic, grade) = (at % 2, (at / 2) % 6);
        let word = |k: usize| words[topic][(at * 7 + k * (at / 10 + 1)) % 5];
        let text =
            format!("{} {} {}: {} of the {}, no. {}", word(0), word(1), grades[grade], word(2), word(3), at % 97);
        let url = format!("https://www.site{}.co.uk/{at}", at / 4);
        if !at.is_multiple_of(3) {
            writeln!(scores, "{}", json!({"text": text, "url": url, "score": grade as f64})).unwrap();
        }
        if !at.is_multiple_of(5) {
            let label = ["nature", "cars"][topic];
            writeln!(topics, "{}", json!({"text": text, "url": url, "label": label})).unwrap();
        }
    }
    std::fs::write(folder.join("scores.jsonl"), scores).unwrap();
    std::fs::write(folder.join("topics.jsonl"), topics).unwrap();
}

#[test]
fn a_trained_model_is_read_and_scores_as_the_script_did() {
    let folder = tempfile::tempdir().unwrap();
    documents(folder.path());
    let run = |name: &str| {
        let mut train = script("train.py");
        train.current_dir(folder.path()).arg(name).args(["--head", "quality", "regression", "scores.jsonl"]);
        train.args(["--head", "topic", "one_of", "topics.jsonl", "--layers", "1", "--hidden", "32", "--words", "320"]);
        train.args(["--max-tokens", "24", "--dense", "16", "--epochs", "30", "--batch", "16", "--rate", "3e-3"]);
        train.args(["--dropout", "0", "--threads", "1", "--seed", "7"]);
        said(train.arg("--test-file").arg(format!("{name}.jsonl")));
        ["model.safetensors", "config.json", "tokenizer.json"]
            .map(|file| std::fs::read(folder.path().join(name).join(file)).unwrap())
    };
    assert!(run("once") == run("again"), "the same seed gives another model");

    let expected = test_rows(&folder.path().join("once.jsonl"));
    let model = Model::open(folder.path().join("once"));
    let ids = ids(&expected["ids"]);
    assert_eq!(model.ids(&texts(&expected["texts"]), 24), ids);
    for head in ["quality", "topic"] {
        let off = difference(&model.logits(&ids, Precision::F32, head), &rows(&expected["logits"][head]));
        assert!(off <= 1e-5, "{head} differs by {off}");
    }

    let card: Value = serde_json::from_slice(&std::fs::read(folder.path().join("once/card.json")).unwrap()).unwrap();
    let metrics = |at: usize, key: &str| card["heads"][at]["metrics"][key].as_f64().unwrap();
    assert!(metrics(0, "mae") < 0.3 * metrics(0, "baseline_mae"), "{card:#}");
    assert!(metrics(1, "accuracy") > 0.95, "{card:#}");
    assert_eq!((&card["data"]["documents"], &card["data"]["groups"]), (&json!(560), &json!(150)));
    let text = std::fs::read_to_string(folder.path().join("once/README.md")).unwrap();
    for part in ["## How good it is", "scores.jsonl", "each group in one part only", "validation loss"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn mistakes_are_told_before_anything_is_learned() {
    let folder = tempfile::tempdir().unwrap();
    documents(folder.path());
    for (head, said) in [
        (["quality", "score", "scores.jsonl"], "there is no kind `score`"),
        (["quality", "regression", "scores.jsonl#grade"], "has no column `grade`; it has 'text', 'url', 'score'"),
        (["a.b", "regression", "scores.jsonl"], "`a.b` is no name for a head"),
    ] {
        let output =
            script("train.py").current_dir(folder.path()).arg("out").arg("--head").args(head).output().unwrap();
        let found = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && found.contains(said), "{found}");
        assert!(!folder.path().join("out").exists());
    }
}

/// Two layers of a public MiniLM, tuned on news of which fastText learns from the same ones.
#[test]
fn two_layers_beat_fasttext_on_news() {
    let Some(data) = std::env::var_os("TOKENMILL_TEST_DATA") else {
        println!("skipped: the archives are not unpacked; run `cargo xtask test --services --data`");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut prepare = readers();
    prepare.arg(root().join("tests/readers/encoders.py")).arg("news").arg(folder.path()).arg(data);
    said(&mut prepare);
    let news: Vec<Value> = std::fs::read_to_string(folder.path().join("news.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let part = |wanted: &[&str]| -> Vec<(String, String)> {
        let rows = news.iter().filter(|row| wanted.contains(&row["part"].as_str().unwrap()));
        rows.map(|row| (text(row, "label"), text(row, "text"))).collect()
    };
    // fastText needs no documents to stop by, so it learns from those too.
    let (learned, measured) = (part(&["train", "validation"]), part(&["test"]));
    let learned: Vec<(&str, &str)> = learned.iter().map(|(label, text)| (label.as_str(), text.as_str())).collect();
    let examples = learned.iter().map(|(label, text)| Example { labels: std::slice::from_ref(label), text });
    let options = Options { epochs: 25, learning_rate: 0.5, loss: LossName::OneVsAll, ..Options::default() };
    let trained = train(examples, std::iter::empty(), &options, &mut |_| {}).unwrap();
    let fasttext = FastText::from_bytes(&trained.to_bin()).unwrap();
    let (names, mut scratch) = (fasttext.label_names(), Scratch::default());
    let right = measured.iter().filter(|(label, text)| {
        let best = fasttext.predict(text.as_bytes(), 1, 0.0, &mut scratch).first().copied();
        best.is_some_and(|best| *names[best.label] == **label)
    });
    let baseline = right.count() as f64 / measured.len() as f64;

    let mut train = script("train.py");
    train.current_dir(folder.path()).args([
        "model",
        "--head",
        "topic",
        "one_of",
        "news.jsonl",
        "--split-column",
        "part",
    ]);
    train.args(["--trunk", "trunk", "--class-weights", "none"]).args(TUNING);
    said(&mut train);
    let card: Value = serde_json::from_slice(&std::fs::read(folder.path().join("model/card.json")).unwrap()).unwrap();
    let accuracy = card["heads"][0]["metrics"]["accuracy"].as_f64().unwrap();
    println!("accuracy {accuracy} in {} s; fastText {baseline}", card["training"]["seconds"]);
    assert_eq!(card["heads"][0]["metrics"]["documents"], measured.len());
    assert!(accuracy > baseline, "accuracy {accuracy}, fastText {baseline}");
}

/// The least that does it.
const TUNING: [&str; 10] =
    ["--layers", "2", "--max-tokens", "32", "--epochs", "1", "--rate", "2e-4", "--freeze", "embeddings"];
