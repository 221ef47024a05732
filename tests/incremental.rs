//! Crawls that are deduplicated against earlier ones, whose text is gone: what is removed is what would be removed if all of them
//! were deduplicated at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use support::{Sandbox, digests, tokenmill_in};

/// Three crawls with twins within and across: same URLs, same texts, texts with a few other words.
const N_CRAWLS: u64 = 3;
/// Documents of a crawl.
const N: u64 = 600;

/// The text of a story, as `crawl` tells it for the `n`th time.
fn text(crawl: u64, n: u64) -> String {
    let story = mix(crawl * 7_919 + n * 3) % 400;
    let n_words = 80 + story % 150;
    // None, one or some of the words are others.
    let n_changed = [0, 0, 1, 2, 6][(mix(crawl * 31 + n) % 5) as usize];
    let changed: BTreeSet<u64> = (0..n_changed).map(|at| mix(crawl * 101 + n * 13 + at) % n_words).collect();
    let word = |at: u64| match changed.contains(&at) {
        true => format!("x{:x}", mix(crawl * 1_000_003 + n * 977 + at) % 100_000),
        false => format!("w{:x}", mix(story * 4_001 + at) % 100_000),
    };
    (0..n_words).map(word).collect::<Vec<_>>().join(" ")
}

/// splitmix64.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// A folder with the crawls in `c1`, `c2` and `c3`, each in four files.
fn crawls() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for crawl in 1..=N_CRAWLS {
        let files = folder.path().join(format!("c{crawl}"));
        std::fs::create_dir(&files).unwrap();
        let mut lines = vec![String::new(); 4];
        for n in 0..N {
            let url = format!("http://s{}.example/{}", mix(crawl * 17 + n) % 9, mix(crawl * 19 + n) % 500);
            let (day, text, era) = (mix(n) % 28 + 1, text(crawl, n), 9 - crawl);
            writeln!(
                lines[(n % 4) as usize],
                "{{\"id\":\"c{crawl}-{n}\",\"url\":\"{url}\",\"date\":\"2024-01-{day:02}\",\"era\":{era},\"text\":\"{text}\"}}"
            )
            .unwrap();
        }
        for (file, lines) in lines.iter().enumerate() {
            std::fs::write(files.join(format!("{file}.jsonl")), lines).unwrap();
        }
    }
    folder
}

/// Writes a recipe; in a run of several crawls the earlier one is preferred by its `era`.
fn recipe(folder: &Path, (root, name): (&str, &str), crawls: &[u64], against: &[&str], keep_sketches: u64) {
    let paths: Vec<String> = crawls.iter().map(|crawl| format!("c{crawl}/*")).collect();
    let mut text = format!(
        "[run]\nname = \"{name}\"\nroot = \"{root}\"\nremoved = 1.0\n[source]\nkind = \"jsonl\"\npaths = {paths:?}\n\
         columns = {{ extra = [\"era\"] }}\n"
    );
    for step in ["url", "exact", "minhash"] {
        write!(text, "[[step]]\nuse = \"dedup.{step}\"\nkeep = \"score\"\nscore = \"era\"\nagainst = {against:?}\n")
            .unwrap();
    }
    writeln!(text, "keep_sketches = {keep_sketches}").unwrap();
    std::fs::write(folder.join(format!("{name}.toml")), text).unwrap();
}

/// Makes and runs a recipe; says how its run is called.
fn run(folder: &Path, place: (&str, &str), crawls: &[u64], against: &[&str]) -> String {
    recipe(folder, place, crawls, against, 4096);
    tokenmill_in(folder, &["run", &format!("{}.toml", place.1)]).ok();
    let run = format!("{}/{}", place.0, place.1);
    tokenmill_in(folder, &["audit", &run]).ok();
    run
}

/// Deletes everything of a run that has text.
fn delete_text(folder: &Path, run: &str) {
    let mut n_deleted = 0;
    for phase in std::fs::read_dir(folder.join(run)).unwrap() {
        for table in ["docs", "removed"] {
            let path = phase.as_ref().unwrap().path().join(table);
            if path.is_dir() {
                std::fs::remove_dir_all(path).unwrap();
                n_deleted += 1;
            }
        }
    }
    assert!(n_deleted > 0);
}

