//! Judging a run again is compared with running again: the same documents, the same reasons.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use support::{RECIPES, Ran, Sandbox};

const FOUND_PROBLEMS: i32 = 1;
const USAGE: i32 = 2;

/// A recipe with limits by language, in which all measures see the same text.
const LANGUAGES: &str = "languages.toml";

/// `tokenmill retune` with all documents as samples.
fn retune(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let arguments = [&["retune", "runs/mini", "--json", "--samples", "1000"], arguments].concat();
    serde_json::from_str(&sandbox.tokenmill(&arguments).ok()).unwrap()
}

fn sets<'a>(limits: &[&'a str]) -> Vec<&'a str> {
    limits.iter().flat_map(|limit| ["--set", limit]).collect()
}

fn ids(samples: &Value) -> BTreeSet<String> {
    samples.as_array().unwrap().iter().map(|sample| sample["id"].as_str().unwrap().to_owned()).collect()
}

/// The ids of all documents that a run has kept.
fn kept(sandbox: &Sandbox, run: &str) -> BTreeSet<String> {
    let said = sandbox.tokenmill(&["inspect", "head", run, "-n", "10000"]).ok();
    said.lines().filter_map(|line| line.strip_prefix("id: ")).map(str::to_owned).collect()
}

/// Removed documents of a run by step and reason.
fn removed(sandbox: &Sandbox, run: &str) -> BTreeMap<(String, String), u64> {
    let funnel = sandbox.tokenmill(&["inspect", "funnel", run, "--json"]).ok();
    let phases: Value = serde_json::from_str(&funnel).unwrap();
    let mut removed = BTreeMap::new();
    for step in phases.as_array().unwrap().iter().filter_map(|phase| phase["tally"]["steps"].as_array()).flatten() {
        for (reason, n) in step["reasons"].as_object().unwrap() {
            removed.insert((step["name"].as_str().unwrap().to_owned(), reason.clone()), n.as_u64().unwrap());
        }
    }
    removed
}

/// The same of an answer, before or after the change.
fn judged(answer: &Value, when: &str) -> BTreeMap<(String, String), u64> {
    let mut removed = BTreeMap::new();
    for step in answer["steps"].as_array().unwrap() {
        for (reason, counts) in step["reasons"].as_object().unwrap() {
            let n = counts[when]["documents"].as_u64().unwrap();
            if n > 0 {
                removed.insert((step["step"].as_str().unwrap().to_owned(), reason.clone()), n);
            }
        }
    }
    removed
}

/// Runs the recipe with other limits, beside the run that stands.
fn run_again(sandbox: &Sandbox, limits: &[&str]) {
    sandbox.run(&[&sets(limits)[..], &["--set", "run.root=again"]].concat());
}

fn documents(answer: &Value, what: &str) -> u64 {
    answer["total"][what]["documents"].as_u64().unwrap()
}

#[test]
fn a_run_judged_by_its_own_limits_gives_its_own_verdicts() {
    for recipe in RECIPES.into_iter().chain([LANGUAGES]) {
        let sandbox = Sandbox::of(recipe);
        sandbox.run(&[]);
        let said = sandbox.tokenmill(&["retune", "runs/mini", "--verify"]).ok();
        assert!(said.contains("346 documents judged again"), "{recipe}: {said}");
        let answer = retune(&sandbox, &["--recipe", "recipe.toml"]);
        assert_eq!(answer["changes"], Value::Array(Vec::new()), "{recipe}");
        assert_eq!(documents(&answer, "kept"), kept(&sandbox, "runs/mini").len() as u64, "{recipe}");
        for what in ["go", "come_back", "come_back_not_measured"] {
            assert_eq!(documents(&answer, what), 0, "{recipe}: {what}");
        }
        assert_eq!(answer["unknown"], 0, "{recipe}");
        assert_eq!(judged(&answer, "before"), removed(&sandbox, "runs/mini"), "{recipe}");
        assert_eq!(judged(&answer, "after"), removed(&sandbox, "runs/mini"), "{recipe}");
    }
}

