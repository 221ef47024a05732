//! Encoder scores as steps of a recipe: what they see, what they leave, and what happens when they cannot.

use std::path::Path;

use serde_json::json;
use support::{Ran, Sandbox, root, tokenmill_in};
use tempfile::TempDir;

const PLAIN: &str = "roberta";
const HEADS: &str = "heads";

/// A tiny model with random weights, copied so that a test may change it.
fn copy_model(name: &str, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        std::fs::copy(root().join("gpu-scoring/tests/fixtures").join(name).join(file), to.join(file)).unwrap();
    }
}

/// A folder with two inputs of `n` documents each, every other one French, both models, and a recipe with these steps.
fn folder(n: usize, steps: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in ["a", "b"] {
        let line = |at: usize| {
            let text =
                format!("Document {at} of {file}: {}", "water moves between the sea and the land. ".repeat(at % 7));
            json!({"id": format!("{file}{at}"), "lang": if at.is_multiple_of(2) { "en" } else { "fr" }, "text": text})
                .to_string()
        };
        let lines: String = (0..n).map(|at| line(at) + "\n").collect();
        std::fs::write(folder.path().join(format!("{file}.jsonl")), lines).unwrap();
    }
    copy_model(PLAIN, &folder.path().join("plain"));
    copy_model(HEADS, &folder.path().join("heads"));
    write_recipe(folder.path(), steps);
    folder
}

fn write_recipe(folder: &Path, steps: &str) {
    let recipe = "[run]\nname = \"r\"\n[source]\nkind = \"jsonl\"\npaths = [\"a.jsonl\", \"b.jsonl\"]\n";
    std::fs::write(folder.join("r.toml"), format!("{recipe}{steps}\n")).unwrap();
}

fn score(rest: &str) -> String {
    format!("[[step]]\nuse = \"score.encoder\"\n{rest}\n")
}

fn run(folder: &Path, more: &[&str]) -> Ran {
    tokenmill_in(folder, &[&["run", "r.toml"], more].concat())
}

/// The folders of the phases that a recipe comes to.
fn phases(folder: &Path) -> Vec<String> {
    let plan = tokenmill_in(folder, &["plan", "r.toml"]).ok();
    plan.lines().filter_map(|line| line.split("folder ").nth(1)).map(str::to_owned).collect()
}

#[test]
fn scores_are_metrics_that_rules_judge() {
    let steps = score("name = \"q\"\nmodel = \"plain\"")
        + &score(
            "name = \"h\"\nmodel = \"heads/\"\nnumbers = [\"quality\", \"level\", \"topic_code\"]\nwhen = { lang = [\"fr\"] }",
        )
        + "[[step]]\nuse = \"filter.expr\"\nkeep = \"missing(h.level) or h.level < 0\"\n";
    let folder = folder(60, &steps);
    let said = run(folder.path(), &["--device", "cpu"]).ok();
    assert!(said.contains("expression_false"), "{said}");
    // Both models read the same documents, whichever was first, and no document passes through a map phase between them.
    assert_eq!(phases(folder.path()).len(), 4, "{:?}", phases(folder.path()));
    let audit = tokenmill_in(folder.path(), &["audit", "runs/r"]).ok();
    let flow = |phase: &str| audit.lines().find(|line| line.contains(phase)).unwrap_or_default().to_owned();
    assert!(flow("score-q").ends_with(": 120 documents in, 120 out"), "{audit}");
    assert!(flow("score-h").ends_with(": 120 documents in, 60 out"), "{audit}");
    assert!(audit.contains("120 documents in, 60 out"), "the French ones are removed: {audit}");
    let compared = tokenmill_in(folder.path(), &["inspect", "scores", "runs/r", "q.score", "h.level"]).ok();
    assert!(compared.contains("60 documents have both, 60 have `q.score` alone"), "{compared}");
}

#[test]
fn the_device_is_said_and_changes_no_identity() {
    let folder = folder(20, &score("model = \"plain\""));
    let before = phases(folder.path());
    let ran = run(folder.path(), &["--device", "cpu", "--threads", "2"]);
    let said = ran.code(0).stderr;
    assert!(said.contains("encoders run on the CPU\n"), "{said}");
    assert!(said.contains("40 sequences of"), "what the devices have done is said: {said}");
    let again = run(folder.path(), &["--set", "run.device=auto"]).code(0);
    assert!(again.stdout.contains("0 of 6 tasks were done now"), "{}", again.stdout);
    assert_eq!(before, phases(folder.path()));
    let error = run(folder.path(), &["--device", "tpu"]).code(2).stderr;
    assert!(error.contains("`tpu` is no device") && error.contains("hint: "), "{error}");
    let error = run(folder.path(), &["--device", "cuda:31"]).code(2).stderr;
    assert!(error.contains("device `cuda:31` is not there"), "{error}");
}

