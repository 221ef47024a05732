//! Scores next to each other: quantiles of a finished run, ranks by them, and shares of classes.

use serde_json::{Value, json};
use support::{root, tokenmill_in};
use tempfile::TempDir;

const USAGE: i32 = 2;

/// A folder with 200 documents of 10 to 59 words, of which every fifth is French, and a finished run that has counted them.
fn counted() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let line = |at: usize| {
        let lang = if at.is_multiple_of(5) { "fr" } else { "en" };
        json!({"id": format!("d{at}"), "lang": lang, "text": "word ".repeat(10 + at % 50)}).to_string() + "\n"
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
    let idle = ["apply", "in.jsonl", "-o", "-", "--use", "filter.ensemble"];
    let ran = tokenmill_in(folder.path(), &idle).code(USAGE);
    assert!(ran.stderr.contains("asks for nothing"), "{}", ran.stderr);
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