/// The ids of documents that a run has kept, of those that begin like this.
fn kept(folder: &Path, run: &str, start: &str) -> BTreeSet<String> {
    let said = tokenmill_in(folder, &["inspect", "head", run, "-n", "100000"]).ok();
    let ids = said.lines().filter_map(|line| line.strip_prefix("record_id: "));
    ids.filter(|id| id.starts_with(start)).map(str::to_owned).collect()
}

/// The removed documents of the last phase of a run: reason and twin, by id.
fn removed(folder: &Path, run: &str) -> BTreeMap<String, (String, String)> {
    let said = tokenmill_in(folder, &["inspect", "head", run, "--table", "ledger", "-n", "100000"]).ok();
    let row = |row: &str| {
        let field = |name: &str| row.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        Some((field("id: ")?, (field("reason: ").filter(|reason| !reason.is_empty())?, field("evidence: ")?)))
    };
    said.split("\n\n").filter_map(row).collect()
}

#[test]
fn three_crawls_one_after_the_other_leave_what_they_leave_at_once() {
    let folder = crawls();
    let folder = folder.path();
    let first = run(folder, ("old", "one"), &[1], &[]);
    let joint_two = run(folder, ("runs", "joint-two"), &[1, 2], &[]);
    let joint_three = run(folder, ("runs", "joint-three"), &[1, 2, 3], &[]);
    let before = kept(folder, &first, "c1-");
    delete_text(folder, &first);
    let second = run(folder, ("runs", "two"), &[2], &[&first]);
    let of_second = kept(folder, &second, "c2-");
    let twins = removed(folder, &second);
    delete_text(folder, &second);
    // A name may end with a slash.
    let third = run(folder, ("runs", "three"), &[3], &[&format!("{first}/"), &second]);
    assert!(before.len() < N as usize && of_second.len() < N as usize - 100, "{} {}", before.len(), of_second.len());
    assert_eq!(of_second, kept(folder, &joint_two, "c2-"));
    assert_eq!(kept(folder, &third, "c3-"), kept(folder, &joint_three, "c3-"));
    // Nothing of the earlier crawl is lost to a later one.
    assert_eq!(before, kept(folder, &joint_three, "c1-"));

    // Who is named lives in one of the two runs; the first has kept it although its text is gone.
    let mut by_step: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (reason, twin) in twins.values() {
        let theirs = tokenmill_in(folder, &["inspect", "why", &first, twin]);
        let count = by_step.entry(reason).or_default();
        match theirs.code {
            Some(0) => {
                // It was kept by that step; a later one of the same run may have removed it, as it would at once.
                let step = &format!(
                    "removed by dedup.{}",
                    reason.trim_start_matches("duplicate_").trim_start_matches("near_")
                );
                assert!(!theirs.stdout.contains(step), "{}", theirs.stdout);
                count.0 += 1;
            }
            _ => count.1 += 1,
        }
    }
    let reasons: Vec<&str> = by_step.keys().copied().collect();
    assert_eq!(reasons, ["duplicate_text", "duplicate_url", "near_duplicate"], "{by_step:?}");
    assert!(by_step.values().all(|(theirs, ours)| *theirs > 5 && *ours > 0), "{by_step:?}");
}