#[test]
fn other_limits_give_what_a_run_with_them_gives() {
    let of_mini: &[&[&str]] = &[
        &["step.filter.gopher_quality.min_words=150", "step.filter.gopher_repetition.max_duplicate_line_share=off"],
        &["step.filter.gopher_quality.min_words=off", "step.filter.gopher_quality.min_alphabetic_word_share=0.5"],
        &["step.filter.length.min_chars=1000", "step.filter.gopher_quality.max_mean_word_length=5"],
    ];
    let of_languages: &[&[&str]] = &[
        &["step.lang.id.min_score=0.6", "step.filter.length.min_chars=100"],
        &["step.lang.id.lang.en.min_score=off", "step.filter.gopher_quality.lang.sv.min_words=20"],
        &["step.lang.id.lang.fr.min_score=0.9", "step.filter.gopher_quality.lang.fr.max_mean_word_length=off"],
        &["step.filter.length.lang.en.min_chars=10", "step.filter.gopher_quality.min_words=10"],
    ];
    for (recipe, changes) in [("mini.toml", of_mini), (LANGUAGES, of_languages)] {
        let sandbox = Sandbox::of(recipe);
        sandbox.run(&[]);
        let before = kept(&sandbox, "runs/mini");
        let (mut n_go, mut n_back) = (0, 0);
        for limits in changes {
            let answer = retune(&sandbox, &sets(limits));
            assert_eq!(answer["changes"].as_array().unwrap().len(), limits.len(), "{limits:?}");
            assert_eq!(documents(&answer, "come_back_not_measured"), 0, "{limits:?}");
            run_again(&sandbox, limits);
            assert_eq!(judged(&answer, "after"), removed(&sandbox, "again/mini"), "{limits:?}");
            let (go, back) = (ids(&answer["samples"]["go"]), ids(&answer["samples"]["come_back"]));
            assert_eq!(
                (go.len() as u64, back.len() as u64),
                (documents(&answer, "go"), documents(&answer, "come_back"))
            );
            let after: BTreeSet<String> = &(&before - &go) | &back;
            assert_eq!(after, kept(&sandbox, "again/mini"), "{limits:?}");
            n_go += go.len();
            n_back += back.len();
        }
        assert!(n_go > 0 && n_back > 0, "{recipe}: {n_go} go, {n_back} come back");
    }
}

#[test]
fn what_was_not_measured_is_not_guessed() {
    let sandbox = Sandbox::new();
    sandbox.run(&[]);
    let before = kept(&sandbox, "runs/mini");
    let limits = ["step.filter.length.min_chars=off"];
    let answer = retune(&sandbox, &sets(&limits));
    // The checkpoint stands behind the step: no later one has seen what it removed.
    assert_eq!((documents(&answer, "go"), documents(&answer, "come_back")), (0, 0));
    let unknown = ids(&answer["samples"]["come_back"]);
    assert_eq!(unknown.len() as u64, documents(&answer, "come_back_not_measured"));
    assert!(!unknown.is_empty());
    let samples = answer["samples"]["come_back"].as_array().unwrap();
    assert!(samples.iter().all(|sample| sample["not_measured_by"] == "filter.gopher_repetition"), "{samples:?}");
    assert!(samples.iter().all(|sample| sample["text"].as_str().is_some_and(|text| !text.is_empty())), "{samples:?}");
    run_again(&sandbox, &limits);
    let after = kept(&sandbox, "again/mini");
    assert!(before.is_subset(&after) && (&after - &before).is_subset(&unknown));
}

#[test]
fn exchanges_are_said_to_decide_anew() {
    let sandbox = Sandbox::of("dedup.toml");
    sandbox.run(&[]);
    let limits = ["step.filter.length.min_chars=400"];
    let answer = retune(&sandbox, &sets(&limits));
    run_again(&sandbox, &limits);
    // The step stands behind all exchanges, so nothing is open.
    assert_eq!(judged(&answer, "after"), removed(&sandbox, "again/mini"));
    assert!(documents(&answer, "go") > 0);
    let said = sandbox.tokenmill(&["retune", "runs/mini", "--set", limits[0]]).ok();
    assert!(!said.contains("would decide without"), "{said}");
    sandbox.edit(
        "[[step]]\nuse = \"dedup.exact\"",
        "[[step]]\nuse = \"filter.length\"\nname = \"long\"\nmin_chars = 10\n\n[[step]]\nuse = \"dedup.exact\"",
    );
    sandbox.run(&[]);
    let said = sandbox.tokenmill(&["retune", "runs/mini", "--set", "step.long.min_chars=1000"]).ok();
    assert!(said.contains("`dedup.exact` would decide without "), "{said}");
}