#[test]
fn a_recipe_is_checked_against_its_model() {
    let folder = folder(1, "");
    let checked = |steps: &str, expected: &[&str]| {
        write_recipe(folder.path(), steps);
        for verb in ["check", "run"] {
            let said = tokenmill_in(folder.path(), &[verb, "r.toml"]).code(2).stderr;
            expected.iter().for_each(|part| assert!(said.contains(part), "{verb}: {part} in\n{said}"));
        }
    };
    checked(&score("model = \"heads\""), &["step `score.encoder`", "no score `score`", "quality, level, level_0"]);
    checked(&score("model = \"none\""), &["`none` is no folder with a model", "save_pretrained"]);
    checked(
        &(score("model = \"plain\"") + "[[step]]\nuse = \"filter.expr\"\nkeep = \"score.encoder.scores > 1\""),
        &["did you mean `score.encoder.score`?"],
    );
    checked(&score("model = \"plain\"\n[step.lang.fr]\nwindows = \"max\""), &["one model for all languages"]);
    std::fs::write(folder.path().join("plain/config.json"), r#"{"model_type": "deberta-v2"}"#).unwrap();
    checked(&score("model = \"plain\""), &["`plain/config.json`: `model_type` is `deberta-v2`", "these are supported"]);
    let weights = folder.path().join("heads/model.safetensors");
    let bytes = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &bytes[..bytes.len() / 2]).unwrap();
    checked(
        &score("model = \"heads\"\nnumbers = [\"quality\"]"),
        &["`heads/model.safetensors` is no safetensors file"],
    );
    std::fs::remove_file(&weights).unwrap();
    std::fs::write(folder.path().join("heads/pytorch_model.bin"), "x").unwrap();
    checked(&score("model = \"heads\"\nnumbers = [\"quality\"]"), &["has its weights in `pytorch_model.bin`"]);
}

#[test]
fn another_model_scores_again_and_does_nothing_before() {
    let steps = "[[step]]\nuse = \"filter.length\"\nmin_chars = 10\n".to_owned() + &score("model = \"plain\"");
    let folder = folder(30, &steps);
    let before = phases(folder.path());
    run(folder.path(), &[]).ok();
    // What is no part of the model may change.
    std::fs::write(folder.path().join("plain/README.md"), "a card").unwrap();
    assert_eq!(before, phases(folder.path()));
    copy_model(HEADS, &folder.path().join("plain"));
    write_recipe(folder.path(), &steps.replace("model = \"plain\"", "model = \"plain\"\nnumbers = [\"quality\"]"));
    let after = phases(folder.path());
    let changed: Vec<bool> = before.iter().zip(&after).map(|(before, after)| before != after).collect();
    assert_eq!(changed, [false, true, true], "{before:?} {after:?}");
    let said = run(folder.path(), &[]).ok();
    assert!(said.contains("4 of 6 tasks were done now"), "{said}");
}

#[test]
fn documents_of_any_length_are_scored() {
    let folder = folder(0, &score("model = \"plain\"\nwindows = \"mean\"\nmax_windows = 64"));
    let texts =
        ["".to_owned(), " ".to_owned(), "x".repeat(300_000), " \n".repeat(50_000), "</s>".repeat(2000), "é".to_owned()];
    let lines: String = texts.iter().map(|text| json!({"text": text}).to_string() + "\n").collect();
    std::fs::write(folder.path().join("a.jsonl"), lines).unwrap();
    run(folder.path(), &["--device", "cpu"]).ok();
    let audit = tokenmill_in(folder.path(), &["audit", "runs/r"]).ok();
    assert!(audit.contains("sound"), "{audit}");
}

#[test]
fn scores_on_a_crawl_add_up_and_reach_the_shards() {
    let sandbox = Sandbox::of("scores.toml");
    sandbox.run(&["--threads", "3"]);
    sandbox.tokenmill(&["audit", "runs/mini"]).ok();
    let funnel = sandbox.tokenmill(&["inspect", "funnel", "runs/mini"]).ok();
    assert!(funnel.contains("expression_false"), "{funnel}");
}

/// The recipe of `configs/`, with documents, a vocabulary and a model that are at hand; its second head has another name.
#[test]
fn the_recipe_for_quality_runs_to_a_token_store() {
    let folder = folder(60, "");
    let recipe = root().join("configs/score-quality.toml").display().to_string();
    let tokenizer = format!("tokens.tokenizer=gpt2={}", root().join("tests/fixtures/mini.tiktoken").display());
    let sets = [
        "source.kind=jsonl",
        "source.paths=[\"a.jsonl\"]",
        "step.encoder.model=heads",
        "step.encoder.numbers=[\"quality\", \"level\"]",
        "step.by_quality.keep=encoder.quality >= -100 or encoder.level >= 2.5",
        "tokens.scores=[\"encoder.quality\", \"encoder.level\"]",
        &tokenizer,
    ];
    let args: Vec<&str> = sets.iter().flat_map(|set| ["--set", *set]).collect();
    let ran = tokenmill_in(folder.path(), &[&["run", &recipe, "--device", "cpu"], &args[..]].concat());
    let said = ran.ok();
    assert!(said.contains("tokens in a token store: runs/score-quality/"), "{said}");
    tokenmill_in(folder.path(), &["audit", "runs/score-quality"]).ok();
}
