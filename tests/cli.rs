//! The command line keeps its promises: exit codes, messages with hints, and data on standard output only.

use support::{Sandbox, tokenmill};

const DONE: i32 = 0;
const FOUND_PROBLEMS: i32 = 1;
const USAGE: i32 = 2;

#[test]
fn every_verb_explains_itself() {
    let help = tokenmill(&["--help"]).ok();
    for verb in [
        "run",
        "plan",
        "check",
        "task",
        "submit",
        "status",
        "audit",
        "inspect",
        "retune",
        "calibrate",
        "annotate",
        "apply",
        "extract",
        "tokenize",
        "reference",
        "quantiles",
        "train",
        "mix",
        "gc",
        "assets",
    ] {
        assert!(help.contains(&format!("\n  {verb}")), "`{verb}` is not in the help:\n{help}");
        let own = tokenmill(&[verb, "--help"]).ok();
        assert!(own.contains("Usage: tokenmill"), "{own}");
    }
}

#[test]
fn a_misspelt_stage_is_named_with_its_place_and_the_nearest_name() {
    let sandbox = Sandbox::new();
    sandbox.edit("use = \"filter.length\"", "use = \"filter.lenght\"");
    let ran = sandbox.tokenmill(&["check", "recipe.toml"]).code(USAGE);
    assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    assert!(ran.stderr.contains("recipe.toml:"), "no place in: {}", ran.stderr);
    assert!(ran.stderr.contains("`filter.length`"), "no suggestion in: {}", ran.stderr);
}

#[test]
fn an_unknown_key_is_an_error_with_the_nearest_name() {
    let sandbox = Sandbox::new();
    sandbox.edit("min_chars = 200", "min_char = 200");
    let ran = sandbox.tokenmill(&["check", "recipe.toml"]).code(USAGE);
    assert!(ran.stderr.contains("min_char") && ran.stderr.contains("`min_chars`"), "{}", ran.stderr);
}

#[test]
fn a_sound_recipe_is_checked_planned_run_and_audited() {
    let sandbox = Sandbox::new();
    sandbox.tokenmill(&["check", "recipe.toml"]).code(DONE);
    let plan = sandbox.tokenmill(&["plan", "recipe.toml"]).ok();
    for stage in ["url.canonical", "extract.main_text", "line.policy_notices", "filter.length", "filter.gopher_quality"]
    {
        assert!(plan.contains(stage), "`{stage}` is not in the plan:\n{plan}");
    }
    assert!(!sandbox.run_folder().exists(), "planning has made files");
    sandbox.run(&[]);
    sandbox.tokenmill(&["status", "runs/mini"]).code(DONE);
    let audit = sandbox.tokenmill(&["audit", "runs/mini"]).ok();
    assert!(audit.contains("in = kept + dropped"), "{audit}");
}

#[test]
fn an_object_that_was_changed_is_found_by_the_audit() {
    let sandbox = Sandbox::new();
    sandbox.run(&[]);
    let ledger = sandbox.made().into_keys().find(|path| path.contains("/ledger/")).expect("a ledger");
    let path = sandbox.run_folder().join(ledger);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "the file is the test's own")]
    permissions.set_readonly(false);
    std::fs::set_permissions(&path, permissions).unwrap();
    std::fs::write(&path, bytes).unwrap();
    let ran = sandbox.tokenmill(&["audit", "runs/mini"]).code(FOUND_PROBLEMS);
    assert!(ran.stdout.contains("problem: "), "{}", ran.stdout);
}

#[test]
fn a_missing_input_is_named() {
    let sandbox = Sandbox::new();
    sandbox.edit("fixtures/mini-crawl/part-*", "nowhere/*.warc.gz");
    let ran = sandbox.tokenmill(&["run", "recipe.toml"]);
    assert_eq!(ran.code, Some(USAGE), "{}", ran.stderr);
    assert!(ran.stderr.contains("nowhere/*.warc.gz"), "{}", ran.stderr);
}

#[test]
fn a_folder_that_is_no_run_is_refused_with_a_hint() {
    let ran = tokenmill(&["status", "tests"]).code(USAGE);
    assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains("\nhint: "), "{}", ran.stderr);
}