#[test]
fn only_limits_of_rules_can_change() {
    let sandbox = Sandbox::new();
    sandbox.run(&[]);
    let refused =
        |arguments: &[&str]| -> Ran { sandbox.tokenmill(&[&["retune", "runs/mini"], arguments].concat()).code(USAGE) };
    for (arguments, message) in [
        (&["--set", "step.filter.gopher_quality.stop_words=[\"a\"]"][..], "changes what is measured"),
        (&["--set", "step.extract.main_text.max_bytes=1000"], "changes what is measured"),
        (&["--set", "step.filter.gopher_quality.when.lang=[\"en\"]"], "sees other documents"),
        (&["--set", "step.filter.gopher_quality.min_word=3"], "`min_words`"),
        (&["--set", "run.seed=3"], "is no limit of a step"),
        (&[], "no limit to change"),
    ] {
        let ran = refused(arguments);
        assert!(ran.stderr.contains(message) && ran.stdout.is_empty(), "{arguments:?}: {}", ran.stderr);
    }
    sandbox.edit("[[step]]\nuse = \"line.policy_notices\"\n\n", "");
    let ran = refused(&["--recipe", "recipe.toml"]);
    assert!(ran.stderr.contains("other steps") && ran.stderr.contains("tokenmill run"), "{}", ran.stderr);
}

#[test]
fn a_verdict_that_is_not_reproduced_is_a_problem() {
    let sandbox = Sandbox::new();
    sandbox.run(&[]);
    let resolved = sandbox.run_folder().join("config.resolved.toml");
    let text = std::fs::read_to_string(&resolved).unwrap();
    assert!(text.contains("min_words = 50.0"));
    let mut permissions = std::fs::metadata(&resolved).unwrap().permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "the file is the test's own")]
    permissions.set_readonly(false);
    std::fs::set_permissions(&resolved, permissions).unwrap();
    std::fs::write(&resolved, text.replace("min_words = 50.0", "min_words = 60.0")).unwrap();
    let ran = sandbox.tokenmill(&["retune", "runs/mini", "--verify"]).code(FOUND_PROBLEMS);
    assert!(ran.stdout.starts_with("PROBLEM: of "), "{}", ran.stdout);
    let said = sandbox.tokenmill(&["retune", "runs/mini", "--set", "step.filter.length.min_chars=100"]).ok();
    assert!(said.contains("PROBLEM: of "), "{said}");
}

#[test]
fn languages_are_told_apart_and_threads_make_no_difference() {
    let sandbox = Sandbox::of(LANGUAGES);
    sandbox.run(&[]);
    let arguments = ["--set", "step.filter.length.lang.en.min_chars=2000", "--threads"];
    let answer = retune(&sandbox, &[&arguments[..], &["1"]].concat());
    assert_eq!(answer, retune(&sandbox, &[&arguments[..], &["4"]].concat()));
    let languages = answer["languages"].as_object().unwrap();
    for (lang, group) in languages {
        let goes = group["go"]["documents"].as_u64().unwrap() > 0;
        assert_eq!(goes, lang == "en", "{lang}: {group}");
    }
    let sum: u64 = languages.values().map(|group| group["seen"]["documents"].as_u64().unwrap()).sum();
    assert_eq!(sum, documents(&answer, "seen"));
    let few = ["retune", "runs/mini", "--json", "--samples", "2", "--set", "step.filter.length.lang.en.min_chars=2000"];
    let few: Value = serde_json::from_str(&sandbox.tokenmill(&few).ok()).unwrap();
    let all = answer["samples"]["go"].as_array().unwrap();
    assert_eq!(few["samples"]["go"].as_array().unwrap()[..], all[..2]);
}
