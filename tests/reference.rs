//! `tokenmill reference` and the filter that its files are for, as a user runs them.

use serde_json::Value;
use support::Sandbox;

/// A document of a small language: the words differ in how frequent they are, and documents in which words they have.
fn document(at: usize) -> String {
    let word = |i: usize| {
        let draw = (at * 7919 + i * 104_729 + at * i * 31) % 1009;
        ["the", "of", "sea", "and"]
            .get(draw / 120)
            .map_or_else(|| format!("word{}", draw % 97), |word| (*word).to_owned())
    };
    (0..60 + at % 50).map(word).collect::<Vec<_>>().join(" ")
}

fn line(id: &str, lang: &str, text: &str) -> String {
    serde_json::json!({"id": id, "lang": lang, "text": text}).to_string() + "\n"
}

#[test]
fn documents_in_any_order_and_in_any_file_give_the_same_reference() {
    let sandbox = Sandbox::new();
    let lines: Vec<String> = (0..200).map(|at| line(&at.to_string(), "en", &document(at))).collect();
    let backwards: String = lines.iter().rev().cloned().collect();
    let write = |name: &str, content: &str| std::fs::write(sandbox.path().join(name), content).unwrap();
    write("all.jsonl", &lines.concat());
    let cut = backwards[..backwards.len() / 2].rfind('\n').unwrap() + 1;
    write("one.jsonl", &backwards[..cut]);
    write("two.jsonl", &(backwards[cut..].to_owned() + &line("x", "fr", &document(7)) + "{\"text\": 7}\n"));
    sandbox.tokenmill(&["reference", "--lang", "en", "-o", "a.ref", "all.jsonl"]).ok();
    let said =
        sandbox.tokenmill(&["reference", "--lang", "en", "-o", "b.ref", "one.jsonl", "two.jsonl"]).code(0).stderr;
    assert!(said.contains("en: 200 documents"), "{said}");
    assert!(
        said.contains("1 documents are in another language") && said.contains("1 documents have no text"),
        "{said}"
    );
    let bytes = |name: &str| std::fs::read(sandbox.path().join(name)).unwrap();
    assert!(bytes("a.ref") == bytes("b.ref"));
    let shown = sandbox.tokenmill(&["reference", "--show", "a.ref"]).ok();
    assert!(said.starts_with(&shown), "{shown}");
}

#[test]
fn the_filter_removes_what_a_reference_has_never_seen() {
    let sandbox = Sandbox::new();
    let lines: String = (0..300).map(|at| line(&at.to_string(), "", &document(at))).collect();
    std::fs::write(sandbox.path().join("docs.jsonl"), lines).unwrap();
    sandbox.tokenmill(&["reference", "--lang", "en", "-o", "en.ref", "docs.jsonl"]).ok();
    let stuffed = "word1 word2 word3 word4 ".repeat(20);
    let garbled = (0..80).map(|at| format!("x{at}q ")).collect::<String>();
    let tests =
        line("prose", "en", &document(1000)) + &line("stuffed", "en", &stuffed) + &line("garbled", "en", &garbled);
    std::fs::write(sandbox.path().join("test.jsonl"), tests).unwrap();
    let apply = ["apply", "--use", "filter.token_divergence", "--set", "reference=./en.ref", "test.jsonl", "-o", "-"];
    let said = sandbox.tokenmill(&apply).ok();
    let rows: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let reasons: Vec<Option<&str>> = rows.iter().map(|row| row["reason"].as_str()).collect();
    let unusual = Some("unusual_token_distribution");
    assert_eq!(reasons, [None, unusual, unusual], "{said}");
}

#[test]
fn a_run_is_read_as_its_documents_are() {
    let sandbox = Sandbox::new();
    let lines: String = (0..200).map(|at| line(&at.to_string(), "en", &document(at))).collect();
    std::fs::write(sandbox.path().join("docs.jsonl"), lines).unwrap();
    let recipe = "[run]\nname = \"r\"\n[source]\nkind = \"jsonl\"\npaths = [\"docs.jsonl\"]\n[[step]]\nuse = \"filter.length\"\n\
                  min_chars = 400\n";
    std::fs::write(sandbox.path().join("r.toml"), recipe).unwrap();
    sandbox.tokenmill(&["run", "r.toml"]).ok();
    sandbox.tokenmill(&["reference", "--lang", "en", "-o", "run.ref", "runs/r"]).ok();
    let kept: String = (0..200)
        .map(|at| (at, document(at)))
        .filter(|(_, text)| text.chars().count() >= 400)
        .map(|(at, text)| line(&at.to_string(), "en", &text))
        .collect();
    std::fs::write(sandbox.path().join("kept.jsonl"), &kept).unwrap();
    assert!((60..200).contains(&kept.lines().count()), "{}", kept.lines().count());
    sandbox.tokenmill(&["reference", "--lang", "en", "-o", "kept.ref", "kept.jsonl"]).ok();
    let bytes = |name: &str| std::fs::read(sandbox.path().join(name)).unwrap();
    assert!(bytes("run.ref") == bytes("kept.ref"));
}

#[test]
fn what_cannot_be_a_reference_is_said_before_it_is_made() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path().join("few.jsonl"), line("a", "en", &document(1))).unwrap();
    for (arguments, expected) in [
        (vec!["reference", "--lang", "en", "-o", "en.ref", "few.jsonl"], "1 documents are too few"),
        (vec!["reference", "--lang", "en", "-o", "none/en.ref", "few.jsonl"], "its folder does not exist"),
        (vec!["reference", "--lang", "en", "-o", "en.ref.gz", "few.jsonl"], "stages read plain files"),
        (vec!["reference", "--show", "few.jsonl"], "not a reference of words"),
        (vec!["reference", "few.jsonl"], "--lang"),
    ] {
        let said = sandbox.tokenmill(&arguments).code(2).stderr;
        assert!(said.contains(expected), "{said}");
    }
    assert!(!sandbox.path().join("en.ref").exists());
}
