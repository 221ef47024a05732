//! Heuristic filters on real texts: next to what datatrove 0.10.1 says of them, and with the whole lists of dirty words.

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use support::archive;
use tokenmill_core::assets::MemoryAssets;
use tokenmill_core::{Analysis, Doc, Document, Edits, Entry, Numbers, Params, Stage, Verdict, judge};
use tokenmill_stages::catalog::CATALOG;

fn lines(path: &Path) -> impl Iterator<Item = Value> {
    let file = std::fs::File::open(path).unwrap();
    BufReader::new(MultiGzDecoder::new(file)).lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

fn entry(name: &str) -> &'static Entry {
    CATALOG.iter().find(|entry| entry.name == name).unwrap()
}

fn built(name: &str, params: &str, assets: &MemoryAssets) -> Stage {
    let entry = entry(name);
    (entry.build)(&Params::from_table(entry.params, &params.parse().unwrap()).unwrap(), assets).unwrap()
}

/// The numbers of a stage, and the reason by which it removes a text.
fn judged(name: &str, stage: &Stage, text: &str) -> (Numbers, Option<&'static str>) {
    let document = Document { text: text.to_owned(), ..Document::default() };
    let analysis = Analysis::default();
    let doc = Doc::new(&document, &analysis);
    let mut numbers = Numbers::new(entry(name).metrics.len());
    match stage {
        Stage::Measure(stage) => stage.measure(&doc, &mut numbers),
        Stage::Edit(stage) => stage.edit(&doc, &mut Edits::default(), &mut numbers),
        _ => panic!("{name} is neither a measure nor an edit"),
    }
    let reason = match judge(stage.rules(), &numbers) {
        Verdict::Drop { reason, .. } => Some(reason),
        Verdict::Keep => None,
    };
    (numbers, reason)
}

/// Of the texts of a set, how many both remove, only we, only datatrove, and neither.
fn compare(set: &str, name: &str, params: &str, column: &str) -> [usize; 4] {
    let stage = built(name, params, &MemoryAssets::default());
    let folder = archive("quality");
    let expected: Vec<Value> = lines(&folder.join(format!("datatrove_expected_{set}.jsonl.gz"))).collect();
    let mut counts = [0; 4];
    for (row, expected) in lines(&folder.join(format!("{set}.jsonl.gz"))).zip(&expected) {
        let ours = judged(name, &stage, row["text"].as_str().unwrap()).1.is_some();
        let theirs = !expected[column].is_null();
        counts[usize::from(!ours) * 2 + usize::from(!theirs)] += 1;
    }
    counts
}

#[test]
fn fineweb_judges_as_datatrove_does_but_for_words_and_ends_of_lines() {
    assert_eq!(compare("20news_train_sample", "filter.fineweb", "", "fineweb"), [566, 60, 193, 1_681]);
    assert_eq!(compare("dclm_human_labels", "filter.fineweb", "", "fineweb"), [34, 0, 4, 136]);
}

#[test]
fn c4_judges_as_datatrove_does_but_for_sentences_and_where_brackets_count() {
    let params = "require_terminal_punctuation = false";
    assert_eq!(compare("20news_train_sample", "line.c4", params, "c4_nopunct"), [93, 16, 0, 2_391]);
    assert_eq!(compare("dclm_human_labels", "line.c4", params, "c4_nopunct"), [12, 0, 0, 162]);
}

#[test]
fn every_dirty_word_of_every_list_is_found() {
    let folder = archive("lists").join("ldnoobw");
    let (mut n_lists, mut n_words) = (0, 0);
    for file in std::fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        if path.extension().is_some() || path.ends_with("LICENSE") {
            continue;
        }
        let assets = MemoryAssets([("list".to_owned(), bytes.as_slice().into())].into());
        let stage = built("filter.dirty_words", "words_files = [\"list\"]", &assets);
        let list = str::from_utf8(&bytes).unwrap();
        for word in list.lines().map(str::trim).filter(|word| !word.is_empty()) {
            let is_allowed = ["sm", "グロ", "女の子", "性"].contains(&word);
            // Not every letter comes back from upper case.
            let upper = word.to_uppercase();
            let again = if upper.to_lowercase() == word.to_lowercase() { &upper } else { word };
            let text = format!("({again}) — {word}.");
            let found = judged("filter.dirty_words", &stage, &text).0.get(0).unwrap();
            assert!(if is_allowed { found == 0.0 } else { found >= 2.0 }, "{}: {text} {found}", path.display());
            n_words += 1;
        }
        n_lists += 1;
    }
    assert_eq!((n_lists, n_words > 2_500), (28, true));
}
