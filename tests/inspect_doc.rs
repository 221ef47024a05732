//! Looking at single documents, at shards and at two runs: `inspect doc`, `why`, `tokens`, `diff` and `clusters`.

use std::path::Path;

use serde_json::Value;
use support::{Mixes, Ran, Sandbox};

const FOUND_PROBLEMS: i32 = 1;
const USAGE: i32 = 2;
const RUN: &str = "runs/mini";

/// What must never be seen of a run that redacts: an address in all its pieces, and a number.
const SECRETS: [&str; 4] = ["ann.lee@", "Ann.Lee@", "7946 0958", "@harbour"];
const PERSON: &str = "http://people.example/ann";
const TWIN: &str = "http://people.example/ann-again";
const SHORT: &str = "http://people.example/short";
const HOSTILE: &str = "http://people.example/hostile";
const MARINER: &str = "http://people.example/mariner";

/// Sentences that differ from document to document.
fn story(about: &str, n: usize) -> String {
    let things = ["boats", "gulls", "letters", "lamps", "ropes", "maps", "bells", "stones", "nets", "songs"];
    let sentence = |at: usize| {
        let (one, two) = (things[at % 10], things[(at / 3 + 4) % 10]);
        format!(
            "In year {} the {about} of the island counted its {one} and traded them for {two} before winter came.",
            1900 + at
        )
    };
    (0..n).map(sentence).collect::<Vec<_>>().join(" ")
}

fn page(body: &str) -> String {
    format!(
        "<html lang=\"en\"><head><title>Of ann.lee@harbour.org</title></head><body><nav><ul><li><a href=\"/\">Front page</a></li>\
         <li><a href=\"/c\">Write to ann.lee@harbour.org</a></li></ul></nav><article><h1>A story</h1>{body}</article></body></html>"
    )
}

fn record(url: &str, page: &str) -> String {
    let http = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n{page}",
        page.len()
    );
    format!(
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:test:{url}>\r\nWARC-Date: 2024-08-01T00:00:00Z\r\n\
         WARC-Target-URI: {url}\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: {}\r\n\r\n{http}\r\n\r\n",
        http.len()
    )
}

/// A crawl of pages with personal data, and one part of the mini crawl.
fn crawl(sandbox: &Sandbox) {
    sandbox.copy_inputs(&["part-00003.warc"]);
    let repeated = "<p>The harbour office is open on every working day of the week from nine to five.</p>";
    let contact = "<p>Whoever has questions may write to Ann.Lee@harbour.org or call +44 20 7946 0958 at any hour.</p>";
    let cookies = "<p>We use cookies to improve your experience. Accept all cookies.</p>";
    let person = format!("<p>{}</p>{contact}{repeated}{cookies}<p>{}</p>", story("harbour", 8), story("market", 6));
    let again = person.replace("at any hour", "at any time");
    let mut records = vec![
        record(PERSON, &page(&person)),
        record(TWIN, &page(&again)),
        record(SHORT, &page("<p>Ask ann.lee@harbour.org.</p>")),
        record(HOSTILE, &page(&format!("<p>\u{1b}[31mRed \u{7}bell \u{9b}2J and {}</p>{repeated}", story("tower", 9)))),
        record(MARINER, &page(&format!("<p>{}</p>", story("mariner", 3)))),
    ];
    for n in 0..6 {
        let body = format!("<p>{}</p>{repeated}", story(&format!("village number {n}"), 6 + n));
        records.push(record(&format!("http://people.example/village-{n}"), &page(&body)));
    }
    std::fs::write(sandbox.path().join("crawl/part-00009.warc"), records.concat()).unwrap();
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::of("private.toml");
    crawl(&sandbox);
    sandbox.edit("fixtures/mini-crawl/part-*", "crawl/part-*");
    sandbox.run(&[]);
    sandbox
}

fn inspect(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    sandbox.tokenmill(&[&["inspect"], arguments].concat())
}

fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    serde_json::from_str(&inspect(sandbox, &[arguments, &["--json"]].concat()).ok()).unwrap()
}

/// Takes a step out of the recipe.
fn without(sandbox: &Sandbox, step: &str) {
    sandbox.edit(&format!("[[step]]\nuse = \"{step}\"\n"), "");
}

