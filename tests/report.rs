//! The page about a run: all its parts, nothing that a crawl could run in it, and the same bytes for equal runs.

use serde_json::Value;
use support::{HOSTILE, HOSTILE_RUN, Mixes, Page, Sandbox, hostile_run};

const RUN: &str = "runs/mini";

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("no list `{key}` in {value}"))
}

#[test]
fn a_page_has_all_parts_and_its_figures_are_those_of_the_run() {
    let sandbox = Sandbox::of("dedup.toml");
    sandbox.run(&[]);
    let page = Page::of(&sandbox, RUN, &[]);
    let funnel: Value = serde_json::from_str(&sandbox.tokenmill(&["inspect", "funnel", RUN, "--json"]).ok()).unwrap();
    let tallies: Vec<&Value> = funnel
        .as_array()
        .unwrap()
        .iter()
        .map(|phase| &phase["tally"])
        .filter(|tally| tally["steps"].is_array())
        .collect();
    let phases = list(&page.data, "phases");
    assert_eq!(phases.len(), tallies.len());
    for (phase, tally) in phases.iter().zip(&tallies) {
        for (step, of_tally) in list(phase, "steps").iter().zip(list(tally, "steps")) {
            for key in ["name", "n_in", "n_removed", "bytes_in"] {
                assert_eq!(step[key], of_tally[key], "{key}");
            }
        }
    }
    let totals = &page.data["totals"];
    assert_eq!(totals["documents_in"], tallies[0]["n_in"]);
    assert_eq!(totals["documents_kept"], tallies[tallies.len() - 1]["n_out"]);
    for kind in ["language", "domain", "source"] {
        assert!(!list(&page.data["groups"][kind], "rows").is_empty(), "no rows of {kind}");
    }
    let sum = |table: &Value, key: &str| list(table, "rows").iter().map(|row| row[key].as_u64().unwrap()).sum::<u64>();
    let languages = &page.data["groups"]["language"];
    assert_eq!(sum(languages, "n_in"), totals["documents_in"]);
    assert_eq!(sum(languages, "n_kept"), totals["documents_kept"]);
    let clusters = list(&page.data, "clusters");
    assert!(clusters.iter().any(|one| one["step"] == "dedup.minhash" && one["n_clusters"].as_u64() > Some(0)));
    assert_eq!(page.data["tokens"]["n_documents"], totals["documents_kept"]);
    let lineage = &page.data["lineage"];
    assert!(lineage["recipe"].as_str().unwrap().contains("dedup.minhash") && list(lineage, "inputs").len() == 6);
    assert!(list(&page.data, "times").iter().all(|phase| phase["n_seen"].as_u64() > Some(0)));
    assert_eq!(page.data["alarms"], serde_json::json!([]));
}

#[test]
fn distributions_count_who_reached_the_step_and_limits_are_exact() {
    let sandbox = Sandbox::new();
    sandbox.run(&[]);
    let page = Page::of(&sandbox, RUN, &["--samples", "2"]);
    let steps: Vec<&Value> = list(&page.data, "phases").iter().flat_map(|phase| list(phase, "steps")).collect();
    let step = |name: &Value| steps.iter().find(|step| step["name"] == *name).unwrap();
    let metrics = list(&page.data, "metrics");
    assert!(metrics.len() > 20, "{} numbers", metrics.len());
    for metric in metrics {
        let curve = &metric["curves"][0];
        let number = |key: &str| curve[key].as_u64().unwrap();
        let binned: u64 = list(curve, "bins").iter().map(|n| n.as_u64().unwrap()).sum();
        assert_eq!(binned + number("under") + number("over"), number("n"), "{metric}");
        assert!(number("n") <= step(&metric["step"])["n_in"].as_u64().unwrap(), "{metric}");
    }
    // The first rule of a step removes all documents beyond its limit.
    let length = metrics.iter().find(|metric| metric["metric"] == "n_chars").unwrap();
    let removed = list(step(&length["step"]), "reasons").iter().find(|reason| reason[0] == "too_few_chars").unwrap();
    assert_eq!(length["curves"][0]["below"], removed[1]);
    assert!(removed[1].as_u64() > Some(0));

    let samples = list(&page.data, "samples");
    for step in steps.iter().filter(|step| step["n_removed"].as_u64() > Some(0)) {
        for reason in list(step, "reasons") {
            let of_reason = |one: &&Value| one["step"] == step["name"] && one["reason"] == reason[0];
            let n = samples.iter().filter(of_reason).count() as u64;
            assert!((1..=2).contains(&n), "{n} samples of {reason} by {}", step["name"]);
        }
    }
    let short = samples.iter().find(|one| one["reason"] == "too_few_chars").unwrap();
    assert_eq!((&short["metric"], &short["limit"]), (&"n_chars".into(), &serde_json::json!(200.0)));
    assert!(short["value"].as_f64().unwrap() < 200.0 && !short["text"].as_str().unwrap().is_empty());
}

