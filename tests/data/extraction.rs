//! The extractor on the archive `extraction`: 1,493 real pages with what people kept of them, and 42 cases of code,
//! formulas and structure. `cargo xtask bench extract` has the figures; here are floors that a change must not fall below.

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Command;
use support::archive;
use tokenmill_stages::extract::decide::Decision;
use tokenmill_stages::extract::{Mode, Scratch, extract};

/// Peak of resident memory that two threads may need for the whole archive.
const MAX_KILOBYTES: u64 = 300_000;

fn lines(folder: &str, name: &str) -> Vec<Value> {
    let file = std::fs::File::open(archive(folder).join(name)).unwrap();
    BufReader::new(MultiGzDecoder::new(file))
        .lines()
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect()
}

fn words(text: &str) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    let text = text.to_lowercase();
    for word in text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty()) {
        *counts.entry(word.to_owned()).or_insert(0) += 1;
    }
    counts
}

/// F1 of bags of words; two empty texts agree.
fn f1(found: &str, wanted: &str) -> f64 {
    let (found, wanted) = (words(found), words(wanted));
    let sizes = f64::from(found.values().sum::<u32>() + wanted.values().sum::<u32>());
    let both: u32 = found.iter().map(|(word, count)| count.min(wanted.get(word).unwrap_or(&0))).sum();
    if sizes == 0.0 { 1.0 } else { 2.0 * f64::from(both) / sizes }
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One run of the program over the archive, with two threads, and what it needed.
#[test]
fn the_whole_archive_is_extracted_well_and_in_little_memory() {
    let out = tempfile::tempdir().unwrap();
    let texts = out.path().join("texts.jsonl");
    // The shell's child is the program; what the kernel counted of it is in the shell's report.
    let script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); \
                  print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    let run = Command::new("python3")
        .args(["-c", script])
        .arg(support::binary())
        .arg("extract")
        .arg(archive("extraction").join("html"))
        .arg("-o")
        .arg(&texts)
        .env("RAYON_NUM_THREADS", "2")
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let kilobytes: u64 = String::from_utf8_lossy(&run.stdout).trim().parse().unwrap();
    assert!(kilobytes < MAX_KILOBYTES, "{kilobytes} kB");

    let text = std::fs::read_to_string(&texts).unwrap();
    let found: BTreeMap<String, String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|row| (row["id"].as_str().unwrap().to_owned(), row["text"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(found.len(), 1_493);

    let mut scores: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let (mut right, mut extra, mut missed) = (0.0, 0.0, 0.0);
    let (mut formulas, mut blocks) = ((0, 0), (0, 0));
    for page in lines("extraction", "ground_truth.jsonl.gz") {
        let text = &found[page["id"].as_str().unwrap()];
        let list = |key: &str| page[key].as_array().into_iter().flatten().filter_map(Value::as_str);
        if page["source"] == "wcxb-dev" {
            let score = f1(text, page["text"].as_str().unwrap());
            scores.entry("all".to_owned()).or_default().push(score);
            scores.entry(page["page_type"].as_str().unwrap().to_owned()).or_default().push(score);
        }
        if page["source"] == "trafilatura-eval" {
            let text = collapsed(text);
            let has = |snippet: &&str| text.contains(&collapsed(snippet));
            let (with, hits) = (list("with").count() as f64, list("with").filter(has).count() as f64);
            right += hits;
            missed += with - hits;
            extra += list("without").filter(has).count() as f64;
        }
        let squeezed = |text: &str| text.replace(|letter: char| letter.is_whitespace() || letter == '$', "");
        let all = squeezed(text);
        for formula in list("equations") {
            let bare = squeezed(formula);
            let bare = bare.trim_start_matches("\\[").trim_start_matches("\\(");
            formulas.0 += u32::from(all.contains(bare.trim_end_matches("\\]").trim_end_matches("\\)")));
            formulas.1 += 1;
        }
        let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        let all = trimmed(text);
        for block in list("code") {
            blocks.0 += u32::from(all.contains(trimmed(block.trim_matches('\n')).trim_matches('\n')));
            blocks.1 += 1;
        }
    }
    let means: BTreeMap<&str, f64> = scores
        .iter()
        .map(|(group, scores)| (group.as_str(), scores.iter().sum::<f64>() / scores.len() as f64))
        .collect();
    let floors = [
        ("all", 0.89),
        ("article", 0.95),
        ("documentation", 0.92),
        ("forum", 0.80),
        ("listing", 0.79),
        ("collection", 0.74),
        ("product", 0.70),
        ("service", 0.86),
    ];
    for (group, floor) in floors {
        assert!(means[group] >= floor, "{group}: {means:?}");
    }
    let snippets = 2.0 * right / (2.0 * right + extra + missed);
    assert!(snippets >= 0.92, "snippets: {snippets}");
    assert!(formulas.0 * 100 >= formulas.1 * 95 && formulas.1 > 400, "formulas: {formulas:?}");
    assert!(blocks.0 * 100 >= blocks.1 * 90 && blocks.1 == 80, "code: {blocks:?}");
}

/// The Universal Declaration of Human Rights in all its languages: every character of every paragraph comes out.
#[test]
fn every_language_of_the_declaration_survives() {
    let mut languages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in lines("lid", "udhr.jsonl.gz") {
        let text = row["text"].as_str().unwrap().to_owned();
        languages.entry(row["key"].as_str().unwrap().to_owned()).or_default().push(text);
    }
    assert!(languages.len() > 400);
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let visible = |text: &str| {
        let is_invisible = |letter: char| {
            letter.is_whitespace() || letter.is_control() || "\u{ad}\u{200b}\u{2060}\u{feff}".contains(letter)
        };
        text.replace(is_invisible, "")
    };
    let mut scratch = Scratch::default();
    let mut lost = Vec::new();
    for (language, paragraphs) in &languages {
        let body: String = paragraphs.iter().map(|text| format!("<p>{}</p>", escaped(text))).collect();
        let html = format!(
            "<title>x</title><nav><ul><li><a href=/>Home</a><li><a href=/b>News</a></ul></nav><main><article>{body}</article>\
             </main><footer>© 2020 example.org</footer>"
        );
        let text = visible(&extract(&html, Mode::MainText(Decision::Learned), &mut scratch).text);
        // A paragraph with a copyright mark is a notice of the site, as it should be.
        let stays = |paragraph: &&String| !paragraph.contains('©');
        let missing = paragraphs.iter().filter(stays).filter(|paragraph| !text.contains(&visible(paragraph))).count();
        if missing > 0 {
            lost.push((language, missing));
        }
        assert!(!text.contains("example.org"), "{language}");
    }
    assert!(lost.is_empty(), "{lost:?}");
}
