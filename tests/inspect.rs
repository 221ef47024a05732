//! Looking at a run: the examples of docs/inspect.md, and whether what is shown is what the run did.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use support::{Sandbox, examples, with_outputs};

const PAGE: &str = "docs/inspect.md";

fn run() -> Sandbox {
    let sandbox = Sandbox::of("inspect.toml");
    sandbox.run(&[]);
    sandbox
}

fn inspect(sandbox: &Sandbox, arguments: &[&str]) -> String {
    sandbox.tokenmill(&[&["inspect"], arguments].concat()).ok()
}

fn json(sandbox: &Sandbox, arguments: &[&str]) -> Vec<Value> {
    let said = inspect(sandbox, &[arguments, &["--json"]].concat());
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("a number and not {value}"))
}

/// All documents of a run, as `export` gives them.
fn documents(sandbox: &Sandbox, arguments: &[&str]) -> Vec<Value> {
    let said = inspect(sandbox, &[&["export", "runs/mini", "-o", "all.jsonl"], arguments].concat());
    let text = std::fs::read_to_string(sandbox.path().join("all.jsonl")).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(said.starts_with(&format!("{} documents", rows.len())), "{said}");
    rows
}

/// A line without what changes with every version of a stage: fingerprints of phases, and names of shards.
fn steady(line: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for letter in line.chars().chain(['\n']) {
        if letter.is_ascii_hexdigit() {
            word.push(letter);
            continue;
        }
        let is_name = (word.len() == 12 && out.ends_with('-')) || (word.len() == 32 && out.ends_with("shards/"));
        out += if is_name { "…" } else { &word };
        word.clear();
        out.push(letter);
    }
    out.trim_end().to_owned()
}

#[test]
fn examples_say_what_they_said() {
    let sandbox = run();
    sandbox.run(&["--set", "run.name=stricter", "--set", "step.filter.length.min_chars=1000"]);
    let path = support::root().join(PAGE);
    let page = std::fs::read_to_string(&path).unwrap();
    let examples = examples(&page);
    assert!(examples.len() >= 15, "{}", examples.len());
    let mut outputs = Vec::new();
    for example in &examples {
        assert_eq!(example.words[0], "tokenmill");
        let words: Vec<&str> = example.words[1..].iter().map(String::as_str).collect();
        let ran = sandbox.tokenmill(&words);
        assert!(ran.code.is_some_and(|code| code < 2), "{words:?}: {}", ran.stderr);
        // A page has no blanks at the ends of lines.
        let prints: String = ran.stdout.lines().map(|line| format!("{}\n", steady(line.trim_end()))).collect();
        if std::env::var_os("TOKENMILL_BLESS").is_none() {
            assert_eq!(prints, example.prints, "{words:?}");
        }
        outputs.push((example.lines.0, example.lines.1, prints));
    }
    if std::env::var_os("TOKENMILL_BLESS").is_some() {
        std::fs::write(&path, with_outputs(&page, &outputs)).unwrap();
    }
}

#[test]
fn every_verb_is_in_the_page_and_has_an_example_in_its_help() {
    let help = support::tokenmill(&["inspect", "--help"]).ok();
    let page = std::fs::read_to_string(support::root().join(PAGE)).unwrap();
    let verbs: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        // Longer descriptions go on in further lines.
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .collect();
    assert!(verbs.len() >= 12, "{verbs:?}");
    for verb in verbs {
        let own = support::tokenmill(&["inspect", verb, "--help"]).ok();
        assert!(own.contains("Example"), "`inspect {verb} --help` has no example");
        // Two are about scores and labels, which have pages of their own.
        if !["scores", "labels"].contains(&verb) {
            assert!(page.contains(&format!("\n## {verb}\n")), "`{verb}` is not in {PAGE}");
            assert!(page.contains(&format!("$ tokenmill inspect {verb} ")), "`{verb}` has no example in {PAGE}");
        }
    }
}