#[test]
fn equal_runs_have_equal_pages_whatever_the_threads() {
    let (one, other) = (Sandbox::of("dedup.toml"), Sandbox::of("dedup.toml"));
    one.run(&["--threads", "1"]);
    other.run(&["--threads", "4"]);
    let page = Page::of(&one, RUN, &["--no-timings", "--threads", "1"]);
    assert_eq!(page.html, Page::of(&one, RUN, &["--no-timings", "--threads", "4"]).html);
    assert_eq!(page.html, Page::of(&other, RUN, &["--no-timings"]).html);
    assert_eq!(page.data["times"], Value::Null);
}

#[test]
fn what_is_hostile_stays_text() {
    let sandbox = hostile_run();
    let page = Page::of(&sandbox, HOSTILE_RUN, &[]);
    let (policy, expected) = page.policy();
    assert_eq!(policy, expected);
    // Of the page's own elements there are as many as ever: no tag of the crawl is one.
    for (element, n) in
        [("<script", 2), ("</script", 2), ("<img", 0), ("<svg", 0), ("<!--", 0), ("<style", 1), ("<meta", 5)]
    {
        assert_eq!(page.html.matches(element).count(), n, "{element}");
    }
    assert!(!page.html.contains(['\u{2028}', '\u{2029}', '\u{202e}', '\u{2066}']));
    // And all of it is still there as text.
    let samples = list(&page.data, "samples");
    let tame = |text: &str| text.replace(['\u{202e}', '\u{2066}', '\u{202a}'], "\u{fffd}");
    let languages = list(&page.data["groups"]["language"], "rows");
    for hostile in HOSTILE {
        assert!(languages.iter().any(|row| row["name"] == tame(hostile)), "{hostile:?} in {languages:?}");
    }
    assert!(samples.iter().any(|one| HOSTILE.iter().any(|hostile| one["text"] == tame(hostile))), "{samples:?}");
    assert_eq!(page.data["name"], HOSTILE_RUN.trim_start_matches("runs/"));
}

#[test]
fn what_the_recipe_redacts_is_on_no_page() {
    let sandbox = Sandbox::new();
    // The filter in front of the redaction removes documents whose addresses nobody has redacted.
    sandbox.edit("use = \"filter.length\"\nmin_chars = 200", "use = \"filter.length\"\nmin_chars = 100000");
    let address = "@club.example";
    sandbox.run(&[]);
    let plain = Page::of(&sandbox, RUN, &["--samples", "1000"]);
    assert!(plain.html.contains(address), "a recipe that redacts nothing masks nothing");
    sandbox.edit("[[step]]\ncheckpoint = true", "[[step]]\nuse = \"pii.redact\"\n\n[[step]]\ncheckpoint = true");
    sandbox.run(&[]);
    let masked = Page::of(&sandbox, RUN, &["--samples", "1000"]);
    assert!(!masked.html.contains(address) && masked.html.contains("EMAIL"));
}

#[test]
fn a_mix_and_a_run_that_has_not_ended_have_pages_too() {
    let sandbox = Sandbox::new();
    sandbox.run(&[]);
    let plan: Value = serde_json::from_slice(&std::fs::read(sandbox.run_folder().join("plan.json")).unwrap()).unwrap();
    let last = plan["phases"].as_array().unwrap().last().unwrap()["manifest"].as_str().unwrap();
    std::fs::remove_file(sandbox.run_folder().join(last)).unwrap();
    let page = Page::of(&sandbox, RUN, &[]);
    let gap = page.data["gaps"][0].as_str().unwrap();
    assert!(gap.contains("has not ended") && page.data["tokens"]["dataset"].is_null(), "{gap}");

    let mixes = Mixes::new();
    mixes.run(&[]);
    mixes.tokenmill(&["inspect", "report", "runs/final", "-o", "report.html"]).ok();
    let page = Page::read(&mixes.path().join("report.html"));
    let phases = list(&page.data["tokens"]["dataset"], "phases");
    assert_eq!(phases.iter().map(|phase| phase["name"].as_str().unwrap()).collect::<Vec<_>>(), ["main", "long"]);
    let share: f64 = list(&phases[0], "groups").iter().map(|group| group[3].as_f64().unwrap()).sum();
    assert!((share - 1.0).abs() < 1e-9 && page.data["phases"] == serde_json::json!([]), "{share}");
}