#[test]
fn no_verb_shows_what_the_recipe_redacts() {
    let sandbox = sandbox();
    without(&sandbox, "pii.redact");
    sandbox.run(&["--set", "run.name=open"]);
    // Without the step, every one of these shows it, so what is looked for is there.
    let open = |arguments: &[&str]| inspect(&sandbox, arguments).stdout;
    assert!(open(&["doc", "runs/open", PERSON]).contains("Ann.Lee@harbour.org"));
    assert!(open(&["doc", "runs/open", PERSON, "-s"]).contains("ann.lee@harbour.org"));
    assert!(open(&["doc", "runs/open", SHORT]).contains("ann.lee@harbour.org"));
    assert!(open(&["clusters", "runs/open", "--json"]).contains("Ann.Lee@harbour.org"));
    let mut said = String::new();
    for url in [PERSON, TWIN, SHORT, HOSTILE] {
        for verb in [&["doc", RUN, url][..], &["doc", RUN, url, "-s"], &["why", RUN, url]] {
            for form in [&[][..], &["--json"]] {
                let ran = inspect(&sandbox, &[verb, form].concat());
                assert!(ran.code == Some(0), "{verb:?} {}", ran.stderr);
                said.push_str(&ran.stdout);
                said.push_str(&ran.stderr);
            }
        }
    }
    for verb in [
        &["clusters", RUN, "-n", "9"][..],
        &["clusters", RUN, TWIN, "--json"],
        &["diff", RUN, "runs/open", "--samples", "50", "--moves", "50"],
        &["diff", "runs/open", RUN, "--samples", "50", "--json"],
        &["tokens", RUN, "-n", "100", "--full"],
        &["head", RUN, "--table", "docs", "--phase", "1", "-n", "999"],
        &["head", RUN, "--table", "removed", "--phase", "1", "-n", "999"],
    ] {
        said.push_str(&inspect(&sandbox, verb).ok());
    }
    // An answer about a document that is not there repeats what was asked for, and that only.
    for secret in SECRETS {
        assert!(!said.contains(secret), "{secret}: {}", around(&said, secret));
    }
    assert!(said.contains("<EMAIL>") && said.contains("<PHONE>"), "what is masked is told");
}

fn around<'a>(text: &'a str, what: &str) -> &'a str {
    let at = text.find(what).unwrap_or(0);
    let start = (0..=at.saturating_sub(300)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let end = (at + 100..).find(|at| text.is_char_boundary(*at) || *at >= text.len()).unwrap_or(text.len());
    &text[start..end.min(text.len())]
}

#[test]
fn a_page_its_text_and_what_is_left_stand_side_by_side() {
    let sandbox = sandbox();
    let said = inspect(&sandbox, &["doc", RUN, PERSON, "--side-by-side", "--width", "400"]).ok();
    let line =
        |what: &str| said.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what} in\n{said}"));
    assert!(line("Front page").contains("[-"), "{said}");
    assert!(said.contains("{extract.main_text: not_taken}"), "{said}");
    assert!(line("We use cookies").contains("{line.policy_notices: "), "{said}");
    let repeated = line("The harbour office");
    assert!(repeated.contains("-] {dedup.lines: ") || repeated.trim_end().ends_with("nine to five."), "{said}");
    let contact = line("Whoever has questions");
    assert!(contact.contains("{+<EMAIL>+} {pii.redact: email}"), "{contact}");
    let left = contact.rsplit(" | ").next().unwrap().trim();
    assert_eq!(left, "Whoever has questions may write to <EMAIL> or call <PHONE> at any hour.", "{said}");
    assert!(!said.contains("note: "), "the steps give again what they gave: {said}");
    // The left column is the text that is stored.
    let told = json(&sandbox, &["doc", RUN, PERSON, "-s"]);
    let document = &told["documents"][0];
    let lines = document["side_by_side"]["lines"].as_array().unwrap();
    let left: Vec<&str> =
        lines.iter().filter_map(|line| line["left"].as_str()).filter(|line| !line.is_empty()).collect();
    let stored: Vec<&str> =
        document["stored"]["text"].as_str().unwrap().lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(left, stored);
}

