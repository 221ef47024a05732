//! The same plan and the same inputs give the same bytes: whatever the threads, the order, or the number of runs.

use std::collections::BTreeMap;

use support::{RECIPES, Sandbox};

/// Phases whose folder name begins like this have run no task when nothing that they depend on has changed.
fn commits(made: &BTreeMap<String, String>) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for path in made.keys().filter(|path| path.contains("/commit/")) {
        *counts.entry(path.split('/').next().unwrap_or_default()).or_default() += 1;
    }
    counts
}

#[test]
fn one_thread_and_eight_threads_make_the_same_files() {
    for recipe in RECIPES {
        let (one, eight) = (Sandbox::of(recipe), Sandbox::of(recipe));
        one.run(&["--threads", "1"]);
        eight.run(&["--threads", "8"]);
        let made = one.made();
        assert!(commits(&made).len() >= 3, "too few phases to compare: {:?}", commits(&made));
        assert_eq!(made, eight.made(), "{recipe}");
    }
}

#[test]
fn a_second_run_does_nothing() {
    RECIPES.into_iter().for_each(second_run);
}

fn second_run(recipe: &str) {
    let sandbox = Sandbox::of(recipe);
    sandbox.run(&[]);
    let (before, times) = (sandbox.made(), modification_times(&sandbox));
    let said = sandbox.run(&[]);
    assert!(said.contains("0 of "), "the second run says:\n{said}");
    assert_eq!(before, sandbox.made());
    let after = modification_times(&sandbox);
    let rewritten: Vec<_> = times.iter().filter(|(path, time)| after.get(*path) != Some(time)).collect();
    // The resolved recipe and the plan are written down at the start of each run.
    assert!(rewritten.iter().all(|(path, _)| !path.contains('/')), "rewritten: {rewritten:?}");
}

#[test]
fn tasks_done_one_by_one_in_any_order_make_the_same_files() {
    RECIPES.into_iter().for_each(one_by_one);
}

fn one_by_one(recipe: &str) {
    let (at_once, one_by_one) = (Sandbox::of(recipe), Sandbox::of(recipe));
    at_once.run(&[]);
    let mut n_tasks: usize = number(&one_by_one.tokenmill(&["task", "--begin", "recipe.toml"]).ok());
    for phase in 0.. {
        if n_tasks == 0 {
            break;
        }
        let phase = phase.to_string();
        // Backwards, and the last one twice.
        for index in (0..n_tasks).rev().chain([0]) {
            one_by_one
                .tokenmill(&["task", "--plan", "runs/mini", "--phase", &phase, "--index", &index.to_string()])
                .ok();
        }
        n_tasks = number(&one_by_one.tokenmill(&["task", "--plan", "runs/mini", "--phase", &phase, "--finish"]).ok());
    }
    one_by_one.tokenmill(&["status", "runs/mini"]).ok();
    let objects = |sandbox: &Sandbox| -> BTreeMap<String, String> {
        sandbox.made().into_iter().filter(|(path, _)| path.contains('/')).collect()
    };
    assert_eq!(objects(&at_once), objects(&one_by_one));
}

#[test]
fn a_new_limit_in_the_last_map_phase_reuses_the_phases_before_it() {
    let sandbox = Sandbox::new();
    sandbox.run(&[]);
    let before = sandbox.made();
    sandbox.edit("min_stop_words = \"off\"", "min_stop_words = 1");
    sandbox.run(&[]);
    let after = sandbox.made();
    let (old, new) = (commits(&before), commits(&after));
    let first = old.keys().next().copied().unwrap_or_default();
    assert!(first.starts_with("p1-"), "{old:?}");
    assert_eq!(old.get(first), new.get(first), "the first phase was done again");
    let phases = |counts: &BTreeMap<&str, usize>, prefix: &str| counts.keys().filter(|p| p.starts_with(prefix)).count();
    assert_eq!((phases(&new, "p1-"), phases(&new, "p2-")), (1, 2), "{new:?}");
    for (path, digest) in before.iter().filter(|(path, _)| path.starts_with("p1-")) {
        assert_eq!(after.get(path), Some(digest), "{path} has changed");
    }
    sandbox.tokenmill(&["audit", "runs/mini"]).ok();
}

#[test]
fn an_added_input_file_brings_its_own_tasks_only() {
    let sandbox = Sandbox::new();
    sandbox.edit("fixtures/mini-crawl/part-*", "crawl/part-*");
    sandbox.copy_inputs(&["part-00002.warc.gz", "part-00003.warc"]);
    sandbox.run(&[]);
    let before = sandbox.made();
    sandbox.copy_inputs(&["part-00004.warc.zst"]);
    sandbox.run(&[]);
    let after = sandbox.made();
    for prefix in ["p1-", "p2-"] {
        let count = |made| commits(made).iter().filter(|(phase, _)| phase.starts_with(prefix)).map(|(_, n)| n).sum();
        let (old, new): (usize, usize) = (count(&before), count(&after));
        assert_eq!((old, new), (2, 3), "commits in {prefix}");
    }
    for (path, digest) in before.iter().filter(|(path, _)| path.contains("/commit/")) {
        assert_eq!(after.get(path), Some(digest), "{path} has changed");
    }
}

fn number(text: &str) -> usize {
    text.trim().parse().unwrap_or_else(|_| panic!("a number of tasks and not `{text}`"))
}

fn modification_times(sandbox: &Sandbox) -> BTreeMap<String, std::time::SystemTime> {
    let time = |path: &String| std::fs::metadata(sandbox.run_folder().join(path)).unwrap().modified().unwrap();
    sandbox.made().into_keys().map(|path| (path.clone(), time(&path))).collect()
}
