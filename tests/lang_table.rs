//! Limits by language that stand in a file of their own.

use support::{Sandbox, tokenmill};

const USAGE: i32 = 2;

const TABLE: &str = "\
[deu_Latn]
labels = [\"en\"]

[deu_Latn.\"filter.length\"]
min_chars = 900

[fr.\"filter.length\"]
min_chars = 700

[fr.\"filter.gopher_quality\"]
max_words = 2000
";

/// The recipe with limits by language, whose step `filter.length` takes the table.
fn sandbox(table: &str) -> Sandbox {
    let sandbox = Sandbox::of("languages.toml");
    std::fs::write(sandbox.path().join("table.toml"), table).unwrap();
    sandbox.edit("min_chars = 300\n", "min_chars = 300\nlang_table = \"table.toml\"\n");
    sandbox
}

#[test]
fn a_table_is_resolved_into_limits_by_language() {
    let sandbox = sandbox(TABLE);
    sandbox.run(&[]);
    let resolved = std::fs::read_to_string(sandbox.run_folder().join("config.resolved.toml")).unwrap();
    for (lang, limit) in [("deu_Latn", "900.0"), ("en", "500.0"), ("fr", "700.0")] {
        assert!(resolved.contains(&format!("[step.lang.{lang}]\nmin_chars = {limit}\n")), "{lang}: {resolved}");
    }
    assert!(!resolved.contains("lang_table") && !resolved.contains("max_words = 2000"), "{resolved}");
    // What is written out is the same recipe, whose blocks win over the table: nothing is left to do.
    let again = sandbox.tokenmill(&["run", "runs/mini/config.resolved.toml"]).ok();
    assert!(again.contains("\n0 of "), "{again}");
    let plan = sandbox.tokenmill(&["plan", "recipe.toml"]).ok();
    assert!(plan.contains("min_chars = 900.0 for deu_Latn") && plan.contains("min_chars = 500.0 for en"), "{plan}");
    sandbox.tokenmill(&["retune", "runs/mini", "--verify"]).ok();
}

/// A limit that a language has of its own is its own even where it says the same as the step's.
#[test]
fn a_limit_of_a_language_is_not_changed_with_that_of_the_step() {
    let sandbox = sandbox("[fr.\"filter.length\"]\nmin_chars = 300\n");
    sandbox.run(&[]);
    let set = ["--set", "step.filter.length.min_chars=100000"];
    let planned = |recipe: &str| sandbox.tokenmill(&[&["plan", recipe][..], &set].concat()).ok();
    for recipe in ["recipe.toml", "runs/mini/config.resolved.toml"] {
        let plan = planned(recipe);
        assert!(plan.contains("min_chars = 100000") && plan.contains("min_chars = 300.0 for fr"), "{recipe}: {plan}");
    }
}

#[test]
fn a_language_is_judged_by_its_own_score() {
    let sandbox = Sandbox::of("languages.toml");
    let languages = |sandbox: &Sandbox| {
        let head = sandbox.tokenmill(&["inspect", "head", "runs/mini", "-n", "1000"]).ok();
        let languages = head.lines().filter_map(|line| line.strip_prefix("lang: "));
        languages.map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    sandbox.run(&[]);
    assert!(languages(&sandbox).contains("en") && languages(&sandbox).contains("fr"));
    sandbox.run(&["--set", "step.lang.id.lang.fr.min_score=2"]);
    assert!(languages(&sandbox).contains("en") && !languages(&sandbox).contains("fr"));
}

#[test]
fn labels_of_any_model_work_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let line = |id: &str, lang: &str| format!("{{\"id\":\"{id}\",\"lang\":\"{lang}\",\"text\":\"Ein Satz.\"}}\n");
    let lines = [line("a", "deu_Latn"), line("b", "fra_Latn"), line("c", "deu_Latn"), line("d", "de")];
    std::fs::write(folder.path().join("in.jsonl"), lines.concat()).unwrap();
    let recipe = "[run]\nname = \"r\"\n[source]\nkind = \"jsonl\"\npaths = [\"in.jsonl\"]\n\
        [[step]]\nuse = \"filter.length\"\nmin_chars = 1\nwhen = { lang = [\"deu_Latn\", \"de\"] }\n\
        [step.lang.deu_Latn]\nmin_chars = 5\n";
    std::fs::write(folder.path().join("r.toml"), recipe).unwrap();
    let run = |set: &str| {
        support::tokenmill_in(folder.path(), &["run", "r.toml", "--set", set]).ok();
        support::tokenmill_in(folder.path(), &["retune", "runs/r", "--verify"]).ok();
        let head = support::tokenmill_in(folder.path(), &["inspect", "head", "runs/r"]).ok();
        head.lines().filter_map(|line| line.strip_prefix("record_id: ")).collect::<String>()
    };
    assert_eq!(run("step.filter.length.lang.deu_Latn.min_chars=10"), "bd");
    assert_eq!(run("step.filter.length.lang.fra_Latn.min_chars=10"), "abcd");
    assert_eq!(run("step.filter.length.min_chars=10"), "abc");
}

#[test]
fn mistakes_in_a_table_are_shown_in_the_table() {
    for (from, to, place, message) in [
        ("min_chars = 900", "min_char = 900", "table.toml:5:1", "`min_chars`"),
        ("max_words = 2000", "max_words = true", "table.toml:11:13", "a number or \"off\""),
        ("filter.gopher_quality", "filter.gopher_qualities", "table.toml:10:", "`filter.gopher_quality`"),
    ] {
        let sandbox = sandbox(&TABLE.replace(from, to));
        let ran = sandbox.tokenmill(&["check", "recipe.toml"]).code(USAGE);
        assert!(ran.stderr.contains(place) && ran.stderr.contains(message), "{}", ran.stderr);
    }
    let sandbox = sandbox(TABLE);
    sandbox.edit("lang_table = \"table.toml\"", "lang_table = \"tables.toml\"");
    let ran = sandbox.tokenmill(&["check", "recipe.toml"]).code(USAGE);
    assert!(
        ran.stderr.contains("`tables.toml` does not exist") && ran.stderr.contains("recipe.toml:28:"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_table_of_fineweb_2_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = folder.path().join("r.toml");
    let steps = ["lang.id", "filter.gopher_repetition", "filter.gopher_quality"];
    let steps = steps.map(|name| format!("[[step]]\nuse = \"{name}\"\nlang_table = \"configs/lang/fineweb2.toml\"\n"));
    let head = "[run]\nname = \"r\"\n[source]\nkind = \"jsonl\"\npaths = [\"in.jsonl\"]\n";
    std::fs::write(&recipe, head.to_owned() + &steps.concat()).unwrap();
    // Stages that need no asset are built, so every list of words and every limit is looked at.
    let said = tokenmill(&["check", recipe.to_str().unwrap()]).ok();
    assert!(said.contains("is sound: 3 steps"), "{said}");
    let plan = tokenmill(&["check", recipe.to_str().unwrap(), "--set", "step.2.lang.deu_Latn.min=1"]).code(USAGE);
    assert!(plan.stderr.contains("unknown key `min`"), "{}", plan.stderr);
}