#[test]
fn a_crawl_against_itself_leaves_nothing() {
    let sandbox = Sandbox::of("dedup.toml");
    sandbox.edit("use = \"dedup.minhash\"", "use = \"dedup.minhash\"\nkeep_sketches = 64");
    sandbox.run(&[]);
    let text = std::fs::read_to_string(sandbox.path().join("recipe.toml")).unwrap();
    let text = text.replace("name = \"mini\"", "name = \"again\"").replace("removed = 1.0", "removed = 0.0");
    let mut again = String::new();
    for line in text.lines() {
        writeln!(again, "{line}").unwrap();
        if ["dedup.url", "dedup.exact", "dedup.minhash"].iter().any(|stage| line == format!("use = \"{stage}\"")) {
            again += "against = [\"runs/mini\"]\n";
        }
    }
    std::fs::write(sandbox.path().join("again.toml"), again).unwrap();
    delete_text(sandbox.path(), "runs/mini");
    let said = sandbox.tokenmill(&["run", "again.toml"]).ok();
    sandbox.tokenmill(&["audit", "runs/again"]).ok();
    // Nothing is extracted a second time: the scan finds every page again.
    let step =
        |name: &str| said.lines().find(|line| line.starts_with(name)).map(|line| line.split_whitespace().collect());
    let newest: Vec<&str> = step("newest").unwrap();
    assert_eq!(newest[1..4], ["320", "320", "0"], "{said}");
    let ledger =
        sandbox.tokenmill(&["inspect", "head", "runs/again", "--table", "ledger", "-n", "9999", "--phase", "5"]).ok();
    assert!(ledger.contains("reason: duplicate_record"), "{ledger}");
}

#[test]
fn threads_and_single_tasks_make_the_same_files() {
    let folder = crawls();
    let folder = folder.path();
    let first = run(folder, ("old", "one"), &[1], &[]);
    let made = |root: &str| -> BTreeMap<String, String> {
        let mut made = digests(&folder.join(root).join("two"));
        made.retain(|path, _| path.contains('/') && !path.split('/').any(|part| part.starts_with('.')));
        made
    };
    for (root, threads) in [("a", "1"), ("b", "8")] {
        recipe(folder, (root, "two"), &[2], &[&first], 32);
        tokenmill_in(folder, &["run", "two.toml", "--threads", threads]).ok();
    }
    assert!(made("a").keys().any(|path| path.contains("-keep-dedup.minhash-")), "{:?}", made("a").keys());
    assert_eq!(made("a"), made("b"));
    recipe(folder, ("c", "two"), &[2], &[&first], 32);
    let number = |said: String| -> usize { said.trim().parse().unwrap() };
    let mut n_tasks = number(tokenmill_in(folder, &["task", "--begin", "two.toml"]).ok());
    for phase in 0.. {
        if n_tasks == 0 {
            break;
        }
        let phase = phase.to_string();
        for index in (0..n_tasks).rev().chain([0]) {
            tokenmill_in(folder, &["task", "--plan", "c/two", "--phase", &phase, "--index", &index.to_string()]).ok();
        }
        n_tasks = number(tokenmill_in(folder, &["task", "--plan", "c/two", "--phase", &phase, "--finish"]).ok());
    }
    assert_eq!(made("a"), made("c"));
    let again = tokenmill_in(folder, &["run", "two.toml"]).ok();
    assert!(again.contains("\n0 of "), "{again}");
}

/// The phase folders of a run.
fn phases(folder: &Path, run: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder.join(run)).unwrap().map(|entry| entry.unwrap().file_name());
    entries
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with('p') && name.contains('-'))
        .collect()
}

#[test]
fn an_earlier_run_that_changes_changes_what_depends_on_it_and_no_more() {
    let folder = crawls();
    let folder = folder.path();
    let first = run(folder, ("old", "one"), &[1], &[]);
    recipe(folder, ("runs", "two"), &[2], &[], 0);
    tokenmill_in(folder, &["run", "two.toml"]).ok();
    let alone = phases(folder, "runs/two");
    run(folder, ("runs", "two"), &[2], &[&first]);
    let against = phases(folder, "runs/two");
    let new: Vec<&String> = against.difference(&alone).collect();
    // The first phase stays, whatever the documents are compared with later.
    assert!(!new.is_empty() && new.iter().all(|phase| !phase.starts_with("p1-")), "{new:?}");
    // A task that was planned before the earlier run changed says so.
    tokenmill_in(folder, &["task", "--begin", "two.toml"]).ok();
    std::fs::write(
        folder.join("c1/9.jsonl"),
        "{\"id\":\"c1-x\",\"url\":\"http://x.example/\",\"text\":\"new\",\"era\":8}\n",
    )
    .unwrap();
    run(folder, ("old", "one"), &[1], &[]);
    let failed = tokenmill_in(folder, &["task", "--plan", "runs/two", "--phase", "0", "--finish"]).code(2).stderr;
    assert!(failed.contains("`old/one` has changed since this run was planned against it"), "{failed}");
    let plan = tokenmill_in(folder, &["plan", "two.toml"]).ok();
    assert!(plan.contains(&format!("against `old/one`: {} documents in 5 parts", N + 1)), "{plan}");
    tokenmill_in(folder, &["run", "two.toml"]).ok();
    assert!(phases(folder, "runs/two").len() > against.len());
}

