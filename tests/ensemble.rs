//! Scores next to each other: quantiles of a finished run, ranks by them, and shares of classes.

use serde_json::{Value, json};
use support::{root, tokenmill_in};
use tempfile::TempDir;

const USAGE: i32 = 2;

/// Words of two to twelve letters, as many as the number says.
fn text(at: usize) -> String {
    format!("{} ", "w".repeat(2 + at * 7 % 11)).repeat(10 + at % 50)
}

/// A folder with 200 documents of 10 to 59 words, of which every fifth is French, and a finished run that has counted them.
fn counted() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let line = |at: usize| {
        let lang = if at.is_multiple_of(5) { "fr" } else { "en" };
        json!({"id": format!("d{at}"), "lang": lang, "text": text(at)}).to_string() + "\n"
    };
    std::fs::write(folder.path().join("in.jsonl"), (0..200).map(line).collect::<String>()).unwrap();
    let recipe = "[run]\nname = \"sample\"\n[source]\nkind = \"jsonl\"\npaths = [\"in.jsonl\"]\n\
                  [[step]]\nuse = \"filter.length\"\nmin_chars = \"off\"\nmax_words = 50\n";
    std::fs::write(folder.path().join("r.toml"), recipe).unwrap();
    tokenmill_in(folder.path(), &["run", "r.toml"]).ok();
    folder
}

fn applied(folder: &TempDir, arguments: &[&str]) -> Vec<Value> {
    let said = tokenmill_in(folder.path(), &[&["apply", "in.jsonl", "-o", "-"], arguments].concat()).ok();
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const RANK: [&str; 8] = [
    "--use",
    "filter.length,filter.ensemble",
    "--set",
    "filter.length.min_chars=off",
    "--set",
    "filter.ensemble.quantiles=q.json",
    "--set",
    "filter.ensemble.scores=[\"filter.length.n_words\"]",
];

#[test]
fn documents_are_ranked_among_those_of_a_run() {
    let folder = counted();
    let asked = ["quantiles", "runs/sample", "--score", "filter.length.n_words", "-o", "q.json", "--threads"];
    let said = tokenmill_in(folder.path(), &[&asked[..], &["1"]].concat()).ok();
    assert!(said.contains("filter.length.n_words") && said.contains("200"), "{said}");
    assert!(said.contains("WARNING: 200 documents are few"), "{said}");
    let table = std::fs::read(folder.path().join("q.json")).unwrap();
    tokenmill_in(folder.path(), &[&asked[..], &["4"]].concat()).ok();
    assert_eq!(std::fs::read(folder.path().join("q.json")).unwrap(), table, "by threads");

    let lines = applied(&folder, &RANK);
    assert_eq!(lines.len(), 200);
    for (at, line) in lines.iter().enumerate() {
        // Four documents of each length, those included that the run has removed.
        let expected = (at % 50) as f64 / 50.0 + 0.01;
        let said = &line["steps"]["filter.ensemble"]["metrics"];
        let rank = said["rank"].as_f64().unwrap();
        assert!((rank - expected).abs() < 0.002, "{line}");
        assert_eq!(said["bucket"].as_f64(), Some((rank * 20.0).floor()), "{line}");
    }
}

#[test]
fn a_language_is_ranked_by_itself() {
    let folder = counted();
    let asked = ["quantiles", "runs/sample", "--score", "filter.length.n_words", "--lang", "fr", "-o", "q.json"];
    tokenmill_in(folder.path(), &asked).ok();
    for (at, line) in applied(&folder, &RANK).iter().enumerate() {
        let said = &line["steps"]["filter.ensemble"]["metrics"]["rank"];
        let rank = at.is_multiple_of(5).then_some((at % 50 / 5) as f64 / 10.0 + 0.05);
        assert_eq!(said.is_null(), rank.is_none(), "{line}");
        assert!(rank.is_none_or(|rank| (said.as_f64().unwrap() - rank).abs() < 0.002), "{line}");
    }
}

#[test]
fn a_score_that_no_step_measures_is_refused_before_anything_runs() {
    let folder = counted();
    tokenmill_in(folder.path(), &["quantiles", "runs/sample", "--score", "filter.length.n_words", "-o", "q.json"]).ok();
    let alone = [&["apply", "in.jsonl", "-o", "-", "--use", "filter.ensemble"], &RANK[4..]].concat();
    let ran = tokenmill_in(folder.path(), &alone).code(USAGE);
    assert!(ran.stderr.contains("`scores`") && ran.stderr.contains("filter.length.n_words"), "{}", ran.stderr);
    let split = "[run]\nname = \"split\"\n[source]\nkind = \"jsonl\"\npaths = [\"in.jsonl\"]\n[[step]]\nuse = \"filter.length\"\n\
                 [[step]]\nuse = \"dedup.exact\"\n[[step]]\nuse = \"filter.ensemble\"\nscores = [\"filter.length.n_words\"]\n\
                 quantiles = \"q.json\"\n";
    std::fs::write(folder.path().join("split.toml"), split).unwrap();
    for verb in ["check", "run"] {
        let ran = tokenmill_in(folder.path(), &[verb, "split.toml"]).code(USAGE);
        assert!(ran.stderr.contains("`filter.length.n_words`"), "{}", ran.stderr);
    }
    assert!(!folder.path().join("runs/split").exists(), "nothing has run");
    let idle = ["apply", "in.jsonl", "-o", "-", "--use", "filter.ensemble"];
    let ran = tokenmill_in(folder.path(), &idle).code(USAGE);
    assert!(ran.stderr.contains("asks for nothing"), "{}", ran.stderr);
}

/// Ranks by counting, from 0 to 1.
fn ranks(values: &[f64]) -> Vec<f64> {
    let n = |with: &dyn Fn(&&f64) -> bool| values.iter().filter(with).count() as f64;
    let rank = |value: &f64| n(&|other| *other < value) + n(&|other| *other == value) / 2.0;
    values.iter().map(|value| rank(value) / values.len() as f64).collect()
}

#[test]
fn two_scores_of_a_run_are_compared() {
    let folder = counted();
    let asked = ["inspect", "scores", "runs/sample", "filter.length.n_words", "filter.length.n_chars"];
    let said = tokenmill_in(folder.path(), &[&asked[..], &["--json", "--samples", "3"]].concat()).ok();
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["documents"], &said["one_alone"]), (&json!(200), &json!([0, 0])));
    let of = |length: fn(&str) -> usize| ranks(&(0..200).map(|at| length(&text(at)) as f64).collect::<Vec<_>>());
    let (words, chars) = (of(|text| text.split(' ').count()), of(str::len));
    let sum = |f: &dyn Fn(f64, f64) -> f64| words.iter().zip(&chars).map(|(a, b)| f(a - 0.5, b - 0.5)).sum::<f64>();
    let expected = sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt();
    let found = said["rank_correlation"].as_f64().unwrap();
    assert!((found - expected).abs() < 1e-9 && (0.3..0.95).contains(&found), "{found}, {expected}");

    // What the one likes most of all, and the other least: many short words; a few that go beyond the limit have no text.
    let apart = |at: &usize| words[*at] - chars[*at];
    let most = (0..200).max_by(|one, other| apart(one).total_cmp(&apart(other))).unwrap();
    let shown = &said["liked_by_first"][0];
    let difference = shown["ranks"][0].as_f64().unwrap() - shown["ranks"][1].as_f64().unwrap();
    assert!((difference - apart(&most)).abs() < 1e-9, "{shown}");
    for shown in said["liked_by_second"].as_array().unwrap() {
        assert!(shown["ranks"][0].as_f64() < shown["ranks"][1].as_f64() && shown["text"].is_string(), "{shown}");
    }
    let french = tokenmill_in(folder.path(), &[&asked[..], &["--lang", "fr"]].concat()).ok();
    assert!(
        french.contains("40 documents have both") && french.contains("liked by `filter.length.n_chars` alone"),
        "{french}"
    );
    let sample = tokenmill_in(folder.path(), &[&asked[..], &["--documents", "50", "--threads", "1"]].concat()).ok();
    assert!(sample.contains("50 of those with both are compared"), "{sample}");
    assert_eq!(tokenmill_in(folder.path(), &[&asked[..], &["--documents", "50"]].concat()).ok(), sample);
}

