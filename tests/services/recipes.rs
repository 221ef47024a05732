//! Every recipe of a paper, as it stands in `configs/`, over the fixture crawl: to audited shards, and by its own rules.

use support::{root, tokenmill};

/// Runs a recipe over the fixture crawl with changes; returns what it says, and its run directory.
fn run(name: &str, folder: &std::path::Path, sets: &[&str]) -> (String, String) {
    let recipe = format!("configs/{name}.toml");
    let root = format!("run.root={}", folder.display());
    let paths = "source.paths=[\"tests/fixtures/mini-crawl/*.warc*\", \"tests/fixtures/mini-crawl/*.arc.gz\"]";
    let mut args = vec!["run", &recipe, "--set", &root, "--set", paths, "--set", "shards.tokenizer=gpt2"];
    sets.iter().for_each(|set| args.extend(["--set", *set]));
    let said = tokenmill(&args).ok();
    let run = folder.join(name).display().to_string();
    let audited = tokenmill(&["audit", &run]).ok();
    assert!(audited.contains("sound: in = kept + dropped"), "{name}: {audited}");
    (said, run)
}

/// How many documents are kept.
fn n_kept(run: &str) -> usize {
    let documents = tokenmill(&["inspect", "head", run, "-n", "100000"]).ok();
    documents.lines().filter(|line| line.starts_with("url: ")).count()
}

#[test]
fn every_recipe_runs_to_audited_shards() {
    let folder = tempfile::tempdir().unwrap();
    for (name, least, reasons) in [
        ("gopher", 50, &["too_few_words", "duplicate_text"][..]),
        ("c4", 50, &["too_few_sentences", "language_not_listed"]),
        ("refinedweb", 50, &["language_not_listed", "too_few_words", "near_duplicate"]),
        ("fineweb", 50, &["language_not_listed", "too_few_words", "near_duplicate"]),
        ("llama3-web-en", 50, &["language_not_listed", "duplicate_url", "too_few_words"]),
        ("llama3-multilingual", 100, &["duplicate_url", "near_duplicate"]),
    ] {
        assert!(root().join(format!("configs/{name}.toml")).is_file());
        let (said, run) = run(name, folder.path(), &[]);
        let kept = n_kept(&run);
        assert!(kept >= least, "{name} keeps {kept} documents:\n{said}");
        for reason in reasons {
            assert!(said.contains(reason), "{name} removes nothing because {reason}:\n{said}");
        }
    }
}

/// The second pass that the head of the recipe describes.
#[test]
fn a_reference_made_of_the_first_run_is_used_by_the_second() {
    let folder = tempfile::tempdir().unwrap();
    let (_, first) = run("llama3-web-en", folder.path(), &[]);
    let reference = folder.path().join("en.ref").display().to_string();
    tokenmill(&["reference", "--lang", "en", "--output", &reference, &first]).ok();
    let set = format!("step.filter.token_divergence.reference={reference}");
    let (said, run) = run("llama3-web-en", folder.path(), &[&set]);
    assert!(said.contains("filter.token_divergence"), "{said}");
    // Its own text does not diverge from it.
    assert!(n_kept(&run) * 10 >= n_kept(&first) * 9);
}