#[test]
fn lines_that_an_exchange_has_cut_are_marked_and_the_text_is_right_for_all_documents() {
    let sandbox = sandbox();
    let mut n_cut = 0;
    for n in 0..6 {
        let told = json(&sandbox, &["doc", RUN, &format!("http://people.example/village-{n}"), "-s"]);
        let document = &told["documents"][0];
        n_cut += document.to_string().matches("\"step\":\"dedup.lines\"").count();
        assert_eq!(document["side_by_side"]["notes"].as_array().unwrap().len(), 0, "{document}");
    }
    assert!(n_cut >= 4, "{n_cut} lines of eight are cut");
    // Pages of a crawl that nobody wrote for this.
    let head = inspect(&sandbox, &["head", RUN, "-n", "12"]).ok();
    let ids: Vec<&str> = head.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert!(ids.len() == 12, "{head}");
    for id in ids {
        let said = inspect(&sandbox, &["doc", RUN, id, "-s"]).ok();
        assert!(!said.contains("note: "), "{said}");
    }
}

#[test]
fn a_page_that_is_gone_is_said_and_the_rest_is_shown() {
    let sandbox = sandbox();
    std::fs::rename(sandbox.path().join("crawl"), sandbox.path().join("elsewhere")).unwrap();
    let said = inspect(&sandbox, &["doc", RUN, PERSON, "-s"]).ok();
    assert!(said.contains("note: the input cannot be read any more") && said.contains("{pii.redact: email}"), "{said}");
    assert!(SECRETS.iter().all(|secret| !said.contains(secret)), "{said}");
    // Another file in its place is not taken for it.
    std::fs::create_dir(sandbox.path().join("crawl")).unwrap();
    for file in std::fs::read_dir(sandbox.path().join("elsewhere")).unwrap() {
        std::fs::write(sandbox.path().join("crawl").join(file.unwrap().file_name()), "WARC/1.0\r\n").unwrap();
    }
    let said = inspect(&sandbox, &["doc", RUN, PERSON, "-s"]).ok();
    assert!(said.contains("is not what it was when the run read it"), "{said}");
}

#[test]
fn nothing_that_was_crawled_commands_the_terminal() {
    let sandbox = sandbox();
    for verb in
        [&["doc", RUN, HOSTILE][..], &["doc", RUN, HOSTILE, "-s"], &["why", RUN, HOSTILE], &["why", RUN, "\u{1b}[31mx"]]
    {
        let said = inspect(&sandbox, verb).stdout;
        assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{verb:?}: {said:?}");
    }
    let tokens = inspect(&sandbox, &["tokens", RUN, "-n", "99", "--full"]).ok();
    assert!(tokens.contains("bell") && !tokens.chars().any(|c| c.is_control() && c != '\n'));
}

#[test]
fn documents_that_are_not_there_are_told_from_those_that_are_spelt_otherwise() {
    let sandbox = sandbox();
    for verb in ["doc", "why"] {
        let said = inspect(&sandbox, &[verb, RUN, "http://nowhere.example/"]).code(FOUND_PROBLEMS).stdout;
        assert!(said.contains("is in no ledger of this run") && said.contains("hint: "), "{said}");
        for other in ["https://www.people.example/mariner/", "people.example/mariner"] {
            let said = inspect(&sandbox, &[verb, RUN, other]).ok();
            assert!(said.contains(&format!("but this is: {MARINER}")), "{said}");
        }
        let said = inspect(&sandbox, &[verb, RUN, MARINER]).ok();
        assert!(!said.contains("but this is") && said.contains(MARINER), "{said}");
        inspect(&sandbox, &[verb, RUN, "<urn:test:http://people.example/mariner>"]).ok();
    }
    let none = inspect(&sandbox, &["why", RUN, "http://nowhere.example/", "--json"]).code(FOUND_PROBLEMS).stdout;
    assert_eq!(serde_json::from_str::<Value>(&none).unwrap()["documents"].as_array().unwrap().len(), 0);
    inspect(&sandbox, &["doc", "runs/none", MARINER]).code(USAGE);
}

