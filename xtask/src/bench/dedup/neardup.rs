//! Real near-duplicates: the pairs of the archive `neardup`, with their exact Jaccard similarity.

use super::Bench;
use super::corpus::{line, lines, read, write};
use super::ours::{self, Decision};
use crate::error::{Error, Result};
use crate::test::data;
use std::collections::BTreeMap;
use std::io::Read;

/// A pair from here on is to be found.
const TO_FIND: f64 = 0.8;
/// A removal is right when its twin is this similar.
const TO_REMOVE: f64 = 0.7;

/// What came of one set.
#[derive(Debug, PartialEq)]
pub struct Found {
    /// How the set is called.
    pub name: &'static str,
    /// Its documents.
    pub n_documents: usize,
    /// Pairs that are to be found, and how many were.
    pub n_pairs: [usize; 2],
    /// Documents removed, and how many of them for a twin that is less similar than it should be.
    pub n_removed: [usize; 2],
}

/// Decides about both sets.
///
/// # Errors
/// When an archive is missing or the stage refuses.
pub fn run(bench: &Bench<'_>) -> Result<Vec<Found>> {
    println!("measuring the archive `neardup` …");
    let pairs = data::one(bench.repo, "neardup")?;
    let articles = read(&pairs.join("mccormick_articles_1000.train"))?;
    let articles = articles.lines().filter_map(|article| article.split_once(' ')).map(|(id, text)| line(id, text));
    let sets = [
        ("McCormick, 1,000 articles", "jaccard_mccormick_1000.tsv", articles.collect::<String>()),
        ("20 Newsgroups, a sample", "jaccard_20news_train_sample.tsv", newsgroups(bench)?),
    ];
    let mut found = Vec::new();
    for (name, list, documents) in sets {
        let file = bench.folder.join("neardup.jsonl");
        write(&file, &documents)?;
        found.push(compare(name, &read(&pairs.join(list))?, &ours::apply(bench, &[file], &[])?));
    }
    Ok(found)
}

/// The sample of 20 Newsgroups, as lines with ids of topic and number.
fn newsgroups(bench: &Bench<'_>) -> Result<String> {
    let path = data::one(bench.repo, "quality")?.join("20news_train_sample.jsonl.gz");
    let file = std::fs::File::open(&path).map_err(|error| Error::io("open", &path, &error))?;
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(file)
        .read_to_string(&mut text)
        .map_err(|error| Error::io("read", &path, &error))?;
    let mut documents = String::new();
    for article in text.lines() {
        let article = crate::bench::read_json(article)?;
        let [topic, id, text] = ["topic", "id", "text"].map(|key| article[key].as_str().unwrap_or_default());
        documents += &line(&format!("{topic}/{id}"), text);
    }
    Ok(documents)
}

/// Compares decisions with a list of two ids and their similarity; pairs that are not listed are hardly similar.
fn compare(name: &'static str, list: &str, decisions: &[Decision]) -> Found {
    let of: BTreeMap<&str, &Decision> = decisions.iter().map(|decision| (decision.id.as_str(), decision)).collect();
    let is_removed = |id: &str| of.get(id).is_some_and(|decision| !decision.kept);
    let mut similarity = BTreeMap::new();
    let mut found = Found { name, n_documents: decisions.len(), n_pairs: [0; 2], n_removed: [0; 2] };
    for pair in list.lines() {
        let [a, b, jaccard] = pair.split('\t').collect::<Vec<_>>()[..] else { continue };
        let Ok(jaccard) = jaccard.parse::<f64>() else { continue };
        similarity.insert([a, b], jaccard);
        similarity.insert([b, a], jaccard);
        if jaccard >= TO_FIND {
            found.n_pairs[0] += 1;
            found.n_pairs[1] += usize::from(is_removed(a) || is_removed(b));
        }
    }
    for decision in decisions.iter().filter(|decision| !decision.kept) {
        let twin = decision.twin.as_deref().unwrap_or_default();
        let jaccard = similarity.get(&[decision.id.as_str(), twin]).copied().unwrap_or(0.0);
        found.n_removed[0] += 1;
        found.n_removed[1] += usize::from(jaccard < TO_REMOVE);
    }
    found
}

/// The section of the page.
pub fn section(sets: &[Found]) -> String {
    let mut out = format!(
        "\n## Real near-duplicates\n\nThe archive `neardup` lists all pairs of two sets with a similarity of 0.3 or more.\n\n\
         | set | documents | pairs >= {TO_FIND} | found | removed | of these for a twin below {TO_REMOVE} |\n\
         |---|---|---|---|---|---|\n"
    );
    for set in sets {
        let ([n_pairs, n_found], [n_removed, n_wrong]) = (set.n_pairs, set.n_removed);
        out += &format!(
            "| {} | {} | {n_pairs} | {n_found} | {n_removed} | {n_wrong} |\n",
            set.name,
            super::page::grouped(set.n_documents as u64)
        );
    }
    out
}

/// The number of planted pairs, and of those that are to be found.
///
/// # Errors
/// When the list cannot be read.
pub fn count_pairs(bench: &Bench<'_>) -> Result<[usize; 2]> {
    let path = &bench.corpus.pairs;
    let mut n_pairs = [0; 2];
    for pair in lines(path)? {
        let pair = pair.map_err(|error| Error::io("read", path, &error))?;
        let jaccard: f64 = pair.rsplit('\t').next().and_then(|text| text.parse().ok()).unwrap_or(0.0);
        n_pairs[0] += 1;
        n_pairs[1] += usize::from(jaccard >= TO_FIND);
    }
    Ok(n_pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_found_and_removals_judged() {
        let decision = |id: &str, twin: &str| Decision {
            id: id.to_owned(),
            kept: twin.is_empty(),
            twin: (!twin.is_empty()).then(|| twin.to_owned()),
        };
        let decisions =
            [decision("a", ""), decision("b", "a"), decision("c", ""), decision("d", ""), decision("e", "c")];
        let found = compare("x", "b\ta\t0.9\nc\td\t0.85\nd\te\t0.5\n", &decisions);
        assert_eq!(found, Found { name: "x", n_documents: 5, n_pairs: [2, 1], n_removed: [2, 1] });
        assert!(section(&[found]).contains("| x | 5 | 2 | 1 | 2 | 1 |"));
    }
}