#[test]
fn sketches_can_be_kept_later() {
    let folder = crawls();
    let folder = folder.path();
    recipe(folder, ("old", "one"), &[1], &[], 0);
    tokenmill_in(folder, &["run", "one.toml"]).ok();
    let before = phases(folder, "old/one");
    recipe(folder, ("old", "one"), &[1], &[], 128);
    tokenmill_in(folder, &["run", "one.toml"]).ok();
    let after = phases(folder, "old/one");
    let new: Vec<&str> = after.difference(&before).map(|phase| phase.rsplit_once('-').unwrap().0).collect();
    assert!(new.iter().all(|phase| phase.contains("keep-") || phase.contains("-map")), "{new:?}");
    tokenmill_in(folder, &["audit", "old/one"]).ok();
    run(folder, ("runs", "two"), &[2], &["old/one"]);
}

#[test]
fn what_cannot_be_settled_against_is_refused_when_it_is_planned() {
    let folder = crawls();
    let folder = folder.path();
    let first = run(folder, ("old", "one"), &[1], &[]);
    let refused = |against: &[&str], change: (&str, &str), expected: &str| {
        recipe(folder, ("runs", "two"), &[2], against, 0);
        let path = folder.join("two.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(change.0));
        std::fs::write(&path, text.replace(change.0, change.1)).unwrap();
        for verb in ["plan", "run"] {
            let said = tokenmill_in(folder, &[verb, "two.toml"]).code(2).stderr;
            assert!(said.contains(expected) && said.contains("error: step `"), "{said}");
        }
    };
    let same = ("[run]", "[run]");
    refused(&["old/none"], same, "`old/none` is no run directory");
    refused(&[&first, "./old/one/"], same, "`against` names `./old/one/` twice");
    refused(&["runs/two"], same, "is this run itself");
    refused(&[&first], ("use = \"dedup.url\"", "use = \"dedup.url\"\nname = \"u\""), "has no step `u`");
    refused(&[&first], ("use = \"dedup.exact\"", "use = \"dedup.exact\"\nnormalize = \"letters\""), "`normalize` was");
    refused(
        &[&first],
        ("use = \"dedup.minhash\"", "use = \"dedup.minhash\"\nngram = 7"),
        "`ngram` was `0` and is `7` here",
    );
    refused(&[&first], ("use = \"dedup.minhash\"", "use = \"dedup.minhash\"\nseed = 1"), "`seed` was");
    recipe(folder, ("old", "bare"), &[1], &[], 0);
    tokenmill_in(folder, &["task", "--begin", "bare.toml"]).ok();
    refused(&["old/bare"], same, "the run `old/bare` has not ended");
    tokenmill_in(folder, &["run", "bare.toml"]).ok();
    refused(&["old/bare"], same, "has kept no sketches of its step `dedup.minhash`");
    // A run that has been settled against another one is to be named with it.
    run(folder, ("runs", "two"), &[2], &[&first]);
    recipe(folder, ("runs", "three"), &[3], &["runs/two"], 0);
    let plan = tokenmill_in(folder, &["plan", "three.toml"]).ok();
    assert!(plan.contains("`runs/two` was itself settled against `old/one`"), "{plan}");
    // No recipe is needed to be looked at without its earlier runs.
    std::fs::rename(folder.join("old"), folder.join("elsewhere")).unwrap();
    tokenmill_in(folder, &["check", "three.toml"]).ok();
}
