//! A classifier from files to a step of a recipe: trained, described, and used.

use serde_json::{Value, json};
use support::tokenmill_in;

const USAGE: i32 = 2;
const KITCHEN: [&str; 8] = ["flour", "oven", "crust", "yeast", "dough", "loaf", "butter", "knead"];
const SEA: [&str; 8] = ["mast", "anchor", "harbour", "rope", "tide", "keel", "sail", "deck"];
const COMMON: [&str; 6] = ["the", "and", "of", "with", "under", "again"];

/// A text of words of a class, one in three of them, and its site.
fn document(n: usize, words: &[&str]) -> Value {
    let word = |at: usize| if at.is_multiple_of(3) { words[(n * 7 + at * 5) % 8] } else { COMMON[(n + at * at) % 6] };
    let text: Vec<&str> = (0..20 + n % 30).map(word).collect();
    json!({"url": format!("https://www.site{}.example/{n}", n % 40), "text": format!("{n} {}", text.join(" ")),
           "topic": if words[0] == "mast" { "sea" } else { "kitchen" }, "lang": if n % 50 == 3 { "fr" } else { "en" }})
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let lines =
        |words: &[&str], n: usize| -> String { (0..n).map(|n| document(n, words).to_string() + "\n").collect() };
    let (kitchen, sea) = (lines(&KITCHEN, 400), lines(&SEA, 300));
    let write = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
    write("kitchen.jsonl", &(kitchen.clone() + &document(1, &KITCHEN).to_string() + "\n{\"text\": 7}\n"));
    write("sea.jsonl", &sea);
    write("all.jsonl", &(kitchen + &sea));
    folder
}

const CLASSES: &str = "[model]\noutput = \"sea.bin\"\nseed = 3\n[fasttext]\ndim = 10\nbuckets = 5000\nlearning_rate = 0.5\n\
    [[class]]\nlabel = \"sea\"\ninputs = [\"sea.jsonl\"]\nlang = [\"en\"]\n\
    [[class]]\nlabel = \"kitchen\"\ninputs = [\"kitchen.jsonl\"]\nlang = [\"en\"]\n";

fn train(folder: &tempfile::TempDir, recipe: &str) -> String {
    std::fs::write(folder.path().join("r.toml"), recipe).unwrap();
    tokenmill_in(folder.path(), &["train", "fasttext", "r.toml"]).ok()
}

fn card(folder: &tempfile::TempDir, model: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.path().join(format!("{model}.card.json"))).unwrap()).unwrap()
}

#[test]
fn a_classifier_is_trained_described_and_used() {
    let folder = folder();
    let said = train(&folder, CLASSES);
    assert!(said.contains("sea.bin: accuracy "), "{said}");
    let card = card(&folder, "sea.bin");
    assert_eq!(card["positive"], "sea");
    assert!(card["binary"]["auc"].as_f64().unwrap() > 0.99, "{card}");
    let class = |at: usize, key: &str| card["classes"][at][key].as_u64().unwrap();
    assert_eq!((class(0, "seen"), class(0, "copies"), class(1, "seen")), (393, 1, 294));
    // French ones, and the row without a text.
    assert_eq!(card["passed_over"], 8 + 6 + 1);
    let n_chosen = |at: usize| ["train", "validation", "test"].iter().map(|part| class(at, part)).sum::<u64>();
    assert_eq!((n_chosen(0), n_chosen(1)), (294, 294), "balanced");
    // The step that the card gives is one that works.
    let page = std::fs::read_to_string(folder.path().join("sea.bin.card.md")).unwrap();
    let step = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let source = "[run]\nname = \"r\"\n[source]\nkind = \"jsonl\"\npaths = [\"all.jsonl\"]\n";
    std::fs::write(folder.path().join("use.toml"), format!("{source}{step}")).unwrap();
    tokenmill_in(folder.path(), &["run", "use.toml"]).ok();
    let kept = tokenmill_in(folder.path(), &["inspect", "head", "runs/r", "-n", "1000"]).ok();
    let n_of = |words: &[&str]| {
        let texts = kept.split("\nid: ").filter(|doc| words.iter().any(|word| doc.contains(&format!(" {word} "))));
        texts.count()
    };
    assert!(n_of(&SEA) > 150 && n_of(&KITCHEN) < 40, "{} and {}", n_of(&SEA), n_of(&KITCHEN));
    // The same again is the same file.
    let bytes = || std::fs::read(folder.path().join("sea.bin")).unwrap();
    let before = bytes();
    train(&folder, CLASSES);
    assert!(before == bytes());
}

#[test]
fn labels_may_stand_in_a_column_and_the_file_may_be_small() {
    let folder = folder();
    let recipe = "[model]\noutput = \"topics.ftz\"\n[[labelled]]\ninputs = [\"all.jsonl\"]\ncolumn = \"topic\"\n[examples]\ntest = 0.2\nvalidation = 0.2\n\
        [fasttext]\ndim = 8\nbuckets = 2000\nepochs = 30\npatience = 2\nlearning_rate = 0.5\n[quantize]\nfeatures = 1000\n";
    train(&folder, recipe);
    let card = card(&folder, "topics.ftz");
    assert_eq!(card["classes"][0]["label"], "kitchen");
    assert!(card["accuracy"].as_f64().unwrap() > 0.95, "{card}");
    assert!(card["passes"][0]["validation_loss"].is_f64() && card["best_pass"].as_u64() >= Some(1));
    assert!(std::fs::metadata(folder.path().join("topics.ftz")).unwrap().len() < 40_000);
}

#[test]
fn mistakes_are_told_before_anything_is_trained() {
    let folder = folder();
    for (from, to, expected) in [
        ("sea.jsonl", "kitchen.jsonl", "class `kitchen` has no examples"),
        ("seed = 3", "seed = 3\npositive = \"air\"", "`model.positive` is `air`"),
        ("sea.jsonl", "none.jsonl", "none.jsonl"),
        ("lang = [\"en\"]", "lang = [\"xx\"]", "classes"),
        ("[fasttext]", "[examples]\ntest = 0.000001\n[fasttext]", "has no document to measure on"),
    ] {
        std::fs::write(folder.path().join("r.toml"), CLASSES.replace(from, to)).unwrap();
        let said = tokenmill_in(folder.path(), &["train", "fasttext", "r.toml"]).code(USAGE).stderr;
        assert!(said.contains(expected), "{expected}: {said}");
        assert!(!said.contains("pass 1") && !folder.path().join("sea.bin").exists(), "{said}");
    }
}