#[test]
fn an_export_has_every_document_once_with_its_last_verdict() {
    let sandbox = run();
    let all = documents(&sandbox, &[]);
    let ids: BTreeSet<&str> = all.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), all.len());
    let funnel: Vec<Value> = serde_json::from_str(&inspect(&sandbox, &["funnel", "runs/mini", "--json"])).unwrap();
    let maps: Vec<&Value> = funnel.iter().filter(|phase| phase["tally"]["steps"].is_array()).collect();
    assert!(maps.len() >= 2, "the recipe has several map phases");
    assert_eq!(all.len() as u64, number(&maps[0]["tally"]["n_in"]));
    let kept: Vec<&Value> = all.iter().filter(|row| row["kept"] == true).collect();
    assert_eq!(kept.len() as u64, number(&maps[maps.len() - 1]["tally"]["n_out"]));
    // What each step has removed is what its tally says.
    let mut removed = BTreeMap::<&str, u64>::new();
    for row in all.iter().filter(|row| row["kept"] == false) {
        *removed.entry(row["step"].as_str().unwrap()).or_default() += 1;
    }
    let mut told = BTreeMap::<&str, u64>::new();
    for step in maps.iter().flat_map(|phase| phase["tally"]["steps"].as_array().unwrap()) {
        *told.entry(step["name"].as_str().unwrap()).or_default() += number(&step["n_removed"]);
    }
    told.retain(|_, n| *n > 0);
    assert_eq!(removed, told);
    // Metrics of a late phase are there for those that reached it, and for nobody else.
    let late = "filter.length.n_chars";
    assert!(kept.iter().all(|row| row[late].is_number()));
    assert!(all.iter().filter(|row| row["step"] == "extract.main_text").all(|row| row[late].is_null()));
}

