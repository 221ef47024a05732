//! `dedup.minhash` on real articles whose similar pairs are known, with their exact Jaccard similarity.

use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use support::{archive, tokenmill_in};

/// Decides about documents; gives the removed ones with the twin that is kept and the similarity.
fn removed(documents: &[(String, String)]) -> BTreeMap<String, (String, f64)> {
    let folder = tempfile::tempdir().unwrap();
    let lines: String = documents.iter().map(|(id, text)| json!({"id": id, "text": text}).to_string() + "\n").collect();
    std::fs::write(folder.path().join("in.jsonl"), lines).unwrap();
    let said = tokenmill_in(folder.path(), &["apply", "--use", "dedup.minhash", "-o", "-", "in.jsonl"]).ok();
    let verdict = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let removed = line["kept"] == false && line["reason"] == "near_duplicate";
        removed.then(|| (text("id"), (text("evidence"), line["value"].as_f64().unwrap())))
    };
    said.lines().filter_map(verdict).collect()
}

/// Compares with a list of pairs, in which all pairs of 0.3 and more are listed.
fn check(list: &str, documents: &[(String, String)], expected_pairs: usize) {
    let removed = removed(documents);
    let mut listed: BTreeMap<(String, String), f64> = BTreeMap::new();
    let mut n_pairs = 0;
    for pair in std::fs::read_to_string(archive("neardup").join(list)).unwrap().lines() {
        let [a, b, jaccard] = pair.split('\t').collect::<Vec<_>>()[..] else { panic!("`{pair}` is no pair") };
        let jaccard: f64 = jaccard.parse().unwrap();
        listed.insert((a.to_owned(), b.to_owned()), jaccard);
        listed.insert((b.to_owned(), a.to_owned()), jaccard);
        if jaccard >= 0.8 {
            n_pairs += 1;
            // A pair of exactly 0.8 would be compared with probability 0.92; these are more similar.
            assert!(removed.contains_key(a) || removed.contains_key(b), "{a} and {b} are {jaccard} and both are kept");
        }
    }
    assert_eq!(n_pairs, expected_pairs);
    for (id, (twin, similarity)) in &removed {
        assert!(!removed.contains_key(twin), "{id} went for {twin}, which went itself");
        let exact = listed.get(&(id.clone(), twin.clone())).copied().unwrap_or(0.0);
        // Their words are cut a little differently.
        assert!((exact - similarity).abs() < 0.01, "{id} and {twin} are {exact}, not {similarity}");
    }
}

#[test]
fn planted_copies_of_articles_are_found_and_nothing_else() {
    let file = std::fs::read_to_string(archive("neardup").join("mccormick_articles_1000.train")).unwrap();
    let article = |line: &str| line.split_once(' ').map(|(id, text)| (id.to_owned(), text.to_owned()));
    check("jaccard_mccormick_1000.tsv", &file.lines().filter_map(article).collect::<Vec<_>>(), 10);
}

#[test]
fn reposted_messages_are_found_and_nothing_else() {
    let file = std::fs::File::open(archive("quality").join("20news_train_sample.jsonl.gz")).unwrap();
    let message = |line: std::io::Result<String>| {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let text = |key: &str| line[key].as_str().map_or_else(|| line[key].to_string(), str::to_owned);
        (format!("{}/{}", text("topic"), text("id")), text("text"))
    };
    check(
        "jaccard_20news_train_sample.tsv",
        &BufReader::new(MultiGzDecoder::new(file)).lines().map(message).collect::<Vec<_>>(),
        5,
    );
}