#[test]
fn a_life_is_told_with_limits_twins_and_places() {
    let sandbox = sandbox();
    let said = inspect(&sandbox, &["why", RUN, SHORT]).ok();
    assert!(said.contains("removed by filter.length because too_few_chars: n_chars = "), "{said}");
    assert!(said.contains("[at least 200: not passed, else too_few_chars]"), "{said}");
    assert!(said.contains("in the end: removed by filter.length because too_few_chars"), "{said}");
    let said = inspect(&sandbox, &["why", RUN, MARINER]).ok();
    assert!(said.contains("whole (filter.length), limits of any language\n"), "{said}");
    assert!(said.contains("whole.n_chars = ") && said.contains("[at least 300: passed, else too_few_chars]"), "{said}");
    // One of the twins went for the other.
    let [one, other] = [PERSON, TWIN].map(|url| inspect(&sandbox, &["why", RUN, url]).ok());
    let (gone, kept, kept_url) =
        if one.contains("removed by dedup.minhash") { (one, other, TWIN) } else { (other, one, PERSON) };
    assert!(gone.contains("instead stays ") && gone.contains(&format!("{kept_url}, for 2 documents")), "{gone}");
    assert!(kept.contains("dedup.minhash.cluster_size = 2"), "{kept}");
    let told = json(&sandbox, &["why", RUN, kept_url]);
    let document = &told["documents"][0];
    assert_eq!(document["phases"].as_array().unwrap().len(), 3);
    let place = &document["end"]["places"][0];
    assert_eq!(document["end"]["n_tokens"].as_u64().map(|n| n + 1), place["n_document"].as_u64(), "an end token more");
    assert!(
        inspect(&sandbox, &["why", RUN, MARINER]).ok().contains("dedup.minhash\n    (nothing was decided about it)")
    );
    let (shard, sequence, id) =
        (place["shard"].to_string(), place["sequence"].to_string(), document["id"].as_str().unwrap());
    let shown = json(&sandbox, &["tokens", RUN, &shard, "--sequence", &sequence]);
    let parts = shown["sequences"][0]["parts"].as_array().unwrap();
    let at = parts.iter().position(|part| part["id"] == id).expect("the document in its sequence");
    let before: u64 = parts[..at].iter().map(|part| part["n_tokens"].as_u64().unwrap()).sum();
    assert_eq!(place["offset"].as_u64(), Some(before));
    let text = parts[at]["text"].as_str().unwrap();
    assert!(text.contains("the harbour of the island") && text.contains("<EMAIL>"), "{text}");
}

/// The key of the manifest of the first phase of a name, which is taken away: the run has not ended.
fn unfinish(run: &Path, phase: &str) {
    let plan: Value = serde_json::from_slice(&std::fs::read(run.join("plan.json")).unwrap()).unwrap();
    let phases = plan["phases"].as_array().unwrap();
    let phase = phases.iter().find(|planned| planned["name"] == phase).unwrap();
    std::fs::remove_file(run.join(phase["manifest"].as_str().unwrap())).unwrap();
}

#[test]
fn a_run_that_has_not_ended_tells_what_it_knows() {
    let sandbox = sandbox();
    unfinish(&sandbox.run_folder(), "index");
    unfinish(&sandbox.run_folder(), "shards");
    let said = inspect(&sandbox, &["why", RUN, MARINER]).ok();
    assert!(said.contains("in the end: alive; the run has not ended, ") && said.contains("-shards-"), "{said}");
    let said = inspect(&sandbox, &["tokens", RUN]).code(USAGE).stderr;
    assert!(said.contains("hint: "), "{said}");
    inspect(&sandbox, &["doc", RUN, MARINER, "-s"]).ok();
    let said = inspect(&sandbox, &["diff", RUN, RUN]).ok();
    assert!(said.contains("has not ended"), "{said}");
    unfinish(&sandbox.run_folder(), "map");
    for verb in [&["doc", RUN, MARINER][..], &["why", RUN, MARINER], &["clusters", RUN], &["diff", RUN, RUN]] {
        let said = inspect(&sandbox, verb).code(USAGE).stderr;
        assert!(said.contains("no phase of this run has ended yet"), "{said}");
    }
}

