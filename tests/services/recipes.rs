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

/// The recipe that reads an index first, over a mirror of the fixture crawl with an index of it.
#[test]
fn the_recipe_of_an_index_runs_to_audited_shards() {
    let mirror = crate::cc_index::CrawlMirror::new();
    let at = mirror.path().join("mirror").display().to_string();
    let paths = format!("source.paths=[\"{at}/{}/*/*.parquet\"]", crate::cc_index::TABLE);
    let (said, run) = run("cc-index", mirror.path(), &[&paths, &format!("source.base={at}")]);
    for reason in ["index_language", "index_status", "index_older_capture"] {
        assert!(said.contains(reason), "nothing is removed because {reason}:\n{said}");
    }
    let kept = n_kept(&run);
    assert!((8..40).contains(&kept), "{kept} documents:\n{said}");
}

/// A language of which no stop words are known is not judged by those of English.
#[test]
fn languages_outside_the_table_keep_their_prose() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.warc");
    let paragraphs: String = FINNISH.lines().map(|line| format!("<p>{line}</p>\n")).collect();
    let http =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<article>{paragraphs}</article>");
    let warc = format!(
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Date: 2024-08-01T00:00:00Z\r\n\
         WARC-Target-URI: https://kyla.example/\r\nContent-Type: application/http; msgtype=response\r\n\
         Content-Length: {}\r\n\r\n{http}\r\n\r\n",
        http.len()
    );
    std::fs::write(&input, warc).unwrap();
    let paths = format!("source.paths=[\"{}\"]", input.display());
    let (said, run) = run("llama3-multilingual", folder.path(), &[&paths]);
    assert_eq!(n_kept(&run), 1, "{said}");
    assert!(tokenmill(&["inspect", "head", &run]).ok().contains("lang: fi"));
    let (said, run) = self::run("llama3-multilingual", folder.path(), &[&paths, STOP_WORDS]);
    assert_eq!(n_kept(&run), 0, "{said}");
}

const STOP_WORDS: &str = "step.filter.gopher_quality.min_stop_words=2";

const FINNISH: &str = "\
Kylän vanha mylly seisoo edelleen joen rannalla, vaikka sen kivet pysähtyivät jo isoisän aikana. Lapset kalastavat sen varjossa.
Talvella joki jäätyy, ja silloin koko kylä kokoontuu luistelemaan. Naapurit tuovat kuumaa mehua, pullaa sekä lyhtyjä jäälle.
Keväällä jää lähtee ryskyen, niin että ikkunat helisevät. Sen jälkeen alkavat kylvöt, ja pellot muuttuvat pian vihreiksi.
Syksyllä korjataan sato, juhlitaan yhdessä pitkän pöydän ääressä ja kiitetään toisia hyvästä vuodesta ennen lumen tuloa.
Matkailijat kysyvät usein, eikö näin pienessä paikassa ole yksinäistä. Kyläläiset vain hymyilevät kysymykselle ystävällisesti.";

/// The second pass that the head of the recipe describes.
#[test]
fn a_reference_made_of_the_first_run_is_used_by_the_second() {
    let folder = tempfile::tempdir().unwrap();
    let (_, first) = run("llama3-web-en", folder.path(), &[]);
    let n_before = n_kept(&first);
    let reference = folder.path().join("en.ref").display().to_string();
    tokenmill(&["reference", "--lang", "en", "--output", &reference, &first]).ok();
    // Its own text does not diverge from it, unless hardly anything may.
    let set = format!("step.filter.token_divergence.reference={reference}");
    let (_, second) = run("llama3-web-en", folder.path(), &[&set]);
    assert!(n_kept(&second) * 10 >= n_before * 9, "{n_before} documents before");
    let strict = "step.filter.token_divergence.max_score=0";
    let (said, _) = run("llama3-web-en", folder.path(), &[&set, strict]);
    assert!(said.contains("unusual_token_distribution"), "{said}");
}
