//! Limits that are proposed from a run: a language like itself keeps what it has, and tables can be taken as they are.

use std::collections::BTreeMap;

use support::Sandbox;

const USAGE: i32 = 2;

/// A run of the recipe with limits by language.
fn run() -> Sandbox {
    let sandbox = Sandbox::of("languages.toml");
    sandbox.run(&[]);
    sandbox
}

/// The limits of a table, by stage and parameter.
fn limits(table: &str) -> BTreeMap<(String, String), String> {
    let mut stage = "";
    let mut limits = BTreeMap::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            stage = name.split('"').nth(1).unwrap();
        } else if let Some((param, value)) = line.split_once(" = ") {
            limits.insert((stage.to_owned(), param.to_owned()), value.to_owned());
        }
    }
    limits
}

#[test]
fn a_language_like_itself_keeps_its_limits() {
    let sandbox = run();
    for (lang, own) in
        [("en", ("lang.id", "min_score", "0.5")), ("fr", ("filter.gopher_quality", "max_mean_word_length", "6"))]
    {
        let table = sandbox.tokenmill(&["calibrate", "runs/mini", "--lang", lang, "--like", lang]).ok();
        let found = limits(&table);
        assert!(found.len() > 10, "{table}");
        let resolved = std::fs::read_to_string(sandbox.run_folder().join("config.resolved.toml")).unwrap();
        let resolved: toml::Table = resolved.parse().unwrap();
        for ((stage, param), value) in &found {
            let has = |step: &&toml::Value| step.get("use").and_then(toml::Value::as_str) == Some(stage);
            let step = resolved["step"].as_array().unwrap().iter().find(has).unwrap();
            let of_lang = step.get("lang").and_then(|all| all.get(lang)?.get(param));
            let limit = of_lang.unwrap_or(&step[param]).as_float().unwrap();
            assert_eq!(value.parse(), Ok(limit), "{lang}: {stage}.{param}");
        }
        let (stage, param, value) = own;
        assert_eq!(found[&(stage.to_owned(), param.to_owned())], value, "{table}");
        let another_run = ["calibrate", "runs/mini", "--lang", lang, "--like", lang, "--reference-run", "runs/mini"];
        assert_eq!(limits(&sandbox.tokenmill(&another_run).ok()), found);
    }
}

#[test]
fn a_table_says_why_and_is_accepted() {
    let sandbox = run();
    let arguments = ["calibrate", "runs/mini", "--lang", "fr", "--like", "en", "-o", "fr.toml", "--threads"];
    let said = sandbox.tokenmill(&[&arguments[..], &["1"]].concat()).ok();
    let table = std::fs::read_to_string(sandbox.path().join("fr.toml")).unwrap();
    assert!(said.contains("filter.gopher_quality.min_words") && said.contains("WARNING: only "), "{said}");
    for part in ["# too_few_words: n_words at least\n# en: ", " documents, takes ", " % at 50", "# fr: p1 ", "  p99 "] {
        assert!(table.contains(part), "`{part}` is not in {table}");
    }
    assert!(table.contains("is left alone: "), "{table}");
    sandbox.tokenmill(&[&arguments[..], &["3"]].concat()).ok();
    assert_eq!(std::fs::read_to_string(sandbox.path().join("fr.toml")).unwrap(), table);
    // Every step takes its part of it, and the run with it is one that can be judged again.
    for step in ["extract.main_text", "lang.id", "filter.length", "filter.gopher_quality", "filter.gopher_repetition"] {
        if table.contains(&format!("[fr.\"{step}\"]")) {
            sandbox.edit(&format!("use = \"{step}\"\n"), &format!("use = \"{step}\"\nlang_table = \"fr.toml\"\n"));
        }
    }
    sandbox.tokenmill(&["check", "recipe.toml"]).ok();
    let answer = sandbox.tokenmill(&["retune", "runs/mini", "--recipe", "recipe.toml"]).ok();
    assert!(answer.contains("filter.gopher_quality.min_words for fr: 50 -> "), "{answer}");
}

#[test]
fn what_cannot_be_proposed_is_said() {
    let sandbox = run();
    for (arguments, message) in [
        (&["--lang", "xx", "--like", "en"][..], "nothing was measured of documents in `xx`"),
        (&["--lang", "fr"], "--like"),
        (&["--lang", "fr", "--like", "en", "--step", "filter.x"], "no step `filter.x` with limits"),
    ] {
        let ran = sandbox.tokenmill(&[&["calibrate", "runs/mini"], arguments].concat()).code(USAGE);
        assert!(ran.stderr.contains(message) && ran.stdout.is_empty(), "{arguments:?}: {}", ran.stderr);
    }
    let one = ["calibrate", "runs/mini", "--lang", "fr", "--like", "en", "--step", "filter.length"];
    let table = sandbox.tokenmill(&one).ok();
    assert!(limits(&table).keys().all(|(stage, _)| stage == "filter.length"), "{table}");
}