#[test]
fn shards_are_decoded_by_number_and_by_file() {
    let sandbox = sandbox();
    let told = json(&sandbox, &["tokens", RUN, "-n", "1000"]);
    let sequences = told["sequences"].as_array().unwrap();
    assert_eq!(sequences.len() as u64, told["n_sequences"].as_u64().unwrap());
    let parts = || sequences.iter().flat_map(|sequence| sequence["parts"].as_array().unwrap());
    let n_tokens: u64 = parts().map(|part| part["n_tokens"].as_u64().unwrap()).sum();
    assert_eq!(Some(n_tokens), told["n_tokens"].as_u64());
    // What the pieces of a document say together is what the run has stored.
    let id = parts().find(|part| part["start"] == 0).unwrap()["id"].as_str().unwrap().to_owned();
    let mut own: Vec<&Value> = parts().filter(|part| part["id"] == id.as_str()).collect();
    own.sort_by_key(|part| part["start"].as_u64());
    let ids: usize = own.iter().map(|part| part["ids"].as_array().unwrap().len()).sum();
    assert_eq!(Some(ids as u64), own[0]["n_document"].as_u64());
    let text: String = own.iter().map(|part| part["text"].as_str().unwrap()).collect();
    let stored = json(&sandbox, &["doc", RUN, &id])["documents"][0]["stored"]["text"].as_str().unwrap().to_owned();
    if text.contains('\u{fffd}') {
        assert_eq!(text.trim_start_matches(['⟦', '⟧']).chars().next(), stored.chars().next());
    } else {
        assert_eq!(text.strip_suffix("⟦<|endoftext|>⟧"), Some(stored.as_str()));
    }
    let file = format!("{RUN}/{}.bin", told["prefix"].as_str().unwrap());
    for sequence in ["0", "1"] {
        let by_number = inspect(&sandbox, &["tokens", RUN, "0", "--sequence", sequence, "--full"]).ok();
        assert_eq!(inspect(&sandbox, &["tokens", &file, "--sequence", sequence, "--full"]).ok(), by_number);
    }
    for (arguments, expected) in [
        (&["tokens", RUN, "99"][..], "number 99 was asked for"),
        (&["tokens", RUN, "--sequence", "99999"], "number 99999 was asked for"),
        (&["tokens", "crawl/x.bin"], "belongs to no run"),
    ] {
        let said = inspect(&sandbox, arguments).code(USAGE).stderr;
        assert!(said.contains(expected) && said.contains("hint: "), "{said}");
    }
    // An exported set is read as it lies.
    sandbox.tokenmill(&["mix", "export", RUN, "out"]).ok();
    let exported = std::fs::read_dir(sandbox.path().join("out")).unwrap().map(|file| file.unwrap().path());
    let exported = exported.filter(|file| file.extension().is_some_and(|end| end == "bin")).min().unwrap();
    let exported = format!("out/{}", exported.file_name().unwrap().to_str().unwrap());
    let by_number = inspect(&sandbox, &["tokens", RUN, "0", "--full"]).ok();
    assert_eq!(inspect(&sandbox, &["tokens", &exported, "--full"]).ok(), by_number);
    // Without the vocabulary, ids and documents are shown all the same.
    std::fs::remove_file(sandbox.path().join("fixtures")).unwrap();
    let ran = inspect(&sandbox, &["tokens", RUN]).code(0);
    assert!(ran.stderr.contains("ids are not decoded") && ran.stdout.contains(" tokens"), "{}", ran.stderr);
}

#[test]
fn shards_of_a_mix_are_decoded_and_lead_back_to_documents() {
    let mixes = Mixes::new();
    mixes.run(&[]);
    let run = mixes.run_folder().display().to_string();
    let ask = |arguments: &[&str]| mixes.tokenmill(&[&["inspect"], arguments].concat());
    let told: Value = serde_json::from_str(&ask(&["tokens", "mix.toml", "1", "-n", "2", "--json"]).ok()).unwrap();
    let sequences = told["sequences"].as_array().unwrap();
    assert_eq!((told["training"].as_str(), told["shard"].as_u64(), sequences.len()), (Some("main"), Some(1), 2));
    let parts: Vec<&Value> = sequences.iter().flat_map(|sequence| sequence["parts"].as_array().unwrap()).collect();
    assert!(parts.iter().all(|part| !part["group"].as_str().unwrap().is_empty()), "{told}");
    // Each document is one of the run that was mixed, and the tokens that stand here are those of its text.
    let whole = parts.iter().find(|part| part["start"] == 0).unwrap();
    let id = whole["id"].as_str().unwrap();
    let stored: Value = serde_json::from_str(&ask(&["doc", "runs/crawl", id, "--json"]).ok()).unwrap();
    let stored = stored["documents"][0]["stored"]["text"].as_str().unwrap().to_owned();
    let begin: String = whole["text"].as_str().unwrap().chars().take(40).collect();
    assert!(stored.starts_with(&begin), "{begin} in {stored}");
    // The second phase of training begins where the shards of the first end.
    let n_main = (0..).find(|n| ask(&["tokens", &run, &n.to_string()]).stdout.starts_with("long shard 0 of ")).unwrap();
    assert!(n_main >= 3, "{n_main} shards");
    for verb in [&["why", &run, id][..], &["doc", &run, id], &["diff", &run, &run], &["clusters", &run]] {
        let said = ask(verb).code(USAGE).stderr;
        assert!(said.contains("is the run of a mix") && said.contains("inspect tokens"), "{said}");
    }
}