#[test]
fn what_a_run_has_not_measured_is_no_score() {
    let folder = counted();
    for (arguments, expected) in [
        (&["--score", "filter.length.n_wrds"][..], "did you mean `filter.length.n_words`?"),
        (&["--score", "filter.length.n_words", "--lang", "de"], "measured of no document in `de`"),
    ] {
        let ran = tokenmill_in(folder.path(), &[&["quantiles", "runs/sample"], arguments].concat()).code(USAGE);
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    }
}

#[test]
fn a_class_keeps_its_share() {
    let folder = counted();
    let model = root().join("classifiers/docs/assets/scorer.ftz");
    let model = format!("classify.fasttext.model={}", model.display());
    let steps = ["--use", "classify.fasttext,filter.class_share", "--set", &model];
    let of = |share: &str| {
        let shares = format!("filter.class_share.shares=[\"civil = {share}\", \"rude = {share}\"]");
        let own = ["--set", "filter.class_share.label=classify.fasttext.top_label", "--set", &shares];
        applied(&folder, &[&steps[..], &own].concat())
    };
    let kept = |lines: &[Value]| {
        let stays = |line: &&Value| line["kept"].as_bool().unwrap();
        lines.iter().filter(stays).map(|line| line["id"].to_string()).collect::<Vec<_>>()
    };
    let (all, half, tenth) = (of("1"), of("0.5"), of("0.1"));
    assert_eq!(kept(&all).len(), 200);
    // Five standard deviations.
    assert!(kept(&half).len().abs_diff(100) < 36 && kept(&tenth).len().abs_diff(20) < 22);
    assert!(kept(&tenth).iter().all(|id| kept(&half).contains(id)));
    let gone = half.iter().find(|line| line["kept"] == false).unwrap();
    assert_eq!(gone["reason"], "class_over_its_share", "{gone}");
}