#[test]
fn filters_of_an_export_are_those_of_a_query() {
    let sandbox = run();
    let all = documents(&sandbox, &[]);
    let of = |arguments: &[&str], is: &dyn Fn(&Value) -> bool| {
        let expected = all.iter().filter(|row| is(row)).count();
        assert!(expected > 0 && expected < all.len(), "{arguments:?} is no filter here: {expected}");
        let found = documents(&sandbox, arguments);
        assert_eq!(found.len(), expected, "{arguments:?}");
        assert!(found.iter().all(is), "{arguments:?}");
    };
    of(&["--kept"], &|row| row["kept"] == true);
    of(&["--gone", "--lang", "de", "--lang", "fr"], &|row| {
        row["kept"] == false && (row["lang"] == "de" || row["lang"] == "fr")
    });
    of(&["--domain", "valley-almanac.example"], &|row| {
        let host = row["host"].as_str().unwrap();
        host == "valley-almanac.example" || host.ends_with(".valley-almanac.example")
    });
    of(&["--source", "part-00001"], &|row| row["part"].as_str().unwrap().contains("part-00001"));
    of(&["--step", "filter.length"], &|row| row["step"] == "filter.length");
    of(&["--where", "filter.length.n_chars>=1000"], &|row| {
        row["filter.length.n_chars"].as_f64().is_some_and(|chars| chars >= 1_000.0)
    });
    // A share is drawn by hashes, so a smaller one is a part of a larger one.
    let ids = |share: &str| -> BTreeSet<String> {
        let rows = documents(&sandbox, &["--share", share]);
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let (few, many) = (ids("0.2"), ids("0.5"));
    assert!(few.len() < many.len() && few.is_subset(&many) && many.len() < all.len());
}

#[test]
fn texts_of_an_export_are_those_that_the_run_has_stored() {
    let sandbox = run();
    let all = documents(&sandbox, &["--text"]);
    for row in &all {
        let text = row["text"].as_str();
        if row["kept"] == true {
            assert_eq!(text.map(str::len), row["bytes"].as_u64().map(|bytes| bytes as usize), "{row}");
        }
        if row["step"] == "filter.length" {
            let chars = row["filter.length.n_chars"].as_f64().unwrap() as usize;
            assert_eq!(text.map(|text| text.chars().count()), Some(chars), "{row}");
        }
    }
    let row = all.iter().find(|row| row["kept"] == true).unwrap();
    let shown = inspect(&sandbox, &["doc", "runs/mini", row["id"].as_str().unwrap()]);
    assert!(
        shown.contains(row["url"].as_str().unwrap()) && shown.contains(row["text"].as_str().unwrap().trim()),
        "{shown}"
    );
}

#[test]
fn groups_add_up_to_the_funnel() {
    let sandbox = run();
    let all = documents(&sandbox, &[]);
    for by in ["language", "source", "domain"] {
        let groups = json(&sandbox, &["funnel", "runs/mini", "--by", by, "-n", "1000"]);
        let sum = |name: &str| groups.iter().map(|group| number(&group[name])).sum::<u64>();
        assert_eq!(sum("documents"), all.len() as u64, "{by}");
        let kept: Vec<&Value> = all.iter().filter(|row| row["kept"] == true).collect();
        assert_eq!(sum("kept"), kept.len() as u64, "{by}");
        assert_eq!(sum("bytes_kept"), kept.iter().map(|row| number(&row["bytes"])).sum::<u64>(), "{by}");
        let funnel: Vec<Value> = serde_json::from_str(&inspect(&sandbox, &["funnel", "runs/mini", "--json"])).unwrap();
        let tokens = funnel.iter().find_map(|phase| phase["tally"]["n_tokens"].as_u64()).unwrap();
        assert_eq!(sum("tokens"), tokens, "{by}");
    }
}

#[test]
fn the_nearest_to_a_limit_come_first() {
    let sandbox = run();
    let near = json(&sandbox, &["removed", "runs/mini", "--near-limit", "-n", "1000"]);
    let distances: Vec<f64> = near.iter().map(|row| row["distance"].as_f64().unwrap()).collect();
    assert!(distances.len() > 3 && distances.is_sorted(), "{distances:?}");
    let all = documents(&sandbox, &["--gone"]);
    assert_eq!(near.len(), all.iter().filter(|row| row["limit"].is_number()).count());
    let first = json(&sandbox, &["removed", "runs/mini", "--near-limit", "-n", "2"]);
    assert_eq!(first[..], near[..2]);
}

#[test]
fn a_histogram_counts_every_number_and_draws_the_limit() {
    let sandbox = run();
    let metric = "filter.length.n_chars";
    let all = documents(&sandbox, &[]);
    let numbers: Vec<f64> = all.iter().filter_map(|row| row[metric].as_f64()).collect();
    for arguments in [&["--bins", "7"][..], &["--bins", "7", "--log-scale"]] {
        let bins = json(&sandbox, &[&["hist", "runs/mini", metric], arguments].concat());
        assert_eq!(bins.len(), 7);
        assert_eq!(bins.iter().map(|bin| number(&bin["documents"])).sum::<u64>(), numbers.len() as u64);
    }
    let drawn = inspect(&sandbox, &["hist", "runs/mini", metric]);
    assert!(drawn.contains("at least 200 is kept"), "{drawn}");
    let labels = json(&sandbox, &["hist", "runs/mini", "lang.id.lang"]);
    assert!(labels.iter().map(|label| number(&label["documents"])).sum::<u64>() <= all.len() as u64);
}

#[test]
fn what_is_asked_for_wrongly_is_refused_with_a_hint() {
    let sandbox = run();
    let misspelt = sandbox.tokenmill(&["inspect", "hist", "runs/mini", "filter.length.n_char"]).code(2);
    assert!(misspelt.stderr.contains("did you mean `filter.length.n_chars`?"), "{}", misspelt.stderr);
    for (arguments, says) in [
        (&["hist", "runs/mini", "filter.length.n_chars", "--where", "n_chars"][..], "a condition is a metric"),
        (&["grep", "runs/mini", "("], "is no pattern"),
        (&["export", "runs/mini", "-o", "x.csv"], "`.parquet` or `.jsonl`"),
        (&["funnel", "runs/mini", "--lang", "en"], "--by language"),
        (&["sample", "nowhere"], "no run directory"),
    ] {
        let ran = sandbox.tokenmill(&[&["inspect"], arguments].concat()).code(2);
        assert!(ran.stderr.contains(says), "{arguments:?}: {}", ran.stderr);
    }
    for arguments in [&["grep", "runs/mini", "nothing like this"][..], &["sample", "runs/mini", "--lang", "xx"]] {
        sandbox.tokenmill(&[&["inspect"], arguments].concat()).code(1);
    }
}