#[test]
fn a_difference_is_told_with_recipes_ways_and_examples() {
    let sandbox = sandbox();
    let same = inspect(&sandbox, &["diff", RUN, RUN]).ok();
    assert!(same.contains("the recipes are the same") && same.contains("have the same text in both"), "{same}");
    sandbox.run(&["--set", "run.name=strict", "--set", "step.whole.min_chars=500"]);
    let said = inspect(&sandbox, &["diff", RUN, "runs/strict"]).ok();
    assert!(said.contains("step.whole.min_chars: 300 -> 500"), "{said}");
    assert!(said.contains("kept -> whole (too_few_chars)") && said.contains("limit 500"), "{said}");
    assert!(said.contains("have the same text in both"), "{said}");
    let told = json(&sandbox, &["diff", RUN, "runs/strict", "--samples", "1"]);
    let of = |name: &str| told["documents"][name].as_u64().unwrap();
    assert_eq!((of("only_in_b"), of("removed_otherwise")), (0, 0));
    assert!(of("only_in_a") > 0 && of("kept_in_both") > 0, "{told}");
    let head = |run: &str| inspect(&sandbox, &["head", run, "-n", "9999"]).ok().matches("\ntext: ").count() as u64;
    assert_eq!(head("runs/strict"), of("kept_in_both"));
    assert_eq!(head(RUN), of("kept_in_both") + of("only_in_a"));
    assert_eq!(told["moves"][0]["examples"].as_array().unwrap().len(), 1);
    // Other texts: an edit less.
    without(&sandbox, "line.policy_notices");
    sandbox.run(&["--set", "run.name=whole"]);
    let said = inspect(&sandbox, &["diff", RUN, "runs/whole"]).ok();
    assert!(said.contains("step.line.policy_notices: line.policy_notices -> –"), "{said}");
    assert!(said.contains("that both keep have another text") && said.contains("We use cookies"), "{said}");
    assert!(!inspect(&sandbox, &["diff", RUN, "runs/whole", "--no-texts"]).ok().contains("another text"));
    let none = json(&sandbox, &["diff", RUN, "runs/whole", "--lang", "xx"]);
    assert_eq!(none["documents"]["kept_in_both"], 0);
}

#[test]
fn runs_on_other_crawls_are_not_compared() {
    let sandbox = sandbox();
    sandbox.copy_inputs(&["part-00000.warc.gz"]);
    sandbox.run(&["--set", "run.name=other", "--set", "source.paths=[\"crawl/part-00000.warc.gz\"]"]);
    let said = inspect(&sandbox, &["diff", RUN, "runs/other"]).code(USAGE).stderr;
    assert!(said.contains("have no document in common") && said.contains("hint: "), "{said}");
    sandbox.run(&["--set", "run.name=wider"]);
    let said = inspect(&sandbox, &["diff", RUN, "runs/wider"]).ok();
    assert!(said.contains("documents are in the crawl of B alone"), "{said}");
}

#[test]
fn clusters_are_told_as_json() {
    let sandbox = sandbox();
    let told = json(&sandbox, &["clusters", RUN, PERSON]);
    let cluster = &told[0];
    assert_eq!((&cluster["step"], &cluster["size"]), (&"dedup.minhash".into(), &2.into()));
    let removed = &cluster["removed"][0];
    assert!(removed["similarity"].as_f64().unwrap() > 0.8 && removed["limit"] == 0.8, "{told}");
    assert!(cluster["kept"]["text"].as_str().unwrap().contains("<EMAIL>"), "{told}");
}
